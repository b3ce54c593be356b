//! The pack: the files that hold a country's life events, services, forms, parameters,
//! calendar and words. The engine knows no country.
//!
//! A [`Pack`] exists only after everything in it was [checked](crate::check), so the code that
//! decides about people looks things up and never asks whether they are well formed.

pub(crate) mod at;
pub(crate) mod clock_rule;
pub(crate) mod country;
pub(crate) mod counts;
pub(crate) mod deadline_rule;
pub(crate) mod error;
pub(crate) mod event_file;
pub(crate) mod example;
pub(crate) mod files;
pub(crate) mod fill;
pub(crate) mod guard;
pub(crate) mod life_event;
pub(crate) mod limits;
mod load;
pub(crate) mod one_or_many;
pub(crate) mod scope;
pub(crate) mod service;
mod yaml;

use std::collections::BTreeMap;

use domain::{EventKind, SubjectKind, Text};
use jiff::tz::TimeZone;
use jsonschema::Validator;

use crate::check::{self, Report};
use crate::deadline::Calendar;
use crate::event_type::EventType;
use at::At;
use country::{Attribute, CalendarYear, Commune, Head, Province, Register, Samples};
use error::PackErrors;
use event_file::EventFile;
use example::Example;
use files::PackFiles;
use life_event::LifeEvent;
use scope::{FactSchema, Scope};
use service::{Form, FormField, Parameter, Service};

/// A pack in parts, read but not yet checked.
pub(crate) struct Parts {
    pub(crate) head: Head,
    pub(crate) registers: BTreeMap<At<String>, Register>,
    pub(crate) facts: FactSchema,
    pub(crate) events: BTreeMap<String, EventFile>,
    pub(crate) schemas: BTreeMap<String, serde_json::Value>,
    /// The schemas that compile. Set by the check.
    pub(crate) validators: BTreeMap<String, Validator>,
    pub(crate) life_events: Vec<LifeEvent>,
    /// By life event: the file and what is in it.
    pub(crate) examples: BTreeMap<String, (String, Vec<Example>)>,
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) forms: BTreeMap<String, Form>,
    /// By form, all its fields, those of the forms that it includes first. Set by the check.
    pub(crate) fields: BTreeMap<String, Vec<FormField>>,
    pub(crate) parameters: BTreeMap<String, Vec<Parameter>>,
    pub(crate) calendar: BTreeMap<String, CalendarYear>,
    pub(crate) provinces: Vec<Province>,
    pub(crate) communes: Vec<Commune>,
    pub(crate) samples: Samples,
}

/// A country's life events and all that they need, checked.
#[derive(Debug)]
pub struct Pack {
    head: Head,
    registers: BTreeMap<At<String>, Register>,
    facts: FactSchema,
    events: BTreeMap<EventKind, EventType>,
    life_events: BTreeMap<String, LifeEvent>,
    examples: BTreeMap<String, Vec<Example>>,
    services: BTreeMap<String, Service>,
    forms: BTreeMap<String, (Form, Vec<FormField>)>,
    parameters: BTreeMap<String, Vec<Parameter>>,
    calendar: Calendar,
    provinces: Vec<Province>,
    communes: Vec<Commune>,
    samples: Samples,
    zone: TimeZone,
    hash: String,
    /// The files that [`Pack::expired_on`] points into.
    texts: PackFiles,
}

impl Pack {
    /// Reads and checks a pack. Everything that is wrong is told at once.
    pub fn load(files: &PackFiles) -> Result<Self, PackErrors> {
        let mut report = Report::new(files);
        let loaded = load::load(files, &mut report);
        // Names of a file that cannot be read would all seem unknown: first things first.
        let Some(mut parts) = loaded.filter(|_| report.is_empty()) else {
            return Err(PackErrors(report.into_errors()));
        };
        check::check(&mut parts, &mut report);
        let zone = TimeZone::get(&parts.head.time_zone);
        let errors = report.into_errors();
        match zone {
            Ok(zone) if errors.is_empty() => Ok(Self::assemble(parts, zone, files)),
            _ => Err(PackErrors(errors)),
        }
    }

    fn assemble(parts: Parts, zone: TimeZone, files: &PackFiles) -> Self {
        let mut fields = parts.fields;
        let forms = parts.forms.into_iter().map(|(id, form)| {
            let fields = fields.remove(&id).unwrap_or_default();
            (id, (form, fields))
        });
        let forms = forms.collect();
        let (mut schemas, mut validators) = (parts.schemas, parts.validators);
        let events = parts.events.into_iter().filter_map(|(name, file)| {
            // A pack with an event that has no schema, or a wrong one, does not come here.
            let schema = (schemas.remove(&name)?, validators.remove(&name)?);
            let register = parts.registers.get(file.register.as_str());
            let event = EventType::new(file, register, schema, &parts.facts, zone.clone());
            Some((event.kind().clone(), event))
        });
        let events = events.collect();
        let life_events = parts.life_events.into_iter();
        Self {
            head: parts.head,
            registers: parts.registers,
            facts: parts.facts,
            events,
            life_events: life_events.map(|event| (event.id.value.clone(), event)).collect(),
            examples: parts.examples.into_iter().map(|(id, (_, list))| (id, list)).collect(),
            services: parts.services,
            forms,
            parameters: parts.parameters,
            calendar: Calendar::new(parts.calendar.into_values()),
            provinces: parts.provinces,
            communes: parts.communes,
            samples: parts.samples,
            zone,
            hash: files.hash(),
            texts: files.dated(),
        }
    }

