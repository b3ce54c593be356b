//! The questions that wait, and the model that will answer them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::figures::{Counters, Figures};
use super::prefixes::Prefixes;
use super::question::Reply;
use super::{Lane, Now, Question, Reading, Refused, Served, Settings, Token, Written};

/// After so many interactive questions, a bulk one goes first.
const TURNS: usize = 4;

/// A question and where its answer goes.
#[derive(Debug)]
pub(super) enum Task {
    Write(Question, Reply<Written>),
    Read(Reading, Reply<Vec<Vec<Token>>>),
}

impl Task {
    fn lane(&self) -> Lane {
        match self {
            Self::Write(question, _) => question.lane,
            Self::Read(reading, _) => reading.lane,
        }
    }
}

/// What the workers have in common.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    pub(super) settings: Settings,
    pub(super) counters: Counters,
    pub(super) now: Now,
}

#[derive(Debug)]
struct State {
    interactive: VecDeque<Task>,
    bulk: VecDeque<Task>,
    /// Interactive questions that went before the bulk ones that wait.
    turns: usize,
    current: Arc<Current>,
    /// How many workers wait for questions.
    idle: usize,
    stopped: bool,
}

/// The model in place and the beginnings that it has computed.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) served: Served,
    pub(super) prefixes: Prefixes,
}

/// What a worker finds.
pub(super) enum Next {
    /// Questions for the model in place, as many as were wanted or wait.
    Work(Arc<Current>, Vec<Task>),
    Stop,
}

impl Queue {
    pub(super) fn new(served: Served, settings: Settings, now: Now) -> Self {
        let current = Arc::new(Current { served, prefixes: Prefixes::new(settings.prefixes) });
        let state = State {
            interactive: VecDeque::new(),
            bulk: VecDeque::new(),
            turns: 0,
            current,
            idle: 0,
            stopped: false,
        };
        let counters = Counters::default();
        Self { state: Mutex::new(state), changed: Condvar::new(), settings, counters, now }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, task: Task) -> Result<(), Refused> {
        let mut state = self.state();
        if state.stopped {
            return Err(Refused::Stopped);
        }
        let waiting = state.waiting();
        if waiting >= self.settings.queue {
            self.counters.refused();
            return Err(Refused::Overloaded { waiting });
        }
        let lane = match task.lane() {
            Lane::Interactive => &mut state.interactive,
            Lane::Bulk => &mut state.bulk,
        };
        lane.push_back(task);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Takes up to `most` questions, and waits for one if the worker is `idle`. A worker that
    /// is not gets questions only while `held` is the model in place. A reading is the last that is
    /// taken: it is answered at once, and the texts under way wait for it.
    pub(super) fn next(&self, most: usize, held: Option<&Arc<Current>>) -> Next {
        let mut state = self.state();
        while held.is_none() && state.waiting() == 0 && !state.stopped {
            state.idle += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
        if state.stopped {
            return Next::Stop;
        }
        let current = Arc::clone(&state.current);
        let mut taken = Vec::new();
        if held.is_none_or(|held| Arc::ptr_eq(held, &current)) {
            while taken.len() < most
                && !matches!(taken.last(), Some(Task::Read(..)))
                && let Some(task) = state.take()
            {
                taken.push(task);
            }
        }
        Next::Work(current, taken)
    }

    /// How many threads a worker at work may compute with: its own, and its share of those
    /// that wait.
    pub(super) fn hands(&self) -> usize {
        let idle = self.state().idle;
        let at_work = self.settings.workers.saturating_sub(idle).max(1);
        1 + idle / at_work
    }

    pub(super) fn swap(&self, served: Served) {
        let prefixes = Prefixes::new(self.settings.prefixes);
        self.state().current = Arc::new(Current { served, prefixes });
    }

    /// Refuses what comes and drops what waits, whose callers learn it by that.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        state.interactive.clear();
        state.bulk.clear();
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn figures(&self) -> Figures {
        let (waiting, current) = {
            let state = self.state();
            (state.waiting(), Arc::clone(&state.current))
        };
        let model = current.served.guide.model();
        self.counters.read(current.served.name.to_string(), waiting, model.cache_tokens_left())
    }
}

impl State {
    fn waiting(&self) -> usize {
        self.interactive.len() + self.bulk.len()
    }

    fn take(&mut self) -> Option<Task> {
        if self.bulk.is_empty() {
            self.turns = 0;
        }
        if self.turns < TURNS
            && let Some(first) = self.interactive.pop_front()
        {
            self.turns += 1;
            return Some(first);
        }
        self.turns = 0;
        self.bulk.pop_front().or_else(|| self.interactive.pop_front())
    }
}
