//! What a finding needs from outside: symbols of return addresses, and source text.
//!
//! The detector reads no file and knows no process. Whoever makes findings gives it a
//! [`Resolve`]: an observed process symbolises its own addresses, a reader of reports has files
//! only. A finding that was never resolved renders all the same, without excerpts and stacks.

use std::sync::Arc;

use super::{
    Finding, ObjectReport,
    binding::{binding, receiver},
};
use crate::{Frame, Site, render::object_label};

/// Turns addresses into frames and paths into source text.
pub trait Resolve {
    /// The frames at `addresses`, innermost first; inlined calls are frames of their own.
    fn frames(&mut self, addresses: &[usize]) -> Vec<Frame>;

    /// The text of `file`, a path as the compiler was given it; `None` where it cannot be read.
    fn source(&mut self, file: &str) -> Option<Arc<str>>;
}

impl Finding {
    /// Resolves every stack and attaches the text of every file that a site names, so that the
    /// finding needs nothing else to be rendered and fingerprinted. What is resolved stays so.
    pub fn resolve(&mut self, with: &mut dyn Resolve) {
        for step in self.threads.iter_mut().flat_map(|thread| &mut thread.steps) {
            step.stack.resolve(&mut |addresses| with.frames(addresses));
        }
        let steps = self.threads.iter().flat_map(|thread| &thread.steps).map(|step| step.site);
        let created = self.objects.iter().map(|object| object.created);
        for site in steps.chain(created).filter(|site| !site.is_unknown()) {
            if !self.sources.contains_key(site.file)
                && let Some(text) = with.source(site.file)
            {
                self.sources.insert(site.file, text);
            }
        }
        self.name_objects();
    }

    /// Gives each object that has no name that of the variable or field it was made for, unless
    /// another of the finding's objects would be called the same.
    fn name_objects(&mut self) {
        let names: Vec<_> = self.objects.iter().map(|object| self.binding_of(object)).collect();
        for index in 0..names.len() {
            let created = self.objects[index].created;
            let ambiguous = (0..names.len()).any(|other| {
                names[other] == names[index] && self.objects[other].created != created
            });
            if let Some(name) = names[index].as_ref().filter(|_| !ambiguous) {
                self.name_object(index, name);
            }
        }
    }

    fn binding_of(&self, object: &ObjectReport) -> Option<String> {
        if object.name.is_some() {
            return object.name.clone();
        }
        let text = self.source(object.created.file)?;
        let name = if object.is_seen_at_first_use() {
            receiver(text, object.created)
        } else {
            binding(text, object.created)
        };
        name.map(str::to_owned)
    }

    /// Names an object, in the words that were made of it too.
    fn name_object(&mut self, index: usize, name: &str) {
        let object = &mut self.objects[index];
        if object.name.is_some() {
            return;
        }
        let long = object_label(None, &object.type_name, object.created);
        let short = object_label(None, &object.type_name, Site::UNKNOWN);
        object.name = Some(name.to_owned());
        let type_name = &self.objects[index].type_name;
        let alone = self.objects.iter().filter(|o| o.type_name == *type_name).count() == 1;
        let label = format!("`{name}`");
        for words in std::iter::once(&mut self.message).chain(&mut self.help) {
            *words = words.replace(&long, &label);
            if alone {
                *words = words.replace(&short, &label);
            }
        }
    }

    /// The text of a file that a site names, where [`Finding::resolve`] could get it.
    #[must_use]
    pub fn source(&self, file: &str) -> Option<&str> {
        self.sources.get(file).map(AsRef::as_ref)
    }
}
