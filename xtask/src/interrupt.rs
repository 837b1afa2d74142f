//! Ctrl-C and its like: every process that we started ends, and so does the command, in its own
//! way: destructors run, so nothing half-done stays behind.

use std::{
    collections::BTreeSet,
    process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::exit;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The process groups that are to end with us, by their leaders.
static GROUPS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// From here on, an interruption ends our processes first. A second one ends everything at once.
pub(crate) fn watch() {
    let watching = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            process::exit(exit::INTERRUPTED.into());
        }
        for leader in &*groups() {
            kill_group(*leader);
        }
    });
    // Another handler is installed already only where a test calls the command line twice.
    drop(watching);
}

/// Whether the user wants no more.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

fn groups() -> std::sync::MutexGuard<'static, BTreeSet<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process group that ends at an interruption, until this is dropped.
pub(crate) struct Group(u32);

impl Group {
    /// The group that the process with this id leads.
    pub(crate) fn led_by(leader: u32) -> Self {
        groups().insert(leader);
        if is_interrupted() {
            kill_group(leader);
        }
        Self(leader)
    }

    /// Ends the group's processes. Where they have ended already, nothing happens.
    pub(crate) fn kill(&self) {
        kill_group(self.0);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        groups().remove(&self.0);
    }
}

#[cfg(unix)]
fn kill_group(leader: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(pid) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_group(leader: u32) {
    let _ = process::Command::new("taskkill")
        .args(["/F", "/T", "/PID", &leader.to_string()])
        .stderr(process::Stdio::null())
        .status();
}
