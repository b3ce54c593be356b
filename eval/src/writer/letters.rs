//! Letters in bulk: every shape of the pack filled with values that are hard to bear, read back
//! by a reader of its own, and how many a second.
//!
//! The reader knows nothing of the renderer. It takes the approved wording from the pack's files
//! itself, writes dates, names and law by rules of its own, and takes a text apart sentence by
//! sentence. A letter is right if that accounts for every character of it.

use std::time::Instant;

use domain::{Letter, MilestoneId, SubjectId, Template, Text};
use engine::{App, LawOf, Looked, Prepared, Shape, shapes};
use jiff::civil::Date;
use rules::PackFiles;
use serde::Serialize;
use writer::{LetterKind, PlanInput, To, Words, Writer};

use super::{Rate, spread};
use crate::EvalError;
use crate::chance::Chance;

mod free;
mod notices;
mod people;
mod reading;
mod speed;

pub use free::{Free, free};
pub use notices::{Notices, notices};
pub use speed::{Speed, speed};

/// What was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LettersReport {
    /// Shapes of letters under the law of the day.
    pub shapes: usize,
    /// Of these, with an approved wording that is proved.
    pub shapes_proved: usize,
    /// Letters that were filled.
    pub messages: usize,
    /// Letters that the renderer refused, since a value held what no letter may hold.
    pub refused: usize,
    /// Letters in which a value stands wrong or words that nobody approved.
    pub wrong_values: usize,
    /// Letters that leave out what this letter owes.
    pub missing_values: usize,
    /// The first few that are wrong.
    pub told: Vec<String>,
}

/// How many that are wrong are told of.
const TOLD: usize = 20;

/// The shapes of all life events on `day`.
pub fn all_shapes(app: &App, day: Date) -> Result<Vec<Shape>, EvalError> {
    let mut all = Vec::new();
    for life_event in app.pack.life_events() {
        let found = shapes((&app.pack, &app.writing.words), life_event, LawOf::Day(day));
        all.extend(found.map_err(|letters| EvalError::Data {
            file: "the pack's words",
            said: letters.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        })?);
    }
    Ok(all)
}

/// Fills `count` letters over all `shapes`, and reads each back by the words of `files`.
pub fn messages(
    app: &App,
    files: &PackFiles,
    shapes: &[Shape],
    count: usize,
) -> Result<LettersReport, EvalError> {
    let book = reading::Book::of(files)?;
    let words = &app.writing.words;
    let templates = templates(app, shapes);
    let shapes_proved = templates.iter().flatten().count();
    let mut report = LettersReport { shapes: shapes.len(), shapes_proved, ..Default::default() };
    let mut chance = Chance::of("letters");
    let ready: Vec<_> =
        shapes.iter().zip(&templates).filter_map(|(it, made)| Some((it, made.as_ref()?))).collect();
    // Each shape in its turn, until there are enough.
    for (shape, template) in ready.iter().cycle().take(if ready.is_empty() { 0 } else { count }) {
        let (input, hostile) = people::somebody(&shape.input, &mut chance);
        one(words, &book, &input, hostile, template, &mut report);
    }
    Ok(report)
}

fn one(
    words: &Words,
    book: &reading::Book,
    input: &PlanInput,
    hostile: bool,
    template: &Template,
    report: &mut LettersReport,
) {
    report.messages += 1;
    let filled = words
        .plan(input)
        .ok()
        .and_then(|plan| words.message(&plan, template, to(input.letter), &|_| None).ok());
    let Some(message) = filled else {
        // Only a link in a value may stop a letter.
        report.refused += usize::from(hostile);
        if !hostile {
            report.missing_values += 1;
            tell(report, input, "not filled");
        }
        return;
    };
    match book.read(input, &message.text) {
        Ok(said) => {
            let owed = people::owed(input).into_iter().find(|slot| !said.contains(*slot));
            if let Some(slot) = owed {
                report.missing_values += 1;
                tell(report, input, &format!("`{slot}` is not said"));
            }
        }
        Err(rest) => {
            report.wrong_values += 1;
            tell(report, input, &format!("cannot be read from `{rest}` on"));
        }
    }
}

fn tell(report: &mut LettersReport, input: &PlanInput, what: &str) {
    if report.told.len() < TOLD {
        let PlanInput { life_event, service, role, language, .. } = input;
        let language = language.tag();
        report.told.push(format!("{life_event} {service} {role} {language}: {what}"));
    }
}

/// Words letters as approved, without a model.
pub(super) fn by_hand(app: &App) -> Writer<'_> {
    Writer {
        words: &app.writing.words,
        prompts: &app.writing.prompts,
        wording: None,
        samples: 0,
        pack: app.pack.hash(),
        index: "",
    }
}

/// The approved wording of each shape, where it is proved.
fn templates(app: &App, shapes: &[Shape]) -> Vec<Option<Template>> {
    let (writing, writer) = (&app.writing, by_hand(app));
    let of = |shape: &Shape| {
        let plan = writing.words.plan(&shape.input).ok()?;
        writer.make_template(&plan, &[]).ok()
    };
    shapes.iter().map(of).collect()
}

/// Where papers are filed.
const OFFICE: &str = "Ủy ban nhân dân xã Mẫu";

/// The case of a shape with an office that a person can read: of a shape the pack's own words stand
/// there, with the commune left open.
pub(super) fn with_office(input: &PlanInput) -> PlanInput {
    let office = Text { vi: OFFICE.to_owned(), en: OFFICE.to_owned() };
    PlanInput { authority: input.authority.is_some().then_some(office), ..input.clone() }
}

pub(super) fn to(letter: LetterKind) -> To {
    let letter = match letter {
        LetterKind::First => Letter::First,
        LetterKind::Reminder => Letter::Reminder(people::WRITTEN_ON),
        LetterKind::Correction => Letter::Correction,
    };
    let (milestone, recipient) = (MilestoneId::of(&["letters"]), SubjectId::of(&["letters"]));
    To { milestone, recipient, letter }
}

/// How far the model's wording stands.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Composed {
    /// Shapes that were worded, evenly spread over all.
    pub shapes: usize,
    /// Of these, worded by the model and proved.
    pub by_model: usize,
    /// Of these, with no template at all.
    pub refused: usize,
    /// Why the model's words were not taken, once for each shape.
    pub because: Vec<String>,
    /// Time for one shape, passages looked up, in seconds.
    pub seconds_per_shape: f64,
}

impl Composed {
    /// The share of shapes whose text by the model is accepted.
    #[must_use]
    pub fn accepted(&self) -> f64 {
        Rate::new(self.by_model, self.shapes).value
    }
}

/// Has up to `sample` of `shapes` worded as the engine does.
pub async fn compose(app: &App, shapes: &[Shape], sample: usize) -> Result<Composed, EvalError> {
    let mut composed = Composed::default();
    let mut looked = Looked::default();
    let began = Instant::now();
    for shape in spread(shapes.iter().collect(), sample) {
        composed.shapes += 1;
        match app.prepare(&shape.input, &mut looked).await? {
            Prepared::Made(domain::MessageSource::Model, _) => composed.by_model += 1,
            Prepared::Made(_, because) => composed.because.extend(because),
            Prepared::Kept => {}
            Prepared::Refused(because) => {
                composed.refused += 1;
                composed.because.push(because);
            }
        }
    }
    let worded = u32::try_from(composed.shapes.max(1)).unwrap_or(u32::MAX);
    composed.seconds_per_shape = (began.elapsed() / worded).as_secs_f64();
    Ok(composed)
}
