//! NEON, which every 64-bit ARM has: sixteen lanes are four registers.

#![expect(unsafe_code, reason = "intrinsics on memory: every pointer comes from an array")]

use std::arch::aarch64::{
    float32x4_t, int8x16_t, int32x4_t, vaddq_f32, vaddq_s32, vcvtnq_s32_f32, vcvtq_f32_s32,
    vdivq_f32, vdup_n_s32, vdupq_n_f32, vdupq_n_s32, vdupq_n_u8, veorq_u8, vfmaq_f32, vget_high_s8,
    vget_low_s8, vld1q_f32, vld1q_u8, vmaxnmq_f32, vmull_s8, vmulq_f32, vpaddlq_s16, vpaddq_s32,
    vreinterpret_s8_s32, vreinterpretq_f32_s32, vreinterpretq_s8_u8, vshlq_n_s32, vst1q_f32,
    vst1q_s32, vsubq_f32,
};

use super::LANES;
use super::portable::half;
use super::simd::{Simd, lowered};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Neon(());

impl Neon {
    pub(super) fn new() -> Self {
        Self(())
    }
}

/// Calls an intrinsic.
macro_rules! call {
    ($call:expr) => {
        // SAFETY: NEON is part of the architecture, and every pointer comes from a reference
        // to an array of as many bytes as the instruction reads or writes.
        unsafe { $call }
    };
}

type Four<T> = [T; 4];
type Floats = Four<float32x4_t>;

#[inline(always)]
fn each(a: Floats, b: Floats, with: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> Floats {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a, b);
    [with(a0, b0), with(a1, b1), with(a2, b2), with(a3, b3)]
}

impl Simd for Neon {
    const HELD: usize = 5;

    type Floats = Floats;
    type Sums = Four<int32x4_t>;
    type Few = Self::Sums;
    type Codes = Four<int8x16_t>;

    #[inline(always)]
    fn splat(self, x: f32) -> Floats {
        [call!(vdupq_n_f32(x)); 4]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Floats {
        let mut out = self.splat(0.0);
        for (out, four) in out.iter_mut().zip(from.as_chunks::<4>().0) {
            *out = call!(vld1q_f32(four.as_ptr()));
        }
        out
    }

    #[inline(always)]
    fn store(self, from: Floats, to: &mut [f32; LANES]) {
        for (four, to) in from.into_iter().zip(to.as_chunks_mut::<4>().0) {
            call!(vst1q_f32(to.as_mut_ptr(), four));
        }
    }

    #[inline(always)]
    fn halves(self, from: &[u16; LANES]) -> Floats {
        self.load(&from.map(half))
    }

    #[inline(always)]
    fn add(self, a: Floats, b: Floats) -> Floats {
        each(a, b, |a, b| call!(vaddq_f32(a, b)))
    }

    #[inline(always)]
    fn sub(self, a: Floats, b: Floats) -> Floats {
        each(a, b, |a, b| call!(vsubq_f32(a, b)))
    }

    #[inline(always)]
    fn mul(self, a: Floats, b: Floats) -> Floats {
        each(a, b, |a, b| call!(vmulq_f32(a, b)))
    }

    #[inline(always)]
    fn div(self, a: Floats, b: Floats) -> Floats {
        each(a, b, |a, b| call!(vdivq_f32(a, b)))
    }

    #[inline(always)]
    fn max(self, a: Floats, b: Floats) -> Floats {
        each(a, b, |a, b| call!(vmaxnmq_f32(a, b)))
    }

    #[inline(always)]
    fn fma(self, a: Floats, b: Floats, c: Floats) -> Floats {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3], [c0, c1, c2, c3]) = (a, b, c);
        let one = |a, b, c| call!(vfmaq_f32(c, a, b));
        [one(a0, b0, c0), one(a1, b1, c1), one(a2, b2, c2), one(a3, b3, c3)]
    }

    #[inline(always)]
    fn pow2(self, n: Floats) -> Floats {
        n.map(|n| {
            let biased = call!(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)));
            call!(vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased)))
        })
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "all are within ±127")]
    fn bytes(self, from: Floats) -> [i8; LANES] {
        let mut out = [0; LANES];
        for (four, out) in from.into_iter().zip(out.as_chunks_mut::<4>().0) {
            let mut whole = [0i32; 4];
            call!(vst1q_s32(whole.as_mut_ptr(), vcvtnq_s32_f32(four)));
            *out = whole.map(|x| x as i8);
        }
        out
    }

    /// All codes become signed; wide ones lose their offset by it.
    #[inline(always)]
    fn codes<const WIDE: bool>(self, from: &[u8; 64]) -> Four<int8x16_t> {
        let flip = call!(vdupq_n_u8(if WIDE { 0x80 } else { 0 }));
        let mut out = [call!(vreinterpretq_s8_u8(flip)); 4];
        for (out, sixteen) in out.iter_mut().zip(from.as_chunks::<16>().0) {
            *out = call!(vreinterpretq_s8_u8(veorq_u8(vld1q_u8(sixteen.as_ptr()), flip)));
        }
        out
    }

    #[inline(always)]
    fn start<const WIDE: bool>(self, offsets: [i16; 2], sums: [i16; 2]) -> Four<int32x4_t> {
        let start = if WIDE { 0 } else { lowered(offsets, sums) };
        [call!(vdupq_n_s32(start)); 4]
    }

    #[inline(always)]
    fn open(self, sums: Self::Sums) -> Self::Few {
        sums
    }

    #[inline(always)]
    fn dot<const WIDE: bool>(
        self,
        mut sums: Four<int32x4_t>,
        codes: Four<int8x16_t>,
        four: [i8; 4],
    ) -> Four<int32x4_t> {
        let four = i32::from_le_bytes(four.map(i8::cast_unsigned));
        let four = call!(vreinterpret_s8_s32(vdup_n_s32(four)));
        for (sum, rows) in sums.iter_mut().zip(codes) {
            let low = call!(vpaddlq_s16(vmull_s8(vget_low_s8(rows), four)));
            let high = call!(vpaddlq_s16(vmull_s8(vget_high_s8(rows), four)));
            *sum = call!(vaddq_s32(*sum, vpaddq_s32(low, high)));
        }
        sums
    }

    #[inline(always)]
    fn close(self, _: Self::Sums, few: Self::Few) -> Self::Sums {
        few
    }

    #[inline(always)]
    fn floats(self, sums: Four<int32x4_t>) -> Floats {
        sums.map(|sums| call!(vcvtq_f32_s32(sums)))
    }
}
