//! Objects get the names that their program's source gives them.
//!
//! Analyses know an object by its type and line, and word their messages with these; once the
//! source is there, [`binding`] knows better, and the words are changed.

use std::collections::{BTreeSet, HashMap};

use super::{
    Finding, ObjectReport,
    binding::{binding, receiver},
};
use crate::{Site, render::object_label};

impl Finding {
    /// Gives each object that has no name that of the variable or field it was made for, unless
    /// another of the finding's objects would be called the same. Objects that only the schedule
    /// names give way to the finding's own.
    pub(super) fn name_objects(&mut self) {
        let names: Vec<_> = self.all_objects().map(|object| self.binding_of(object)).collect();
        let mut places = Places::default();
        let own = self.objects.len();
        places.add(&self.objects, &names);
        for (index, name) in names.iter().take(own).enumerate() {
            let created = self.objects[index].created;
            if let Some(name) = name.as_ref().filter(|name| places.is_only(name, created)) {
                self.name_object(index, name);
            }
        }
        let Some(schedule) = &mut self.schedule else { return };
        places.add(&schedule.objects, &names[own..]);
        for (object, name) in schedule.objects.iter_mut().zip(&names[own..]) {
            let name = name.as_ref().filter(|name| places.is_only(name, object.created));
            object.name = object.name.take().or_else(|| name.cloned());
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

/// The places where objects are made, by the names that they would get.
#[derive(Default)]
struct Places<'a>(HashMap<&'a str, BTreeSet<Site>>);

impl<'a> Places<'a> {
    fn add(&mut self, objects: &[ObjectReport], names: &'a [Option<String>]) {
        for (object, name) in objects.iter().zip(names) {
            if let Some(name) = name {
                self.0.entry(name).or_default().insert(object.created);
            }
        }
    }

    /// Whether all objects of that name are made at `site`.
    fn is_only(&self, name: &str, site: Site) -> bool {
        self.0.get(name).is_some_and(|sites| sites.iter().all(|other| *other == site))
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
    use crate::{
        Action, Certainty, Context, Frame, ObjectId, Op, Rule, ThreadId,
        finding::{Resolve, ScheduleRow, Verb},
        op::{ObjectInfo, ObjectKind},
    };

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

    #[test]
    fn objects_of_the_schedule_give_way_to_the_findings_own() {
        let source = "let a = Mutex::new(()); let a = Mutex::new(()); let b = Mutex::new(());";
        let columns = [source.find("M").unwrap(), 32, 56];
        let info = |column: usize| ObjectInfo {
            kind: ObjectKind::Mutex,
            type_name: "Mutex<()>".to_owned(),
            name: None,
            created: Site::new("x.rs", 1, column as u32 + 1),
        };
        let mut context = Context::new();
        let mut apply = |action| {
            let op = Op { thread: ThreadId(0), at: 1, site: Site::UNKNOWN, stack: None, action };
            context.apply(&op).unwrap();
        };
        apply(Action::Begin { name: None });
        for (object, column) in (0..).map(ObjectId).zip(columns) {
            apply(Action::Create { object, info: Arc::new(info(column)) });
        }
        let rows = (0..3).map(|object| ScheduleRow {
            thread: ThreadId(0),
            verb: Verb::Lock,
            object: Some(ObjectId(object)),
            peer: None,
            site: Site::UNKNOWN,
        });
        let mut finding = Finding::new(Rule::Panic, Certainty::Observed, "");
        finding = finding.object(&context, ObjectId(0));
        finding.set_schedule(&context, rows.collect());
        finding.resolve(&mut Source(source));
        let names: Vec<_> = finding.all_objects().map(|object| object.name.as_deref()).collect();
        assert_eq!(names, [Some("a"), None, Some("b")]);
    }
}
