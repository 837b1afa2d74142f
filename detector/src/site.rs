//! Places in source code, and the stacks that led there.

use std::{fmt, panic::Location, sync::Arc};

use serde::{Deserialize, Serialize};

/// A place in source code: what `#[track_caller]` gives.
///
/// Copying one is free; text is made of it only when a report is rendered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Site {
    /// Path as the compiler was given it, usually relative to the package or workspace.
    pub file: &'static str,
    /// Line, from 1.
    pub line: u32,
    /// Column in UTF-8 bytes, from 1.
    pub column: u32,
}

impl Site {
    /// A place that is not known.
    pub const UNKNOWN: Self = Self { file: "<unknown>", line: 0, column: 0 };

    /// A place given by hand, as tests do.
    #[must_use]
    pub const fn new(file: &'static str, line: u32, column: u32) -> Self {
        Self { file, line, column }
    }

    /// The place that called the current `#[track_caller]` function.
    #[must_use]
    #[track_caller]
    pub fn caller() -> Self {
        Location::caller().into()
    }

    /// Whether this is [`Site::UNKNOWN`].
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.line == 0
    }
}

impl From<&'static Location<'static>> for Site {
    fn from(location: &'static Location<'static>) -> Self {
        Self { file: location.file(), line: location.line(), column: location.column() }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A captured stack: return addresses now, functions and lines only if a report shows them.
///
/// Capture costs microseconds, so a runtime takes one only where something is new. Resolution
/// needs the process that captured it, so the runtime does it (see [`Stack::resolve`]).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stack {
    addresses: Option<Arc<[usize]>>,
    frames: Vec<Frame>,
}

/// One resolved frame of a [`Stack`], innermost first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Frame {
    /// Demangled path of the function, without its hash.
    pub function: String,
    /// Source file, where debug information names one.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
}

impl Stack {
    /// A stack of return addresses, innermost first.
    #[must_use]
    pub fn raw(addresses: Arc<[usize]>) -> Self {
        Self { addresses: Some(addresses), frames: Vec::new() }
    }

    /// A stack that is resolved already, such as one read from a file.
    #[must_use]
    pub fn resolved(frames: Vec<Frame>) -> Self {
        Self { addresses: None, frames }
    }

    /// Turns addresses into frames with `symbols`, once; a stack that is resolved stays as it is.
    pub fn resolve(&mut self, symbols: &mut dyn FnMut(&[usize]) -> Vec<Frame>) {
        if let Some(addresses) = self.addresses.take() {
            self.frames = symbols(&addresses);
        }
    }

    /// The resolved frames, innermost first; empty before [`Stack::resolve`].
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }
}
