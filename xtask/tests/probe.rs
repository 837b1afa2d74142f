//! The probe of a facade, on made-up ones that have a hole.

use std::{path::Path, process::Command};

use lockwise_xtask::{
    Error, exit,
    facade::{Facade, probe},
};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake-facade");

fn compile(directory: &Path, source: &str, name: &str, options: &[&str]) {
    let mut rustc = Command::new("rustc");
    rustc.arg(Path::new(SOURCES).join(source)).args(["--crate-name", name, "--edition", "2021"]);
    rustc.arg("--out-dir").arg(directory).arg("-L").arg(directory).args(options);
    let output = rustc.args(["-A", "warnings"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What the probe says of a facade with this hole.
fn probed(hole: &str) -> Result<(), Error> {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path();
    let hole = format!("hole={hole:?}");
    let macros = to.join(format!(
        "{}fake_macros{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    ));
    let macros = format!("fake_macros={}", macros.display());
    let std = format!("lockwise={}", to.join("liblockwise.rlib").display());
    compile(to, "macros.rs", "fake_macros", &["--crate-type", "proc-macro"]);
    let lib = ["--crate-type", "rlib", "--cfg", &hole];
    compile(to, "lockwise.rs", "lockwise", &[&lib[..], &["--extern", &macros]].concat());
    compile(to, "core.rs", "lockwise_core", &[&lib[..], &["--extern", &std]].concat());
    let facade = Facade { directory: to.to_owned() };
    probe::check(&facade, &mut || Command::new("rustc"))
}

#[test]
fn a_facade_without_a_hole_is_taken() {
    probed("none").unwrap();
}

#[test]
fn a_hole_is_an_error_that_names_it() {
    for (hole, named) in [
        ("mutex", "`std::sync::Mutex` is not lockwise's"),
        ("atomic", "`core::sync::atomic` is not lockwise's"),
        ("core", "`core::sync::atomic` is not lockwise's"),
        ("thread", "`std::thread::spawn` is not lockwise's"),
        ("local", "bare `thread_local!` is not lockwise's"),
        ("test", "bare `#[test]` is not lockwise's"),
        ("interface", "a program that asks cannot be compiled: error[E0425]"),
    ] {
        let error = probed(hole).unwrap_err();
        assert_eq!(error.exit_code(), exit::INTERNAL);
        let text = error.to_string();
        assert!(text.contains(named) && text.ends_with("; nothing was run"), "{hole}: {text}");
    }
}
