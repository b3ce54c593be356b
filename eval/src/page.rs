//! The report as one page: for whoever has to say whether the chain may be trusted.
//!
//! Nothing is loaded from elsewhere and nothing runs: it can be mailed, printed and kept. Charts
//! are drawn as SVG, and each stands beside the table that says the same in numbers.

mod chart;

use std::fmt::{self, Display, Write as _};

use crate::report::{ChainReport, Difference, Found, Threshold};
use chart::{Bar, bars};

const STYLE: &str = include_str!("page/style.css");

/// Text that is safe inside an element or an attribute.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

pub(crate) fn page(report: &ChainReport) -> String {
    let verdict = verdict(report);
    let sections = [
        figures(report),
        limits(&report.thresholds),
        differences("Differences", "differences", &report.differences),
        cases(report),
        prefill(report),
        letters(report),
        examples(report),
        timings(report),
        method().to_owned(),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Cột Mốc: evaluation of the chain</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>Evaluation of the chain</h1>\n{verdict}{}\
         </main>\n</body>\n</html>\n",
        sections.concat()
    )
}

/// What everybody wants to know first, in words and not by colour alone.
fn verdict(report: &ChainReport) -> String {
    let missed: Vec<&str> = report.failures().map(|it| it.name.as_str()).collect();
    let (class, words) = if missed.is_empty() {
        ("passed", format!("Passed: all {} limits are kept.", report.thresholds.len()))
    } else {
        ("failed", format!("Failed: {} missed.", missed.join(", ")))
    };
    let model = if report.model.is_empty() {
        "without a model".to_owned()
    } else {
        format!("with the model {}", report.model.get(..12).unwrap_or(&report.model))
    };
    format!(
        "<p class=\"verdict {class}\">{}</p>\n<p>Pack {}, samples played up to {}, {}. Events: {} \
         new, {} repeated, {} set aside.</p>\n",
        Escaped(&words),
        Escaped(&report.pack),
        report.today,
        Escaped(&model),
        report.events.new,
        report.events.repeats,
        report.events.set_aside
    )
}

fn figures(report: &ChainReport) -> String {
    let found = |name: &str, it: &Found| {
        row(&[
            name.to_owned(),
            it.expected.to_string(),
            it.right.to_string(),
            it.missed.to_string(),
            it.invented.to_string(),
            it.wrong.to_string(),
        ])
    };
    let (deadlines, prefill) = (&report.deadlines, &report.prefill);
    let rows = [
        found("Milestones", &report.milestones),
        found("Suggested services", &report.suggestions),
        row(&[
            "Deadlines".to_owned(),
            deadlines.expected.to_string(),
            deadlines.right.to_string(),
            "–".to_owned(),
            "–".to_owned(),
            deadlines.wrong.to_string(),
        ]),
        row(&[
            "Fields of drafts".to_owned(),
            prefill.fields.to_string(),
            prefill.correct.to_string(),
            prefill.not_filled.to_string(),
            prefill.overfilled.to_string(),
            prefill.wrong.to_string(),
        ]),
    ];
    let head = ["What", "Expected", "Right", "Missed", "False", "Wrong"];
    section("figures", "What came out", &table("What came out, counted", &head, &rows.concat()))
}

fn limits(thresholds: &[Threshold]) -> String {
    let rows: String = thresholds
        .iter()
        .map(|it| {
            let kind = if it.kind == "at_most" { "at most" } else { "at least" };
            row(&[
                it.name.replace('_', " "),
                format!("{kind} {}", it.limit),
                number(it.value),
                if it.passed { "kept" } else { "missed" }.to_owned(),
            ])
        })
        .collect();
    let head = ["Limit", "Set at", "Measured", "Result"];
    section("limits", "Limits", &table("Limits and whether they were kept", &head, &rows))
}

fn differences(title: &str, id: &str, all: &[Difference]) -> String {
    if all.is_empty() {
        return section(id, title, "<p>Nothing came out differently.</p>\n");
    }
    let rows: String = all
        .iter()
        .map(|it| row(&[it.family.clone(), it.about.clone(), it.expected.clone(), it.got.clone()]))
        .collect();
    let head = ["Family", "About", "Expected", "Got"];
    section(id, title, &table(title, &head, &rows))
}

