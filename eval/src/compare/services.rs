//! Suggested services and their deadlines.

use domain::{Deadline, Lifecycle as _, Suggestion, SuggestionState, Verdict};
use jiff::civil::Date;

use super::Comparison;
use crate::EvalError;
use crate::expect::{ExpectedMilestone, ExpectedService, People};
use crate::stored::{StoredMilestone, StoredSuggestion};

impl Comparison {
    pub(super) fn services(
        &mut self,
        expected: &ExpectedMilestone,
        found: Option<&StoredMilestone>,
        people: &People<'_>,
    ) -> Result<(), EvalError> {
        let all: &[StoredSuggestion] = found.map_or(&[], |it| &it.suggestions);
        let mut known = Vec::new();
        for service in &expected.services {
            let to = people.id(&service.to)?;
            let one = all.iter().find(|it| {
                it.suggestion.service == service.service && it.suggestion.recipient == to
            });
            known.extend(one.map(|it| it.suggestion.id));
            self.service(&expected.family, service, one);
        }
        let others = all.iter().filter(|it| !known.contains(&it.suggestion.id));
        for other in others.filter(|it| is_open(it.suggestion.state)) {
            self.suggestions.invented += 1;
            let to = people.name(other.suggestion.recipient);
            let about = format!("{} to {to}", other.suggestion.service);
            self.differ(&expected.family, about, "not proposed", other.suggestion.state.name());
        }
        Ok(())
    }

    fn service(
        &mut self,
        family: &str,
        expected: &ExpectedService,
        one: Option<&StoredSuggestion>,
    ) {
        let about = format!("{} to {}", expected.service, expected.to);
        if !expected.may {
            self.suggestions.expected += 1;
        }
        let Some(one) = one else {
            if !expected.may {
                self.suggestions.missed += 1;
                self.differ(family, about, "proposed", "not proposed");
                self.no_draft(family, expected);
            }
            return;
        };
        let suggestion = &one.suggestion;
        let open = is_open(suggestion.state);
        if open == expected.open {
            let differences = properties(expected, suggestion);
            match (differences.is_empty(), expected.may) {
                (true, false) => self.suggestions.right += 1,
                (true, true) => {}
                (false, _) => self.suggestions.wrong += 1,
            }
            for (what, wanted, got) in differences {
                self.differ(family, format!("{about}, {what}"), wanted, got);
            }
        } else if open {
            self.suggestions.invented += 1;
            self.differ(family, about.clone(), "no longer open", suggestion.state.name());
        } else if !expected.may {
            self.suggestions.missed += 1;
            self.differ(family, about.clone(), "open", suggestion.state.name());
        }
        self.deadline(family, &about, expected, suggestion.deadline.as_ref());
        self.draft(family, expected, one.draft.as_ref());
    }

    fn deadline(
        &mut self,
        family: &str,
        about: &str,
        expected: &ExpectedService,
        got: Option<&Deadline>,
    ) {
        self.deadlines.expected += 1;
        let wanted = expected.deadline.zip(expected.safe);
        let got = got.map(|it| (it.on, it.safe));
        if wanted == got {
            self.deadlines.right += 1;
            return;
        }
        self.deadlines.wrong += 1;
        self.differ(family, format!("{about}, deadline"), days(wanted), days(got));
    }
}

/// What differs but the state, the deadline and the draft.
fn properties(expected: &ExpectedService, got: &Suggestion) -> Vec<(&'static str, String, String)> {
    let mut differences = Vec::new();
    let mut compare = |what, wanted: String, got: String| {
        if wanted != got {
            differences.push((what, wanted, got));
        }
    };
    compare("main", expected.main.to_string(), got.main.to_string());
    compare("level", expected.level.to_string(), u8::from(got.level).to_string());
    compare("verdict", say(&expected.verdict.verdict()), say(&got.verdict));
    differences
}

fn is_open(state: SuggestionState) -> bool {
    matches!(state, SuggestionState::Open | SuggestionState::Filed)
}

fn say(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Met => "met".to_owned(),
        Verdict::Unmet => "unmet".to_owned(),
        Verdict::Unknown { missing } => {
            let names: Vec<&str> = missing.iter().map(String::as_str).collect();
            format!("unknown: {}", names.join(", "))
        }
    }
}

fn days(days: Option<(Date, Date)>) -> String {
    days.map_or_else(|| "no day named".to_owned(), |(on, safe)| format!("{on}, safe {safe}"))
}
