//! A suite in parts, and the parts together.

use std::fs;

use lockwise_xtask::exit;
use serde_json::Value;

use super::{
    faults::INVERTED,
    support::{Checked, Project, lockwise},
};

#[test]
fn all_tests_once() {
    let more = "#[test]\nfn one() {}\n#[test]\nfn two() {}\n#[test]\nfn three() {}\n\
                #[test]\nfn fails() { panic!(\"of necessity\") }\n";
    let project = Project::of_tests(&format!("{INVERTED}{more}"));
    let part = |index: u8| {
        let path = project.path(&format!("{index}.json"));
        let partition = format!("hash:{index}/2");
        let output = path.to_str().unwrap();
        let args = ["--partition", &partition, "--format", "json", "--output", output];
        let checked = project.check(&args);
        let report: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let findings = report["findings"].as_array().unwrap().len();
        let failures = report["project"]["failures"].as_array().unwrap().len();
        let code = match (findings, failures) {
            (0, 0) => exit::CLEAN,
            (0, _) => exit::FAILED,
            _ => exit::FINDINGS,
        };
        checked.exits_with(code);
        let tests = report["summary"]["tests"].as_u64().unwrap();
        assert!((1..6).contains(&tests), "all tests are in one part: {report:#}");
        (path, tests)
    };
    let ((first, some), (second, others)) = (part(1), part(2));
    assert_eq!(some + others, 6);
    Checked::of(lockwise(&["merge"]).arg(&first).arg(&second))
        .exits_with(exit::FINDINGS)
        .says(&[
            "lock-order-cycle",
            "--> tests/it.rs:20:13",
            "error: it::fails failed",
            "of necessity",
        ])
        .sums_up("check: 6 tests, 1 failed, 1 finding; 1 crate observed");
}

#[test]
fn what_is_no_report_is_named() {
    let project = Project::new(&[("words.json", "words"), ("list.json", "[]"), ("cut.json", "{")]);
    for name in ["words.json", "list.json", "cut.json", "not-there.json"] {
        let path = project.path(name);
        Checked::of(lockwise(&["merge"]).arg(&path)).is_refused(exit::USAGE, name);
    }
}
