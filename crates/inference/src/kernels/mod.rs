//! The arithmetic: products of quantised weights with rows, and what stands between them.
//!
//! candle's quantised products want widths that are multiples of 256 and do not grow faster
//! with more rows, so ours stand here. Each kernel is written once over [`simd::Simd`], sixteen
//! lanes whatever the processor has, and compiled once for each [`Tier`].
//!
//! # Invariants
//!
//! - **One order of sums.** A row's result depends on that row alone: not on the rows beside
//!   it, the number of threads or what was computed before. That is what makes a text the same
//!   at any batch size.
//! - **All tiers that fuse agree to the bit**, since lanes and order are the same in each; the
//!   portable one rounds once more and agrees within a tolerance.
//! - **`unsafe` lives here alone**: intrinsics, and the step into code compiled for a feature.

#![expect(
    clippy::inline_always,
    reason = "a kernel has the features of a tier only where it is inlined into that tier's entry"
)]

mod activations;
pub(crate) mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blocks;
#[cfg(target_arch = "aarch64")]
mod neon;
mod packed;
mod portable;
mod product;
pub(crate) mod rows;
mod simd;
#[cfg(test)]
mod tests;

pub(crate) use activations::Activations;
pub(crate) use blocks::{BLOCK, Kind};
pub(crate) use packed::{PackError, Packed, Packing};
pub(crate) use product::product;

use simd::Simd;

/// How many numbers are computed side by side.
pub(crate) const LANES: usize = 16;

/// Sixteen floats on a border that the processor likes.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
pub(crate) struct Lanes(pub(crate) [f32; LANES]);

/// Something to compute, whatever instructions are there. `run` must be `#[inline(always)]`:
/// only so is it compiled with the features of the tier that calls it.
trait Kernel {
    type Out;
    fn run<S: Simd>(self, simd: S) -> Self::Out;
}

/// The instructions that this processor has. A value of a tier proves that they are there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tier {
    /// AVX-512 with byte products (VNNI).
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    /// AVX2 with fused products and half floats.
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    /// What every 64-bit ARM has.
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
    /// Plain Rust.
    Portable,
}

impl Tier {
    /// The best that this machine has.
    pub(crate) fn best() -> Self {
        Self::all().next().unwrap_or(Self::Portable)
    }

    /// Every tier that this machine has, the best first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let native =
            [avx512::Avx512::detect().map(Self::Avx512), avx2::Avx2::detect().map(Self::Avx2)];
        #[cfg(target_arch = "aarch64")]
        let native = [Some(Self::Neon(neon::Neon::new()))];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let native = [None];
        native.into_iter().flatten().chain([Self::Portable])
    }

    /// Its name, as it is told to people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "AVX-512 VNNI",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "AVX2",
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => "NEON",
            Self::Portable => "portable",
        }
    }

    fn run<K: Kernel>(self, kernel: K) -> K::Out {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(simd) => simd.enter(kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(simd) => simd.enter(kernel),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(simd) => kernel.run(simd),
            Self::Portable => kernel.run(portable::Portable),
        }
    }

    /// How many rows share each load of a weight, four at most: what the registers hold.
    fn rows(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => 4,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => 3,
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => 3,
            Self::Portable => 4,
        }
    }

    /// How many tiles share each load of a row's bytes, one or three: likewise.
    fn tiles(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => 3,
            _ => 1,
        }
    }
}
