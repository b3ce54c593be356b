//! `POST /v1/completions`: continues a text, or says how probable its tokens are.

use axum::extract::State;
use inference::generate::Stop;
use inference::serve::{Handle, Lane, Prompt, Question, Reading, Token, Written};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::error::{ModelError, ModelErrorOut};
use super::given::{self, Given};
use super::{UsageOut, open, stamp};
use crate::error::ApiError;
use crate::extract::Json;
use crate::http::AppState;
use crate::portal::{Models, Portal};

/// How many tokens a text has where nobody says.
const MAX_TOKENS: usize = 16;

/// The text to continue, and how.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::api) struct CompletionIn {
    /// Which model.
    model: String,
    /// The text to continue.
    prompt: OneText,
    /// Whether to give the prompt back too, with the chances of its tokens where `logprobs` is
    /// given.
    #[serde(default)]
    echo: bool,
    /// 0 or 1: the chance of each token. Likelier ones that were not chosen are not told.
    #[serde(default)]
    logprobs: Option<u8>,
    #[serde(flatten)]
    given: Given,
}

/// A text, alone or in a list of one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum OneText {
    Alone(String),
    Listed([String; 1]),
}

impl OneText {
    fn text(&self) -> &str {
        match self {
            Self::Alone(text) | Self::Listed([text]) => text,
        }
    }
}

/// What was written.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct CompletionOut {
    id: String,
    /// Always `text_completion`.
    object: &'static str,
    created: i64,
    model: String,
    /// One.
    choices: Vec<ChoiceOut>,
    usage: UsageOut,
}

#[derive(Debug, Serialize, ToSchema)]
struct ChoiceOut {
    index: u32,
    text: String,
    logprobs: Option<LogprobsOut>,
    /// `stop` where the text is whole, `length` where it was cut off.
    finish_reason: &'static str,
}

/// Lists side by side, an entry for each token.
#[derive(Debug, Default, Serialize, ToSchema)]
struct LogprobsOut {
    tokens: Vec<String>,
    /// Natural logarithms; 0 where a grammar left no choice, `null` where nothing stands before.
    token_logprobs: Vec<Option<f64>>,
    /// Always `null`.
    top_logprobs: Option<Value>,
    /// Where each token begins, in characters.
    text_offset: Vec<usize>,
}

/// Continue a text.
///
/// Words among the 16,384 tokens that Vietnamese and English need most; a grammar may ask for any.
/// With `echo`, `logprobs` and `max_tokens: 0` nothing is written: that is how texts are compared.
/// Texts are read in Unicode's form C. Not supported: `stop`, `logit_bias`, `suffix`, streams, more
/// than one text at once.
#[utoipa::path(
    post,
    path = "/v1/completions",
    tag = "models",
    operation_id = "complete_text",
    request_body(content = CompletionIn, description = "The text and how to continue it."),
    responses(
        (status = 200, description = "What was written.", body = CompletionOut),
        (status = "4XX", description = "What is wrong.", body = ModelErrorOut),
        (status = 503, description = "Too many wait: ask again after `Retry-After`.", body = ModelErrorOut)
    ),
    security(("key" = ["models"]))
)]
pub(in crate::api) async fn complete(
    State(state): State<AppState>,
    portal: Result<Portal<Models>, ApiError>,
    body: Result<Json<Map<String, Value>>, ApiError>,
) -> Result<Json<CompletionOut>, ModelError> {
    let offer = open(&state, portal)?;
    let names = [&given::NAMES[..], &["model", "prompt", "echo", "logprobs"]].concat();
    let asked: CompletionIn = given::read(body, &names)?;
    let model = given::text_model(offer, &asked.model).await?;
    if asked.logprobs.is_some_and(|it| it > 1) {
        return Err(ModelError::unsupported("logprobs", " above 1"));
    }
    let prompt = given::composed("prompt", asked.prompt.text())?;
    if prompt.is_empty() {
        return Err(ModelError::empty("prompt"));
    }
    let how = asked.given.how(MAX_TOKENS)?;
    if how.options.max_tokens == 0 && !asked.echo {
        let message = "`max_tokens` must be at least 1 where nothing is echoed";
        return Err(ModelError::wrong("max_tokens", "invalid_request", message));
    }
    let handle = offer.handle().await?;
    let mut tokens = Vec::new();
    if asked.echo {
        tokens = read(&handle, &prompt, how.lane).await?;
    }
    let written = if how.options.max_tokens > 0 {
        let text = Prompt::Text { shared: String::new(), own: prompt.clone() };
        let (grammar, options, lane) = (how.grammar, how.options, how.lane);
        let question = Question { prompt: text, grammar, options, lane, deadline: None };
        handle.ask(question)?.await?
    } else {
        nothing(tokens.len())
    };
    let before = if asked.echo { String::new() } else { prompt.clone() };
    tokens.extend(written.tokens);
    let logprobs = asked.logprobs.map(|_| logprobs(&before, tokens));
    let text = if asked.echo { prompt + &written.text } else { written.text };
    let finish_reason = given::reason(written.stop);
    let (id, created) = stamp(&state, "cmpl")?;
    Ok(Json(CompletionOut {
        id,
        object: "text_completion",
        created,
        model,
        choices: vec![ChoiceOut { index: 0, text, logprobs, finish_reason }],
        usage: UsageOut::new(written.input_tokens, written.output_tokens),
    }))
}

async fn read(handle: &Handle, prompt: &str, lane: Lane) -> Result<Vec<Token>, ModelError> {
    let texts = vec![prompt.to_owned()];
    let reading = Reading { before: String::new(), texts, lane, deadline: None };
    Ok(handle.read(reading)?.await?.pop().unwrap_or_default())
}

fn nothing(input_tokens: usize) -> Written {
    Written {
        text: String::new(),
        tokens: Vec::new(),
        likelihood: None,
        input_tokens,
        output_tokens: 0,
        stop: Stop::Limit,
    }
}

/// A token begins where the characters before it are whole: one that goes on with a character
/// begins with it.
fn logprobs(before: &str, tokens: Vec<Token>) -> LogprobsOut {
    let mut out = LogprobsOut::default();
    let mut bytes = before.as_bytes().to_vec();
    for token in tokens {
        out.text_offset.push(String::from_utf8_lossy(whole(&bytes)).chars().count());
        out.tokens.push(String::from_utf8_lossy(&token.bytes).into_owned());
        out.token_logprobs.push(token.log_probability);
        bytes.extend(token.bytes);
    }
    out
}

/// Without what a character begins with at the end.
fn whole(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).unwrap_or_default()
        }
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_count_whole_characters() {
        let token = |bytes: &[u8]| Token { bytes: bytes.to_vec(), log_probability: Some(-1.0) };
        let bytes = "ế".as_bytes();
        let tokens = vec![token(b"a"), token(&bytes[..1]), token(&bytes[1..]), token(b"b")];
        let out = logprobs("é", tokens);
        assert_eq!(out.text_offset, [1, 2, 2, 3]);
        assert_eq!(out.tokens[3], "b");
    }
}
