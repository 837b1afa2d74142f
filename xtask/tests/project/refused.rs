//! Projects that cannot be checked: one error each, which says what is wrong and where.

use std::{fs, process::Command};

use lockwise_xtask::exit;

use super::support::{Checked, Project, cache, has, lockwise, manifest};

#[test]
fn a_manifest_that_is_not_there() {
    let project = Project::new(&[]);
    fs::remove_file(project.path("Cargo.toml")).unwrap();
    project.check(&[]).is_refused(exit::USAGE, "there is no manifest at ");
    fs::create_dir(project.path("Cargo.toml")).unwrap();
    project.check(&[]).is_refused(exit::USAGE, "there is no manifest at ");
}

#[test]
fn a_manifest_that_cannot_be_read() {
    let project = Project::new(&[("src/lib.rs", "")]);
    project.write("Cargo.toml", "[package\nname = 'demo'");
    project.check(&[]).is_refused(exit::FAILED, "cargo cannot read ").says(&["Cargo.toml:1"]);
    project.write("Cargo.toml", &manifest("[dependencies]\nnot-there = { path = 'nowhere' }\n"));
    project.check(&[]).is_refused(exit::FAILED, "cargo cannot read ").says(&["not-there"]);
    assert!(!project.path("Cargo.lock").exists());
}

#[test]
fn arguments_that_make_no_sense() {
    let project = Project::of_tests("#[test]\nfn works() {}");
    project.check(&["--package", "nobody"]).exits_with(exit::FAILED).says(&["nobody"]);
    project.check(&["--", "--bogus"]).exits_with(exit::FAILED).says(&["'bogus'"]);
    let parts = "a part is `hash:1/4` or `count:1/4`";
    project.check(&["--partition", "hash:3/2"]).exits_with(exit::USAGE).says(&[parts]);
    let forever = u64::MAX.to_string();
    project.check(&["--timeout", &forever]).exits_with(exit::USAGE).says(&["invalid value"]);
}

#[test]
fn tests_that_do_not_compile() {
    let project = Project::of_tests("#[test]\nfn works() { let word: u8 = \"word\"; }");
    project
        .check(&[])
        .is_refused(exit::FAILED, "do not build, with or without lockwise")
        .says(&["mismatched types", "tests/it.rs:2"]);
    assert_eq!(project.names(), ["Cargo.toml", "tests"]);
    // What failed is not in the way of what is mended.
    project.write("tests/it.rs", "#[test]\nfn works() {}");
    project.check(&[]).exits_with(exit::CLEAN);
}

#[test]
fn a_toolchain_that_is_not_installed() {
    if !has("rustup", &["--version"]) {
        return;
    }
    let project = Project::of_tests("#[test]\nfn works() {}");
    project.write("rust-toolchain.toml", "[toolchain]\nchannel = 'not-a-toolchain'\n");
    project.check(&[]).is_refused(exit::FAILED, "the toolchain that ").says(&["not-a-toolchain"]);
}

#[test]
fn a_toolchain_file_of_a_project_elsewhere_is_followed() {
    if !has("rustup", &["--version"]) {
        return;
    }
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap().stdout;
    let sysroot = String::from_utf8(sysroot).unwrap().trim().to_owned();
    let text = format!(
        "#[test]\nfn works() {{ assert_eq!(option_env!(\"RUSTUP_TOOLCHAIN\"), Some({sysroot:?})) }}"
    );
    let project = Project::of_tests(&text);
    project.write("rust-toolchain.toml", &format!("[toolchain]\npath = {sysroot:?}\n"));
    let mut command = project.command(&[]);
    command.env("RUSTUP_TOOLCHAIN", "what-another-directory-asks-for");
    Checked::of(&mut command).exits_with(exit::CLEAN);
}

/// Has a panic handler of its own, and so cannot have std's beside it.
const BARE: &str = r#"
#![no_std]
#![no_main]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
"#;

const HOSTED: &str = r#"
//! ```
//! let _: &std::sync::Mutex<u8> = &hosted::LOCK;
//! ```
pub static LOCK: std::sync::Mutex<u8> = std::sync::Mutex::new(1);
#[test]
fn works() { *LOCK.lock().unwrap() = 2; }
"#;

#[test]
fn a_crate_that_cannot_be_observed_is_excluded() {
    let members = "[workspace]\nmembers = ['bare-metal', 'hosted']\nresolver = '3'\n\
                   [profile.dev]\npanic = 'abort'\n";
    let bare = "[package]\nname = 'bare-metal'\nedition = '2024'\n\
                [[bin]]\nname = 'bare-metal'\ntest = false\n";
    let script = "fn main() { println!(\"cargo::rustc-link-arg-bins=-nostartfiles\"); }";
    let project = Project::new(&[
        ("Cargo.toml", members),
        ("bare-metal/Cargo.toml", bare),
        ("bare-metal/src/main.rs", BARE),
        ("bare-metal/build.rs", script),
        ("bare-metal/tests/it.rs", "#[test]\nfn builds() {}"),
        ("hosted/Cargo.toml", "[package]\nname = 'hosted'\nedition = '2024'\n"),
        ("hosted/src/lib.rs", HOSTED),
    ]);
    project
        .check(&[])
        .is_refused(exit::FAILED, "build without lockwise, but not with it")
        .says(&["E0152", "`--exclude CRATE`"]);
    project
        .check(&["--exclude", "bare-metal"])
        .exits_with(exit::CLEAN)
        .says(&["bare-metal 0.0.0: excluded"]);
    let everything = ["--exclude", "bare-metal", "--exclude", "hosted"];
    project
        .check(&everything)
        .exits_with(exit::NOTHING)
        .says(&["3 tests ran, but nothing was observed"])
        .does_not_say("error");
    // What is excluded now and then is not built for the one and taken for the other.
    project.check(&["--package", "hosted"]).exits_with(exit::CLEAN).does_not_say("not observed");
}

#[test]
fn an_excluded_crate_that_is_not_there() {
    let project = Project::of_tests("#[test]\nfn works() {}");
    project.check(&["--exclude", "nobody"]).is_refused(exit::USAGE, "nobody");
}

#[test]
fn a_variable_that_is_misspelt() {
    let project = Project::of_tests("#[test]\nfn works() {}");
    let mut command = project.command(&[]);
    Checked::of(command.env("LOCKWISE_OUTPOT", "x"))
        .is_refused(exit::CONFIG, "`LOCKWISE_OUTPOT` is no variable of lockwise");
}

#[test]
fn a_cache_that_cannot_be_made() {
    let project = Project::of_tests("");
    let manifest = project.path("Cargo.toml");
    let mut command = lockwise(&["check", "--cache", "/dev/null/cache", "--manifest-path"]);
    Checked::of(command.arg(manifest)).is_refused(exit::INTERNAL, "the cache at /dev/null/cache");
    assert!(cache().is_dir());
}