fn prefill(report: &ChainReport) -> String {
    let prefill = &report.prefill;
    let chart: Vec<Bar> = prefill
        .forms
        .iter()
        .map(|(form, it)| Bar {
            label: form.clone(),
            value: share(it.filled, it.all),
            note: format!("{} of {}", it.filled, it.all),
        })
        .collect();
    let rows: String = prefill
        .forms
        .iter()
        .map(|(form, it)| {
            row(&[
                form.clone(),
                it.drafts.to_string(),
                it.fields.to_string(),
                it.correct.to_string(),
                format!("{} of {}", it.filled, it.all),
            ])
        })
        .collect();
    let words = format!(
        "<p>{} of {} fields that a person wrote down came out right ({} %). {} fields that only the \
         person may fill were filled. Over all drafts {} of {} fields ({} %) need no typing any \
         more.</p>\n",
        prefill.correct,
        prefill.fields,
        number(prefill.correct_percent),
        prefill.filled_for_the_person,
        prefill.filled_of_all,
        prefill.all,
        number(share(prefill.filled_of_all, prefill.all))
    );
    let head = ["Form", "Drafts", "Compared", "Right", "Filled, all drafts"];
    let chart =
        bars("prefill-chart", "Share of fields filled from registers, by form", "%", &chart);
    let table = table("Fields of drafts, by form", &head, &rows);
    section("prefill", "Prefilled applications", &format!("{words}{chart}{table}"))
}

fn letters(report: &ChainReport) -> String {
    let it = &report.messages;
    let rows = [
        ("Should arrive", it.expected),
        ("Arrived", it.sent),
        ("Missing", it.missing),
        ("Unexpected", it.unexpected),
        ("Wrong language or words", it.wrong),
        ("Unproved", it.unproved),
        ("Must be held", it.to_hold),
        ("Held", it.held),
        ("Worded by the model and proved", it.by_model),
        ("Approved wording", it.by_template),
    ];
    let rows: String =
        rows.iter().map(|(name, count)| row(&[(*name).to_owned(), count.to_string()])).collect();
    let table = table("Letters", &["What", "Letters"], &rows);
    section("letters", "Letters", &table)
}

fn cases(report: &ChainReport) -> String {
    let rows: String = report
        .cases
        .iter()
        .map(|it| {
            let result = match it.differences {
                0 => "as expected".to_owned(),
                1 => "1 difference".to_owned(),
                more => format!("{more} differences"),
            };
            row(&[
                it.family.clone(),
                it.about.clone(),
                it.expected.clone(),
                it.got.replace('_', " "),
                result,
            ])
        })
        .collect();
    let head = ["Family", "Milestone", "Expected", "Stands", "With all that follows"];
    section("cases", "Milestones", &table("Expected milestones", &head, &rows))
}

fn examples(report: &ChainReport) -> String {
    let it = &report.examples;
    let words = format!("<p>{} of {} examples of the pack passed.</p>\n", it.passed, it.all);
    let failures = if it.failures.is_empty() {
        String::new()
    } else {
        differences("Examples that failed", "failed-examples", &it.failures)
    };
    section("examples", "The pack's examples", &words) + &failures
}

fn timings(report: &ChainReport) -> String {
    let stages = &report.timings.stages;
    let chart: Vec<Bar> = stages
        .iter()
        .map(|it| Bar {
            label: it.stage.clone(),
            value: it.median_ms,
            note: format!("{} ms", number(it.median_ms)),
        })
        .collect();
    let rows: String = stages
        .iter()
        .map(|it| {
            row(&[
                it.stage.clone(),
                it.count.to_string(),
                number(it.median_ms),
                number(it.p95_ms),
                number(it.total_ms),
            ])
        })
        .collect();
    let words = format!(
        "<p>The samples took {} s, the examples {} s. The machine's load shows in these \
         figures.</p>\n",
        number(report.timings.play_seconds),
        number(report.timings.examples_seconds)
    );
    let head = ["Stage", "Runs", "Median, ms", "95 of 100 below, ms", "Together, ms"];
    let chart = bars("timings-chart", "Median of each stage in milliseconds", "ms", &chart);
    section("timings", "Time", &format!("{words}{chart}{}", table("Time by stage", &head, &rows)))
}

