//! What a finding needs from outside: symbols of return addresses, and source text.
//!
//! The detector reads no file and knows no process. Whoever makes findings gives it a
//! [`Resolve`]: an observed process symbolises its own addresses, a reader of reports has files
//! only. A finding that was never resolved renders all the same, without excerpts and stacks.

use std::{collections::BTreeSet, sync::Arc};

use super::Finding;
use crate::Frame;

/// Turns addresses into frames and paths into source text.
pub trait Resolve {
    /// The frames at `addresses`, innermost first; inlined calls are frames of their own.
    fn frames(&mut self, addresses: &[usize]) -> Vec<Frame>;

    /// The text of `file`, a path as the compiler was given it; `None` where it cannot be read.
    fn source(&mut self, file: &str) -> Option<Arc<str>>;
}

impl Finding {
    /// Resolves every stack and attaches the text of every file that a step or an object names, so
    /// that the finding needs nothing else to be rendered and fingerprinted. What is resolved
    /// stays so.
    pub fn resolve(&mut self, with: &mut dyn Resolve) {
        for step in self.threads.iter_mut().flat_map(|thread| &mut thread.steps) {
            step.stack.resolve(&mut |addresses| with.frames(addresses));
        }
        let steps = self.threads.iter().flat_map(|thread| &thread.steps).map(|step| step.site);
        let created = self.all_objects().map(|object| object.created);
        let sites: BTreeSet<_> = steps.chain(created).filter(|site| !site.is_unknown()).collect();
        for site in sites {
            if !self.sources.contains_key(site.file)
                && let Some(text) = with.source(site.file)
            {
                self.sources.insert(site.file, text);
            }
        }
        self.name_objects();
    }

    /// The text of a file that a site names, where [`Finding::resolve`] could get it.
    #[must_use]
    pub fn source(&self, file: &str) -> Option<&str> {
        self.sources.get(file).map(AsRef::as_ref)
    }
}
