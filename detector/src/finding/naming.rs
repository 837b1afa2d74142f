//! Objects get the names that their program's source gives them.
//!
//! Analyses know an object by its type and line, and word their messages with these; once the
//! source is there, [`binding`] knows better, and the words are changed.

use super::{
    Finding, ObjectReport,
    binding::{binding, receiver},
};
use crate::{Site, render::object_label};

impl Finding {
    /// Gives each object that has no name that of the variable or field it was made for, unless
    /// another of the finding's objects would be called the same.
    pub(super) fn name_objects(&mut self) {
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
        if self.objects[index].name.is_some() {
            return;
        }
        self.objects[index].name = Some(name.to_owned());
        let object = &self.objects[index];
        let (long, short) = (label(object, object.created), label(object, Site::UNKNOWN));
        let name = format!("`{name}`");
        let alike: Vec<_> = self.objects.iter().filter(|o| are_alike(o, object)).collect();
        if alike.len() > 1 {
            let number = self.objects[..=index].iter().filter(|o| are_alike(o, object)).count();
            let one_place = alike.iter().all(|other| other.created == object.created);
            let to = if one_place { format!("{name} (no. {number})") } else { name };
            self.replace_words(&format!("{long} (no. {number})"), &to);
            return;
        }
        let alone = self.objects.iter().filter(|o| o.type_name == object.type_name).count() == 1;
        self.replace_words(&long, &name);
        if alone {
            self.replace_words(&short, &name);
        }
    }

    fn replace_words(&mut self, from: &str, to: &str) {
        for words in std::iter::once(&mut self.message).chain(&mut self.help) {
            *words = words.replace(from, to);
        }
    }
}

/// What messages call an object that has no name.
fn label(object: &ObjectReport, created: Site) -> String {
    object_label(None, &object.type_name, created)
}

/// Whether messages would call both the same; they number such objects in the order of the list.
fn are_alike(a: &ObjectReport, b: &ObjectReport) -> bool {
    label(a, a.created) == label(b, b.created)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Certainty, Frame, ObjectId, Rule, finding::Resolve};

    struct Source(&'static str);

    impl Resolve for Source {
        fn frames(&mut self, _: &[usize]) -> Vec<Frame> {
            Vec::new()
        }

        fn source(&mut self, _: &str) -> Option<Arc<str>> {
            Some(Arc::from(self.0))
        }
    }

    /// The message about two mutexes made in line 1 at `columns`, once `source` is known.
    fn message(source: &'static str, columns: [u32; 2], message: &str) -> String {
        let mut finding = Finding::new(Rule::LockOrderCycle, Certainty::Predicted, message);
        finding.objects = (0..)
            .zip(columns)
            .map(|(id, column)| ObjectReport {
                id: ObjectId(id),
                kind: "Mutex".to_owned(),
                type_name: "Mutex<()>".to_owned(),
                name: None,
                created: Site::new("x.rs", 1, column),
            })
            .collect();
        finding.resolve(&mut Source(source));
        finding.message
    }

    #[test]
    fn objects_that_were_numbered_get_names_of_their_own() {
        let words = "`Mutex<()>` made at x.rs:1 (no. 2) under `Mutex<()>` made at x.rs:1 (no. 1)";
        let source = "let (a, b) = (Mutex::new(()), Mutex::new(()));";
        assert_eq!(message(source, [15, 31], words), "`b` under `a`");
        let source = "let forks = [(); 5].map(|()| Mutex::new(()));";
        assert_eq!(message(source, [29, 29], words), words);
        let source = "let forks: Vec<_> = (0..5).map(|_| Mutex::new(())).collect();";
        assert_eq!(message(source, [36, 36], words), "`forks` (no. 2) under `forks` (no. 1)");
    }
}
