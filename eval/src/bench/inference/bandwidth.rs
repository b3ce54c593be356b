//! How fast this machine reads memory: the limit of whatever must read all weights for a token.

use std::time::Instant;

/// Far more than any cache holds.
const BYTES: usize = 512 << 20;
/// What the processor fetches at once.
const LINE: usize = 64 / size_of::<u64>();
/// How often it is tried; the best counts, since other work can only slow it down.
const TRIES: usize = 5;

/// GiB that `threads` read together in a second, each a part of its own.
#[must_use]
pub fn gib_per_s(threads: usize) -> f64 {
    // Written, so that the system really gives the memory.
    let memory: Vec<u64> = (0..BYTES as u64 / 8).collect();
    let part = memory.len().div_ceil(threads.max(1));
    let mut best = f64::INFINITY;
    for _ in 0..TRIES {
        let start = Instant::now();
        let sum: u64 = std::thread::scope(|scope| {
            let others: Vec<_> =
                memory.chunks(part).map(|part| scope.spawn(|| touch(part))).collect();
            others.into_iter().filter_map(|it| it.join().ok()).fold(0, u64::wrapping_add)
        });
        std::hint::black_box(sum);
        best = best.min(start.elapsed().as_secs_f64());
    }
    super::float(BYTES) / super::float(1 << 30) / best
}

/// Reads something of every line.
fn touch(part: &[u64]) -> u64 {
    part.as_chunks::<LINE>().0.iter().fold(0, |sum, [first, ..]| sum.wrapping_add(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_touched() {
        let memory: Vec<u64> = (0..4 * LINE as u64).collect();
        assert_eq!(touch(&memory), (0..4).map(|line| line * LINE as u64).sum::<u64>());
    }

    #[test]
    fn memory_is_read_at_some_speed_that_memory_has() {
        let found = gib_per_s(2);
        assert!((0.5..5000.0).contains(&found), "{found}");
    }
}
