//! [`Call`]: what was called, and where, as the stack tells.
//!
//! A lock says that it was acquired, but not how: whether for reading, whether its caller would have
//! waited, and where that was. The functions on the stack say it, innermost first, by the names
//! that `lock_api` gave the methods of its traits; the first function that is neither of a lock's
//! crate nor of std is the user's. Each return address is looked up once.
//!
//! Where a build has no symbols, an acquisition counts as one that would not have waited: nothing
//! is concluded from its order.

use std::{
    cell::{Cell, OnceCell},
    collections::BTreeMap,
    panic::Location,
};

use lockwise_detector::{
    Site,
    op::{Mode, ObjectKind, Patience},
};

use super::{frames, memo::Memo};
use crate::{
    report,
    rt::{Ledger, foreign, os::local::unobserved},
};

/// A call of a lock's method.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// What it was called on; `None` if that is nothing known.
    pub(super) kind: Option<ObjectKind>,
    pub(super) mode: Mode,
    pub(super) patience: Patience,
    /// Where the user called it.
    pub(super) site: &'static Site,
    /// The return address there; 0 if it is not known.
    pub(super) address: usize,
}

/// What a return address says, or the address of a [`Location`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Step {
    pub(super) address: usize,
    pub(super) kind: Option<ObjectKind>,
    pub(super) manner: Option<(Mode, Patience)>,
    /// The place, if it is one of the user's or a [`Location`].
    pub(super) site: Option<Site>,
    /// A file whose atomics are a lock's own business.
    pub(super) source: Option<&'static str>,
}

/// All steps, by address. They are kept for good: there are as many as the program has calls of
/// this kind.
struct Steps {
    by_address: BTreeMap<usize, &'static Step>,
    /// Once it was asked for, what earlier processes have found.
    memo: OnceCell<Option<Memo>>,
}

/// How far the user's function may be away.
const DEPTH: usize = 48;

/// How many steps a thread finds at once.
const NEAR: usize = 1024;

static STEPS: Ledger<Steps> =
    Ledger::new(Steps { by_address: BTreeMap::new(), memo: OnceCell::new() });

thread_local! {
    /// The steps that this thread came by, each in a place that its address tells.
    static NEARBY: [Cell<Option<&'static Step>>; NEAR] =
        const { [const { Cell::new(None) }; NEAR] };
}

impl Call {
    /// The call under way.
    #[inline]
    #[track_caller]
    pub(super) fn here() -> Self {
        let called = called();
        let (mut kind, mut manner) = (called.kind, called.manner);
        let mut user = None;
        let mut depth = 0;
        frames::walk(|address| {
            let step = step(address, Step::look_up);
            kind = kind.or(step.kind);
            manner = manner.or(step.manner);
            user = step.site.as_ref().map(|site| (site, address));
            depth += 1;
            user.is_none() && depth < DEPTH
        });
        let unknown = if kind == Some(ObjectKind::RwLock) { Mode::Shared } else { Mode::Exclusive };
        let (mode, patience) = manner.unwrap_or((unknown, Patience::Try));
        let (site, address) = user.unwrap_or((called.site.as_ref().unwrap_or(&Site::UNKNOWN), 0));
        Self { kind, mode, patience, site, address }
    }
}

/// The place of the call of this module.
#[track_caller]
pub(super) fn place() -> &'static Site {
    called().site.as_ref().unwrap_or(&Site::UNKNOWN)
}

#[inline]
#[track_caller]
fn called() -> &'static Step {
    let place = Location::caller();
    step(std::ptr::from_ref(place).addr(), |address| Step::of(address, place))
}

/// The step at `address`: made by `make` if nobody came by before.
#[inline]
fn step(address: usize, make: impl FnOnce(usize) -> Step) -> &'static Step {
    // Of a product the upper bits depend on all bits of the factors (Knuth's hash).
    let product = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let index = (product >> (u64::BITS - NEAR.ilog2())) as usize;
    NEARBY.with(|nearby| match nearby[index].get() {
        Some(step) if step.address == address => step,
        _ => {
            let step = unobserved(|| find(address, make));
            nearby[index].set(Some(step));
            step
        }
    })
}

#[cold]
fn find(address: usize, make: impl FnOnce(usize) -> Step) -> &'static Step {
    let known = STEPS.with(|steps| {
        steps.remember();
        steps.by_address.get(&address).copied()
    });
    known.unwrap_or_else(|| {
        let made = make(address);
        STEPS.with(|steps| steps.add(made, true))
    })
}

