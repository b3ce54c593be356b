//! How many letters are filled in a second.

use std::time::{Duration, Instant};

use engine::{App, Shape};
use serde::Serialize;

use super::{people, templates, to};
use crate::chance::Chance;
use crate::writer::spread;

/// So many different letters are filled again and again.
const LETTERS: usize = 2_000;
/// For so long.
const FOR: Duration = Duration::from_secs(2);

/// Letters a second.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Speed {
    /// Threads at work.
    pub threads: usize,
    /// With the plan at hand: proving, filling, checking values.
    pub filled_per_second: f64,
    /// From what the engine knows of a case: the plan as well.
    pub planned_and_filled_per_second: f64,
}

/// Fills letters of `shapes` on `threads` threads.
#[must_use]
pub fn speed(app: &App, shapes: &[Shape], threads: usize) -> Speed {
    let words = &app.writing.words;
    let some = spread(shapes.to_vec(), LETTERS);
    let mut chance = Chance::of("speed");
    let people = some.iter().map(|it| people::somebody(&it.input, &mut chance).0);
    let letters: Vec<_> = people
        .zip(templates(app, &some))
        .filter_map(|(input, template)| {
            let plan = words.plan(&input).ok()?;
            Some((input, plan, template?))
        })
        .collect();
    let filled = count(threads, letters.len(), |place| {
        let Some((input, plan, template)) = letters.get(place) else { return };
        std::hint::black_box(words.message(plan, template, to(input.letter), &|_| None).ok());
    });
    let planned = count(threads, letters.len(), |place| {
        let Some((input, _, template)) = letters.get(place) else { return };
        let plan = words.plan(input).ok();
        let message =
            plan.and_then(|plan| words.message(&plan, template, to(input.letter), &|_| None).ok());
        std::hint::black_box(message);
    });
    Speed { threads, filled_per_second: filled, planned_and_filled_per_second: planned }
}

/// How often `work` is done in a second, over the places below `length` in turn.
fn count(threads: usize, length: usize, work: impl Fn(usize) + Sync) -> f64 {
    (0..length).for_each(&work);
    let began = Instant::now();
    let until_late = || {
        let mut done = 0_u32;
        while began.elapsed() < FOR {
            (0..length).for_each(&work);
            done += 1;
        }
        f64::from(done)
    };
    let rounds: f64 = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(until_late)).collect();
        running.into_iter().map(|it| it.join().unwrap_or_default()).sum()
    });
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    rounds * f64::from(length) / began.elapsed().as_secs_f64()
}
