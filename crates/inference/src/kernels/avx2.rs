//! AVX2 with fused products: sixteen lanes are two registers.

#![expect(
    unsafe_code,
    reason = "intrinsics: safe to call once the processor is known to have them"
)]

use std::arch::x86_64::{
    __m256, __m256i, _mm_loadu_si128, _mm_packs_epi16, _mm_storeu_si128, _mm256_abs_epi8,
    _mm256_add_epi16, _mm256_add_epi32, _mm256_add_ps, _mm256_castsi256_ps, _mm256_castsi256_si128,
    _mm256_cvtepi32_ps, _mm256_cvtph_ps, _mm256_cvtps_epi32, _mm256_div_ps,
    _mm256_extracti128_si256, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_max_ps, _mm256_mul_ps, _mm256_packs_epi32,
    _mm256_permute4x64_epi64, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_setzero_si256, _mm256_sign_epi8, _mm256_slli_epi32, _mm256_storeu_ps,
    _mm256_sub_ps, _mm256_xor_si256,
};

use super::simd::{Simd, lowered};
use super::{Kernel, LANES};

/// Proof that the processor has the features named in [`Avx2::detect`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        let there = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        there.then_some(Self(()))
    }

    pub(super) fn enter<K: Kernel>(self, kernel: K) -> K::Out {
        // SAFETY: `self` exists, so `detect` found every feature that `compiled` asks for.
        unsafe { self.compiled(kernel) }
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    fn compiled<K: Kernel>(self, kernel: K) -> K::Out {
        kernel.run(self)
    }
}

/// Calls an intrinsic.
macro_rules! call {
    ($call:expr) => {
        // SAFETY: a value of `Avx2` proves the features, and every pointer comes from a
        // reference to an array of as many bytes as the instruction reads or writes.
        unsafe { $call }
    };
}

type Two<T> = [T; 2];

impl Simd for Avx2 {
    const HELD: usize = 6;

    type Floats = Two<__m256>;
    type Sums = Two<__m256i>;
    type Few = Two<__m256i>;
    type Codes = Two<__m256i>;

