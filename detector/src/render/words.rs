//! What a report calls its objects, and what it says that threads do.

use super::label::short_type;
use crate::{
    finding::{ObjectReport, Verb},
    wording,
};

/// Names to tell the objects of one finding apart: their own, else their short type, numbered
/// where others have the same.
pub(super) fn object_names<'a>(objects: impl Iterator<Item = &'a ObjectReport>) -> Vec<String> {
    let bare: Vec<_> = objects
        .map(|object| object.name.clone().unwrap_or_else(|| short_type(&object.type_name)))
        .collect();
    let numbers = wording::numbers(&bare);
    let name = |(name, number): (&String, _)| match number {
        Some(number) => format!("`{name}` #{number}"),
        None => format!("`{name}`"),
    };
    bare.iter().zip(numbers).map(name).collect()
}

/// What is done, such as "locks `a`". `objects` are names in the words of [`object_names`].
pub(super) fn deed(phrases: &str, objects: &str) -> String {
    if objects.is_empty() { phrases.to_owned() } else { format!("{phrases} {objects}") }
}

/// What is done to another thread, such as "starts `t1`". `threads` are names in backquotes.
pub(super) fn deed_to_thread(verb: Verb, threads: &str) -> String {
    match verb {
        Verb::Start => format!("starts {threads}"),
        Verb::Join => format!("waits for {threads} to end"),
        verb => format!("{} {threads}", verb.phrase()),
    }
}
