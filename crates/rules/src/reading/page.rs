//! Lines that are indented by what they belong to.

/// A page that grows line by line.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    depth: usize,
}

impl Page {
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(&"  ".repeat(self.depth));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// One of several.
    pub(super) fn item(&mut self, line: &str) {
        self.line(&format!("- {line}"));
    }

    /// An empty line, never two.
    pub(super) fn gap(&mut self) {
        if !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// What `write` writes belongs to the line before.
    pub(super) fn deeper(&mut self, write: impl FnOnce(&mut Self)) {
        self.depth += 1;
        write(self);
        self.depth -= 1;
    }

    pub(super) fn into_text(self) -> String {
        format!("{}\n", self.text.trim_end())
    }
}
