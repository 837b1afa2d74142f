//! Tests that have a name in common.

use std::collections::BTreeSet;

use lockwise_xtask::exit;

use super::{faults::INVERTED, support::Project};

#[test]
fn packages_with_the_same_targets() {
    let package = |name: &str| format!("[package]\nname = '{name}'\nedition = '2024'\n");
    // A name that says nothing of its package, and one that no other package has.
    let tests = |own: &str| {
        format!(
            "{INVERTED}#[test]\nfn fails() {{ panic!() }}\n#[test]\nfn {own}() {{ panic!() }}\n"
        )
    };
    let fails = "#[cfg(test)] mod tests { #[test] fn fails() { panic!() } }\n";
    let main = format!("{fails}fn main() {{}}\n");
    let project = Project::new(&[
        ("Cargo.toml", "[workspace]\nmembers = ['one', 'the-other']\nresolver = '3'\n"),
        ("one/Cargo.toml", &package("one")),
        ("one/tests/it.rs", &tests("alone")),
        ("the-other/Cargo.toml", &package("the-other")),
        ("the-other/tests/it.rs", &tests("lonely")),
        ("the-other/src/lib.rs", fails),
        ("the-other/src/main.rs", &main),
    ]);
    let (checked, report) = project.report(&[]);
    checked.exits_with(exit::FINDINGS);
    checked.sums_up("check: 10 tests, 6 failed, 2 findings; 2 crates observed");
    let names = |list: &serde_json::Value| -> BTreeSet<String> {
        let of = |entry: &serde_json::Value| entry["test"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(of).collect()
    };
    let expected = [
        "bin/the_other::tests::fails",
        "it::alone",
        "it::lonely",
        "lib/the_other::tests::fails",
        "one/it::fails",
        "the-other/it::fails",
    ];
    assert_eq!(names(&report["project"]["failures"]), expected.map(str::to_owned).into());
    let expected = ["one/it::in_both_orders", "the-other/it::in_both_orders"];
    assert_eq!(names(&report["findings"]), expected.map(str::to_owned).into());

    project.check(&[]).exits_with(exit::FINDINGS).says(&[
        "in test `one/it::in_both_orders`",
        "in test `the-other/it::in_both_orders`",
        "error: one/it::fails failed",
        "error: the-other/it::fails failed",
    ]);
    // Where there is but one, it has its plain name.
    project
        .check(&["-p", "one"])
        .exits_with(exit::FINDINGS)
        .says(&["in test `it::in_both_orders`", "error: it::fails failed"]);
}
