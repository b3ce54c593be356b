//! Which services a milestone opens to whom, and by when.

use std::collections::BTreeSet;

use domain::{Deadline, Milestone, Receipt, SubjectId, Suggestion, SuggestionState, Text, Verdict};
use jiff::civil::Date;

use crate::cel::{self, Answer};
use crate::deadline::Counted;
use crate::decide::with_missing;
use crate::known::{Case, Reader};
use crate::pack::deadline_rule::{DeadlineRule, PeriodEnd};
use crate::pack::life_event::{Entry, LifeEvent, Version};
use crate::pack::service::{Parameter, ParameterValue, Service};
use crate::reference;

/// A service that a milestone opens to one person, with what a page and a message need.
#[derive(Debug, Clone)]
pub struct Proposal<'a> {
    /// What is proposed. Its verdict is met, or unknown: then facts are asked for.
    pub suggestion: Suggestion,
    /// What lets anyone replay it.
    pub receipt: Receipt,
    /// The service.
    pub service: &'a Service,
    /// How the life event uses it.
    pub entry: &'a Entry,
    /// Who is responsible, as far as facts tell.
    pub authority: Text,
    /// Why there is no deadline, where there is none.
    pub deadline_unknown: Option<Text>,
}

/// A deadline, or why there is none.
struct Found {
    deadline: Option<Deadline>,
    unknown: Option<Text>,
}

impl<'a> Case<'a> {
    /// The services that `milestone` opens under `version`, in the order of the pack.
    ///
    /// A service whose condition is unmet is left out; one whose condition is unknown is
    /// proposed as unknown, so that the missing facts can be asked for. A service that no known
    /// and living person can be told about is left out until one is known.
    #[must_use]
    pub fn suggest(&self, version: &'a Version, milestone: &Milestone) -> Vec<Proposal<'a>> {
        let entries = self.entries(version).into_iter();
        entries.filter_map(|entry| self.propose(version, entry, milestone)).collect()
    }

    /// The services of `version` as the place of this case has them.
    #[must_use]
    pub fn entries(&self, version: &'a Version) -> Vec<&'a Entry> {
        let place = self.life_event.place.as_ref().and_then(|path| self.value(path)?.as_text());
        let place = place.map(|code| self.pack.province_today(code));
        entries_at(self.life_event, version, place, self.as_of.law)
    }

    /// One service, or `None` where there is nothing to propose or nobody to propose it to.
    fn propose(
        &self,
        version: &'a Version,
        entry: &'a Entry,
        milestone: &Milestone,
    ) -> Option<Proposal<'a>> {
        let reader = Reader::new(*self);
        let service = self.pack.service(&entry.service)?;
        let (role, recipient) = self.recipient(entry, &reader)?;
        let Answer { verdict, trace } = reader.answer(&entry.condition);
        let verdict = unless_already(verdict, entry, &reader);
        if verdict == Verdict::Unmet {
            return None;
        }
        let found = self.deadline(entry, milestone.occurred_on, &reader);
        let words = entry.authority.as_ref().map_or(&service.authority, |words| &words.value);
        let authority = reference::fill(self.pack, self.life_event, words, &reader);
        let id = Suggestion::id_of(milestone.id, &service.key, recipient);
        let rule = format!("{}/{}", version.name(self.life_event), service.key);
        let receipt = self.receipt(&id.to_string(), &rule, reader.read(), verdict.clone(), trace);
        let suggestion = Suggestion {
            id,
            milestone: milestone.id,
            service: service.key.clone(),
            recipient,
            role: role.to_owned(),
            main: entry.main,
            level: entry.level,
            verdict,
            deadline: found.deadline,
            state: SuggestionState::Open,
        };
        Some(Proposal {
            suggestion,
            receipt,
            service,
            entry,
            authority,
            deadline_unknown: found.unknown,
        })
    }

    /// The first of the entry's roles who is known, not known to have died, and may be told of
    /// what hurts where it does.
    fn recipient(&self, entry: &'a Entry, reader: &Reader<'a>) -> Option<(&'a str, SubjectId)> {
        let sensitive = self.sensitive(reader);
        let may =
            |role: &str| sensitive.is_none_or(|it| it.told.iter().any(|told| told.value == role));
        entry.told.iter().filter(|role| may(role)).find_map(|role| {
            let subject = self.roles.get(role.as_str())?;
            (!reader.is_deceased(role)).then_some((role.as_str(), *subject))
        })
    }

    /// By when, or why nobody can say. There is no third case: a page never has to guess what an
    /// empty date means.
    fn deadline(&self, entry: &Entry, occurred_on: Date, reader: &Reader<'a>) -> Found {
        let nothing = |unknown| Found { deadline: None, unknown };
        let Some(rule) = &entry.deadline else {
            return nothing(entry.deadline_unknown.clone());
        };
        if rule.parameter.is_some() {
            return match self.planned(rule, occurred_on, reader) {
                Ok(found) => found,
                Err(because) => nothing(because.or_else(|| entry.deadline_unknown.clone())),
            };
        }
        let start = rule.start().and_then(|path| reader.at(path)?.as_date());
        let counted = start.and_then(|start| Some((start, self.counted(rule, start)?)));
        match counted {
            Some((start, counted)) => found(rule, start, &counted, &rule.legal_basis),
            None => nothing(entry.deadline_unknown.clone().or_else(|| self.no_start(rule))),
        }
    }

    /// The end of a period from or before `day`, or that day itself.
    fn counted(&self, rule: &DeadlineRule, day: Date) -> Option<Counted> {
        let calendar = self.pack.calendar();
        let Some((count, unit)) = rule.count.zip(rule.unit) else { return calendar.named(day) };
        match (&rule.before, rule.end) {
            (Some(_), _) => calendar.count_back(day, count, unit),
            (None, Some(PeriodEnd::Month)) => calendar.count_to_month_end(day, count, unit),
            (None, None) => calendar.count(day, count, unit),
        }
    }

    /// The day that a dated plan names for a place, or why it names none.
    fn planned(
        &self,
        rule: &DeadlineRule,
        occurred_on: Date,
        reader: &Reader<'a>,
    ) -> Result<Found, Option<Text>> {
        let name = rule.parameter.as_ref().map(|name| name.as_str()).unwrap_or_default();
        let field = rule.field.as_ref().map(|field| field.as_str()).unwrap_or_default();
        let place = match &rule.place {
            None => None,
            Some(path) => Some(reader.at(path).and_then(domain::Value::as_text).ok_or(None)?),
        };
        let plan = in_force(self.pack.parameter(name), occurred_on, place).ok_or(None)?;
        if let Some(ParameterValue::Date(day)) = plan.values.get(field)
            && let Some(counted) = self.pack.calendar().named(*day)
        {
            return Ok(found(rule, occurred_on, &counted, &plan.legal_basis));
        }
        Err(plan.unknown.get(field).map(crate::pack::service::Why::words))
    }

    /// What to say where the day that a period counts from was not told and the author of the
    /// life event wrote nothing for that case.
    fn no_start(&self, rule: &DeadlineRule) -> Option<Text> {
        let label = self.pack.label(self.life_event, rule.start()?)?;
        Some(Text {
            vi: format!("Thời hạn chưa tính được vì chưa rõ {}", label.vi),
            en: format!("The deadline cannot be counted: {} is not known", label.en),
        })
    }
}

/// The services of `version` at `place` under the law of a day: an overlay drops some, takes the
/// place of others and adds its own.
pub(crate) fn entries_at<'a>(
    life_event: &'a LifeEvent,
    version: &'a Version,
    place: Option<&str>,
    law: Date,
) -> Vec<&'a Entry> {
    let overlays: Vec<_> = life_event
        .overlays
        .iter()
        .filter(|it| Some(it.place.as_str()) == place && it.in_force.contains(law))
        .collect();
    let own = |key: &str| {
        overlays.iter().flat_map(|it| &it.services).find(|entry| *entry.service == *key)
    };
    let dropped = |key: &str| overlays.iter().flat_map(|it| &it.drop).any(|it| it.value == key);
    let mut entries: Vec<&Entry> = version
        .services
        .iter()
        .filter(|entry| !dropped(&entry.service))
        .map(|entry| own(&entry.service).unwrap_or(entry))
        .collect();
    let held: Vec<&str> = entries.iter().map(|entry| entry.service.as_str()).collect();
    let added = overlays.iter().flat_map(|it| &it.services);
    let added = added.filter(|entry| !held.contains(&entry.service.as_str())).collect::<Vec<_>>();
    entries.extend(added);
    entries
}