    #[inline(always)]
    fn splat(self, x: f32) -> Two<__m256> {
        [call!(_mm256_set1_ps(x)); 2]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Two<__m256> {
        let (low, high) = from.split_at(8);
        [call!(_mm256_loadu_ps(low.as_ptr())), call!(_mm256_loadu_ps(high.as_ptr()))]
    }

    #[inline(always)]
    fn store(self, [a, b]: Two<__m256>, to: &mut [f32; LANES]) {
        let (low, high) = to.split_at_mut(8);
        call!(_mm256_storeu_ps(low.as_mut_ptr(), a));
        call!(_mm256_storeu_ps(high.as_mut_ptr(), b));
    }

    #[inline(always)]
    fn halves(self, from: &[u16; LANES]) -> Two<__m256> {
        let (low, high) = from.split_at(8);
        [
            call!(_mm256_cvtph_ps(_mm_loadu_si128(low.as_ptr().cast()))),
            call!(_mm256_cvtph_ps(_mm_loadu_si128(high.as_ptr().cast()))),
        ]
    }

    #[inline(always)]
    fn add(self, [a, b]: Two<__m256>, [c, d]: Two<__m256>) -> Two<__m256> {
        [call!(_mm256_add_ps(a, c)), call!(_mm256_add_ps(b, d))]
    }

    #[inline(always)]
    fn sub(self, [a, b]: Two<__m256>, [c, d]: Two<__m256>) -> Two<__m256> {
        [call!(_mm256_sub_ps(a, c)), call!(_mm256_sub_ps(b, d))]
    }

    #[inline(always)]
    fn mul(self, [a, b]: Two<__m256>, [c, d]: Two<__m256>) -> Two<__m256> {
        [call!(_mm256_mul_ps(a, c)), call!(_mm256_mul_ps(b, d))]
    }

    #[inline(always)]
    fn div(self, [a, b]: Two<__m256>, [c, d]: Two<__m256>) -> Two<__m256> {
        [call!(_mm256_div_ps(a, c)), call!(_mm256_div_ps(b, d))]
    }

    #[inline(always)]
    fn max(self, [a, b]: Two<__m256>, [c, d]: Two<__m256>) -> Two<__m256> {
        [call!(_mm256_max_ps(a, c)), call!(_mm256_max_ps(b, d))]
    }

    #[inline(always)]
    fn fma(self, x: Two<__m256>, y: Two<__m256>, z: Two<__m256>) -> Two<__m256> {
        let ([x0, x1], [y0, y1], [z0, z1]) = (x, y, z);
        [call!(_mm256_fmadd_ps(x0, y0, z0)), call!(_mm256_fmadd_ps(x1, y1, z1))]
    }

    #[inline(always)]
    fn pow2(self, n: Two<__m256>) -> Two<__m256> {
        n.map(|n| {
            let biased = call!(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)));
            call!(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased)))
        })
    }

    #[inline(always)]
    fn bytes(self, [a, b]: Two<__m256>) -> [i8; LANES] {
        let mut out = [0; LANES];
        // Packing goes by halves of a register; the permutation puts the quarters in order.
        let words = call!(_mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(
            _mm256_cvtps_epi32(a),
            _mm256_cvtps_epi32(b)
        )));
        let bytes = call!(_mm_packs_epi16(
            _mm256_castsi256_si128(words),
            _mm256_extracti128_si256::<1>(words)
        ));
        call!(_mm_storeu_si128(out.as_mut_ptr().cast(), bytes));
        out
    }

    /// Wide codes become signed: 255 times 127, twice, would leave the sixteen bits that
    /// `maddubs` adds in.
    #[inline(always)]
    fn codes<const WIDE: bool>(self, from: &[u8; 64]) -> Two<__m256i> {
        let (low, high) = from.split_at(32);
        let both = [
            call!(_mm256_loadu_si256(low.as_ptr().cast())),
            call!(_mm256_loadu_si256(high.as_ptr().cast())),
        ];
        if WIDE {
            both.map(|codes| call!(_mm256_xor_si256(codes, _mm256_set1_epi8(-128))))
        } else {
            both
        }
    }

    #[inline(always)]
    fn start<const WIDE: bool>(self, offsets: [i16; 2], sums: [i16; 2]) -> Two<__m256i> {
        let start = if WIDE { 0 } else { lowered(offsets, sums) };
        [call!(_mm256_set1_epi32(start)); 2]
    }

    /// Products of two codes each, in sixteen bits: widening them costs as much as multiplying.
    #[inline(always)]
    fn open(self, _: Two<__m256i>) -> Two<__m256i> {
        [call!(_mm256_setzero_si256()); 2]
    }

    #[inline(always)]
    fn dot<const WIDE: bool>(
        self,
        [a, b]: Two<__m256i>,
        [low, high]: Two<__m256i>,
        four: [i8; 4],
    ) -> Two<__m256i> {
        let four = i32::from_le_bytes(four.map(i8::cast_unsigned));
        let four = call!(_mm256_set1_epi32(four));
        let add = |few, codes| {
            let pairs = if WIDE {
                call!(_mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(four, codes)))
            } else {
                call!(_mm256_maddubs_epi16(codes, four))
            };
            call!(_mm256_add_epi16(few, pairs))
        };
        [add(a, low), add(b, high)]
    }

    #[inline(always)]
    fn close(self, [a, b]: Two<__m256i>, [c, d]: Two<__m256i>) -> Two<__m256i> {
        let one = call!(_mm256_set1_epi16(1));
        let wide = |few| call!(_mm256_madd_epi16(few, one));
        [call!(_mm256_add_epi32(a, wide(c))), call!(_mm256_add_epi32(b, wide(d)))]
    }

    #[inline(always)]
    fn floats(self, sums: Two<__m256i>) -> Two<__m256> {
        sums.map(|sums| call!(_mm256_cvtepi32_ps(sums)))
    }
}
