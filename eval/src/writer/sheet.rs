//! A sheet on which a person compares letters without knowing how each was worded.
//!
//! Which of two letters stands first follows from a seed and is told in the key alone. The page loads
//! nothing from elsewhere; the ratings leave it as a file that the rater saves.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use engine::{App, Shape};
use serde::Serialize;
use writer::{Plan, Writer};

use super::Bank;
use super::letters::{by_hand, to, with_office};
use crate::chance::Chance;
use crate::page::Escaped;

const STYLE: &str = include_str!("sheet/style.css");
const SCRIPT: &str = include_str!("sheet/rate.js");

/// How a letter was worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A model chose among phrases.
    Composed,
    /// A model wrote phrases.
    Written,
    /// The approved wording.
    ByHand,
}

/// Two letters that say the same.
#[derive(Debug, Clone, Serialize)]
pub struct Couple {
    /// Its number on the sheet, from 1.
    pub number: usize,
    /// The life event, the service and the role.
    pub about: String,
    /// How the letters were worded, in the order of the sheet.
    pub ways: [Way; 2],
    #[serde(skip)]
    texts: [String; 2],
}

/// Up to `count` couples of `shapes`, drawn by a seed: of the ways in which a letter reads differently,
/// two. What a model wrote is taken from `bank`.
#[must_use]
pub fn couples(app: &App, shapes: &[Shape], bank: &Bank, count: usize) -> Vec<Couple> {
    let mut chance = Chance::of("sheet");
    let mut out = Vec::new();
    let mut drawn: Vec<&Shape> = shapes.iter().collect();
    drawn.sort_by_cached_key(|_| chance.next());
    for shape in drawn {
        if out.len() == count {
            break;
        }
        let mut worded = worded(app, shape, bank);
        worded.sort_by_cached_key(|_| chance.next());
        let mut worded = worded.into_iter();
        let (Some(a), Some(b)) = (worded.next(), worded.next()) else { continue };
        let input = &shape.input;
        let about = format!("{} · {} · {}", input.life_event, input.service, input.role);
        let (ways, texts) = ([a.0, b.0], [a.1, b.1]);
        out.push(Couple { number: out.len() + 1, about, ways, texts });
    }
    out
}

/// The letter as each way words it, no two alike.
fn worded(app: &App, shape: &Shape, bank: &Bank) -> Vec<(Way, String)> {
    let writing = &app.writing;
    let Ok(plan) = writing.words.plan(&with_office(&shape.input)) else { return Vec::new() };
    let text = |plan: &Plan, with_model: bool| {
        let wording = writing.model.as_deref().filter(|_| with_model);
        let writer = Writer { wording, samples: writing.samples, ..by_hand(app) };
        let template = writer.make_template(plan, &[]).ok()?;
        let message = writing.words.message(plan, &template, to(shape.input.letter), &|_| None);
        Some(message.ok()?.text)
    };
    let (with_written, ..) = bank.put_before(&plan);
    let each = [
        (Way::ByHand, text(&plan, false)),
        (Way::Composed, text(&plan, true)),
        (Way::Written, text(&with_written, false)),
    ];
    let mut seen = BTreeSet::new();
    let told = each.into_iter().filter_map(|(way, text)| Some((way, text?)));
    told.filter(|(_, text)| seen.insert(text.clone())).collect()
}

/// The page.
#[must_use]
pub fn sheet(couples: &[Couple]) -> String {
    let mut body = String::new();
    for Couple { number, about, texts: [a, b], .. } in couples {
        let _ = write!(
            body,
            "<section><h2>{number} <small>{}</small></h2>\n<div class=\"two\">\
             <article><h3>A</h3>{}</article><article><h3>B</h3>{}</article></div>\n<fieldset>",
            Escaped(about),
            paragraphs(a),
            paragraphs(b)
        );
        let choices =
            [("a", "A hay hơn"), ("b", "B hay hơn"), ("same", "Như nhau"), ("bad", "Có lỗi")];
        for (value, label) in choices {
            let _ = write!(
                body,
                "<label><input type=\"radio\" name=\"{number}\" value=\"{value}\"> {label}</label>"
            );
        }
        let _ = writeln!(
            body,
            "<label class=\"why\">Ghi chú <input name=\"why-{number}\" maxlength=\"300\"></label>\
             </fieldset></section>"
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"vi\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Cột Mốc: so sánh thư</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>So sánh thư</h1>\n<p>Mỗi cặp thư nói cùng một việc. Chọn thư mà ông bà thấy rõ ràng và \
         lịch sự hơn; nếu một thư có lỗi, chọn <em>Có lỗi</em> và ghi lỗi đó. Người trong thư không \
         có thật.</p>\n<form>\n{body}</form>\n<p><button id=\"save\" type=\"button\">Lưu kết \
         quả</button> <output id=\"left\"></output></p>\n</main>\n<script>\n{SCRIPT}</script>\n\
         </body>\n</html>\n"
    )
}

fn paragraphs(text: &str) -> String {
    let each = text.split("\n\n").map(|it| format!("<p>{}</p>", Escaped(it)));
    each.collect::<Vec<_>>().concat()
}
