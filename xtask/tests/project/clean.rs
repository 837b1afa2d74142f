//! Projects in which nothing is wrong.

use std::fs;

use lockwise_xtask::exit;

use super::support::{Project, manifest};

const LIB: &str = r#"
//! ```
//! assert_eq!(demo::twice(2), 4);
//! ```
use std::sync::Mutex;

pub fn twice(n: u32) -> u32 {
    let sum = Mutex::new(n);
    *sum.lock().unwrap() += n;
    sum.into_inner().unwrap()
}

#[cfg(test)]
mod tests {
    #[test]
    fn adds() {
        assert_eq!(super::twice(1), 2);
    }
    #[test]
    #[should_panic(expected = "no")]
    fn panics() {
        panic!("no");
    }
    #[test]
    fn may_fail() -> Result<(), std::num::ParseIntError> {
        "1".parse::<u8>().map(drop)
    }
    #[test]
    #[ignore]
    fn waits() {
        panic!("it was run");
    }
}
"#;

const OLD: &str = r#"
extern crate demo;
#[test]
fn works() {
    assert_eq!(::demo::twice(3), 6);
}
"#;

const BARE: &str = r#"
fn main() {
    assert_eq!(demo::twice(4), 8);
}
"#;

fn every_kind() -> Project {
    let tests = "[[test]]\nname = \"old\"\nedition = \"2015\"\n\
                 [[test]]\nname = \"bare-main\"\nharness = false\n";
    Project::new(&[
        ("Cargo.toml", &manifest(tests)),
        ("src/lib.rs", LIB),
        ("tests/old.rs", OLD),
        ("tests/bare-main.rs", BARE),
    ])
}

#[test]
fn tests_of_every_kind() {
    let project = every_kind();
    let before = fs::read(project.path("Cargo.toml")).unwrap();
    project
        .check(&[])
        .exits_with(exit::CLEAN)
        .sums_up("check: 6 tests, 0 failed, 0 findings; 1 crate observed");
    assert_eq!(project.names(), ["Cargo.toml", "src", "tests"], "something was left behind");
    assert_eq!(fs::read(project.path("Cargo.toml")).unwrap(), before);

    let (checked, report) = project.report(&["--", "adds"]);
    checked.exits_with(exit::CLEAN);
    // The test without libtest is run whatever the filter is, as cargo does.
    assert_eq!(report["summary"]["tests"], 2);
    assert_eq!(report["project"]["ignored"], 0);

    project
        .check(&["--lib", "--", "--include-ignored", "waits"])
        .exits_with(exit::FAILED)
        .says(&["demo::tests::waits failed", "it was run"]);
    project.check(&["--doc"]).exits_with(exit::CLEAN).says(&["check: 1 test,"]);
    project.check(&["--test", "old"]).exits_with(exit::CLEAN).says(&["check: 1 test,"]);
}

#[test]
fn the_lock_file_and_the_target_directory_are_left_alone() {
    let project = Project::of_tests("#[test]\nfn works() { std::sync::Mutex::new(1); }");
    // cargo would bring this up to date.
    let outdated = "# mine\nversion = 3\n\n[[package]]\nname = \"demo\"\nversion = \"7.0.0\"\n";
    project.write("Cargo.lock", outdated);
    project.write("target/mine", "keep");
    project.check(&[]).exits_with(exit::CLEAN);
    assert_eq!(fs::read_to_string(project.path("Cargo.lock")).unwrap(), outdated);
    let left: Vec<_> = fs::read_dir(project.path("target")).unwrap().collect();
    assert_eq!(left.len(), 1, "the project's own target directory was used");
}

#[test]
fn nothing_to_check() {
    let project = Project::new(&[("src/lib.rs", "pub fn nothing() {}")]);
    let nothing = "check: nothing was checked: no test was run";
    project.check(&[]).exits_with(exit::NOTHING).sums_up(nothing);

    let project = Project::of_tests("#[test]\nfn works() {}\n#[test]\n#[ignore]\nfn waits() {}");
    let filtered = &["--", "no_such_test"];
    project.check(filtered).exits_with(exit::NOTHING).sums_up(nothing);
    project
        .check(&["--", "waits"])
        .exits_with(exit::NOTHING)
        .sums_up(&format!("{nothing} (1 test is marked `#[ignore]`)"));
}

#[test]
fn arguments_that_are_for_running_are_no_filters() {
    let project = Project::of_tests("#[test]\nfn works() {}\n#[test]\nfn also() {}");
    for arguments in [&["--test-threads", "1"][..], &["--test-threads=1"], &["--nocapture"]] {
        let arguments = [&["--"], arguments].concat();
        project.check(&arguments).exits_with(exit::CLEAN).says(&["check: 2 tests, 0 failed"]);
    }
}

#[test]
fn a_users_flags_stay_in_force() {
    let lints = "[lints.rust]\nunexpected_cfgs = \"allow\"\n";
    let text = "#[test]\nfn works() { assert!(cfg!(foo)); }\n";
    let project = Project::new(&[("Cargo.toml", &manifest(lints)), ("tests/it.rs", text)]);
    project.check(&[]).exits_with(exit::FAILED).says(&["it::works failed", "cfg!(foo)"]);
    for variable in ["RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
        let mut command = project.command(&[]);
        super::support::Checked::of(command.env(variable, "--cfg foo")).exits_with(exit::CLEAN);
    }
    project.write(".cargo/config.toml", "[build]\nrustflags = ['--cfg', 'foo']\n");
    project.check(&[]).exits_with(exit::CLEAN);
}
