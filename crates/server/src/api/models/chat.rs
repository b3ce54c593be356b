//! `POST /v1/chat/completions`: the model's turn in a conversation.

use axum::extract::State;
use inference::serve::{Prompt, Question, Role, Token, Turn};
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
const MAX_TOKENS: usize = 1024;

/// A conversation, and how to go on.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::api) struct ChatIn {
    /// Which model.
    model: String,
    /// What was said so far.
    messages: Vec<MessageIn>,
    /// Whether to tell the chance of each token.
    #[serde(default)]
    logprobs: bool,
    #[serde(flatten)]
    given: Given,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MessageIn {
    role: RoleIn,
    content: String,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RoleIn {
    #[serde(alias = "developer")]
    System,
    User,
    Assistant,
}

impl From<RoleIn> for Role {
    fn from(role: RoleIn) -> Self {
        match role {
            RoleIn::System => Self::System,
            RoleIn::User => Self::User,
            RoleIn::Assistant => Self::Assistant,
        }
    }
}

/// What the model says.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ChatOut {
    id: String,
    /// Always `chat.completion`.
    object: &'static str,
    created: i64,
    model: String,
    /// One.
    choices: Vec<ChatChoiceOut>,
    usage: UsageOut,
}

#[derive(Debug, Serialize, ToSchema)]
struct ChatChoiceOut {
    index: u32,
    message: MessageOut,
    logprobs: Option<ChatLogprobsOut>,
    /// `stop` where the text is whole, `length` where it was cut off.
    finish_reason: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct MessageOut {
    /// Always `assistant`.
    role: &'static str,
    content: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct ChatLogprobsOut {
    content: Vec<LogprobOut>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LogprobOut {
    token: String,
    /// The natural logarithm; 0 where a grammar left no choice.
    logprob: f64,
    bytes: Vec<u8>,
    /// Always empty: likelier tokens that were not chosen are not told.
    top_logprobs: Vec<Value>,
}

impl From<Token> for LogprobOut {
    fn from(token: Token) -> Self {
        Self {
            token: String::from_utf8_lossy(&token.bytes).into_owned(),
            logprob: token.log_probability.unwrap_or_default(),
            bytes: token.bytes,
            top_logprobs: Vec::new(),
        }
    }
}

/// Go on with a conversation.
///
/// For models that were trained on turns as ChatML or Gemma marks them; with others, continue a
/// text. Not supported: tools, images, `stop`, `logit_bias`, `top_logprobs`, streams, more than one
/// answer at once.
#[utoipa::path(
    post,
    path = "/v1/chat/completions",
    tag = "models",
    operation_id = "complete_chat",
    request_body(content = ChatIn, description = "The conversation and how to go on."),
    responses(
        (status = 200, description = "What the model says.", body = ChatOut),
        (status = "4XX", description = "What is wrong.", body = ModelErrorOut),
        (status = 503, description = "Too many wait: ask again after `Retry-After`.", body = ModelErrorOut)
    ),
    security(("key" = ["models"]))
)]
pub(in crate::api) async fn chat(
    State(state): State<AppState>,
    portal: Result<Portal<Models>, ApiError>,
    body: Result<Json<Map<String, Value>>, ApiError>,
) -> Result<Json<ChatOut>, ModelError> {
    let offer = open(&state, portal)?;
    let names = [&given::NAMES[..], &["model", "messages", "logprobs"]].concat();
    let asked: ChatIn = given::read(body, &names)?;
    let model = given::text_model(offer, &asked.model).await?;
    let turns = asked.messages.iter().map(|it| {
        Ok(Turn { role: it.role.into(), text: given::composed("messages", &it.content)? })
    });
    let turns = turns.collect::<Result<Vec<_>, ModelError>>()?;
    if turns.iter().all(|turn| turn.text.trim().is_empty()) {
        return Err(ModelError::empty("messages"));
    }
    let how = asked.given.how(MAX_TOKENS)?;
    if how.options.max_tokens == 0 {
        let message = "`max_tokens` must be at least 1";
        return Err(ModelError::wrong("max_tokens", "invalid_request", message));
    }
    let (grammar, options, lane) = (how.grammar, how.options, how.lane);
    let question =
        Question { prompt: Prompt::Turns(turns), grammar, options, lane, deadline: None };
    let written = offer.handle().await?.ask(question)?.await?;
    let finish_reason = given::reason(written.stop);
    let usage = UsageOut::new(written.input_tokens, written.output_tokens);
    let content = written.tokens.into_iter().map(LogprobOut::from).collect();
    let logprobs = asked.logprobs.then_some(ChatLogprobsOut { content });
    let message = MessageOut { role: Role::Assistant.name(), content: written.text };
    let (id, created) = stamp(&state, "chatcmpl")?;
    Ok(Json(ChatOut {
        id,
        object: "chat.completion",
        created,
        model,
        choices: vec![ChatChoiceOut { index: 0, message, logprobs, finish_reason }],
        usage,
    }))
}
