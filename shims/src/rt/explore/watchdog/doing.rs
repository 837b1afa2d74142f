//! What the worker does, as the operating system sees it.

use std::time::Duration;

use crate::rt::tasks::{self, Task};

/// What the worker does, as the system sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Doing {
    /// In a system call whose end nobody can count on.
    pub(super) asleep: bool,
    /// The processor's time that it has used up so far.
    pub(super) used: Duration,
}

impl Doing {
    /// `None` if the system does not tell.
    pub(super) fn of(worker: Task) -> Option<Self> {
        let (sleeps, ticks) = parse_stat(&tasks::read(worker, "stat")?)?;
        let used = Duration::from_secs(ticks) / ticks_per_second()?;
        // Some systems tell the one and not the other.
        let call = sleeps.then(|| tasks::read(worker, "syscall"));
        let asleep = call.is_some_and(|call| call.is_none_or(|call| may_last(&call)));
        Some(Self { asleep, used })
    }
}

/// From a line of `/proc/.../stat`: whether the thread sleeps so that a signal could wake it, and
/// the ticks that it has used, its own and the system's for it.
fn parse_stat(stat: &str) -> Option<(bool, u64)> {
    // The name before it may contain anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    let sleeps = words.next()? == "S";
    let [user, system] = [words.nth(10)?, words.next()?].map(|ticks| ticks.parse::<u64>().ok());
    Some((sleeps, user? + system?))
}

/// The numbers of the system calls `write` and `writev`.
const WRITES: &[&str] = if cfg!(target_arch = "x86_64") {
    &["1", "20"]
} else if cfg!(any(target_arch = "aarch64", target_arch = "riscv64")) {
    &["64", "66"]
} else {
    &[]
};

/// For a line of `/proc/.../syscall` of a thread that sleeps: whether it does so in a system call
/// whose end nobody can count on.
fn may_last(call: &str) -> bool {
    let mut words = call.split_ascii_whitespace();
    let (number, first) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let prints = WRITES.contains(&number) && ["0x1", "0x2"].contains(&first);
    number.parse::<u64>().is_ok() && !prints
}

#[cfg(unix)]
fn ticks_per_second() -> Option<u32> {
    // SAFETY: asks for a number.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    u32::try_from(ticks).ok().filter(|ticks| *ticks > 0)
}

#[cfg(not(unix))]
fn ticks_per_second() -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_proc_are_understood() {
        let line = |name: &str, state: &str| {
            format!(
                "17 ({name}) {state} 1 17 17 0 -1 4194304 103 0 0 0 5 7 0 0 20 0 2 0 900 1 2 3\n"
            )
        };
        assert_eq!(parse_stat(&line("model", "S")), Some((true, 12)));
        assert_eq!(parse_stat(&line("a) R (b) S", "R")), Some((false, 12)));
        assert_eq!(parse_stat(&line("model", "D")), Some((false, 12)));
        assert_eq!(parse_stat("17 (model) S 1"), None);
        assert_eq!(parse_stat(""), None);

        assert!(may_last("202 0x7f00 0x80 0x2 0x0 0x0 0x0 0x7ffd 0x7f01"));
        assert!(may_last("0 0x0 0x7f00 0x400 0x0 0x0 0x0 0x7ffd 0x7f01"));
        assert!(!may_last("running"));
        assert!(!may_last("-1 0x7ffd 0x7f01"));
        assert!(!may_last(""));
        for write in WRITES {
            assert!(!may_last(&format!("{write} 0x1 0x7f00 0x400 0x0 0x0 0x0 0x7ffd 0x7f01")));
            assert!(may_last(&format!("{write} 0x5 0x7f00 0x400 0x0 0x0 0x0 0x7ffd 0x7f01")));
        }
    }
}