    /// The version that its authors gave it, as in `2026.11.0`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.head.version
    }

    /// sha256 over all its files, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    pub(crate) fn texts(&self) -> &PackFiles {
        &self.texts
    }

    /// What `pack.yaml` says.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The time zone in which its country counts days.
    #[must_use]
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The life event called `id`.
    #[must_use]
    pub fn life_event(&self, id: &str) -> Option<&LifeEvent> {
        self.life_events.get(id)
    }

    /// All life events, by id.
    pub fn life_events(&self) -> impl Iterator<Item = &LifeEvent> {
        self.life_events.values()
    }

    /// The service with this key.
    #[must_use]
    pub fn service(&self, key: &str) -> Option<&Service> {
        self.services.get(key)
    }

    /// All services, by key.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// The form called `id`.
    #[must_use]
    pub fn form(&self, id: &str) -> Option<&Form> {
        self.forms.get(id).map(|(form, _)| form)
    }

    /// All fields of a form in order, those of the forms that it includes first.
    #[must_use]
    pub fn form_fields(&self, id: &str) -> &[FormField] {
        self.forms.get(id).map_or(&[], |(_, fields)| fields)
    }

    /// The kind of event that a `CloudEvent` of this type is.
    #[must_use]
    pub fn event_type(&self, kind: &EventKind) -> Option<&EventType> {
        self.events.get(kind)
    }

    /// All kinds of events, by type.
    pub fn event_types(&self) -> impl Iterator<Item = &EventType> {
        self.events.values()
    }

    /// The register with this code.
    #[must_use]
    pub fn register(&self, code: &str) -> Option<&Register> {
        self.registers.get(code)
    }

    /// Whether `source`, a `CloudEvent`'s, may send events of this kind: it is the source of
    /// the kind's register, or a part of it after a `/` or a `:`.
    #[must_use]
    pub fn may_send(&self, source: &str, event: &EventType) -> bool {
        let register = self.registers.get(event.register());
        register.and_then(|register| register.source.as_deref()).is_some_and(|own| {
            let rest = source.strip_prefix(own);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
        })
    }

    /// What can be known: the definition of one attribute of one kind of subject.
    #[must_use]
    pub fn attribute(&self, kind: SubjectKind, attribute: &str) -> Option<&Attribute> {
        self.facts.get(&kind)?.get(attribute)
    }

    /// What people call the fact that `path` names in `life_event`: `mother.residence.province`
    /// is *mã tỉnh nơi cư trú*.
    #[must_use]
    pub fn label(&self, life_event: &LifeEvent, path: &str) -> Option<&Text> {
        let (role, attribute) = path.split_once('.')?;
        let kind = life_event.roles.get(role)?.kind;
        Some(&self.attribute(kind, attribute)?.label)
    }

    /// The dated values called `name`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &[Parameter] {
        self.parameters.get(name).map_or(&[], Vec::as_slice)
    }

    /// Days off and how periods are counted.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The provinces.
    #[must_use]
    pub fn provinces(&self) -> &[Province] {
        &self.provinces
    }

    /// Today's code of the province that `code` names: itself, or the one that took it in.
    #[must_use]
    pub fn province_today<'a>(&'a self, code: &'a str) -> &'a str {
        let own = self.provinces.iter().find(|it| it.code == code);
        let heir =
            || self.provinces.iter().find(|it| it.old_codes.iter().any(|old| old.value == code));
        own.or_else(heir).map_or(code, |province| province.code.as_str())
    }

    /// The communes, where the pack holds them.
    #[must_use]
    pub fn communes(&self) -> &[Commune] {
        &self.communes
    }

    /// What the demo plays.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The examples of a life event.
    #[must_use]
    pub fn examples(&self, life_event: &str) -> &[Example] {
        self.examples.get(life_event).map_or(&[], Vec::as_slice)
    }

    /// The life events that an event of this kind can begin.
    pub fn begun_by<'a>(&'a self, kind: &'a EventKind) -> impl Iterator<Item = &'a LifeEvent> {
        self.life_events.values().filter(move |event| event.begun_by(kind))
    }

    /// The life events that read `attribute` of a subject of this kind, with the roles through
    /// which they do: what may have to be decided again when it changes.
    pub fn affected_by<'a>(
        &'a self,
        kind: SubjectKind,
        attribute: &str,
    ) -> impl Iterator<Item = (&'a LifeEvent, Vec<&'a str>)> {
        self.life_events.values().filter_map(move |event| {
            let reads = event.reads();
            let roles = event.roles.iter().filter(|(name, role)| {
                role.kind == kind
                    && reads.get(name.as_str()).is_some_and(|all| all.contains(attribute))
            });
            let roles: Vec<&str> = roles.map(|(name, _)| name.as_str()).collect();
            (!roles.is_empty()).then_some((event, roles))
        })
    }

    pub(crate) fn scope<'a>(&'a self, life_event: &'a LifeEvent) -> Scope<'a> {
        Scope { roles: &life_event.roles, facts: &self.facts, parameters: &self.parameters }
    }
}
