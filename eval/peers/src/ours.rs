//! The pack and the subjects' facts, for both ways in which our engine is asked.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use domain::{AsOf, Event, EventId, Fact, FactSource, Interval, SubjectId, SubjectKind, Value};
use jiff::Timestamp;
use jiff::civil::date;
use rules::{LifeEvent, Pack, PackFiles, ValueKind, Version};

use crate::subjects::{Row, TODAY};

/// The life events that are asked about.
pub(crate) const LIFE_EVENTS: [&str; 3] = ["LE-BIRTH", "LE-GRADE1", "LE-LAND-TRANSFER"];

/// The pack, and the three dates.
pub(crate) struct Ours {
    pub(crate) pack: Pack,
    pub(crate) as_of: AsOf,
    pub(crate) told: EventId,
}

impl Ours {
    /// Reads and checks the pack.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let pack = Pack::load(&PackFiles::read(folder)?)?;
        let known = TODAY.tomorrow()?.to_zoned(pack.time_zone().clone())?.timestamp();
        let as_of = AsOf { occurred: TODAY, known, law: TODAY };
        Ok(Self { pack, as_of, told: Event::id_of("peers", "peers") })
    }

    pub(crate) fn version(&self) -> String {
        format!("pack {}", self.pack.version())
    }

    pub(crate) fn life_events(&self) -> Result<Vec<&LifeEvent>> {
        let found = LIFE_EVENTS.iter().map(|id| {
            let event = self.pack.life_event(id);
            event.with_context(|| format!("the pack has no `{id}`: name another pack"))
        });
        found.collect()
    }

    /// What is answered: each life event, and each service of its version in force.
    pub(crate) fn outputs(&self) -> Result<Vec<String>> {
        let mut outputs = Vec::new();
        for event in self.life_events()? {
            let id = &event.id.value;
            outputs.push(id.clone());
            let services = version(event)?.services.iter();
            outputs.extend(services.map(|entry| format!("{id}/{}", entry.service.value)));
        }
        Ok(outputs)
    }

    /// Whether a fact may be left out where facts are missing: its silence has no meaning of
    /// its own, and it does not say who plays a role.
    pub(crate) fn may_be_missing(&self, path: &str) -> bool {
        let Some((role, attribute)) = path.split_once('.') else { return false };
        LIFE_EVENTS.iter().filter_map(|id| self.pack.life_event(id)).all(|event| {
            let says_who = event.role_paths().any(|(_, of, what)| of == role && what == attribute);
            let Some(role) = event.roles.get(role) else { return !says_who };
            let defined = self.pack.attribute(role.kind, attribute);
            !says_who && defined.is_some_and(|it| it.absent.is_none())
        })
    }

    /// The facts of a row that `life_event` can read, as a register would have told them, each
    /// with what its subject is.
    pub(crate) fn facts(
        &self,
        life_event: &LifeEvent,
        row: &Row,
    ) -> Result<Vec<(SubjectKind, Fact)>> {
        let mut facts = Vec::new();
        for (path, given) in row {
            let Some((role, attribute)) = path.split_once('.') else { continue };
            let Some(kind) = life_event.roles.get(role).map(|role| role.kind) else { continue };
            let unknown = || format!("the pack has no `{path}`: mend `src/subjects.rs`");
            let defined = self.pack.attribute(kind, attribute).with_context(unknown)?;
            let subject = player(row, role)?;
            let register = defined.owner.first().map(|owner| owner.value.clone());
            let fact = Fact {
                id: Fact::id_of(self.told, subject, attribute),
                subject,
                attribute: attribute.to_owned(),
                value: value(given, defined.kind).with_context(unknown)?,
                valid: Interval::since(date(2000, 1, 1)),
                personal: false,
                known_from: Timestamp::UNIX_EPOCH,
                known_until: None,
                source: FactSource {
                    register: register.unwrap_or_default(),
                    event: self.told,
                    record: None,
                    legal_basis: String::new(),
                },
            };
            facts.push((kind, fact));
        }
        Ok(facts)
    }
}

pub(crate) fn version(life_event: &LifeEvent) -> Result<&Version> {
    let id = &life_event.id.value;
    life_event.version_on(TODAY).with_context(|| format!("`{id}` has no version on {TODAY}"))
}

/// Who plays `role` in a row.
pub(crate) fn player(row: &Row, role: &str) -> Result<SubjectId> {
    let path = match role {
        "child" | "parcel" => role.to_owned(),
        "mother" | "father" => format!("child.{role}"),
        "seller" | "buyer" => format!("parcel.transfer.{role}"),
        _ => bail!("nobody plays `{role}` in the subjects: mend `src/ours.rs`"),
    };
    let number = row.get(&path).with_context(|| format!("a row lacks `{path}`"))?;
    Ok(person(number))
}

fn person(number: &serde_json::Value) -> SubjectId {
    SubjectId::of(&["peers", &number.to_string()])
}

fn value(given: &serde_json::Value, kind: ValueKind) -> Option<Value> {
    Some(match kind {
        ValueKind::Text => Value::Text(given.as_str()?.to_owned()),
        ValueKind::Int => Value::Int(given.as_i64()?),
        ValueKind::Bool => Value::Bool(given.as_bool()?),
        ValueKind::Date => Value::Date(given.as_str()?.parse().ok()?),
        ValueKind::Subject => Value::Subject(person(given)),
        _ => return None,
    })
}
