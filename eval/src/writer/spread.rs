//! A sample that leaves no part of the whole out.

use std::collections::BTreeSet;

/// At most `most` of `all`, evenly spread, the first among them.
#[must_use]
pub fn spread<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let (count, most) = (all.len(), most.min(all.len()));
    let places: BTreeSet<usize> = (0..most).map(|nth| nth * count / most).collect();
    let all = all.into_iter().enumerate();
    all.filter(|(place, _)| places.contains(place)).map(|(_, it)| it).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_all_and_no_larger_than_asked_for() {
        let all = || (0..100).collect::<Vec<_>>();
        assert_eq!(spread(all(), 4), [0, 25, 50, 75]);
        assert!(spread(all(), 0).is_empty());
        assert_eq!(spread(all(), 200), all());
        assert_eq!(spread(all(), 40).len(), 40);
        assert!(spread(Vec::<u8>::new(), 3).is_empty());
    }
}
