//! Work on many things, spread over some threads.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What `work` makes of each item, in their order.
///
/// The calling thread works too; where the system gives no more threads, it works alone. A
/// thread takes the next item when it is done with one, so none waits for another.
pub(super) fn spread<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, work(item)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others = (1..threads.min(items.len())).map_while(|_| {
            let builder = std::thread::Builder::new().name("embed".to_owned());
            builder.spawn_scoped(scope, share).ok()
        });
        let others: Vec<_> = others.collect();
        let mut done = share();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_made_once_and_in_order() {
        let items: Vec<usize> = (0..100).collect();
        let made: Vec<usize> = items.iter().map(|n| n * n).collect();
        for threads in [0, 1, 2, 7, 200] {
            assert_eq!(spread(threads, &items, |n| n * n), made);
        }
        assert!(spread(3, &[] as &[usize], |n| *n).is_empty());
    }

    #[test]
    #[should_panic(expected = "the fifth")]
    fn a_panic_of_any_thread_is_the_callers() {
        spread(3, &[1, 2, 3, 4, 5, 6], |n| assert!(*n != 5, "the fifth"));
    }
}
