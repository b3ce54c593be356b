//! Work on many things, shared out among some threads, which end with it.

use std::sync::{Mutex, PoisonError};

/// Does `work` with each item. A thread takes the next one when it is done with one, so none
/// waits for another; the calling thread works, too, and alone where the system gives no more.
pub(crate) fn share<T: Send>(threads: usize, items: Vec<T>, work: impl Fn(T) + Sync) {
    let others = threads.min(items.len()).saturating_sub(1);
    let items = Mutex::new(items.into_iter());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let all = || {
        while let Some(item) = next() {
            work(item);
        }
    };
    std::thread::scope(|scope| {
        let others = (0..others).map_while(|_| {
            let builder = std::thread::Builder::new().name("share".to_owned());
            builder.spawn_scoped(scope, all).ok()
        });
        let others: Vec<_> = others.collect();
        all();
        for other in others {
            other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
}

/// What `work` makes of each item, in their order.
pub(crate) fn spread<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let mut made: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let slots = items.iter().zip(&mut made).collect();
    share(threads, slots, |(item, slot)| *slot = Some(work(item)));
    made.into_iter().flatten().collect()
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