impl Steps {
    /// Takes in what earlier processes have found, once.
    fn remember(&mut self) {
        if self.memo.get().is_none() {
            let (memo, steps) = Memo::open().unzip();
            for step in steps.into_iter().flatten() {
                self.add(step, false);
            }
            let _ = self.memo.set(memo);
        }
    }

    fn add(&mut self, made: Step, new: bool) -> &'static Step {
        made.source.into_iter().for_each(foreign::add_source);
        if let Some(Some(memo)) = self.memo.get_mut().filter(|_| new) {
            memo.keep(&made);
        }
        self.by_address.entry(made.address).or_insert_with(|| Box::leak(Box::new(made)))
    }
}

impl Step {
    /// What the place of a call of this module says.
    fn of(address: usize, place: &'static Location<'static>) -> Self {
        let file = place.file();
        let source = is_raw(file).then_some(file);
        let kind = source.and_then(|file| kind_of("", file));
        Self { address, kind, manner: None, site: Some(place.into()), source }
    }

    fn look_up(address: usize) -> Self {
        let mut step = Self { address, kind: None, manner: None, site: None, source: None };
        for (function, site) in report::calls_at(address) {
            let file: &'static str = site.map_or("", |site| site.file);
            match crate_of(&function, file) {
                Whose::Runtime => {}
                Whose::Lock => {
                    // The owner of a re-entrant mutex: what it says of itself is true or of no
                    // use. The mutex of a condition variable: it is there to panic at another one.
                    if ["remutex", "condvar"].contains(&stem(file)) {
                        step.source = Some(file);
                    }
                    step.kind = step.kind.or_else(|| kind_of(&function, file));
                    step.manner = step.manner.or_else(|| manner_of(method(&function)));
                }
                Whose::User => {
                    step.site = site;
                    break;
                }
            }
        }
        step
    }
}

/// Whose a function is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    /// Ours, or std's: it only leads on.
    Runtime,
    Lock,
    User,
}

/// Whose `function` in `file` is. Where debug information is line tables only, a function has no
/// path, and the file's counts.
fn crate_of(function: &str, file: &str) -> Whose {
    let path = function.trim_start_matches(['<', '&', '*', ' ']);
    let path = path.strip_prefix("dyn ").unwrap_or(path);
    // v0 symbols may show the crate's hash.
    let name = path.split(['[', ':', ' ']).next().filter(|name| *name != path).unwrap_or("");
    let is_of = |name: &str| file.split(['/', '\\']).any(|folder| is_folder_of(folder, name));
    match name {
        "lockwise" | "backtrace" | "core" | "std" | "alloc" | "parking_lot_core" => Whose::Runtime,
        "parking_lot" | "lock_api" if !function.contains("::tests::") => Whose::Lock,
        _ if report::is_own_source(file) || is_of_std(file) => Whose::Runtime,
        _ if is_of("parking_lot_core") || is_of("backtrace") => Whose::Runtime,
        _ if is_of("parking_lot") || is_of("lock_api") || is_raw(file) => Whose::Lock,
        _ => Whose::User,
    }
}

/// Whether a file is of std, as it was built or as it is installed.
fn is_of_std(file: &str) -> bool {
    file.starts_with("/rustc/") || file.contains("/rustlib/src/")
}

/// Whether a folder is the one of a crate: cargo calls it so, with or without a version.
fn is_folder_of(folder: &str, name: &str) -> bool {
    folder.strip_prefix(name).is_some_and(|rest| {
        let version = rest.strip_prefix('-').unwrap_or(rest);
        rest.is_empty() || version.starts_with(|first: char| first.is_ascii_digit())
    })
}

/// Whether a file holds a raw lock.
fn is_raw(file: &str) -> bool {
    stem(file).starts_with("raw_")
}

fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".rs").unwrap_or(name)
}

/// The name of a method, without what it is generic over.
fn method(function: &str) -> &str {
    let path = function.split("::<").next().filter(|_| function.ends_with('>'));
    let path = path.unwrap_or(function);
    let name = path.rsplit("::").next().unwrap_or(path);
    name.split('<').next().unwrap_or(name)
}

/// What a function of `parking_lot` belongs to.
fn kind_of(function: &str, file: &str) -> Option<ObjectKind> {
    let module = |name: &str| stem(file).ends_with(name) || function.contains(&format!("{name}::"));
    let kinds = [
        ("condvar", ObjectKind::Condvar),
        ("once", ObjectKind::Once),
        ("rwlock", ObjectKind::RwLock),
        ("mutex", ObjectKind::Mutex),
    ];
    kinds.into_iter().find(|(name, _)| module(name)).map(|(_, kind)| kind)
}

