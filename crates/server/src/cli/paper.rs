//! What a story is printed on: lines that fit the terminal, in colours where it has them.

use std::io::Write as _;

use console::{Style, Term, measure_text_width};

/// The widest line that is still read with ease.
const WIDEST: usize = 100;
/// The narrowest: below, wrapping helps nobody.
const NARROWEST: usize = 40;

/// Where a story is printed.
pub(crate) struct Paper {
    width: usize,
    silent: bool,
}

impl Paper {
    /// Standard output, as wide as the terminal; nothing where machines read it.
    pub(crate) fn of_stdout(silent: bool) -> Self {
        let width = Term::stdout().size_checked().map_or(WIDEST, |(_, columns)| columns.into());
        Self { width: width.clamp(NARROWEST, WIDEST), silent }
    }

    /// An empty line.
    pub(crate) fn gap(&self) {
        self.print("", "");
    }

    /// A line over the whole width, with a title in it.
    pub(crate) fn rule(&self, title: &str) {
        let rest = self.width.saturating_sub(measure_text_width(title) + 4);
        self.print("", &title_style().apply_to(format!("━━ {title} {}", "━".repeat(rest))));
    }

    /// `text` in `style`, its first line after `lead` and the others below it. A branch in the
    /// lead goes on as a stem.
    pub(crate) fn write(&self, lead: &str, text: &str, style: &Style) {
        let rest = self.width.saturating_sub(measure_text_width(lead));
        let mut lead = lead.to_owned();
        for line in wrap(text, rest) {
            self.print(&lead, &style.apply_to(line));
            lead = below(&lead);
        }
    }

    fn print<D: std::fmt::Display + ?Sized>(&self, before: &str, line: &D) {
        if !self.silent {
            // A closed pipe (`| head`) is the reader's wish, not an error.
            let _ = writeln!(std::io::stdout(), "{before}{line}");
        }
    }
}

/// What stands on its own.
pub(crate) fn plain() -> Style {
    Style::new()
}

/// What the eye should find first.
pub(crate) fn title_style() -> Style {
    Style::new().bold().cyan()
}

/// What matters in its part.
pub(crate) fn strong() -> Style {
    Style::new().bold()
}

/// What may be left unread.
pub(crate) fn faint() -> Style {
    Style::new().dim()
}

/// What is as it should be.
pub(crate) fn good() -> Style {
    Style::new().green()
}

/// What somebody should look at.
pub(crate) fn odd() -> Style {
    Style::new().yellow()
}

/// What stands below `lead`: as wide as it, with stems where it has stems and branches.
fn below(lead: &str) -> String {
    let parts = lead.chars().map(|letter| match letter {
        '│' | '├' => "│".to_owned(),
        other => " ".repeat(measure_text_width(other.encode_utf8(&mut [0; 4]))),
    });
    parts.collect()
}

/// `text` in lines of at most `width` columns, broken at spaces; each line of `text` begins a
/// new one. A word that is longer than a line stands alone on one.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let wanted = measure_text_width(&line) + 1 + measure_text_width(word);
            if !line.is_empty() && wanted > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_is_counted_in_letters_and_not_in_bytes() {
        let text = "Đăng ký khai sinh cho trẻ trong sáu mươi ngày";
        let lines = wrap(text, 20);
        assert_eq!(lines, ["Đăng ký khai sinh", "cho trẻ trong sáu", "mươi ngày"]);
        assert_eq!(lines.join(" "), text);
        // A letter and its mark apart take one place together.
        assert_eq!(wrap("e\u{301}e\u{301} e\u{301}", 4), ["e\u{301}e\u{301} e\u{301}"]);
    }

    #[test]
    fn a_branch_goes_on_as_a_stem() {
        assert_eq!(below("  ├─ → "), "  │    ");
        assert_eq!(below("✋ ✉ "), "     ");
    }

    #[test]
    fn a_paragraph_begins_a_line_and_a_long_word_has_its_own() {
        assert_eq!(wrap("a\n\nb", 10), ["a", "", "b"]);
        assert_eq!(wrap("an unbreakable word", 4), ["an", "unbreakable", "word"]);
    }
}
