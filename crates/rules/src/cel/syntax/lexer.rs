//! Cuts the text of an expression into words.
//!
//! Follows the lexis of the CEL specification: reserved words are names here, since they may
//! stand after a dot; the parser refuses them elsewhere.

use super::Fault;
use super::ast::{Literal, Place};
use super::literal;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    Literal(Literal),
    /// A number too large for its kind unless a minus stands before it: 9223372036854775808.
    Smallest,
    Name(String),
    /// A name in backticks.
    Quoted(String),
    Sign(&'static str),
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) word: Word,
    pub(super) place: Place,
}

/// All signs, longer ones before those that they begin with.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",",
    "(", ")", "[", "]", "{", "}",
];

/// All words of `source`, the last one [`Word::End`].
pub(super) fn words(source: &str) -> Result<Vec<Token>, Fault> {
    let mut lexer = Lexer { source, at: 0 };
    let mut words = Vec::new();
    loop {
        let token = lexer.next()?;
        let done = token.word == Word::End;
        words.push(token);
        if done {
            return Ok(words);
        }
    }
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn next(&mut self) -> Result<Token, Fault> {
        self.skip_space();
        let start = self.at;
        let word = self.word()?;
        Ok(Token { word, place: Place { start, end: self.at } })
    }

    fn word(&mut self) -> Result<Word, Fault> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Word::End) };
        let second = rest.chars().nth(1).unwrap_or_default();
        if first.is_ascii_digit() || first == '.' && second.is_ascii_digit() {
            return self.number();
        }
        if let Some(length) = literal::prefix(rest) {
            return self.text(length);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let name = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
            self.at += name.len();
            return Ok(match name {
                "true" => Word::Literal(Literal::Bool(true)),
                "false" => Word::Literal(Literal::Bool(false)),
                "null" => Word::Literal(Literal::Null),
                "in" => Word::Sign("in"),
                _ => Word::Name(name.to_owned()),
            });
        }
        if first == '`' {
            return self.quoted();
        }
        let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) else {
            return Err(self.fault(first.len_utf8(), format!("`{first}` cannot stand here")));
        };
        self.at += sign.len();
        Ok(Word::Sign(sign))
    }

    /// `` `content-type` ``
    fn quoted(&mut self) -> Result<Word, Fault> {
        let inner = self.rest().get(1..).unwrap_or_default();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/ ".contains(c);
        let length = inner.find(|c| !allowed(c)).unwrap_or(inner.len());
        let name = inner.get(..length).unwrap_or_default();
        if name.is_empty() || !inner.get(length..).unwrap_or_default().starts_with('`') {
            return Err(self.fault(1, "a name in backticks has no end"));
        }
        self.at += length + 2;
        Ok(Word::Quoted(name.to_owned()))
    }

    fn text(&mut self, prefix: usize) -> Result<Word, Fault> {
        let rest = self.rest();
        match literal::text(rest, prefix) {
            Ok((literal, length)) => {
                self.at += length;
                Ok(Word::Literal(literal))
            }
            Err((offset, message)) => {
                self.at += offset;
                Err(self.fault(1, message))
            }
        }
    }

    fn number(&mut self) -> Result<Word, Fault> {
        let rest = self.rest();
        match literal::number(rest) {
            Ok((literal, length)) => {
                self.at += length;
                Ok(literal.map_or(Word::Smallest, Word::Literal))
            }
            Err((length, message)) => Err(self.fault(length, message)),
        }
    }

    fn fault(&self, length: usize, message: impl Into<String>) -> Fault {
        Fault::at(Place { start: self.at, end: self.at + length }, message)
    }
}
