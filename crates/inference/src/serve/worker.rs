//! One thread: takes questions as places become free, and steps its batch.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::question::Reply;
use super::queue::{Current, Next, Queue, Task};
use super::{Prompt, Question, Reading, ServeError, Token, Written, read, turns};
use crate::generate::{Batch, GenerateError, Generated, Guide, Request};
use crate::text::TextError;

/// What a worker remembers of a question under way.
struct Place {
    reply: Reply<Written>,
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
fn serve(queue: &Queue, current: &Arc<Current>, first: Vec<Task>) {
    let served = &current.served;
    let mut batch: Batch<'_, u64> = Batch::new(&served.guide, served.shortlist.clone());
    let mut places = Places::default();
    let mut coming = first;
    loop {
        for task in coming {
            match task {
                Task::Write(question, reply) => {
                    join(queue, current, (question, reply), &mut batch, &mut places);
                }
                Task::Read(reading, reply) => answer_reading(queue, current, &reading, reply),
            }
        }
        drop_gone(queue, &mut batch, &mut places);
        if batch.is_empty() {
            return;
        }
        queue.counters.stepped(batch.len());
        batch.on_threads(queue.hands());
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

/// Whether nobody waits for the answer any more. Says so where it is too late.
fn gone<T>(queue: &Queue, deadline: Option<Instant>, reply: Reply<T>) -> Option<Reply<T>> {
    if reply.is_closed() {
        queue.counters.cancelled();
        return None;
    }
    if deadline.is_some_and(|deadline| deadline <= (queue.now)()) {
        queue.counters.late();
        drop(reply.send(Err(ServeError::Late)));
        return None;
    }
    Some(reply)
}

fn join(
    queue: &Queue,
    current: &Arc<Current>,
    (question, reply): (Question, Reply<Written>),
    batch: &mut Batch<'_, u64>,
    places: &mut Places,
) {
    let (asked, deadline) = ((queue.now)(), question.deadline);
    let Some(reply) = gone(queue, deadline, reply) else { return };
    let joined = request(queue, current, question).and_then(|request| {
        let input = request.prompt.len() + request.prefix.as_ref().map_or(0, |it| it.len());
        places.last += 1;
        batch.join(places.last, request)?;
        Ok((places.last, input))
    });
    match joined {
        Ok((key, input)) => {
            places.under_way.insert(key, Place { reply, deadline, input, asked });
        }
        Err(error) => drop(reply.send(Err(error))),
    }
}

fn request(
    queue: &Queue,
    current: &Arc<Current>,
    question: Question,
) -> Result<Request, ServeError> {
    let model = current.served.guide.model();
    let (prefix, prompt) = match question.prompt {
        Prompt::Text { shared, own } => {
            let shared = model.tokenizer().encode_start(&shared).map_err(TextError::from)?;
            let own = model.tokenizer().encode(&own).map_err(TextError::from)?;
            (current.prefixes.find(model, &shared, queue)?, own)
        }
        Prompt::Turns(turns) => (None, turns::tokens(model.tokenizer(), &turns)?),
    };
    Ok(Request { prefix, prompt, grammar: question.grammar, options: question.options })
}

fn answer_reading(
    queue: &Queue,
    current: &Current,
    reading: &Reading,
    reply: Reply<Vec<Vec<Token>>>,
) {
    let asked = (queue.now)();
    let Some(reply) = gone(queue, reading.deadline, reply) else { return };
    let result = read::read(current, reading, queue);
    let input = result.as_ref().map_or(0, |read| read.iter().map(Vec::len).sum());
    let took = (queue.now)().saturating_duration_since(asked);
    queue.counters.answered(&current.served.name, input, 0, took);
    drop(reply.send(result.map_err(ServeError::from)));
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
    let took = (queue.now)().saturating_duration_since(place.asked);
    queue.counters.answered(&current.served.name, place.input, output, took);
    let written = result.map(|generated| written(&current.served.guide, generated, place.input));
    // A caller that went away meanwhile misses nothing.
    drop(place.reply.send(written.map_err(ServeError::from)));
}

#[expect(clippy::cast_precision_loss, reason = "a text has few tokens")]
fn written(guide: &Guide, generated: Generated, input_tokens: usize) -> Written {
    let tokenizer = guide.model().tokenizer();
    let chances = generated.log_probabilities.iter().copied().map(Some);
    let tokens = generated.tokens.iter().zip(chances);
    let tokens =
        tokens.map(|(id, log_probability)| Token { bytes: tokenizer.bytes(*id), log_probability });
    Written {
        tokens: tokens.collect(),
        likelihood: Some(generated.log_probability / generated.sampled.max(1) as f64),
        input_tokens,
        output_tokens: generated.tokens.len(),
        text: generated.text,
        stop: generated.stop,
    }
}
