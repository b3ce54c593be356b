//! The story as a person reads it in a terminal: what happened, what it opens and by when,
//! what was prepared, what was written, and what carries each sentence of it.
//!
//! The frame is English, as everywhere on the command line; what people get is Vietnamese, and
//! stands as they get it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use console::Style;
use domain::{
    DeliveryState, DraftId, Language, MessageSource, MilestoneState, SuggestionState, Suppression,
    Text,
};
use engine::sandbox::Played;
use engine::view::{
    Chapter, Family, Player, Story, StoryDraft, StoryEvidence, StoryMessage, StoryMilestone,
    StorySuggestion,
};
use jiff::civil::Date;

use crate::cli::paper::{Paper, faint, good, odd, plain, strong};

/// What people must still fill in or decide, by draft.
type ToDo = BTreeMap<DraftId, Vec<Text>>;

/// All families, one after the other.
pub(super) fn story(paper: &Paper, story: &Story, to_do: &ToDo) {
    paper.gap();
    let line = format!(
        "What registers told about {}, event by event up to {}; what follows from it by law; and \
         what each person was written. All people are made up.",
        counted(story.families.len(), "sample household"),
        short(story.today)
    );
    paper.write("", &line, &plain());
    for (place, family) in story.families.iter().enumerate() {
        paper.gap();
        paper.rule(&format!("{} · {}", place + 1, family.title.vi));
        introduction(paper, family);
        for chapter in &family.chapters {
            paper.gap();
            tell(paper, chapter, to_do);
        }
        if family.chapters.is_empty() {
            paper.write("  ", "Nothing happened to them that opens or obliges anything.", &faint());
        }
    }
}

fn introduction(paper: &Paper, family: &Family) {
    paper.write("  ", &family.title.en, &faint());
    paper.write("  ", &family.story.vi, &plain());
    paper.write("  ", &family.story.en, &faint());
    for person in &family.people {
        let mut line = person.name.clone();
        if person.language != Language::VI {
            line.push_str(", letters in ");
            line.push_str(person.language.tag());
        }
        if !person.refuses.is_empty() {
            let _ = write!(line, ", refuses {}", person.refuses.join(", "));
        }
        let _ = write!(line, ": {}", counted(person.messages, "message"));
        paper.write("  · ", &line, &plain());
    }
}

fn tell(paper: &Paper, chapter: &Chapter, to_do: &ToDo) {
    milestone(paper, &chapter.milestone);
    for suggestion in &chapter.suggestions {
        suggested(paper, suggestion, to_do);
    }
    for message in &chapter.messages {
        written(paper, message);
    }
}

fn milestone(paper: &Paper, milestone: &StoryMilestone) {
    let day = short(milestone.occurred_on);
    paper.write("  ● ", &format!("{day} · {}", milestone.cause.vi), &strong());
    let bar = "  │ ";
    let whose = named(&milestone.whose);
    let (state, style) = match milestone.state {
        MilestoneState::Reached => ("reached", good()),
        MilestoneState::Pending => ("not settled yet", odd()),
        MilestoneState::NotMet => ("does not apply", faint()),
        MilestoneState::Withdrawn => ("withdrawn: what it rested on was taken back", odd()),
        MilestoneState::Closed => ("closed: all that it opened is dealt with", faint()),
    };
    let line = format!("milestone “{}” of {whose}: {state}", milestone.name.vi);
    paper.write(bar, &line, &style);
    let law = milestone.law.join("; ");
    paper.write(bar, &format!("rule {} · {law}", milestone.rule), &faint());
    if !milestone.missing.is_empty() {
        let missing = listed(&milestone.missing);
        paper.write(
            &format!("{bar}? "),
            &format!("not known, and never taken for a no: {missing}"),
            &odd(),
        );
    }
    if let Some(held) = &milestone.held {
        let line =
            format!("held: {} has died; somebody looks before anything is sent", named(held));
        paper.write(&format!("{bar}✋ "), &line, &odd());
    }
    if let Some(because) = &milestone.waits {
        paper.write(&format!("{bar}✋ "), &format!("not told now: {}", because.vi), &odd());
    }
}