/// How a method of `lock_api`'s traits, or the slow part of one, acquires.
fn manner_of(method: &str) -> Option<(Mode, Patience)> {
    let method = method.strip_suffix("_slow").unwrap_or(method);
    let tried = method.strip_prefix("try_");
    let (name, patience) = match tried {
        Some(name) if name.ends_with("_for") || name.ends_with("_until") => (name, Patience::Timed),
        Some(name) => (name, Patience::Try),
        None => (method, Patience::Forever),
    };
    let name = name.trim_end_matches("_for").trim_end_matches("_until");
    match name {
        "lock" | "lock_exclusive" | "upgrade" => Some((Mode::Exclusive, patience)),
        "lock_shared" | "lock_upgradable" => Some((Mode::Shared, patience)),
        // Passes a waiting writer: it never waits for what its own thread holds.
        "lock_shared_recursive" => Some((Mode::Shared, Patience::Try)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_of_a_function_is_told_from_its_path() {
        let raw = "<parking_lot::raw_mutex::RawMutex as lock_api::mutex::RawMutex>::lock";
        for (function, file, whose) in [
            (raw, "", Whose::Lock),
            ("lock_api::mutex::Mutex<R,T>::lock", "", Whose::Lock),
            ("<lock_api[1f]::mutex::Mutex<R, T>>::lock", "", Whose::Lock),
            ("parking_lot_core::deadlock::acquire_resource", "", Whose::Runtime),
            ("core::ops::function::FnOnce::call_once", "", Whose::Runtime),
            ("parking_lot::mutex::tests::smoke", "", Whose::User),
            ("bank::transfer", "", Whose::User),
            ("lock<T>", "/registry/lock_api-0.4.14/src/mutex.rs", Whose::Lock),
            ("lock", "vendor/parking_lot/src/raw_mutex.rs", Whose::Lock),
            ("acquire_resource", "/s/parking_lot_core-0.9.12/src/deadlock.rs", Whose::Runtime),
            ("call_once", "/rustc/1/library/core/src/ops/function.rs", Whose::Runtime),
            ("transfer", "src/lib.rs", Whose::User),
            ("transfer", "parking_lot_users/src/lib.rs", Whose::User),
        ] {
            assert_eq!(crate_of(function, file), whose, "{function} {file}");
        }
    }

    #[test]
    fn the_method_tells_how_a_lock_is_acquired() {
        use Mode::{Exclusive, Shared};
        use Patience::{Forever, Timed, Try};
        let raw = "<parking_lot::raw_rwlock::RawRwLock as lock_api::rwlock::RawRwLockTimed>";
        for (name, manner) in [
            ("lock", Some((Exclusive, Forever))),
            ("lock_slow", Some((Exclusive, Forever))),
            ("try_lock", Some((Exclusive, Try))),
            ("try_lock_until", Some((Exclusive, Timed))),
            ("try_lock_exclusive_for", Some((Exclusive, Timed))),
            ("lock_shared_slow", Some((Shared, Forever))),
            ("try_lock_upgradable", Some((Shared, Try))),
            ("upgrade_slow", Some((Exclusive, Forever))),
            ("lock_shared_recursive", Some((Shared, Try))),
            ("deadlock_acquire", None),
        ] {
            assert_eq!(manner_of(method(&format!("{raw}::{name}"))), manner, "{name}");
        }
        assert_eq!(method("lock_api::mutex::Mutex<R,T>::lock::<u8>"), "lock");
        assert_eq!(method("try_lock<u8>"), "try_lock");
    }

    #[test]
    fn the_module_tells_what_it_is_called_on() {
        for (function, file, kind) in [
            ("<parking_lot::raw_rwlock::RawRwLock>::lock_common", "", Some(ObjectKind::RwLock)),
            ("parking_lot::raw_mutex::RawMutex::lock_slow", "", Some(ObjectKind::Mutex)),
            ("parking_lot::once::Once::call_once_slow", "", Some(ObjectKind::Once)),
            ("wait", "/registry/parking_lot-0.12.5/src/condvar.rs", Some(ObjectKind::Condvar)),
            ("lock_shared", "vendor/parking_lot/src/raw_rwlock.rs", Some(ObjectKind::RwLock)),
            ("parking_lot::util::to_deadline", "", None),
        ] {
            assert_eq!(kind_of(function, file), kind, "{function} {file}");
        }
    }
}
