//! [`Meta`]: what every observed object carries besides its state.

use std::{
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use lockwise_detector::{
    ObjectId,
    op::{ObjectInfo, ObjectKind},
    render::short_type,
};

/// Identity and origin of an observed object.
///
/// Const-constructible, and free until it is used: the id is drawn at first use, and no analysis
/// hears of the object before an Op on it has to be sent.
pub(crate) struct Meta {
    /// 0 until first use.
    id: AtomicU64,
    /// Whether some detector was told of it, and so has to be told of its end.
    known: AtomicBool,
    /// Whether the runtime itself has used it (see [`Meta::silence`]).
    silent: AtomicBool,
    origin: Origin,
}

/// What an object is, and where it was made: all that outlives it.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) kind: ObjectKind,
    pub(crate) type_name: fn() -> &'static str,
    /// A name that the program gave it. (No mutex or rwlock has one.)
    pub(crate) name: Option<&'static str>,
    pub(crate) created: &'static Location<'static>,
}

impl Meta {
    /// An object of `kind` whose full Rust type is `T`, made at the caller's caller.
    #[track_caller]
    pub(crate) const fn of<T: ?Sized>(kind: ObjectKind) -> Self {
        Self {
            id: AtomicU64::new(0),
            known: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            origin: Origin {
                kind,
                type_name: std::any::type_name::<T>,
                name: None,
                created: Location::caller(),
            },
        }
    }

    /// The same object, which reports call `name`.
    pub(crate) const fn named(mut self, name: &'static str) -> Self {
        self.origin.name = Some(name);
        self
    }

    /// Its id, drawn now if this is its first use.
    #[inline]
    pub(crate) fn id(&self) -> ObjectId {
        match self.id.load(Ordering::Relaxed) {
            0 => self.draw_id(),
            id => ObjectId(id),
        }
    }

    /// Its id, if it has been used.
    #[inline]
    pub(crate) fn drawn_id(&self) -> Option<ObjectId> {
        Some(self.id.load(Ordering::Relaxed)).filter(|id| *id != 0).map(ObjectId)
    }

    #[cold]
    fn draw_id(&self) -> ObjectId {
        let fresh = super::os::local::draw_object_id();
        match self.id.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => ObjectId(fresh),
            Err(other) => ObjectId(other),
        }
    }

    /// What it is. A detector is about to be told of it, and will be told of its end.
    pub(crate) fn introduce(&self) -> Origin {
        self.known.store(true, Ordering::Relaxed);
        self.origin
    }

    /// The runtime itself, at its work, has to have this lock: the program's allocator takes it,
    /// say. From here on it is not observed, by anybody: a thread that holds it and told of that
    /// would wait for the runtime, which waits for it.
    pub(crate) fn silence(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Origin {
    /// What a detector is told.
    pub(crate) fn info(self) -> Arc<ObjectInfo> {
        Arc::new(ObjectInfo {
            kind: self.kind,
            type_name: short_type((self.type_name)()),
            name: self.name.map(str::to_owned),
            created: self.created.into(),
        })
    }
}

impl Drop for Meta {
    #[inline]
    fn drop(&mut self) {
        if *self.known.get_mut() {
            super::object_gone(self.id());
        }
    }
}
