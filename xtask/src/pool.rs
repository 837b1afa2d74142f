//! Does many independent things, as many at a time as there are processors, and shows how far it is
//! on stderr where that is a terminal.

use std::{
    num::NonZero,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::interrupt;

/// Calls `work` with the number of each item and the item; the results come in the order of the
/// items. `name` is what is shown of an item that is done. After an interruption no further item is
/// begun, and those have no result.
pub(crate) fn run<T: Sync, R: Send>(
    items: &[T],
    name: impl Fn(&T) -> String,
    work: impl Fn(usize, &T) -> R + Sync,
) -> Vec<R> {
    let progress = ProgressBar::new(items.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {wide_msg}") {
        progress.set_style(style);
    }
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                while !interrupt::is_interrupted()
                    && let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(item) = items.get(index)
                {
                    // The receiver lives until all senders are gone.
                    let _ = sender.send((index, work(index, item)));
                }
            });
        }
        drop(sender);
        let done = receiver.into_iter();
        done.inspect(|(index, _)| {
            progress.set_message(name(&items[*index]));
            progress.inc(1);
        })
        .collect()
    });
    progress.finish_and_clear();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
