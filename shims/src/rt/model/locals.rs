//! Values that each thread of a model has for itself.
//!
//! They are made at a thread's first use and dropped at its end, the last made first, while the
//! thread can still do whatever their destructors want.

use std::{any::Any, collections::HashMap, rc::Rc};

use super::on_locals;

/// One thread's values, by the address of what stands behind their key.
#[derive(Default)]
pub(crate) struct Locals {
    values: HashMap<usize, State>,
    made: Vec<usize>,
}

enum State {
    Alive(Rc<dyn Any>),
    Destroyed,
}

/// Gives `f` this thread's value of `key`, made by `init` if it has none yet. `None` if the value
/// has been destroyed.
pub(crate) fn with<T: 'static, R>(
    key: usize,
    init: impl FnOnce() -> T,
    f: impl FnOnce(&T) -> R,
) -> Option<R> {
    let known = on_locals(|locals| match locals.values.get(&key) {
        Some(State::Alive(value)) => Some(Some(Rc::clone(value))),
        Some(State::Destroyed) => Some(None),
        None => None,
    });
    let value = match known {
        Some(value) => value?,
        None => make(key, init),
    };
    value.downcast_ref().map(f)
}

/// Makes a value. Its initialiser may use other keys.
fn make<T: 'static>(key: usize, init: impl FnOnce() -> T) -> Rc<dyn Any> {
    let value: Rc<dyn Any> = Rc::new(init());
    let ours = Rc::clone(&value);
    on_locals(|locals| {
        locals.made.push(key);
        locals.values.insert(key, State::Alive(ours))
    });
    value
}

/// Drops this thread's values, and those that their destructors make.
pub(crate) fn destroy() {
    while let Some(value) = on_locals(|locals| {
        let key = locals.made.pop()?;
        locals.values.insert(key, State::Destroyed)
    }) {
        drop(value);
    }
}
