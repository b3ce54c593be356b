//! The protocol: what is sent, and what is made of the answers.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::RemoteError;
use crate::generate::{Grammar, Options, Sampling, Source, Stop};
use crate::serve::{Lane, Prompt, Question, Reading, Token, Written};

type Body = Map<String, Value>;

fn body(value: Value) -> Body {
    match value {
        Value::Object(body) => body,
        _ => Body::new(),
    }
}

/// Bulk goes after what people wait for, where the server has two lanes too.
fn lane(lane: Lane) -> Body {
    match lane {
        Lane::Interactive => Body::new(),
        Lane::Bulk => body(json!({ "service_tier": "flex" })),
    }
}

fn options(options: &Options) -> Body {
    let (temperature, seed) = match options.sampling {
        Sampling::Greedy => (0.0, 0),
        Sampling::Random { temperature, seed } => (temperature, seed),
    };
    // Servers have defaults of their own for what they are not told.
    body(json!({
        "max_tokens": options.max_tokens,
        "temperature": temperature,
        "top_p": 1.0,
        "seed": seed,
    }))
}

fn grammar(grammar: &Grammar) -> Body {
    body(match grammar.source() {
        Source::Lark(lark) => json!({ "structured_outputs": { "grammar": lark } }),
        Source::Regex(regex) => json!({ "structured_outputs": { "regex": regex } }),
        Source::Schema(schema) => json!({ "response_format": {
            "type": "json_schema",
            "json_schema": { "name": "answer", "strict": true, "schema": schema },
        }}),
    })
}

/// A text to continue, with the chances of its tokens where the server tells them.
pub(super) fn completion(question: &Question, chances: bool) -> Body {
    let mut out = options(&question.options);
    if let Prompt::Text { shared, own } = &question.prompt {
        out.insert("prompt".to_owned(), format!("{shared}{own}").into());
    }
    if chances {
        // The chosen tokens' own. Some servers give none for 0.
        out.insert("logprobs".to_owned(), 1.into());
    }
    out.extend(question.grammar.as_ref().map(grammar).unwrap_or_default());
    out.extend(lane(question.lane));
    out
}

/// A conversation to answer in, in the same way.
pub(super) fn chat(question: &Question, chances: bool) -> Body {
    let mut out = options(&question.options);
    if let Prompt::Turns(turns) = &question.prompt {
        let message = |role: &str, text: &str| json!({ "role": role, "content": text });
        let messages = turns.iter().map(|turn| message(turn.role.name(), &turn.text));
        out.insert("messages".to_owned(), messages.collect());
    }
    if chances {
        out.insert("logprobs".to_owned(), true.into());
    }
    out.extend(question.grammar.as_ref().map(grammar).unwrap_or_default());
    out.extend(lane(question.lane));
    out
}

/// A text to read. Not every server can write nothing, so a token is let be.
pub(super) fn echo(reading: &Reading, text: &str) -> Body {
    let mut out = body(json!({
        "prompt": format!("{}{text}", reading.before),
        "max_tokens": 1,
        "temperature": 0.0,
        "echo": true,
        "logprobs": 1,
    }));
    out.extend(lane(reading.lane));
    out
}

/// Texts to make vectors of.
pub(super) fn embeddings(texts: &[String]) -> Body {
    body(json!({ "input": texts, "encoding_format": "float" }))
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Usage,
}

#[derive(Deserialize)]
struct Choice {
    text: Option<String>,
    message: Option<Message>,
    finish_reason: Option<String>,
    logprobs: Option<Logprobs>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
}

#[derive(Default, Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: usize,
    #[serde(default)]
    completion_tokens: usize,
}

/// Both forms: lists side by side of `completions`, one list of `chat/completions`, which
/// llama.cpp gives in either place.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Logprobs {
    tokens: Vec<String>,
    #[serde(rename = "token_logprobs")]
    chances: Vec<Option<f64>>,
    text_offset: Vec<usize>,
    content: Option<Vec<Logprob>>,
}

#[derive(Deserialize)]
struct Logprob {
    token: String,
    #[serde(rename = "logprob")]
    chance: f64,
    bytes: Option<Vec<u8>>,
}

