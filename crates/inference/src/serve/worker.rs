//! One thread: takes questions as places become free, and steps its batch.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::queue::{Current, Next, Queue, Reply, Waiting};
use super::{Question, ServeError};
use crate::generate::{Batch, GenerateError, Generated, Request};
use crate::text::TextError;

/// What a worker remembers of a question under way.
struct Place {
    reply: Reply,
    deadline: Option<Instant>,
    input: usize,
    asked: Instant,
}

#[derive(Default)]
struct Places {
    under_way: HashMap<u64, Place>,
    last: u64,
}

pub(super) fn run(queue: &Queue) {
    loop {
        match queue.next(queue.settings.batch.max(1), None) {
            Next::Stop => return,
            Next::Work(current, first) => {
                // What panics takes its batch with it, whose callers learn it by the dropped
                // replies; the worker goes on with an empty one.
                let work = AssertUnwindSafe(|| serve(queue, &current, first));
                if catch_unwind(work).is_err() {
                    queue.counters.panicked();
                    tracing::error!("a model worker panicked; its texts are lost");
                }
            }
        }
    }
}

/// Works with one model until the batch is empty.
fn serve(queue: &Queue, current: &Arc<Current>, first: Vec<Waiting>) {
    let served = &current.served;
    let mut batch: Batch<'_, u64> = Batch::new(&served.guide, served.shortlist.clone());
    let mut places = Places::default();
    let mut coming = first;
    loop {
        for waiting in coming {
            join(queue, current, waiting, &mut batch, &mut places);
        }
        drop_gone(queue, &mut batch, &mut places);
        if batch.is_empty() {
            return;
        }
        queue.counters.stepped(batch.len());
        for (key, result) in batch.step() {
            if let Some(place) = places.under_way.remove(&key) {
                answer(queue, current, place, result);
            }
        }
        let free = queue.settings.batch.saturating_sub(batch.len());
        coming = match queue.next(free, Some(current)) {
            Next::Stop => return,
            Next::Work(_, coming) => coming,
        };
    }
}

fn join(
    queue: &Queue,
    current: &Arc<Current>,
    Waiting { question, reply }: Waiting,
    batch: &mut Batch<'_, u64>,
    places: &mut Places,
) {
    let now = (queue.now)();
    if reply.is_closed() {
        queue.counters.cancelled();
        return;
    }
    if question.deadline.is_some_and(|deadline| deadline <= now) {
        queue.counters.late();
        drop(reply.send(Err(ServeError::Late)));
        return;
    }
    let deadline = question.deadline;
    let joined = request(queue, current, question).and_then(|request| {
        let input = request.prompt.len() + request.prefix.as_ref().map_or(0, |it| it.len());
        places.last += 1;
        batch.join(places.last, request)?;
        Ok((places.last, input))
    });
    match joined {
        Ok((key, input)) => {
            places.under_way.insert(key, Place { reply, deadline, input, asked: now });
        }
        Err(error) => drop(reply.send(Err(error.into()))),
    }
}

fn request(
    queue: &Queue,
    current: &Arc<Current>,
    question: Question,
) -> Result<Request, GenerateError> {
    let tokenizer = current.served.guide.model().tokenizer();
    let shared = tokenizer.encode_start(&question.shared).map_err(TextError::from)?;
    let prompt = tokenizer.encode(&question.own).map_err(TextError::from)?;
    let prefix = if shared.is_empty() {
        None
    } else {
        Some(current.prefixes.get(current.served.guide.model(), &shared, &queue.counters)?)
    };
    Ok(Request { prefix, prompt, grammar: question.grammar, options: question.options })
}

/// Frees the places of callers that went away or whose deadline has passed.
fn drop_gone(queue: &Queue, batch: &mut Batch<'_, u64>, places: &mut Places) {
    let now = (queue.now)();
    let gone = places.under_way.extract_if(|_, place| {
        place.reply.is_closed() || place.deadline.is_some_and(|deadline| deadline <= now)
    });
    for (_, place) in gone {
        if place.reply.is_closed() {
            queue.counters.cancelled();
        } else {
            queue.counters.late();
            drop(place.reply.send(Err(ServeError::Late)));
        }
    }
    batch.retain(|key| places.under_way.contains_key(key));
}

fn answer(
    queue: &Queue,
    current: &Current,
    place: Place,
    result: Result<Generated, GenerateError>,
) {
    let output = result.as_ref().map_or(0, |generated| generated.tokens.len());
    queue.counters.answered(place.input, output);
    tracing::debug!(
        gen_ai.operation.name = "text_completion",
        gen_ai.request.model = &*current.served.name,
        gen_ai.usage.input_tokens = place.input,
        gen_ai.usage.output_tokens = output,
        gen_ai.server.request.duration =
            (queue.now)().saturating_duration_since(place.asked).as_secs_f64(),
        "a text was generated"
    );
    // A caller that went away meanwhile misses nothing.
    drop(place.reply.send(result.map_err(ServeError::from)));
}
