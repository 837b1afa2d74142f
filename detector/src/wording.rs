//! How messages name threads and lists of things. (For objects, see [`Context::object_label`].)

use std::collections::HashMap;

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

/// Numbers from 1 for those of `names` that others have too, in their order.
pub(crate) fn numbers(names: &[String]) -> Vec<Option<usize>> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    let nth: Vec<_> = names
        .iter()
        .map(|name| {
            let uses = uses.entry(name).or_default();
            *uses += 1;
            *uses
        })
        .collect();
    names.iter().zip(nth).map(|(name, nth)| (uses[name.as_str()] > 1).then_some(nth)).collect()
}

#[cfg(test)]
mod tests {
    use super::{list, numbers};

    #[test]
    fn a_list_has_commas_and_one_and() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(&items[..1]), "a");
        assert_eq!(list(&items[..2]), "a and b");
        assert_eq!(list(&items), "a, b and c");
        assert_eq!(list(&[]), "");
    }

    #[test]
    fn only_names_that_others_have_get_numbers() {
        let names = ["a", "b", "a"].map(str::to_owned);
        assert_eq!(numbers(&names), [Some(1), None, Some(2)]);
    }
}
