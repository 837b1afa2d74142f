//! The bugs: which crates have them, which drivers show them, and what is expected.

/// A bug of a published crate, with the driver that is to show it.
pub(super) struct Bug {
    /// Which advisory tells of it, or which issue.
    pub(super) advisory: &'static str,
    pub(super) package: &'static str,
    /// The version that has it, and the one with the mend.
    pub(super) versions: [&'static str; 2],
    /// The name of the test target in `tests/known-bugs`.
    pub(super) driver: &'static str,
    /// What the crate breaks.
    pub(super) broken: &'static str,
    /// The rule of the finding in each version; none in a version that is mended.
    pub(super) rules: [Option<&'static str>; 2],
}

pub(super) const BUGS: [Bug; 8] = [
    Bug {
        advisory: "RUSTSEC-2022-0006",
        package: "thread_local",
        versions: ["1.1.3", "1.1.4"],
        driver: "thread_local",
        broken: "an iterator reads flags that another thread has allocated, unordered",
        rules: [Some("data-race"), None],
    },
    Bug {
        advisory: "RUSTSEC-2019-0013",
        package: "spin",
        versions: ["0.5.1", "0.5.2"],
        driver: "spin_lock",
        broken: "the next owner of an RwLock need not see what the last one wrote",
        rules: [Some("data-race"), None],
    },
    Bug {
        advisory: "RUSTSEC-2023-0031",
        package: "spin",
        versions: ["0.9.7", "0.9.8"],
        driver: "spin_once",
        broken: "who waits for an initialiser that fails runs into `unreachable`",
        rules: [Some("panic"), None],
    },
    Bug {
        advisory: "RUSTSEC-2020-0017",
        package: "internment",
        versions: ["0.3.12", "0.4.0"],
        driver: "internment",
        broken: "a value is freed that has just been interned again",
        rules: [Some("panic"), None],
    },
    Bug {
        advisory: "RUSTSEC-2026-0005",
        package: "oneshot",
        versions: ["0.1.11", "0.1.12"],
        driver: "oneshot",
        broken: "a waker is dropped in a channel that its sender may have freed",
        rules: [Some("data-race"), None],
    },
    // The mend of the one before was none of this one, which was found later; there is none yet.
    Bug {
        advisory: "faern/oneshot#87",
        package: "oneshot",
        versions: ["0.1.11", "0.1.12"],
        driver: "oneshot_message",
        broken: "a channel is freed that its sender still uses, and its message never dropped",
        rules: [Some("panic"), Some("panic")],
    },
    Bug {
        advisory: "RUSTSEC-2021-0093",
        package: "crossbeam-deque",
        versions: ["0.7.3", "0.7.4"],
        driver: "crossbeam_deque",
        broken: "a task is taken twice, and another never",
        rules: [Some("panic"), None],
    },
    Bug {
        advisory: "RUSTSEC-2025-0024",
        package: "crossbeam-channel",
        versions: ["0.5.14", "0.5.15"],
        driver: "crossbeam_channel",
        broken: "a block of messages is freed twice",
        rules: [Some("panic"), None],
    },
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn the_packages_depend_on_just_these_versions() {
        let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/known-bugs");
        for (which, package) in ["buggy", "fixed"].into_iter().enumerate() {
            let manifest = fs::read_to_string(suite.join(package).join("Cargo.toml")).unwrap();
            for bug in &BUGS {
                let version = format!("\"={}\"", bug.versions[which]);
                let depends = |line: &str| {
                    let names = [format!("{} ", bug.package), format!("\"{}\"", bug.package)];
                    line.contains(&version) && names.iter().any(|name| line.contains(name))
                };
                assert!(manifest.lines().any(depends), "{} {version}", bug.package);
                assert!(manifest.contains(&format!("name = \"{}\"", bug.driver)), "{}", bug.driver);
            }
            let drivers = manifest.matches("[[test]]").count();
            assert_eq!(drivers, BUGS.len());
        }
    }
}