fn suggested(paper: &Paper, suggestion: &StorySuggestion, to_do: &ToDo) {
    let service = &suggestion.service;
    let margin = "  │   ";
    let code = service.code.as_deref().unwrap_or("no national code yet");
    let style = if service.main { strong() } else { plain() };
    paper.write("  ├─ ", &format!("{} [{code}]", service.name.vi), &style);
    let level = match service.level {
        1 => "1, remind",
        2 => "2, prepare",
        3 => "3, compare",
        _ => "4, execute",
    };
    let recipient = named(&suggestion.recipient);
    let line = format!("for {recipient} · level {level} · {}", service.authority.vi);
    paper.write(margin, &line, &faint());
    if let Some(line) = settled(service.state) {
        // What it said before is history, and reads as if it still held.
        paper.write(margin, line, &odd());
        return;
    }
    match (&service.deadline, &service.deadline_unknown) {
        (Some(deadline), _) => {
            let by = deadline.on.strftime("%A, %-d %B %Y");
            let moves = if deadline.may_move { " (not all days off are announced)" } else { "" };
            paper.write(margin, &format!("by {by}{moves} · {}", deadline.law), &plain());
        }
        (None, Some(why)) => {
            paper.write(margin, &format!("no deadline known: {}", why.vi), &odd());
        }
        (None, None) => {}
    }
    if !service.missing.is_empty() {
        let line = format!("needs to be known: {}", listed(&service.missing));
        paper.write(margin, &line, &odd());
    }
    if let Some(draft) = &suggestion.prepared {
        prepared(paper, margin, draft, to_do);
    }
}

/// Where a suggestion stands that is open no more.
fn settled(state: SuggestionState) -> Option<&'static str> {
    match state {
        SuggestionState::Open => None,
        SuggestionState::Filed => Some("filed"),
        SuggestionState::Done => Some("done"),
        SuggestionState::Refused => Some("the person does not want it"),
        SuggestionState::Withdrawn => {
            Some("withdrawn: done elsewhere, replaced by another procedure, or its ground is gone")
        }
    }
}

fn prepared(paper: &Paper, margin: &str, draft: &StoryDraft, to_do: &ToDo) {
    let mut line = format!("draft: {} of {} fields filled", draft.filled, draft.total);
    if draft.conflicts > 0 {
        let _ = write!(line, "; registers disagree on {}", draft.conflicts);
    }
    match to_do.get(&draft.id) {
        Some(missing) if !missing.is_empty() => {
            let _ = write!(line, "; left to the person: {}", listed(missing));
        }
        _ => line.push_str("; nothing is left to fill in"),
    }
    paper.write(margin, &line, &good());
}

fn written(paper: &Paper, message: &StoryMessage) {
    let worded = match message.source {
        MessageSource::Model => "worded by the model",
        MessageSource::Template => "approved wording",
    };
    let proved = if message.proved { "every sentence proved" } else { "NOT proved" };
    let (fate, style) = fate(message);
    let line = format!("to {} · {worded}, {proved} · {fate}", named(&message.recipient));
    paper.write("  ✉ ", &line, &style);
    if let Some(why) = &message.refused_because {
        paper.write("    ", &format!("the model's text was not taken: {why}"), &odd());
    }
    paper.write("    ┌ ", &message.subject_line, &strong());
    if message.deliveries.iter().any(|it| it.state == DeliveryState::Suppressed) {
        paper.write("    └ ", "its text was worded and stays unsent", &faint());
        return;
    }
    for paragraph in message.text.lines().filter(|line| !line.trim().is_empty()) {
        paper.write("    │ ", paragraph, &plain());
    }
    carried(paper, &message.evidence);
    paper.write(
        "      ",
        &format!("sentence by sentence: cotmoc explain {}", message.id),
        &faint(),
    );
}

/// What carries the sentences: facts and points of the plan, and passages that are cited.
fn carried(paper: &Paper, evidence: &[StoryEvidence]) {
    let passages: BTreeSet<_> = evidence
        .iter()
        .flat_map(|it| &it.passages)
        .map(|passage| passage.title.as_deref().unwrap_or(&passage.id))
        .collect();
    let facts: BTreeSet<_> = evidence.iter().flat_map(|it| &it.facts).map(String::as_str).collect();
    let facts = facts.into_iter().collect::<Vec<_>>().join(", ");
    let count = counted(evidence.len(), "sentence");
    paper.write("    └ ", &format!("{count} carried by {facts}"), &faint());
    for passage in passages {
        paper.write("      § ", passage, &faint());
    }
}

