//! What is measured, over any [`Peer`].

use std::hint::black_box;

use crate::Peer;

/// The locks that [`nested4`] and [`nested8`] take; the first ones of them.
pub type Nest<P> = [<P as Peer>::Mutex; 8];

/// Locks for the nested rows.
#[must_use]
pub fn nest<P: Peer>() -> Nest<P> {
    std::array::from_fn(|i| P::mutex(i as u64))
}

/// One lock and unlock.
#[inline(always)]
pub fn lock<P: Peer>(mutex: &P::Mutex) {
    *P::lock(black_box(mutex)) += 1;
}

/// One shared lock and unlock.
#[inline(always)]
pub fn read<P: Peer>(lock: &P::RwLock) {
    black_box(*P::read(black_box(lock)));
}

/// Makes a mutex, uses it once, and drops it.
#[inline(always)]
pub fn create<P: Peer>() {
    let mutex = P::mutex(black_box(0));
    *P::lock(black_box(&mutex)) += 1;
}

/// Four locks, each within the one before, released in the opposite order.
#[inline(always)]
pub fn nested4<P: Peer>(nest: &Nest<P>) {
    let [a, b, c, d, ..] = black_box(nest);
    let _a = P::lock(a);
    let _b = P::lock(b);
    let _c = P::lock(c);
    *P::lock(d) += 1;
}

/// The same with eight.
#[inline(always)]
pub fn nested8<P: Peer>(nest: &Nest<P>) {
    let [a, b, c, d, e, f, g, h] = black_box(nest);
    let _a = P::lock(a);
    let _b = P::lock(b);
    let _c = P::lock(c);
    let _d = P::lock(d);
    let _e = P::lock(e);
    let _f = P::lock(f);
    let _g = P::lock(g);
    *P::lock(h) += 1;
}

/// Takes the second lock of each pair while it holds the first.
pub fn nest_pairs<P: Peer>(locks: &[P::Mutex], pairs: &[(usize, usize)]) {
    for &(outer, inner) in black_box(pairs) {
        let _outer = P::lock(&locks[outer]);
        *P::lock(&locks[inner]) += 1;
    }
}

/// `n` mutexes, each used once.
#[must_use]
pub fn locks<P: Peer>(n: usize) -> Vec<P::Mutex> {
    let locks: Vec<_> = (0..n as u64).map(P::mutex).collect();
    locks.iter().for_each(lock::<P>);
    locks
}
