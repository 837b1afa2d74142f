//! Names of tests that several executables have.
//!
//! A test is `target::path::name`, and that alone as long as it names one test. Two packages of a
//! workspace may have targets of one name, and so may a package that is a library and a program. Where
//! a name would then stand for more than one test, the package comes before it, as in
//! `package/target::path::name`, or within one package what the target is, as in
//! `bin/target::path::name`. No target and no path contains a `/`, so no other test has such a name.

use std::collections::{BTreeMap, BTreeSet};

/// Where an executable comes from.
#[derive(Debug)]
pub(super) struct Origin {
    /// The package's name.
    pub(super) package: String,
    /// What the target is: `lib`, `bin`, `test`.
    pub(super) kind: String,
}

/// Makes names differ that come from different executables.
pub(super) fn tell_apart<'a>(names: impl Iterator<Item = (&'a mut String, &'a Origin)>) {
    let mut names: Vec<_> = names.collect();
    let package: fn(&Origin) -> &str = |origin| &origin.package;
    let kind: fn(&Origin) -> &str = |origin| &origin.kind;
    for part in [package, kind] {
        let mut known = BTreeMap::<_, BTreeSet<_>>::new();
        for (name, origin) in &names {
            known.entry((*name).clone()).or_default().insert(part(origin));
        }
        for (name, origin) in &mut names {
            if known[*name].len() > 1 {
                name.insert_str(0, &format!("{}/", part(origin)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_apart(tests: &[(&str, &str, &str)]) -> Vec<String> {
        let of = |(package, kind, _): &(&str, &str, &str)| Origin {
            package: (*package).to_owned(),
            kind: (*kind).to_owned(),
        };
        let origins: Vec<_> = tests.iter().map(of).collect();
        let mut names: Vec<_> = tests.iter().map(|(_, _, name)| (*name).to_owned()).collect();
        tell_apart(names.iter_mut().zip(&origins));
        names
    }

    #[test]
    fn only_what_is_ambiguous_is_qualified() {
        assert_eq!(
            told_apart(&[
                ("a", "test", "it::works"),
                ("b-c", "test", "it::works"),
                ("a", "test", "it::alone"),
                ("b-c", "lib", "b_c::works"),
            ]),
            ["a/it::works", "b-c/it::works", "it::alone", "b_c::works"]
        );
    }

    #[test]
    fn within_a_package_the_kind_tells() {
        let tests = [("a", "lib", "a::works"), ("a", "bin", "a::works"), ("a", "bin", "a::alone")];
        assert_eq!(told_apart(&tests), ["lib/a::works", "bin/a::works", "a::alone"]);
        let tests = [tests[0], tests[1], ("b", "test", "a::works")];
        assert_eq!(told_apart(&tests), ["lib/a/a::works", "bin/a/a::works", "b/a::works"]);
    }
}
