//! Letters: who is written to, who is not, and what must and must not stand there.

use domain::{Delivery, DeliveryState, Lifecycle as _, Message, MessageSource, Suppression};

use super::Comparison;
use crate::EvalError;
use crate::expect::{ExpectedMessage, ExpectedMilestone, People};
use crate::stored::{StoredMessage, StoredMilestone};

impl Comparison {
    pub(super) fn letters(
        &mut self,
        expected: &ExpectedMilestone,
        found: Option<&StoredMilestone>,
        people: &People<'_>,
        never_said: &[String],
    ) -> Result<(), EvalError> {
        let mut known = Vec::new();
        for one in &expected.messages {
            let to = people.id(&one.to)?;
            known.push((to, one.letter));
            let letter = found.and_then(|it| it.to(to, one.letter));
            if one.sent {
                self.wanted_letter(&expected.family, one, letter, never_said);
            } else {
                self.unwanted_letter(&expected.family, one, letter);
            }
        }
        let all = found.into_iter().flat_map(|it| &it.messages).filter(|it| it.arrived());
        let listed = |it: &StoredMessage| known.iter().any(|(to, letter)| it.is(*to, *letter));
        for letter in all.filter(|it| !listed(it)) {
            self.messages.sent += 1;
            self.messages.unexpected += 1;
            let message = &letter.message;
            let about =
                format!("letter ({}) to {}", message.letter, people.name(message.recipient));
            self.differ(&expected.family, about, "none", "arrived");
        }
        Ok(())
    }

    fn wanted_letter(
        &mut self,
        family: &str,
        expected: &ExpectedMessage,
        letter: Option<&StoredMessage>,
        never_said: &[String],
    ) {
        self.messages.expected += 1;
        let about = format!("letter to {}", expected.to);
        let Some(letter) = letter.filter(|it| it.arrived()) else {
            self.messages.missing += 1;
            let got = letter.map_or_else(|| "not written".to_owned(), where_it_stands);
            self.differ(family, about, "arrived", got);
            return;
        };
        self.messages.sent += 1;
        let message = &letter.message;
        match message.source {
            MessageSource::Model => self.messages.by_model += 1,
            MessageSource::Template => self.messages.by_template += 1,
        }
        if !message.proved {
            self.messages.unproved += 1;
            self.differ(family, about.clone(), "proved", "not proved");
        }
        let faults = faults(expected, message, never_said);
        if !faults.is_empty() {
            self.messages.wrong += 1;
        }
        for (wanted, got) in faults {
            self.differ(family, about.clone(), wanted, got);
        }
    }

    fn unwanted_letter(
        &mut self,
        family: &str,
        expected: &ExpectedMessage,
        letter: Option<&StoredMessage>,
    ) {
        self.messages.to_hold += 1;
        let about = format!("letter to {}", expected.to);
        let reason = expected.because.map_or("held", Suppression::name);
        match letter.and_then(|it| it.delivery.as_ref()) {
            // Never made, or made and not yet handed to a channel: nobody reads it.
            None => self.messages.held += 1,
            Some(Delivery { state: DeliveryState::Sent | DeliveryState::Claimed, .. }) => {
                self.messages.sent += 1;
                self.messages.unexpected += 1;
                self.differ(family, about, format!("held: {reason}"), "arrived");
            }
            Some(Delivery { suppressed: Some(got), .. })
                if expected.because.is_none_or(|wanted| wanted == *got) =>
            {
                self.messages.held += 1;
            }
            Some(delivery) => {
                self.messages.wrong += 1;
                let got = delivery.suppressed.map_or(delivery.state.name(), Suppression::name);
                self.differ(family, about, format!("held: {reason}"), got);
            }
        }
    }
}

fn where_it_stands(letter: &StoredMessage) -> String {
    match &letter.delivery {
        None => "written, not handed on".to_owned(),
        Some(delivery) => {
            let reason = delivery.suppressed.map_or("", Suppression::name);
            format!("{} {reason}", delivery.state.name()).trim_end().to_owned()
        }
    }
}

/// What is wrong with a letter that arrived.
fn faults(
    expected: &ExpectedMessage,
    message: &Message,
    never_said: &[String],
) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    if let Some(language) = expected.language.filter(|it| *it != message.language) {
        faults.push((format!("in {}", language.tag()), format!("in {}", message.language.tag())));
    }
    for words in expected.says.iter().filter(|it| !message.text.contains(it.as_str())) {
        faults.push((format!("says `{words}`"), "does not".to_owned()));
    }
    let said = |words: &&String| {
        message.text.contains(words.as_str()) || message.subject_line.contains(words.as_str())
    };
    for words in never_said.iter().filter(said) {
        faults.push((format!("never says `{words}`"), "says it".to_owned()));
    }
    faults
}
