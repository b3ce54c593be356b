//! A conversation as the tokens that a model was trained to read it in.
//!
//! Two ways cover the models that are loaded here, and the vocabulary says which: `ChatML`
//! (SmolLM2, Qwen) and Gemma's. The marks are control tokens; what somebody says is text, and
//! nothing in it becomes one.

use super::{Role, ServeError, Turn};
use crate::text::TextError;
use crate::tokenizer::Tokenizer;

/// How turns are marked.
struct Marks {
    begin: u32,
    end: u32,
    gemma: bool,
}

impl Marks {
    fn of(tokenizer: &Tokenizer) -> Option<Self> {
        let pair = |begin, end, gemma| {
            Some(Self { begin: tokenizer.control(begin)?, end: tokenizer.control(end)?, gemma })
        };
        pair("<|im_start|>", "<|im_end|>", false)
            .or_else(|| pair("<start_of_turn>", "<end_of_turn>", true))
    }

    fn name(&self, role: Role) -> &'static str {
        match role {
            Role::Assistant if self.gemma => "model",
            // Gemma knows two: who sets up speaks as who asks.
            Role::System if self.gemma => Role::User.name(),
            role => role.name(),
        }
    }
}

/// The conversation, up to where the model speaks.
pub(super) fn tokens(tokenizer: &Tokenizer, turns: &[Turn]) -> Result<Vec<u32>, ServeError> {
    let marks = Marks::of(tokenizer).ok_or(ServeError::NoTurns)?;
    if turns.is_empty() {
        return Err(TextError::Empty.into());
    }
    let text = |text: &str| tokenizer.encode(text).map_err(TextError::from);
    let mut out = Vec::from_iter(tokenizer.start().filter(|_| marks.gemma));
    for turn in turns {
        out.push(marks.begin);
        out.extend(text(&format!("{}\n{}", marks.name(turn.role), turn.text.trim()))?);
        out.push(marks.end);
        out.extend(text("\n")?);
    }
    out.push(marks.begin);
    out.extend(text(&format!("{}\n", marks.name(Role::Assistant)))?);
    Ok(out)
}
