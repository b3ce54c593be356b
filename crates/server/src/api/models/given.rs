//! What `completions` and `chat/completions` are given alike, and what of it can be done.

use inference::generate::{Grammar, Options, Sampling, Stop};
use inference::serve::Lane;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;

use super::error::ModelError;
use crate::chance;
use crate::error::ApiError;
use crate::extract::Json;
use crate::models::Offer;

/// How to write. What is not listed in the description is refused.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Given {
    /// The most tokens to write; 16 if it is left out, 1,024 in a conversation.
    pub(super) max_tokens: Option<usize>,
    /// The newer name of `max_tokens`.
    max_completion_tokens: Option<usize>,
    /// From 0, the likeliest words, to 2.
    temperature: Option<f32>,
    /// The same seed gives the same text.
    seed: Option<u64>,
    /// `{"type": "json_schema", "json_schema": {"schema": …}}`: the text is such JSON.
    response_format: Option<ResponseFormat>,
    /// What the text may look like, as vLLM has it: one of `json`, `regex`, `grammar` (Lark).
    structured_outputs: Option<StructuredOutputs>,
    /// `flex` goes after requests of people: for what may take its time.
    service_tier: Option<ServiceTier>,
    #[serde(flatten)]
    neutral: Neutral,
}

/// Parameters that may be given the value that changes nothing.
#[derive(Debug, Deserialize, ToSchema)]
struct Neutral {
    /// 1.
    n: Option<u32>,
    /// 1.
    best_of: Option<u32>,
    /// 1.
    top_p: Option<f32>,
    /// 0.
    presence_penalty: Option<f32>,
    /// 0.
    frequency_penalty: Option<f32>,
    /// `false`: the answer comes whole.
    stream: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat {
    Text,
    JsonSchema { json_schema: JsonSchema },
}

#[derive(Debug, Deserialize, ToSchema)]
struct JsonSchema {
    schema: Value,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StructuredOutputs {
    Json(Value),
    Regex(String),
    Grammar(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ServiceTier {
    Auto,
    Default,
    Priority,
    Flex,
}

/// The names of all of them.
pub(super) const NAMES: [&str; 14] = [
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "seed",
    "response_format",
    "structured_outputs",
    "service_tier",
    "user",
    "n",
    "best_of",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "stream",
];

/// Reads a body that may have what `names` names. Anything else is refused, since it would be
/// missed; but what is empty asks for nothing.
pub(super) fn read<T: DeserializeOwned>(
    body: Result<Json<Map<String, Value>>, ApiError>,
    names: &[&str],
) -> Result<T, ModelError> {
    let Json(mut body) = body?;
    body.retain(|name, value| names.contains(&name.as_str()) || !is_nothing(value));
    if let Some(unknown) = body.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(ModelError::unsupported(unknown, ""));
    }
    body.retain(|_, value| !value.is_null());
    serde_json::from_value(Value::Object(body))
        .map_err(|error| ModelError::wrong("", "invalid_request", error.to_string()))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// The longest text that is given to a model, in bytes: more than any has room for.
const LONGEST: usize = 1024 * 1024;

/// A text as models are trained to read it: in Unicode's form C.
pub(super) fn composed(param: &str, text: &str) -> Result<String, ModelError> {
    if text.len() > LONGEST {
        let message =
            format!("`{param}` has more than {LONGEST} bytes, for which no model has room");
        return Err(ModelError::wrong(param, "context_length_exceeded", message));
    }
    Ok(text.nfc().collect())
}

/// Why a text ended, in the word of the API.
pub(super) fn reason(stop: Stop) -> &'static str {
    match stop {
        Stop::Complete => "stop",
        Stop::Limit => "length",
    }
}

/// The text model, if `asked` is its name.
pub(super) async fn text_model(offer: &Offer, asked: &str) -> Result<String, ModelError> {
    let [text, _] = offer.names().await;
    named(text, asked)
}

/// The embedding model, if `asked` is its name.
pub(super) async fn embedding_model(offer: &Offer, asked: &str) -> Result<String, ModelError> {
    let [_, embedding] = offer.names().await;
    named(embedding, asked)
}

fn named(name: Option<String>, asked: &str) -> Result<String, ModelError> {
    match name {
        Some(name) if name == asked => Ok(name),
        name => Err(ModelError::no_such_model(name.as_deref())),
    }
}

/// How to write, understood.
pub(super) struct How {
    pub(super) options: Options,
    pub(super) grammar: Option<Grammar>,
    pub(super) lane: Lane,
}

impl Given {
    /// What is wanted, with so many tokens at most where it does not say, or the first parameter
    /// that cannot be had.
    pub(super) fn how(self, max_tokens: usize) -> Result<How, ModelError> {
        self.neutral.check()?;
        let max_tokens = self.max_completion_tokens.or(self.max_tokens).unwrap_or(max_tokens);
        let lane = match self.service_tier {
            Some(ServiceTier::Flex) => Lane::Bulk,
            _ => Lane::Interactive,
        };
        let sampling = sampling(self.temperature.unwrap_or(1.0), self.seed)?;
        let grammar = match (self.response_format, self.structured_outputs) {
            (None | Some(ResponseFormat::Text), outputs) => outputs.map(|it| match it {
                StructuredOutputs::Json(schema) => Grammar::json_schema(schema),
                StructuredOutputs::Regex(regex) => Grammar::regex(&regex),
                StructuredOutputs::Grammar(lark) => Grammar::lark(&lark),
            }),
            (Some(ResponseFormat::JsonSchema { json_schema }), None) => {
                Some(Grammar::json_schema(json_schema.schema))
            }
            (Some(_), Some(_)) => {
                return Err(ModelError::unsupported("structured_outputs", " beside a schema"));
            }
        };
        Ok(How { options: Options { max_tokens, sampling }, grammar, lane })
    }
}

fn sampling(temperature: f32, seed: Option<u64>) -> Result<Sampling, ModelError> {
    if !(0.0..=2.0).contains(&temperature) {
        let message = "`temperature` must be from 0 to 2";
        return Err(ModelError::wrong("temperature", "invalid_request", message));
    }
    if temperature == 0.0 {
        return Ok(Sampling::Greedy);
    }
    let seed = match seed {
        Some(seed) => seed,
        None => u64::from_le_bytes(chance::bytes::<8>().map_err(ApiError::from)?),
    };
    Ok(Sampling::Random { temperature, seed })
}

impl Neutral {
    fn check(&self) -> Result<(), ModelError> {
        let one = |value: Option<u32>| value.is_none_or(|it| it == 1);
        let is = |value: Option<f32>, neutral: f32| {
            value.is_none_or(|it| (it - neutral).abs() < f32::EPSILON)
        };
        for (param, neutral, only) in [
            ("n", one(self.n), " but as 1"),
            ("best_of", one(self.best_of), " but as 1"),
            ("top_p", is(self.top_p, 1.0), " but as 1"),
            ("presence_penalty", is(self.presence_penalty, 0.0), " but as 0"),
            ("frequency_penalty", is(self.frequency_penalty, 0.0), " but as 0"),
            ("stream", self.stream != Some(true), " but as false"),
        ] {
            if !neutral {
                return Err(ModelError::unsupported(param, only));
            }
        }
        Ok(())
    }
}