/// Where a message went, or why it went nowhere.
fn fate(message: &StoryMessage) -> (String, Style) {
    let Some(delivery) = message.deliveries.first() else {
        return ("not handed to delivery".to_owned(), odd());
    };
    match (delivery.state, delivery.suppressed) {
        (DeliveryState::Sent, _) => ("in the inbox".to_owned(), good()),
        (DeliveryState::Suppressed, why) => {
            (format!("held back: {}", why.map_or("no reason stored", held_back)), odd())
        }
        (DeliveryState::Failed, _) => ("could not be delivered".to_owned(), odd()),
        (DeliveryState::Queued | DeliveryState::Claimed, _) => ("on its way".to_owned(), faint()),
    }
}

/// Why a message was held back, in words.
fn held_back(why: Suppression) -> &'static str {
    match why {
        Suppression::Refused => "the person refuses such messages",
        Suppression::RecipientDeceased => "the recipient has died",
        Suppression::SubjectDeceased => "whom it is about has died; somebody looks first",
        Suppression::Withdrawn => "what it rested on was taken back",
        Suppression::Sensitive => "it hurts: a person releases it, or it is too early",
        Suppression::NotProved => "it was not proved",
        Suppression::Erased => "someone whom it names was erased",
        Suppression::NoConsent => "no address was given for this channel",
        Suppression::OverBudget => "the person was disturbed often enough; it is in the inbox",
    }
}

/// What it all came to.
pub(super) fn totals(paper: &Paper, story: &Story, played: Played, seconds: f64, mebibytes: f64) {
    let totals = &story.totals;
    let sum = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
    let by = |counts: &BTreeMap<String, u64>| {
        let parts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    };
    paper.gap();
    paper.rule(&format!("pack {} on {}", story.pack, short(story.today)));
    let lines = [
        ("events", format!("{}, {} of them new in this run", totals.events, played.new)),
        ("facts", totals.facts.to_string()),
        ("milestones", format!("{}{}", sum(&totals.milestones), by(&totals.milestones))),
        ("suggestions", format!("{}{}", sum(&totals.suggestions), by(&totals.suggestions))),
        ("drafts", totals.drafts.to_string()),
        ("messages", wording(story)),
        ("held back", format!("{}{}", sum(&totals.suppressed), by(&totals.suppressed))),
        ("it took", format!("{seconds:.1} s and at most {mebibytes:.0} MiB of memory")),
    ];
    for (name, line) in lines {
        paper.write(&format!("  {name:<12} "), &line, &plain());
    }
}

fn wording(story: &Story) -> String {
    let wording = story.wording;
    let share = wording.model_share * 100.0;
    format!(
        "{}: {} worded by the model ({share:.0} %), {} in the approved wording",
        wording.messages, wording.by_model, wording.by_template
    )
}

/// Where the inbox is, and what to try there.
pub(super) fn inbox(paper: &Paper, story: &Story, address: &str) {
    paper.gap();
    paper.rule(&format!("open {address}"));
    let people = story.families.iter().flat_map(|family| &family.people);
    let name = people.clone().find(|person| person.messages > 0).map_or("", |it| it.name.as_str());
    for line in [
        &*format!("Be one of the sample people, such as {name}, and open a message."),
        "Ask why it came: the facts, the law, and the passage behind each sentence.",
        "Look through the draft: each field says which register filled it, and when.",
        "Say that you filed it, that it is wrong, or refuse such messages in the settings.",
        &*format!("The API is described on {address}/docs; `cotmoc keys issue` makes a key."),
        "Ctrl-C ends it. The next `cotmoc demo` starts within seconds.",
    ] {
        paper.write("  · ", line, &plain());
    }
}

/// Who, by name where there is one, by role otherwise.
fn named(player: &Player) -> String {
    player.name.clone().unwrap_or_else(|| format!("the {}", player.role))
}

fn listed(texts: &[Text]) -> String {
    texts.iter().map(|text| text.vi.as_str()).collect::<Vec<_>>().join("; ")
}

fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn short(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}
