//! The same by `cargo nextest`, where it is installed.

use lockwise_xtask::exit;

use super::{
    faults::INVERTED,
    support::{Checked, Project, has},
};

#[test]
fn it_finds_the_same() {
    if !has("cargo", &["nextest", "--version"]) {
        return;
    }
    let more = "#[test]\nfn fails() { panic!(\"of necessity\") }\n#[test]\n#[ignore]\nfn waits() {}\n\
        #[test]\nfn traps() { std::process::Command::new(\"kill\").args([\"-TRAP\", \
        &std::process::id().to_string()]).status().unwrap(); \
        std::thread::sleep(std::time::Duration::from_secs(60)); }\n";
    let project = Project::of_tests(&format!("{INVERTED}{more}"));
    let (own, ours) = project.report(&[]);
    let (nextest, theirs) = project.report(&["--runner", "nextest"]);
    own.exits_with(exit::FINDINGS);
    nextest.exits_with(exit::FINDINGS);
    assert_eq!(ours["summary"], theirs["summary"]);
    let fingerprint = |report: &serde_json::Value| report["findings"][0]["fingerprint"].clone();
    assert_eq!(fingerprint(&ours), fingerprint(&theirs));
    assert_eq!(ours["project"]["failures"].as_array().unwrap().len(), 2);
    assert_eq!(theirs["project"]["failures"].as_array().unwrap().len(), 2, "{theirs:#}");
}

#[test]
fn it_builds_what_does_not_compile() {
    if !has("cargo", &["nextest", "--version"]) {
        return;
    }
    let project = Project::of_tests("#[test]\nfn works() { let word: u8 = \"word\"; }");
    let project_args = ["--runner", "nextest"];
    project.check(&project_args).is_refused(exit::FAILED, "do not build, with or without");
    project.write("tests/it.rs", "#[test]\nfn works() {}");
    project.check(&project_args).exits_with(exit::CLEAN).says(&["check: 1 test, 0 failed"]);
    project
        .check(&["--runner", "nextest", "--", "no_such_test"])
        .exits_with(exit::NOTHING)
        .says(&["no test was run"]);
    project.write(".config/nextest.toml", "no configuration");
    project.check(&project_args).is_refused(exit::FAILED, "cargo nextest");
}

#[test]
fn it_is_not_installed() {
    let project = Project::of_tests("#[test]\nfn works() {}");
    // A cargo without subcommands: what else it needs is found without the path.
    let bin = tempfile::tempdir().unwrap();
    let script =
        "#!/bin/sh\nif [ \"$1\" = nextest ]; then exit 101; fi\nexec \"$REAL_CARGO\" \"$@\"\n";
    let cargo = bin.path().join("cargo");
    std::fs::write(&cargo, script).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&cargo, executable).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", bin.path().display());
    let mut command = project.command(&["--runner", "nextest"]);
    command.env("PATH", path).env("REAL_CARGO", env!("CARGO"));
    Checked::of(&mut command).is_refused(exit::USAGE, "`cargo nextest` is not installed");
}
