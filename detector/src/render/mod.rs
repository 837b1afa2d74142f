//! Findings as text and as JSON.

mod label;

pub(crate) use self::label::object_label;
use crate::Finding;
/// How a text report looks.
#[derive(Clone, Debug)]
pub struct Style {
    color: bool,
}
impl Style {
    /// No colour.
    #[must_use]
    pub fn plain() -> Self {
        Self { color: false }
    }
}
/// The full text report.
#[must_use]
pub fn text(finding: &Finding, style: &Style) -> String {
    let _ = style.color;
    finding.message().to_owned()
}
