//! Numbers that follow from a seed, the same everywhere and for ever.

/// `SplitMix64`, as Vigna published it.
#[derive(Debug, Clone)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// One whose seed follows from a text (FNV-1a).
    pub(crate) fn of(text: &str) -> Self {
        Self(text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    /// A number below `end`, which counts as 1 where it is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_numbers_come() {
        let mut chance = Chance(1_234_567);
        assert_eq!(
            [(); 3].map(|()| chance.next()),
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
        assert_eq!(Chance::of("").0, 0xcbf2_9ce4_8422_2325);
        assert_eq!(Chance::of("a").0, 0xaf63_dc4c_8601_ec8c);
        assert!((0..100).all(|_| chance.below(3) < 3) && chance.below(0) == 0);
    }
}
