//! How messages name threads and lists of things. (For objects, see [`Context::object_label`].)

use crate::{Context, ThreadId};

/// The thread's name in backquotes.
pub(crate) fn thread(context: &Context, thread: ThreadId) -> String {
    format!("`{}`", context.thread_name(thread))
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
