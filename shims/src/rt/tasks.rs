//! Threads of the process, as the operating system shows them. Linux does; elsewhere nothing is
//! known of them.

use std::{collections::HashSet, fs};

/// A thread of the operating system.
pub(in crate::rt) type Task = u32;

/// All threads of the process; `None` where the system does not tell.
pub(in crate::rt) fn tasks() -> Option<HashSet<Task>> {
    let tasks = fs::read_dir("/proc/self/task").ok()?;
    let ids = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok());
    Some(ids.collect())
}

/// The calling thread.
pub(in crate::rt) fn this_task() -> Option<Task> {
    fs::read_link("/proc/thread-self").ok()?.file_name()?.to_str()?.parse().ok()
}

/// What the file `about` of a thread says: `comm`, its name, cut off, and the program's own where
/// it was given none; `stat` and `status`; `syscall`, the number of the system call that it is in,
/// the arguments in hexadecimal, and more.
pub(in crate::rt) fn read(task: Task, about: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/self/task/{task}/{about}")).ok()
}