/// A counted day with the duty and the law that go with it.
fn found(
    rule: &DeadlineRule,
    from: Date,
    counted: &Counted,
    legal_basis: &domain::LegalBasis,
) -> Found {
    let deadline = Deadline {
        from,
        on: counted.on,
        safe: counted.safe,
        may_move: !counted.incomplete_years.is_empty(),
        duty: rule.duty.clone(),
        remind_on: rule.reminders(from, counted.on),
        legal_basis: legal_basis.clone(),
    };
    Found { deadline: Some(deadline), unknown: None }
}

/// A verdict on a service that the person may have already: then it is unmet, and unknown while
/// nobody knows.
fn unless_already(verdict: Verdict, entry: &Entry, reader: &Reader<'_>) -> Verdict {
    let mut unknown = BTreeSet::new();
    for path in entry.already.paths() {
        let (role, attribute) = path.split_once('.').unwrap_or((path, ""));
        match reader.fact(role, attribute) {
            Some(cel::Value::Bool(true)) => return Verdict::Unmet,
            Some(_) => {}
            None => unknown.extend([path.value.clone()]),
        }
    }
    with_missing(verdict, unknown)
}

/// The values in force on `day` at `place`: the place's own, else the country's.
pub(crate) fn in_force<'a>(
    all: &'a [Parameter],
    day: Date,
    place: Option<&str>,
) -> Option<&'a Parameter> {
    let on_day = || all.iter().filter(|one| one.in_force.contains(day));
    let own =
        |one: &&Parameter| place.is_some() && one.place.as_ref().map(|at| at.as_str()) == place;
    on_day().find(own).or_else(|| on_day().find(|one| one.place.is_none()))
}
