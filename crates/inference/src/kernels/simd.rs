//! What a kernel asks of a processor: sixteen lanes of floats, and products of bytes.

use super::LANES;

/// One tier's instructions. A value exists only where the processor has them.
pub(super) trait Simd: Copy {
    /// How many `Floats` stay in registers as sums beside what is added to them.
    const HELD: usize;
    /// Sixteen floats.
    type Floats: Copy;
    /// Sixteen 32-bit sums.
    type Sums: Copy;
    /// Sums of a few products, before they are added to `Sums`: a tier may keep them narrower.
    type Few: Copy;
    /// Sixty-four codes: four neighbours along a row for each of sixteen rows.
    type Codes: Copy;

    fn splat(self, x: f32) -> Self::Floats;
    fn load(self, from: &[f32; LANES]) -> Self::Floats;
    fn store(self, from: Self::Floats, to: &mut [f32; LANES]);
    /// Reads half floats; none is infinite or not a number.
    fn halves(self, from: &[u16; LANES]) -> Self::Floats;
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`, rounded once where the tier fuses.
    fn fma(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `2^n` for whole `n` from -127, which gives 0, to 127.
    fn pow2(self, n: Self::Floats) -> Self::Floats;
    /// Each rounded to the nearest whole number, even ones at a tie; all are within ±127.
    fn bytes(self, from: Self::Floats) -> [i8; LANES];

    /// `WIDE` says that a code may be more than 63; then the offset is 128.
    fn codes<const WIDE: bool>(self, from: &[u8; 64]) -> Self::Codes;
    /// What sums begin at: minus the offset of the codes of each half block times the sum of
    /// its activations, unless `codes` took the offset away.
    fn start<const WIDE: bool>(self, offsets: [i16; 2], sums: [i16; 2]) -> Self::Sums;
    /// What products are added to before [`Simd::close`] adds them to `sums`.
    fn open(self, sums: Self::Sums) -> Self::Few;
    /// Adds to each row's sum its four codes times `four`: once where `WIDE`, else as often as
    /// twice the product of a code and 127 fits into sixteen bits.
    fn dot<const WIDE: bool>(self, few: Self::Few, codes: Self::Codes, four: [i8; 4]) -> Self::Few;
    fn close(self, sums: Self::Sums, few: Self::Few) -> Self::Sums;
    fn floats(self, sums: Self::Sums) -> Self::Floats;

    /// The sum over the lanes, in one order for all tiers.
    #[inline(always)]
    fn total(self, from: Self::Floats) -> f32 {
        let mut lanes = [0.0; LANES];
        self.store(from, &mut lanes);
        fold(lanes, |a, b| a + b)
    }

    /// The largest of the lanes; in whatever order, since none is not a number.
    #[inline(always)]
    fn largest(self, from: Self::Floats) -> f32 {
        let mut lanes = [0.0; LANES];
        self.store(from, &mut lanes);
        fold(lanes, f32::max)
    }

    /// `e^x`, to seven digits; 0 below -88, as for minus infinity.
    #[inline(always)]
    fn exp(self, x: Self::Floats) -> Self::Floats {
        // Adding and taking away 1.5 * 2^23 rounds to a whole number.
        const ROUND: f32 = 12_582_912.0;
        const LN2_HIGH: f32 = 0.693_145_75;
        const LN2_LOW: f32 = 1.428_606_8e-6;
        let x = self.max(x, self.splat(-88.0));
        let upper =
            self.sub(self.splat(0.0), self.max(self.sub(self.splat(0.0), x), self.splat(-87.0)));
        let shifted = self.fma(upper, self.splat(std::f32::consts::LOG2_E), self.splat(ROUND));
        let n = self.sub(shifted, self.splat(ROUND));
        let rest = self.fma(n, self.splat(-LN2_HIGH), upper);
        let rest = self.fma(n, self.splat(-LN2_LOW), rest);
        // The series of e^r for |r| < ln(2)/2.
        let mut sum = self.splat(1.0 / 720.0);
        for term in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            sum = self.fma(sum, rest, self.splat(term));
        }
        self.mul(sum, self.pow2(n))
    }
}

/// What [`Simd::start`] fills the lanes with.
#[inline(always)]
pub(super) fn lowered(offsets: [i16; 2], sums: [i16; 2]) -> i32 {
    let [a, b] = offsets.map(i32::from);
    let [c, d] = sums.map(i32::from);
    -(a * c + b * d)
}

/// Neighbours first, then their neighbours: the order of the sum is fixed.
#[inline(always)]
fn fold(lanes: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    let halve = |from: &[f32], to: &mut [f32]| {
        let (a, b) = from.split_at(to.len());
        for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
            *to = join(*a, *b);
        }
    };
    let (mut eight, mut four, mut two) = ([0.0; 8], [0.0; 4], [0.0; 2]);
    halve(&lanes, &mut eight);
    halve(&eight, &mut four);
    halve(&four, &mut two);
    let [a, b] = two;
    join(a, b)
}
