//! lockwise beside std and other lock checkers, and beside other explorers: the same work through
//! one trait.
//!
//! [`Peer`] is what all of them can do; [`work`] is written once, over it; `benches/peers.rs`
//! measures its time, and the binary `instructions` repeats it for callgrind to count. Nothing but
//! the locks differs: the data, the guards and the places of `black_box` are the same.
//!
//! [`threads`] is what threads do with each other, by std's types and lockwise's alone.
//!
//! [`explore`] is the same for explorers: programs written once, and what makes their executions.
//! The binary `explore` measures it.

pub mod cpu_time;
pub mod explore;
pub mod orders;
pub mod peer;
pub mod threads;
pub mod work;

pub use peer::Peer;
