//! Arenas: room for the memory of explorations, each with a lane for each thread.

use std::{
    ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// How much room a lane has.
pub(super) const LANE: usize = 1 << 27;
pub(super) const LANES: usize = 32;
const ARENAS: usize = 16;

/// What is shared of a lane, as offsets from where it begins.
pub(super) struct Lane {
    /// Where the execution's part began.
    pub(super) base: AtomicUsize,
    /// Where it ends.
    pub(super) top: AtomicUsize,
    /// How many blocks in it are in use.
    pub(super) used: AtomicUsize,
}

impl Lane {
    const fn new() -> Self {
        Self { base: AtomicUsize::new(0), top: AtomicUsize::new(0), used: AtomicUsize::new(0) }
    }
}

static SHARED: [[Lane; LANES]; ARENAS] = [const { [const { Lane::new() }; LANES] }; ARENAS];

/// Which arenas nobody has; none before the first is taken.
static FREE: Mutex<Option<Vec<usize>>> = Mutex::new(None);

/// Where the arenas are; 0 if they are not there.
static START: AtomicUsize = AtomicUsize::new(0);

/// An arena that nobody else has.
#[derive(Debug)]
pub(super) struct Arena(usize);

impl Arena {
    /// An arena, if there is one left.
    pub(super) fn take() -> Option<Self> {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let free = free.get_or_insert_with(|| if map() { (0..ARENAS).collect() } else { vec![] });
        free.pop().map(Self)
    }

    /// Where a lane begins.
    pub(super) fn start(&self, lane: usize) -> usize {
        START.load(Relaxed) + (self.0 * LANES + lane) * LANE
    }

    pub(super) fn lanes(&self) -> &'static [Lane; LANES] {
        &SHARED[self.0]
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.get_or_insert_default().push(self.0);
    }
}

/// Reserves room for all arenas; there is memory behind it only where it is used. False where that
/// is not known to work: all memory is the system's then.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn map() -> bool {
    let (size, access) = (ARENAS * LANES * LANE, libc::PROT_READ | libc::PROT_WRITE);
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: it asks for memory that nobody has.
    let start = unsafe { libc::mmap(ptr::null_mut(), size, access, kind, -1, 0) };
    let works = start != libc::MAP_FAILED;
    if works {
        START.store(start.expose_provenance(), Relaxed);
    }
    works
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn map() -> bool {
    false
}

/// What an address in an arena is in.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub(super) lane: usize,
    pub(super) shared: &'static Lane,
    /// How far it is from where the lane begins.
    pub(super) offset: usize,
}

/// The lane that an address is in.
pub(super) fn lane_of(address: usize) -> Option<Spot> {
    let start = START.load(Relaxed);
    let offset = address.wrapping_sub(start);
    let inside = start != 0 && offset < ARENAS * LANES * LANE;
    inside.then(|| {
        let lane = offset / LANE % LANES;
        Spot { lane, shared: &SHARED[offset / LANE / LANES][lane], offset: offset % LANE }
    })
}
