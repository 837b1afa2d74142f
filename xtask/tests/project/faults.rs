//! Projects whose tests have faults, or fail in ordinary ways.

use std::time::{Duration, Instant};

use lockwise_xtask::exit;

use super::support::Project;

pub(crate) const INVERTED: &str = r#"
use std::{sync::Mutex, thread};

static A: Mutex<u8> = Mutex::new(0);
static B: Mutex<u8> = Mutex::new(0);
static DONE: Mutex<bool> = Mutex::new(false);

#[test]
fn in_both_orders() {
    let first = thread::spawn(|| {
        let a = A.lock().unwrap();
        drop((B.lock().unwrap(), a));
        *DONE.lock().unwrap() = true;
    });
    // One after another, by the chance of which section comes first.
    while !*DONE.lock().unwrap() {
        thread::yield_now();
    }
    let b = B.lock().unwrap();
    drop((A.lock().unwrap(), b));
    first.join().unwrap();
}

#[test]
fn in_one_order() {
    let _a = A.lock().unwrap();
    let _b = B.lock().unwrap();
}
"#;

#[test]
fn locks_in_both_orders() {
    let project = Project::of_tests(INVERTED);
    project
        .check(&[])
        .exits_with(exit::FINDINGS)
        .says(&[
            "lock-order-cycle",
            "--> tests/it.rs:20:13",
            "::: tests/it.rs:11:19",
            "in_both_orders",
        ])
        .sums_up("check: 2 tests, 0 failed, 1 finding; 1 crate observed");
    let (checked, report) = project.report(&[]);
    checked.exits_with(exit::FINDINGS);
    checked.sums_up("check: 2 tests, 0 failed, 1 finding; 1 crate observed");
    let [finding] = &**report["findings"].as_array().unwrap() else { panic!("{report:#}") };
    assert_eq!(finding["rule"], "lock-order-cycle");
    assert_eq!(finding["test"], "it::in_both_orders");
    let site = &finding["objects"][0]["created"]["file"];
    assert_eq!(site, "tests/it.rs", "not relative to the project");
}

#[test]
fn a_deadlock_ends_by_itself() {
    let project = Project::of_tests(
        r#"
use std::{sync::{Barrier, Mutex}, thread};

#[test]
fn embraces() {
    let (a, b, met) = (&Mutex::new(0), &Mutex::new(0), &Barrier::new(2));
    thread::scope(|scope| {
        for (first, second) in [(a, b), (b, a)] {
            scope.spawn(move || {
                let _first = first.lock().unwrap();
                met.wait();
                let _second = second.lock().unwrap();
            });
        }
    });
}
"#,
    );
    let started = Instant::now();
    let (checked, report) = project.report(&["--timeout", "250"]);
    checked.exits_with(exit::FINDINGS).says(&["0 failed"]);
    assert!(started.elapsed() < Duration::from_secs(240), "it was killed");
    let rules: Vec<_> = report["findings"].as_array().unwrap().iter().collect();
    assert!(rules.iter().any(|finding| finding["rule"] == "deadlock"), "{report:#}");
}

#[test]
fn ordinary_failures() {
    let project = Project::of_tests(
        r#"
#[test]
fn fails() { assert_eq!(1 + 1, 3, "arithmetic"); }
#[test]
fn sleeps() { loop { std::thread::sleep(std::time::Duration::from_secs(9)) } }
#[test]
fn aborts() { eprintln!("last words"); std::process::abort() }
#[test]
fn segfaults() { unsafe { std::ptr::null_mut::<u8>().write_volatile(1) } }
#[test]
fn leaves() { std::process::exit(7) }
#[test]
fn passes() {}
"#,
    );
    project
        .check(&["--timeout", "2"])
        .exits_with(exit::FAILED)
        .says(&["error: it::fails failed", "arithmetic"])
        .says(&["error: it::sleeps did not end within 2 s, and was killed"])
        .says(&["error: it::aborts was killed by signal 6"])
        .says(&["error: it::segfaults was killed by signal"])
        .says(&["error: it::leaves ended with code 7"])
        .sums_up("check: 6 tests, 5 failed, 0 findings; 1 crate observed");
}

#[test]
fn an_executable_without_a_list_costs_only_its_own_tests() {
    let broken = r#"
extern "C" fn fail() { eprintln!("early words"); std::process::exit(9) }
#[used]
#[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static FAIL: extern "C" fn() = fail;
#[test]
fn never() {}
"#;
    let project = Project::new(&[("tests/a.rs", broken), ("tests/it.rs", INVERTED)]);
    project
        .check(&[])
        .exits_with(exit::FINDINGS)
        .says(&["lock-order-cycle", "error: a did not list its tests", "early words"])
        .says(&["check: 3 tests, 1 failed, 1 finding"]);
    project.check(&["--test", "a"]).exits_with(exit::FAILED);
}

#[test]
fn examples_in_documentation() {
    let fails = "//! ```\n//! assert!(false, \"first\");\n//! ```\n";
    let project = Project::new(&[
        ("Cargo.toml", "[workspace]\nmembers = ['a', 'b']\nresolver = '3'\n"),
        ("a/Cargo.toml", "[package]\nname = 'a'\nedition = '2021'\n"),
        ("a/src/lib.rs", fails),
        ("b/Cargo.toml", "[package]\nname = 'b'\nedition = '2021'\n"),
        (
            "b/src/lib.rs",
            "//! ```\n//! let a = std::sync::Mutex::new(1);\n\
            //! let _a = a.lock();\n//! let _b = a.lock();\n//! ```\n",
        ),
    ]);
    project
        .check(&[])
        .exits_with(exit::FINDINGS)
        .says(&["self-deadlock", "b/src/lib.rs", "error: a/src/lib.rs - (line 1) failed", "first"])
        .says(&["check: 2 tests, 1 failed, 1 finding"]);
}
