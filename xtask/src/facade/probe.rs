//! Whether the compiler really takes the facade for std: a small program is compiled against it, in
//! every edition, and says whose types it got.

use std::{fs, path::Path, process::Command, time::Duration};

use super::Facade;
use crate::{
    Error,
    process::{self, Ended},
};

const EDITIONS: [&str; 4] = ["2015", "2018", "2021", "2024"];

/// How long a compiler, and the program, may take.
const LIMIT: Duration = Duration::from_secs(120);

/// What must be ours, and how the program names it.
const INTERCEPTED: [(&str, &str); 5] = [
    ("mutex", "`std::sync::Mutex`"),
    ("atomic", "`core::sync::atomic`"),
    ("thread", "`std::thread::spawn`"),
    ("local", "bare `thread_local!`"),
    ("test", "bare `#[test]`"),
];

/// Prints a line for each of [`INTERCEPTED`]: its name, and whose it is.
const PROGRAM: &str = r#"
thread_local! {
    static LOCAL: u8 = const { 1 };
}

fn name_of<T>(_: &T) -> &'static str {
    std::any::type_name::<T>()
}

#[test]
fn probe() {
    println!("probe: mutex {}", std::any::type_name::<std::sync::Mutex<u8>>());
    println!("probe: atomic {}", std::any::type_name::<core::sync::atomic::AtomicUsize>());
    println!("probe: thread {}", name_of(&std::thread::spawn(|| ())));
    println!("probe: local {}", name_of(&LOCAL));
    let by_us = std::__lockwise::tests_run() > 0;
    println!("probe: test {}", if by_us { "lockwise::" } else { "std::" });
}
"#;

/// Compiles and runs the program in each edition, by the compiler that `rustc` gives.
///
/// # Errors
///
/// [`Error::Probe`], if something is not intercepted, or the program cannot be compiled.
pub fn check(facade: &Facade, rustc: &mut dyn FnMut() -> Command) -> Result<(), Error> {
    let scratch = tempfile::tempdir().map_err(Error::Scratch)?;
    let source = scratch.path().join("probe.rs");
    fs::write(&source, PROGRAM).map_err(Error::Scratch)?;
    for edition in EDITIONS {
        let holes = holes(&output(facade, rustc(), edition, &source, scratch.path())?);
        if !holes.is_empty() {
            let reason = format!("in edition {edition}, {} is not lockwise's", holes.join(", "));
            return Err(Error::Probe { reason });
        }
    }
    Ok(())
}

/// What the program prints.
fn output(
    facade: &Facade,
    mut rustc: Command,
    edition: &str,
    source: &Path,
    scratch: &Path,
) -> Result<String, Error> {
    let program = scratch.join(format!("probe-{edition}"));
    rustc.arg(source).arg("-o").arg(&program).args(["--test", "--edition", edition]);
    rustc.args(facade.flags(false)).args(["-A", "warnings", "--color", "never"]);
    let failed = |what: &str, said: &str| {
        let said = said.lines().find(|line| line.contains("error")).unwrap_or(said).trim();
        Error::Probe { reason: format!("in edition {edition}, a program that asks {what}: {said}") }
    };
    let outcome = process::run(&mut rustc, LIMIT).map_err(Error::Scratch)?;
    if outcome.ended != Ended::Code(0) {
        return Err(failed("cannot be compiled", &outcome.stderr));
    }
    let mut run = Command::new(&program);
    let outcome = process::run(run.arg("--nocapture"), LIMIT).map_err(Error::Scratch)?;
    if outcome.ended != Ended::Code(0) {
        return Err(failed("does not run", &outcome.stderr));
    }
    Ok(outcome.stdout)
}

/// What is not said to be ours.
fn holes(output: &str) -> Vec<&'static str> {
    let is_ours = |name: &str| {
        let line = format!("probe: {name} lockwise::");
        output.lines().any(|printed| printed.contains(&line))
    };
    INTERCEPTED.into_iter().filter(|(name, _)| !is_ours(name)).map(|(_, what)| what).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_or_not_said_is_a_hole() {
        let ours = |name: &str| format!("probe: {name} lockwise::some::Type<u8>\n");
        let all: String = INTERCEPTED.iter().map(|(name, _)| ours(name)).collect();
        assert_eq!(holes(&all), [""; 0]);
        assert_eq!(holes(""), INTERCEPTED.map(|(_, what)| what));
        let stds = all.replace("atomic lockwise::", "atomic core::");
        assert_eq!(holes(&stds), ["`core::sync::atomic`"]);
        // libtest prints the name of a test before what the test prints.
        assert_eq!(holes(&format!("test probe ... {all}")), [""; 0]);
    }
}
