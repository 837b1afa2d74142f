//! Threads of the process that no session knows, as the operating system sees them.
//!
//! One that sleeps in a futex without a time limit goes on only when another thread wakes it. So
//! where all known threads sleep for good, and at each of two looks all strangers sleep in this
//! way and have not moved in between, there was a moment at which nobody could go on. A stranger
//! that does anything else, input and output included, may be about to wake somebody.
//!
//! Linux tells all this; elsewhere nothing is known of strangers, and they do not count.

use std::collections::{HashMap, HashSet};

use crate::rt::tasks::read;
pub(super) use crate::rt::tasks::tasks;
pub(in crate::rt::os) use crate::rt::tasks::{Task, this_task};

/// How the names of this crate's own threads begin.
const OWN: &str = "lockwise-";

/// The number of the system call `futex`.
const FUTEX: Option<&str> = if cfg!(target_arch = "x86_64") {
    Some("202")
} else if cfg!(any(target_arch = "aarch64", target_arch = "riscv64")) {
    Some("98")
} else {
    None
};

/// The operations of `futex` that wait, and the bits that say how, not what.
const FUTEX_WAITS: [u64; 2] = [0, 9];
const FUTEX_FLAGS: u64 = 128 | 256;

/// The name of a thread, cut off; the program's own where it was given none.
pub(super) fn name(task: Task) -> Option<String> {
    read(task, "comm")
}

/// Whether it is one of this crate's own.
pub(super) fn is_own(task: Task) -> bool {
    name(task).is_some_and(|name| name.starts_with(OWN))
}

/// What a thread does that sleeps in a futex: the same at two looks if it has not moved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Rest {
    call: String,
    switches: Vec<String>,
    pub(super) timed: bool,
}

impl Rest {
    /// `None` if it does anything else.
    pub(super) fn of(task: Task) -> Option<Self> {
        let call = read(task, "syscall")?;
        let timed = is_timed_futex_wait(&call)?;
        let status = read(task, "status")?;
        let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
        let switches = switches.map(str::to_owned).collect();
        Some(Self { call, switches, timed })
    }
}

/// For a line of `/proc/.../syscall` (the call's number, its arguments in hexadecimal, ...) that is
/// a wait in a futex: whether that has a time limit.
fn is_timed_futex_wait(call: &str) -> Option<bool> {
    let mut words = call.split_ascii_whitespace();
    if words.next() != FUTEX {
        return None;
    }
    let mut arguments =
        words.map(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok());
    let operation = arguments.nth(1)?? & !FUTEX_FLAGS;
    let limit = arguments.nth(1)??;
    FUTEX_WAITS.contains(&operation).then_some(limit != 0)
}

/// What strangers did at the last look.
#[derive(Default, Debug)]
pub(super) struct LastLook(HashMap<Task, Rest>);

impl LastLook {
    /// Looks again. Returns whether any of `strangers` may act.
    pub(super) fn may_act(&mut self, strangers: &HashSet<Task>, harness: Option<Task>) -> bool {
        let mut now = HashMap::new();
        let mut may_act = false;
        for &task in strangers {
            match Rest::of(task) {
                Some(rest) if !rest.timed => {
                    may_act |= self.0.get(&task) != Some(&rest);
                    now.insert(task, rest);
                }
                Some(_) if harness == Some(task) => {}
                _ => may_act = true,
            }
        }
        self.0 = now;
        may_act
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_waits_in_a_futex_are_rest() {
        let Some(futex) = FUTEX else { return };
        let timed = |rest: &str| is_timed_futex_wait(&format!("{futex} {rest}"));
        assert_eq!(timed("0x7f00 0x80 0x2 0x0 0x0 0x0 0x7ffd 0x7f01"), Some(false));
        assert_eq!(timed("0x7f00 0x189 0x2 0x7ff0 0x0 0xffffffff 0x7ffd 0x7f01"), Some(true));
        // A wake.
        assert_eq!(timed("0x7f00 0x81 0x1 0x0 0x0 0x0 0x7ffd 0x7f01"), None);
        assert_eq!(is_timed_futex_wait("0 0x3 0x7f00 0x2000"), None);
        assert_eq!(is_timed_futex_wait("running"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_that_waits_is_at_rest_and_one_that_works_is_not() {
        let (give, take) = std::sync::mpsc::channel();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let waits = std::thread::spawn(move || {
            give.send(this_task()).unwrap();
            let _ = wait.recv();
        });
        let task = take.recv().unwrap().unwrap();
        assert!(tasks().unwrap().contains(&task));
        // Some systems do not tell what a thread does; then it counts as one that may act.
        std::thread::sleep(std::time::Duration::from_millis(50));
        if read(task, "syscall").is_some() {
            let strangers = HashSet::from([task]);
            let mut look = LastLook::default();
            assert!(look.may_act(&strangers, None), "one look proves nothing");
            assert!(!look.may_act(&strangers, None));
            let both = HashSet::from([task, this_task().unwrap()]);
            assert!(look.may_act(&both, None), "this thread is awake");
        }
        drop(done);
        waits.join().unwrap();
    }
}