fn first(answer: &Value) -> Result<(Choice, Usage), RemoteError> {
    let completion = Completion::deserialize(answer);
    let completion = completion.map_err(|_| RemoteError::Unreadable("no choices"))?;
    let choice = completion.choices.into_iter().next();
    Ok((choice.ok_or(RemoteError::Unreadable("no choice"))?, completion.usage))
}

/// The text that was written.
pub(super) fn written(answer: &Value) -> Result<Written, RemoteError> {
    let (choice, usage) = first(answer)?;
    let stop = match choice.finish_reason.as_deref() {
        Some("stop") => Stop::Complete,
        Some("length") => Stop::Limit,
        _ => return Err(RemoteError::Unreadable("no reason why the text ended")),
    };
    let text = choice.text.or_else(|| choice.message.and_then(|message| message.content));
    let tokens = choice.logprobs.map(tokens).unwrap_or_default();
    Ok(Written {
        text: text.ok_or(RemoteError::Unreadable("no text"))?,
        likelihood: likelihood(&tokens),
        input_tokens: usage.prompt_tokens,
        output_tokens: usage.completion_tokens,
        tokens,
        stop,
    })
}

fn tokens(logprobs: Logprobs) -> Vec<Token> {
    if let Some(content) = logprobs.content {
        let token = |it: Logprob| Token {
            bytes: it.bytes.unwrap_or_else(|| it.token.into_bytes()),
            log_probability: Some(it.chance),
        };
        return content.into_iter().map(token).collect();
    }
    let lists = logprobs.tokens.into_iter().zip(logprobs.chances);
    lists.map(|(token, at)| Token { bytes: token.into_bytes(), log_probability: at }).collect()
}

/// The mean over those that had an alternative.
#[expect(clippy::cast_precision_loss, reason = "a text has few tokens")]
fn likelihood(tokens: &[Token]) -> Option<f64> {
    let known = tokens.iter().filter_map(|token| token.log_probability);
    let chosen: Vec<f64> = known.filter(|it| *it != 0.0).collect();
    (!tokens.is_empty()).then(|| chosen.iter().sum::<f64>() / chosen.len().max(1) as f64)
}

/// The tokens of `text`, which follows `before` in what was echoed.
pub(super) fn read(answer: &Value, before: &str, text: &str) -> Result<Vec<Token>, RemoteError> {
    let unread = RemoteError::Unreadable("no chances of the tokens that were sent");
    let logprobs = first(answer)?.0.logprobs.ok_or(unread.clone())?;
    let start = before.chars().count();
    let end = start + text.chars().count();
    let places = logprobs.text_offset.iter().copied().zip(logprobs.tokens);
    let mut within =
        places.zip(logprobs.chances).filter(|((at, _), _)| (start..end).contains(at)).peekable();
    match within.peek() {
        Some(((at, _), _)) if *at == start => {}
        None if text.is_empty() => {}
        None => return Err(unread),
        Some(_) => {
            return Err(RemoteError::Unreadable("the border is not one between tokens"));
        }
    }
    let token = |((_, token), at): ((usize, String), Option<f64>)| Token {
        bytes: token.into_bytes(),
        log_probability: at,
    };
    Ok(within.map(token).collect())
}

#[derive(Deserialize)]
struct Embeddings {
    data: Vec<Embedding>,
    #[serde(default)]
    usage: Usage,
}

#[derive(Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f32>,
}

/// `count` vectors in the order of the texts, and how many tokens the texts have.
pub(super) fn vectors(answer: &Value, count: usize) -> Result<(Vec<Vec<f32>>, usize), RemoteError> {
    let unread = RemoteError::Unreadable;
    let answer = Embeddings::deserialize(answer).map_err(|_| unread("no vectors"))?;
    let mut data = answer.data;
    data.sort_by_key(|it| it.index);
    let in_order = data.iter().enumerate().all(|(at, it)| at == it.index);
    if data.len() != count || !in_order {
        return Err(unread("not one vector for each text"));
    }
    let dims = data.first().map_or(0, |it| it.embedding.len());
    let sound = |it: &Embedding| {
        it.embedding.len() == dims && it.embedding.iter().all(|number| number.is_finite())
    };
    if !data.iter().all(sound) || (dims == 0 && count > 0) {
        return Err(unread("a vector that is none"));
    }
    Ok((data.into_iter().map(|it| it.embedding).collect(), answer.usage.prompt_tokens))
}
