//! Plain Rust: the reference of the tests, and the tier of processors that have no other.

use super::LANES;
use super::simd::{Simd, lowered};

#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

#[inline(always)]
fn each(a: [f32; LANES], b: [f32; LANES], with: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    let mut out = a;
    for (out, b) in out.iter_mut().zip(b) {
        *out = with(*out, b);
    }
    out
}

impl Simd for Portable {
    const HELD: usize = 4;

    type Floats = [f32; LANES];
    type Sums = [i32; LANES];
    type Few = Self::Sums;
    type Codes = [u8; 64];

    #[inline(always)]
    fn splat(self, x: f32) -> Self::Floats {
        [x; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::Floats {
        *from
    }

    #[inline(always)]
    fn store(self, from: Self::Floats, to: &mut [f32; LANES]) {
        *to = from;
    }

    #[inline(always)]
    fn halves(self, from: &[u16; LANES]) -> Self::Floats {
        from.map(half)
    }

    #[inline(always)]
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(a, b, f32::max)
    }

    /// Rounds twice: fusing without the instruction is a call for each lane.
    #[inline(always)]
    fn fma(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        each(each(a, b, |a, b| a * b), c, |product, c| product + c)
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from -127 to 127, moved to 0 to 254"
    )]
    fn pow2(self, n: Self::Floats) -> Self::Floats {
        n.map(|n| f32::from_bits(((n as i32 + 127) as u32) << 23))
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "all are within ±127")]
    fn bytes(self, from: Self::Floats) -> [i8; LANES] {
        from.map(|x| x.round_ties_even() as i8)
    }

    #[inline(always)]
    fn codes<const WIDE: bool>(self, from: &[u8; 64]) -> Self::Codes {
        *from
    }

    #[inline(always)]
    fn start<const WIDE: bool>(self, offsets: [i16; 2], sums: [i16; 2]) -> Self::Sums {
        [lowered(offsets, sums); LANES]
    }

    #[inline(always)]
    fn open(self, sums: Self::Sums) -> Self::Few {
        sums
    }

    #[inline(always)]
    fn dot<const WIDE: bool>(
        self,
        mut sums: Self::Sums,
        codes: Self::Codes,
        four: [i8; 4],
    ) -> Self::Sums {
        for (sum, row) in sums.iter_mut().zip(codes.as_chunks::<4>().0) {
            for (code, x) in row.iter().zip(four) {
                *sum += i32::from(*code) * i32::from(x);
            }
        }
        sums
    }

    #[inline(always)]
    fn close(self, _: Self::Sums, few: Self::Few) -> Self::Sums {
        few
    }

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "sums of 32 products stay below 2^21")]
    fn floats(self, sums: Self::Sums) -> Self::Floats {
        sums.map(|sum| sum as f32)
    }
}

/// A finite half float, subnormal or not: its bits are moved to where a float has them, which
/// leaves only the difference of the exponents' bias.
#[inline(always)]
pub(super) fn half(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let size = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((254 - 15) << 23);
    f32::from_bits(size.to_bits() | (bits & 0x8000) << 16)
}
