//! Callers that want to store something at the same moment share one transaction.
//!
//! A database that keeps its word waits for the disk at each commit, a millisecond or two. Whoever
//! comes while another commits stands in line; the next one whose turn it is stores for all who
//! stand there. Nobody waits longer than for the commit before and the own one, and each is answered
//! once what it brought is on the disk.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Mutex as Turns, oneshot};

use crate::EngineError;

/// A line of callers.
#[derive(Debug)]
pub(crate) struct Together<I, O> {
    line: Mutex<Vec<Waiting<I, O>>>,
    turns: Turns<()>,
}

#[derive(Debug)]
struct Waiting<I, O> {
    item: I,
    answer: oneshot::Sender<O>,
}

impl<I, O> Default for Together<I, O> {
    fn default() -> Self {
        Self { line: Mutex::default(), turns: Turns::default() }
    }
}

impl<I: Clone, O> Together<I, O> {
    /// Stores `item` by `store`, which stores several in one transaction and answers in their
    /// order, together with those who stand in line.
    ///
    /// # Errors
    /// What `store` fails with. Where it fails for several, each tries again by itself.
    pub(crate) async fn store<F>(
        &self,
        item: I,
        store: impl Fn(Vec<I>) -> F,
    ) -> Result<O, EngineError>
    where
        F: Future<Output = Result<Vec<O>, EngineError>>,
    {
        let (answer, mut told) = oneshot::channel();
        self.line().push(Waiting { item: item.clone(), answer });
        let turn = self.turns.lock().await;
        let mut ours = match told.try_recv() {
            Ok(answer) => return Ok(answer),
            Err(oneshot::error::TryRecvError::Empty) => std::mem::take(&mut *self.line()),
            // Whoever stored for us failed, or went away before it could say what came of it.
            Err(oneshot::error::TryRecvError::Closed) => Vec::new(),
        };
        let alone = async || store(vec![item.clone()]).await?.pop().ok_or(EngineError::Unanswered);
        if ours.is_empty() {
            return alone().await;
        }
        let items = ours.iter().map(|it| it.item.clone()).collect();
        let together = ours.len() > 1;
        let stored = match store(items).await {
            Ok(stored) => stored,
            Err(_) if together => {
                // What it was in one of them must not stop the others: each by itself.
                drop(ours);
                return alone().await;
            }
            Err(error) => return Err(error),
        };
        for (waiting, out) in ours.drain(..).zip(stored) {
            // Who went away meanwhile needs no answer.
            let _ = waiting.answer.send(out);
        }
        drop(turn);
        told.try_recv().map_err(|_| EngineError::Unanswered)
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Vec<Waiting<I, O>>> {
        // Nobody panics while holding it, and a line is whole either way.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn who_comes_meanwhile_is_stored_together_and_each_gets_its_own_answer() {
        let together = Together::default();
        let commits = AtomicUsize::new(0);
        let store = |items: Vec<u32>| {
            commits.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                Ok(items.into_iter().map(|it| it * 2).collect())
            }
        };
        let all = join_all((0..50).map(|n| together.store(n, store))).await;
        for (n, answer) in (0..).zip(all) {
            assert_eq!(answer.unwrap(), n * 2);
        }
        assert!(commits.into_inner() < 5);
    }

    #[tokio::test]
    async fn one_that_cannot_be_stored_takes_none_with_it() {
        let together = Together::default();
        let store = |items: Vec<u32>| async move {
            tokio::task::yield_now().await;
            if items.contains(&7) { Err(EngineError::WrongDesk) } else { Ok(items) }
        };
        let all = join_all((0..10).map(|n| together.store(n, store))).await;
        for (n, answer) in (0..).zip(all) {
            match answer {
                Ok(stored) => assert_eq!(stored, n),
                Err(_) => assert_eq!(n, 7),
            }
        }
    }

    #[tokio::test]
    async fn one_that_goes_away_while_it_stores_for_others_leaves_them_to_themselves() {
        let together = Together::default();
        let never = |_: Vec<u32>| std::future::pending();
        let at_once = |items: Vec<u32>| std::future::ready(Ok(items));
        let first = together.store(1, never);
        let mut first = Box::pin(first);
        let second = together.store(2, at_once);
        tokio::select! {
            biased;
            _ = &mut first => panic!("it never ends"),
            () = std::future::ready(()) => drop(first),
        }
        assert_eq!(second.await.unwrap(), 2);
    }
}
