//! Findings as text ([`text`]) and as JSON ([`line()`], [`json`], [`report_json`], and back with
//! [`Reader`]).
//!
//! A finding carries all that is shown; what it carries is decided by
//! [`Finding::resolve`](crate::Finding::resolve). Nothing here prints, reads a file or knows a
//! terminal: a [`Style`] says how a text is to look.

#[cfg(feature = "json")]
mod document;
mod excerpt;
mod json;
mod label;
#[cfg(feature = "json")]
mod read;
mod schedule;
mod stack;
mod text;
mod words;

pub(crate) use self::label::object_label;
pub use self::label::short_type;
#[cfg(feature = "json")]
pub use self::{
    document::{Summary, json, report_json},
    read::{ReadError, Reader},
};
pub use self::{json::line, text::text};

/// How a text report looks.
#[derive(Clone, Debug, Default)]
pub struct Style {
    color: bool,
    root: Option<String>,
}

impl Style {
    /// No colour, paths as they are.
    #[must_use]
    pub fn plain() -> Self {
        Self::default()
    }

    /// With colour, as ANSI escapes.
    #[must_use]
    pub fn colored() -> Self {
        Self { color: true, ..Self::default() }
    }

    /// Shows paths below `root` relative to it.
    #[must_use]
    pub fn relative_to(mut self, root: impl Into<String>) -> Self {
        self.root = Some(root.into());
        self
    }

    /// `file` as this style shows it.
    fn path<'a>(&self, file: &'a str) -> &'a str {
        let below = self.root.as_deref().and_then(|root| file.strip_prefix(root));
        below.and_then(|rest| rest.strip_prefix(['/', '\\'])).unwrap_or(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_below_the_root_are_shortened() {
        let style = Style::plain().relative_to("/home/me/bank");
        assert_eq!(style.path("/home/me/bank/src/lib.rs"), "src/lib.rs");
        assert_eq!(style.path("/home/me/banks/src/lib.rs"), "/home/me/banks/src/lib.rs");
        assert_eq!(Style::plain().path("/src/lib.rs"), "/src/lib.rs");
    }
}
