//! AVX-512: sixteen lanes are one register, and `vpdpbusd` multiplies sixty-four bytes.

#![expect(
    unsafe_code,
    reason = "intrinsics: safe to call once the processor is known to have them"
)]

use std::arch::x86_64::{
    __m512, __m512i, _mm_storeu_si128, _mm256_loadu_si256, _mm512_add_epi32, _mm512_add_ps,
    _mm512_castsi512_ps, _mm512_cvtepi32_epi8, _mm512_cvtepi32_ps, _mm512_cvtph_ps,
    _mm512_cvtps_epi32, _mm512_div_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_madd_epi16, _mm512_max_ps, _mm512_mul_ps, _mm512_reduce_max_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_sub_ps,
};

use super::simd::Simd;
use super::{Kernel, LANES};

/// A pair as the number that it is in memory.
#[inline(always)]
fn joined([low, high]: [i16; 2]) -> i32 {
    i32::from(high) << 16 | i32::from(low.cast_unsigned())
}

/// Proof that the processor has the features named in [`Avx512::detect`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        let there = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni");
        there.then_some(Self(()))
    }

    pub(super) fn enter<K: Kernel>(self, kernel: K) -> K::Out {
        // SAFETY: `self` exists, so `detect` found every feature that `compiled` asks for.
        unsafe { self.compiled(kernel) }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    fn compiled<K: Kernel>(self, kernel: K) -> K::Out {
        kernel.run(self)
    }
}

/// Calls an intrinsic.
macro_rules! call {
    ($call:expr) => {
        // SAFETY: a value of `Avx512` proves the features, and every pointer comes from a
        // reference to an array of as many bytes as the instruction reads or writes.
        unsafe { $call }
    };
}

impl Simd for Avx512 {
    const HELD: usize = 16;

    type Floats = __m512;
    type Sums = __m512i;
    type Few = Self::Sums;
    type Codes = __m512i;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        call!(_mm512_set1_ps(x))
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        call!(_mm512_loadu_ps(from.as_ptr()))
    }

    #[inline(always)]
    fn store(self, from: __m512, to: &mut [f32; LANES]) {
        call!(_mm512_storeu_ps(to.as_mut_ptr(), from));
    }

    #[inline(always)]
    fn halves(self, from: &[u16; LANES]) -> __m512 {
        call!(_mm512_cvtph_ps(_mm256_loadu_si256(from.as_ptr().cast())))
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        call!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        call!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        call!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        call!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        call!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        call!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn pow2(self, n: __m512) -> __m512 {
        let biased = call!(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)));
        call!(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased)))
    }

    #[inline(always)]
    fn bytes(self, from: __m512) -> [i8; LANES] {
        let mut out = [0; LANES];
        let bytes = call!(_mm512_cvtepi32_epi8(_mm512_cvtps_epi32(from)));
        call!(_mm_storeu_si128(out.as_mut_ptr().cast(), bytes));
        out
    }

    #[inline(always)]
    fn codes<const WIDE: bool>(self, from: &[u8; 64]) -> __m512i {
        call!(_mm512_loadu_si512(from.as_ptr().cast()))
    }

    #[inline(always)]
    fn start<const WIDE: bool>(self, offsets: [i16; 2], sums: [i16; 2]) -> __m512i {
        let all = |pair: [i16; 2]| call!(_mm512_set1_epi32(joined(pair)));
        call!(_mm512_madd_epi16(all(offsets.map(|offset| -offset)), all(sums)))
    }

    #[inline(always)]
    fn open(self, sums: Self::Sums) -> Self::Few {
        sums
    }

    #[inline(always)]
    fn dot<const WIDE: bool>(self, sums: __m512i, codes: __m512i, four: [i8; 4]) -> __m512i {
        let four = four.map(i8::cast_unsigned);
        let four = i32::from_le_bytes(four);
        call!(_mm512_dpbusd_epi32(sums, codes, _mm512_set1_epi32(four)))
    }

    #[inline(always)]
    fn largest(self, from: __m512) -> f32 {
        call!(_mm512_reduce_max_ps(from))
    }

    #[inline(always)]
    fn close(self, _: Self::Sums, few: Self::Few) -> Self::Sums {
        few
    }

    #[inline(always)]
    fn floats(self, sums: __m512i) -> __m512 {
        call!(_mm512_cvtepi32_ps(sums))
    }
}
