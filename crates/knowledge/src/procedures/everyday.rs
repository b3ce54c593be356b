//! What people say where procedures say something else: *bằng lái* for *giấy phép lái xe*.
//!
//! A pack writes it down, because no text of the state holds it. What was said stays in the
//! question and what it means is put behind it: the model understands the one, the words of
//! procedures match the other, and a phrase that means something else here loses nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Expansion;
use crate::text::{fold, settle_tones, words};

/// Everyday phrases and what they mean.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Everyday(Vec<Phrase>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Phrase {
    /// The words as they are said, in lower case, tones settled.
    said: Vec<String>,
    /// In the words of procedures.
    means: String,
}

/// Everyday phrases that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("everyday phrases, line {line}: {said}")]
pub struct EverydayError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub said: String,
}

impl Everyday {
    /// Reads phrases from YAML: what procedures say, and a list of what people say for it.
    ///
    /// # Errors
    /// Where the text is no such map, or a phrase has no word or stands there twice.
    pub fn parse(text: &str) -> Result<Self, EverydayError> {
        let read: BTreeMap<String, Vec<String>> =
            serde_saphyr::from_str(text).map_err(|error| {
                let line = error.location().map_or(1, |at| usize::try_from(at.line()).unwrap_or(1));
                let plain = error.without_snippet().to_string();
                EverydayError { line, said: plain.lines().next().unwrap_or_default().to_owned() }
            })?;
        let mut phrases = Vec::new();
        let mut seen = BTreeSet::new();
        for (means, all) in read {
            for phrase in all {
                let said: Vec<String> = words(&normal(&phrase)).map(str::to_owned).collect();
                let wrong = |what: &str| EverydayError {
                    line: 1 + text.lines().take_while(|line| !line.contains(&phrase)).count(),
                    said: format!("`{phrase}` {what}"),
                };
                if said.is_empty() {
                    return Err(wrong("holds no word"));
                }
                if !seen.insert(said.clone()) {
                    return Err(wrong("stands here twice"));
                }
                phrases.push(Phrase { said, means: means.clone() });
            }
        }
        // The longest first: *sang tên xe* before *sang tên*.
        phrases.sort_by(|a, b| b.said.len().cmp(&a.said.len()).then_with(|| a.said.cmp(&b.said)));
        Ok(Self(phrases))
    }

    /// `text` with the meaning of every phrase behind it, and which phrases there were.
    pub(super) fn explain(&self, text: &str) -> (String, Vec<Expansion>) {
        let mut out = String::with_capacity(text.len());
        let mut found: Vec<Expansion> = Vec::new();
        let mut rest = text;
        while let Some(word) = words(rest).next() {
            let (between, from) = rest.split_at(rest.find(word).unwrap_or_default());
            out.push_str(between);
            let Some((length, means)) = self.begins(from) else {
                let (word, after) = from.split_at(word.len());
                out.push_str(word);
                rest = after;
                continue;
            };
            let (said, after) = from.split_at(length);
            out.push_str(said);
            if !found.iter().any(|it| it.long == means) {
                out.extend([" (", means, ")"]);
                found.push(Expansion { short: said.to_owned(), long: means.to_owned() });
            }
            rest = after;
        }
        out.push_str(rest);
        (out, found)
    }

    /// The longest phrase that `text` begins with: its length in bytes, and what it means.
    fn begins(&self, text: &str) -> Option<(usize, &str)> {
        let most = self.0.first().map_or(0, |phrase| phrase.said.len());
        let typed: Vec<&str> = words(text).take(most).collect();
        let normal: Vec<String> = typed.iter().map(|word| normal(word)).collect();
        let phrase = self.0.iter().find(|phrase| is_said(&phrase.said, &normal))?;
        let mut rest = text;
        for word in typed.get(..phrase.said.len())? {
            rest = rest.split_once(word)?.1;
        }
        Some((text.len() - rest.len(), &phrase.means))
    }
}

/// Whether `typed` begins with `said`, or with all of it typed without marks. One syllable without
/// marks can be too many words.
fn is_said(said: &[String], typed: &[String]) -> bool {
    let Some(typed) = typed.get(..said.len()) else { return false };
    let has_no_marks = said.len() > 1 && typed.iter().all(|word| *word == fold(word));
    typed == said || (has_no_marks && typed.iter().zip(said).all(|(a, b)| *a == fold(b)))
}

fn normal(text: &str) -> String {
    settle_tones(&text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everyday() -> Everyday {
        Everyday::parse(
            "giấy phép lái xe: [bằng lái xe, bằng lái]\n\
             đăng ký sang tên xe: [sang tên xe]\n\
             chuyển nhượng: [sang tên]\n\
             hộ kinh doanh: [tiệm]\n",
        )
        .unwrap()
    }

    #[test]
    fn what_is_said_stays_and_what_it_means_stands_behind_it() {
        let explain = |text: &str| everyday().explain(text).0;
        assert_eq!(explain("Mất Bằng lái xe!"), "Mất Bằng lái xe (giấy phép lái xe)!");
        assert_eq!(explain("mat bang lai"), "mat bang lai (giấy phép lái xe)");
        assert_eq!(
            explain("sang tên, sang tên xe"),
            "sang tên (chuyển nhượng), sang tên xe (đăng ký sang tên xe)"
        );
        assert_eq!(explain("mở tiệm, dẹp tiệm"), "mở tiệm (hộ kinh doanh), dẹp tiệm");
        // *Tiêm* without marks is as likely as *tiệm*.
        assert_eq!(explain("tiem chung"), "tiem chung");
        assert_eq!(explain(""), "");
        let (_, found) = everyday().explain("đổi bằng  lái");
        assert_eq!(
            found,
            [Expansion { short: "bằng  lái".into(), long: "giấy phép lái xe".into() }]
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_line() {
        let error = |text: &str| Everyday::parse(text).unwrap_err().to_string();
        assert_eq!(error("a: [b]\nc: [B]\n"), "everyday phrases, line 2: `B` stands here twice");
        assert_eq!(error("a: ['!']\n"), "everyday phrases, line 1: `!` holds no word");
        assert!(error("a: b\n").starts_with("everyday phrases, line 1: "));
    }
}
