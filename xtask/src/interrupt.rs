//! Ctrl-C, a termination and a hang-up: every process that we started ends, and so does the command,
//! in its own way: destructors run, so nothing half-done stays behind.

use std::{
    collections::BTreeMap,
    process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::exit;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The process groups that are to end with us, by their leaders, and how.
static GROUPS: Mutex<BTreeMap<u32, Manner>> = Mutex::new(BTreeMap::new());

/// How a group ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// It is killed.
    Killed,
    /// Its leader is asked to end: it has started groups of its own, which only it knows.
    Asked,
}

/// From here on, an interruption ends our processes first. A second one ends everything at once.
pub(crate) fn watch() {
    let watching = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            process::exit(exit::INTERRUPTED.into());
        }
        for (leader, manner) in &*groups() {
            end_group(*leader, *manner);
        }
    });
    // Another handler is installed already only where a test calls the command line twice.
    drop(watching);
}

/// Whether the user wants no more.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

fn groups() -> std::sync::MutexGuard<'static, BTreeMap<u32, Manner>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process group that ends at an interruption, until this is dropped.
pub(crate) struct Group(u32);

impl Group {
    /// The group that the process with this id leads.
    pub(crate) fn led_by(leader: u32, manner: Manner) -> Self {
        groups().insert(leader, manner);
        if is_interrupted() {
            end_group(leader, manner);
        }
        Self(leader)
    }

    /// Ends the group's processes. Where they have ended already, nothing happens.
    pub(crate) fn kill(&self) {
        end_group(self.0, Manner::Killed);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        groups().remove(&self.0);
    }
}

#[cfg(unix)]
fn end_group(leader: u32, manner: Manner) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = match manner {
        Manner::Killed => Signal::KILL,
        Manner::Asked => Signal::TERM,
    };
    if let Some(pid) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, signal);
    }
}

#[cfg(not(unix))]
fn end_group(leader: u32, _manner: Manner) {
    let _ = process::Command::new("taskkill")
        .args(["/F", "/T", "/PID", &leader.to_string()])
        .stderr(process::Stdio::null())
        .status();
}
