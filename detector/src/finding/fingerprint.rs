//! Fingerprints: a finding's identity across runs, edits and machines.
//!
//! A fingerprint is a hash of the rule and of where the finding's objects are made: for each the
//! file, the enclosing item and the kind. Lines and columns stay out, so unrelated edits above
//! change nothing; so do threads and the order in which a cycle happens to be reported, since the
//! places are sorted. A finding without objects is identified by its steps in the same way.
//!
//! Two faults of one rule among objects that one function makes therefore share a fingerprint.
//! That is meant: five philosophers who each close the same cycle have one fault.
//!
//! The enclosing item needs the source text. A finding that was not resolved has a fingerprint
//! too, but another one.

use super::{Finding, item::enclosing_item};
use crate::Site;

impl Finding {
    /// The finding's identity, 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.fingerprint.clone().unwrap_or_else(|| {
            let mut hash = Fnv1a::new();
            hash.field(self.rule.name());
            for place in self.places() {
                place.iter().for_each(|field| hash.field(field));
            }
            format!("{:016x}", hash.0)
        })
    }

    /// File, item and kind of each object, or of each step where there is no object.
    fn places(&self) -> Vec<[String; 3]> {
        let place = |site: Site, kind: &str| {
            let item = self.source(site.file).map(|text| enclosing_item(text, site));
            [lasting(site.file), item.unwrap_or_default(), kind.to_owned()]
        };
        let mut places: Vec<_> =
            self.objects.iter().map(|object| place(object.created, &object.kind)).collect();
        if places.is_empty() {
            let steps = self.threads.iter().flat_map(|thread| &thread.steps);
            places = steps.map(|step| place(step.site, step.verb.name())).collect();
        }
        places.sort();
        places
    }
}

/// The name of a file without what is another one each time: rustdoc compiles the examples of a
/// crate of edition 2024 together, as a file in a temporary directory.
fn lasting(file: &str) -> String {
    let file = file.replace('\\', "/");
    let temporary = file.split_once("/rustdoctest").and_then(|(_, rest)| rest.split_once('/'));
    temporary.map_or(file.clone(), |(_, within)| within.to_owned())
}

/// FNV-1a, 64 bits: short, and the same for ever, which std's hasher does not promise.
struct Fnv1a(u64);

impl Fnv1a {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Hashes one field and its end, so that `ab` `c` differs from `a` `bc`.
    fn field(&mut self, field: &str) {
        for byte in field.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Certainty, Frame, ObjectId, Resolve, Rule, ThreadId, finding::ObjectReport};

    /// One text, whatever the file.
    struct OneText(Arc<str>);

    impl Resolve for OneText {
        fn frames(&mut self, _: &[usize]) -> Vec<Frame> {
            Vec::new()
        }

        fn source(&mut self, _: &str) -> Option<Arc<str>> {
            Some(Arc::clone(&self.0))
        }
    }

    const PROGRAM: &str = "fn make() {\n    Mutex::new(0);\n    RwLock::new(0);\n}\nfn other() {\n    Mutex::new(0);\n}\n";

    /// The fingerprint of a cycle of objects made at `lines` of `text`.
    fn fingerprint(text: &str, objects: &[(&str, u32)]) -> String {
        let mut finding = Finding::new(Rule::LockOrderCycle, Certainty::Predicted, "");
        for (id, (kind, line)) in objects.iter().enumerate() {
            finding.objects.push(ObjectReport {
                id: ObjectId(id as u64),
                kind: (*kind).to_owned(),
                type_name: String::new(),
                name: None,
                created: Site::new("src/a.rs", *line, 5),
            });
        }
        finding.resolve(&mut OneText(Arc::from(text)));
        finding.fingerprint()
    }

    #[test]
    fn lines_may_move_and_cycles_may_rotate() {
        let here = fingerprint(PROGRAM, &[("Mutex", 2), ("RwLock", 3)]);
        let below = format!("//! Docs.\n\n{PROGRAM}");
        assert_eq!(here, fingerprint(&below, &[("Mutex", 4), ("RwLock", 5)]));
        assert_eq!(here, fingerprint(PROGRAM, &[("RwLock", 3), ("Mutex", 2)]));
    }

    #[test]
    fn another_item_kind_or_rule_is_another_finding() {
        let here = fingerprint(PROGRAM, &[("Mutex", 2)]);
        assert_ne!(here, fingerprint(PROGRAM, &[("Mutex", 6)]));
        assert_ne!(here, fingerprint(PROGRAM, &[("RwLock", 2)]));
        assert_ne!(here, fingerprint(PROGRAM, &[("Mutex", 2), ("Mutex", 2)]));
        let of = |rule| Finding::new(rule, Certainty::Observed, "").fingerprint();
        assert_ne!(of(Rule::Hang), of(Rule::Panic));
    }

    #[test]
    fn a_temporary_directory_of_rustdocs_does_not_count() {
        assert_eq!(
            lasting("/tmp/rustdoctestGxyI4/doctest_bundle_2024.rs"),
            "doctest_bundle_2024.rs"
        );
        assert_eq!(lasting("C:\\Temp\\rustdoctestGxyI4\\bundle.rs"), "bundle.rs");
        assert_eq!(lasting("src/rustdoctest.rs"), "src/rustdoctest.rs");
        assert_eq!(lasting("src\\a.rs"), "src/a.rs");
    }

    #[test]
    fn without_objects_the_steps_count() {
        let fingerprint = |line| {
            let step = (Site::new("src/a.rs", line, 5), None);
            let context = crate::Context::new();
            let verb = crate::finding::Verb::Park;
            let mut finding = Finding::new(Rule::Hang, Certainty::Observed, "").step(
                &context,
                ThreadId(0),
                verb,
                None,
                step,
            );
            finding.resolve(&mut OneText(Arc::from(PROGRAM)));
            finding.fingerprint()
        };
        assert_eq!(fingerprint(2), fingerprint(3));
        assert_ne!(fingerprint(2), fingerprint(6));
    }

    #[test]
    fn the_hash_never_changes() {
        // Suppressions keep fingerprints in files: this one is FNV-1a of "hang\0" for ever.
        let finding = Finding::new(Rule::Hang, Certainty::Observed, "");
        assert_eq!(finding.fingerprint(), "81bee96930580f1b");
    }
}
