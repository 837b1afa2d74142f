//! How messages name threads, objects and lists of things, so that all analyses sound alike.

use crate::{Context, ObjectId, ThreadId};

/// The thread's name in backquotes.
pub(crate) fn thread(context: &Context, thread: ThreadId) -> String {
    format!("`{}`", context.thread_name(thread))
}

/// The object's own name, or its kind and the line that made it.
pub(crate) fn object(context: &Context, object: ObjectId) -> String {
    let info = context.object(object);
    match &info.name {
        Some(name) => format!("`{name}`"),
        None if info.created.is_unknown() => format!("a `{}`", info.kind.name()),
        None => {
            format!("the `{}` of {}:{}", info.kind.name(), info.created.file, info.created.line)
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [firsts @ .., last] => format!("{} and {last}", firsts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn a_list_has_commas_and_one_and() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(&items[..1]), "a");
        assert_eq!(list(&items[..2]), "a and b");
        assert_eq!(list(&items), "a, b and c");
        assert_eq!(list(&[]), "");
    }
}
