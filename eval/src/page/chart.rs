//! Bars, lying, as SVG: read by eye and, through title and description, by screen readers.

use std::fmt::Write as _;

use super::{Escaped, number};

/// One bar.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: f64,
    /// What stands behind it.
    pub(super) note: String,
}

const STEP: usize = 34;
/// Where bars begin, and how long the longest is.
const LEFT: f64 = 130.0;
const LONGEST: f64 = 400.0;

/// A chart of `all`, the longest as long as there is room. Percentages are drawn of a hundred.
pub(super) fn bars(id: &str, title: &str, unit: &str, all: &[Bar]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let most = all.iter().map(|it| it.value).fold(f64::EPSILON, f64::max);
    let whole = if unit == "%" { 100.0 } else { most };
    let height = all.len() * STEP + 8;
    let mut marks = String::new();
    let mut told = Vec::new();
    for (place, bar) in all.iter().enumerate() {
        let top = place * STEP + 8;
        let middle = top + 15;
        let length = (bar.value / whole * LONGEST).max(1.0);
        let (label, note) = (Escaped(&bar.label), Escaped(&bar.note));
        let after = LEFT + length + 8.0;
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            marks,
            "<text x=\"{:.0}\" y=\"{middle}\" text-anchor=\"end\" dominant-baseline=\"middle\">{label}</text>\
             <rect x=\"{LEFT:.0}\" y=\"{top}\" width=\"{length:.1}\" height=\"26\" rx=\"3\"/>\
             <text x=\"{after:.1}\" y=\"{middle}\" dominant-baseline=\"middle\">{note}</text>",
            LEFT - 10.0,
        );
        told.push(format!("{}: {} {unit} ({})", bar.label, number(bar.value), bar.note));
    }
    let told = told.join("; ");
    let (title, told) = (Escaped(title), Escaped(&told));
    format!(
        "<figure>\n<svg viewBox=\"0 0 680 {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-text\">\n\
         <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-text\">{told}</desc>\n{marks}</svg>\n\
         <figcaption>{title}</figcaption>\n</figure>\n"
    )
}
