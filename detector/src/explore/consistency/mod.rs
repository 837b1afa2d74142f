//! The memory models: which execution graphs a program may have.
//!
//! That `porf` is acyclic, that updates directly follow what they read, and that critical sections
//! of a mutex exclude each other holds of every [`Graph`] by construction; each model adds its own
//! axioms. Both are closed under prefixes, and a consistent graph stays consistent when an event
//! is added maximally, so that the explorer never has to turn back.

mod order;
mod psc;
mod rc11;
mod sc;

pub(super) use self::{order::HappensBefore, sc::Interleaving};
use super::{MemoryModel, graph::Graph};

pub(super) fn is_consistent(model: MemoryModel, graph: &Graph) -> bool {
    match model {
        MemoryModel::Sc => sc::is_consistent(graph),
        MemoryModel::Rc11 => rc11::is_consistent(graph),
    }
}
