//! Projects as users have them, unmodified, checked as users check them.
//!
//! What they depend on comes through cargo's cache, and from the network only where it is not
//! there. lockwise is built for them in the target directory, which takes a minute or two the first
//! time, and again when its sources have changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use lockwise_xtask::exit;

/// Rules by test.
type Rules = BTreeMap<String, BTreeSet<String>>;

/// Checks the project, whose `expected.toml` says of each of its executables' tests what they are
/// found at fault by.
fn check(project: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/projects").join(project);
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("check").arg("--manifest-path").arg(root.join("Cargo.toml"));
    command.arg("--cache").arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("check"));
    command.args(["--format", "json"]);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit::FINDINGS.into()), "{stderr}");

    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = expected(&root);
    assert_eq!(report["summary"]["tests"], expected.len(), "{stderr}");
    let mut found: Rules = expected.keys().map(|test| (test.clone(), BTreeSet::new())).collect();
    for finding in report["findings"].as_array().unwrap() {
        let of = |key: &str| finding[key].as_str().unwrap().to_owned();
        found.entry(of("test")).or_default().insert(of("rule"));
    }
    assert_eq!(found, expected);
}

fn expected(root: &Path) -> Rules {
    let text = fs::read_to_string(root.join("expected.toml")).unwrap();
    let expected: BTreeMap<String, Rules> = toml::from_str(&text).unwrap();
    let of_executable = |(executable, tests): (String, Rules)| {
        tests.into_iter().map(move |(test, rules)| (format!("{executable}::{test}"), rules))
    };
    expected.into_iter().flat_map(of_executable).collect()
}

#[test]
fn the_users_of_parking_lot_are_seen() {
    check("parking_lot");
    // Its processes find, this time, what the others have looked up.
    check("parking_lot");
}
