//! JSON Schemas of the pack's files, for editors: completion, and a mark under a slip while an
//! author writes.
//!
//! They are made from the very types that read the files, so they cannot drift from what is
//! read. A schema sees one file alone; whether names mean something is seen by the check of the
//! whole pack.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::Text;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::pack::at::At;
use crate::pack::country::{CalendarYear, Head, Register};
use crate::pack::event_file::EventFile;
use crate::pack::example::{Example, ExpectDay};
use crate::pack::fill::Fill;
use crate::pack::life_event::{LifeEvent, Overlay};
use crate::pack::one_or_many::{Names, OneOrMany};
use crate::pack::scope::FactSchema;
use crate::pack::service::{Form, Parameter, Service};

/// A kind of file in a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `FOLDER/life-event.yaml`
    LifeEvent,
    /// `FOLDER/examples.yaml`
    Examples,
    /// `FOLDER/places/<code>.yaml`
    Overlay,
    /// `services/<key>.yaml`
    Service,
    /// `forms/<id>.yaml`
    Form,
    /// `parameters/<name>.yaml`
    Parameter,
    /// `facts/<topic>.yaml`
    Facts,
    /// `events/<name>.yaml`
    Event,
    /// `calendar/<year>.yaml`
    Calendar,
    /// `pack.yaml`
    Pack,
    /// `registers.yaml`
    Registers,
}

impl FileKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::LifeEvent,
        Self::Examples,
        Self::Overlay,
        Self::Service,
        Self::Form,
        Self::Parameter,
        Self::Facts,
        Self::Event,
        Self::Calendar,
        Self::Pack,
        Self::Registers,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LifeEvent => "life-event",
            Self::Examples => "examples",
            Self::Overlay => "overlay",
            Self::Service => "service",
            Self::Form => "form",
            Self::Parameter => "parameter",
            Self::Facts => "facts",
            Self::Event => "event",
            Self::Calendar => "calendar",
            Self::Pack => "pack",
            Self::Registers => "registers",
        }
    }

    /// The kind of the file at `path` inside a pack, where it has a schema.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let inside = path.strip_suffix(".yaml")?;
        match inside.rsplit('/').collect::<Vec<_>>().as_slice() {
            ["pack"] => Some(Self::Pack),
            ["registers"] => Some(Self::Registers),
            [_, "services"] => Some(Self::Service),
            [_, "forms"] => Some(Self::Form),
            [_, "parameters"] => Some(Self::Parameter),
            [_, "facts"] => Some(Self::Facts),
            [_, "events"] => Some(Self::Event),
            [_, "calendar"] => Some(Self::Calendar),
            ["life-event", ..] => Some(Self::LifeEvent),
            ["examples", _, ..] => Some(Self::Examples),
            [_, "places", ..] => Some(Self::Overlay),
            _ => None,
        }
    }

    /// Its JSON Schema (2020-12).
    #[must_use]
    pub fn schema(self) -> serde_json::Value {
        let generator = SchemaSettings::draft2020_12().into_generator();
        let schema = match self {
            Self::LifeEvent => generator.into_root_schema_for::<LifeEvent>(),
            Self::Examples => generator.into_root_schema_for::<Vec<Example>>(),
            Self::Overlay => generator.into_root_schema_for::<Vec<Overlay>>(),
            Self::Service => generator.into_root_schema_for::<Service>(),
            Self::Form => generator.into_root_schema_for::<Form>(),
            Self::Parameter => generator.into_root_schema_for::<Vec<Parameter>>(),
            Self::Facts => generator.into_root_schema_for::<FactSchema>(),
            Self::Event => generator.into_root_schema_for::<EventFile>(),
            Self::Calendar => generator.into_root_schema_for::<CalendarYear>(),
            Self::Pack => generator.into_root_schema_for::<Head>(),
            Self::Registers => generator.into_root_schema_for::<BTreeMap<At<String>, Register>>(),
        };
        schema.to_value()
    }
}

/// Where something was written is no part of what may be written.
impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
    }
}

impl JsonSchema for Names {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
        })
    }
}

impl JsonSchema for Fill {
    fn schema_name() -> Cow<'static, str> {
        "Fill".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<Text>();
        json_schema!({
            "description": "The path of a fact as in `mother.name`, a list of paths, or words.",
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
                {
                    "type": "object",
                    "properties": {"text": text},
                    "required": ["text"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

impl JsonSchema for ExpectDay {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ExpectDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "null"], "format": "date"})
    }
}