fn method() -> &'static str {
    "<section aria-labelledby=\"method\">\n<h2 id=\"method\">How this was measured</h2>\n\
     <p>The synthetic families of the pack are played through the whole engine day by day. What it \
     stores is compared with expectations that a person wrote down from the samples and the law \
     (<code>eval/data/chain.yaml</code>). A milestone counts as false when it stands and nobody \
     expected it; a deadline is right also where no day may be named and none is; a field is right when its value, its emptiness or its disagreement is \
     the expected one. Ten families show that each kind of case is handled, not how often cases of \
     real life are: no rate for a population follows from these figures.</p>\n</section>\n"
}

fn section(id: &str, title: &str, body: &str) -> String {
    let title = Escaped(title);
    format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{body}</section>\n")
}

/// A table whose wide rows scroll by themselves, which the keyboard can reach.
fn table(caption: &str, head: &[&str], rows: &str) -> String {
    let head: Vec<String> =
        head.iter().map(|it| format!("<th scope=\"col\">{}</th>", Escaped(it))).collect();
    let head = head.concat();
    let caption = Escaped(caption);
    format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n<table>\n\
         <caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n\
         </table>\n</div>\n"
    )
}

/// A row whose first cell names it.
fn row(cells: &[String]) -> String {
    let mut out = String::from("<tr>");
    for (place, cell) in cells.iter().enumerate() {
        let cell = Escaped(cell);
        let _ = if place == 0 {
            write!(out, "<th scope=\"row\">{cell}</th>")
        } else {
            write!(out, "<td>{cell}</td>")
        };
    }
    out.push_str("</tr>\n");
    out
}

/// At most two decimals, none where they say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a report are small")]
fn share(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 * 100.0 / of as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ChainReport, Checked, Events, Examples, Messages, Prefill, Timings};

    fn report() -> ChainReport {
        let difference = Difference {
            family: "h-bia".into(),
            about: "LT_KS.m_name for h-bia".into(),
            expected: "`H'Bia Niê Mẫu`".into(),
            got: "`<script>alert(1)</script>` & \"x\"".into(),
        };
        ChainReport {
            pack: "vn 2026.11.0".into(),
            pack_hash: String::new(),
            model: String::new(),
            today: "2026-11-23".parse().unwrap(),
            events: Events::default(),
            milestones: Found { expected: 1, missed: 1, ..Found::default() },
            suggestions: Found::default(),
            deadlines: Checked::default(),
            prefill: Prefill {
                forms: [(
                    "LT_KS".to_owned(),
                    crate::FormFields { filled: 1, all: 4, ..Default::default() },
                )]
                .into(),
                ..Prefill::default()
            },
            messages: Messages::default(),
            examples: Examples::default(),
            timings: Timings::default(),
            cases: Vec::new(),
            differences: vec![difference],
            thresholds: vec![Threshold {
                name: "milestones_missed".into(),
                kind: "at_most",
                limit: 0.0,
                value: 1.0,
                passed: false,
            }],
        }
    }

    #[test]
    fn the_page_needs_nothing_else_and_runs_nothing() {
        let page = report().html();
        for word in ["<script", "src=", "href=", "http", "url(", "@import", "style=\""] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("&lt;script&gt;") && page.contains("H&#39;Bia Niê Mẫu"));
        assert!(page.contains("Failed: milestones_missed missed."));
    }

    #[test]
    fn the_page_is_well_formed_and_headed_in_steps() {
        let page = report().html();
        assert_eq!(page.matches("<h1").count(), 1);
        let mut open: Vec<&str> = Vec::new();
        for tag in page.split('<').skip(1) {
            let name = tag.split(|c: char| c.is_whitespace() || c == '>').next().unwrap();
            let empty = name.starts_with('!') || ["meta"].contains(&name) || tag.contains("/>");
            if let Some(closed) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "closes in the wrong order");
            } else if !empty {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "never closed: {open:?}");
        let ids: Vec<&str> =
            page.split(" id=\"").skip(1).filter_map(|it| it.split('"').next()).collect();
        let once: std::collections::BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(once.len(), ids.len(), "an id twice: {ids:?}");
    }

    #[test]
    fn the_json_names_what_others_read() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["milestones"]["missed"], 1);
        assert_eq!(json["milestones"]["false"], 0);
        assert_eq!(json["prefill"]["fields"], 0);
        assert_eq!(json["prefill"]["correct"], 0);
    }

    #[test]
    fn numbers_say_no_more_than_they_know() {
        assert_eq!(number(100.0), "100");
        assert_eq!(number(12.345), "12.35");
        assert_eq!(number(0.5), "0.5");
    }
}
