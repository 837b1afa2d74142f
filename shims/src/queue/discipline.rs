//! [`Discipline`]: in which order a queue hands its items out.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, VecDeque},
    marker::PhantomData,
};

/// In which order a queue hands items out. There are [`Fifo`], [`Lifo`] and [`Priority`].
pub trait Discipline<T>: sealed::Store<T> {}

/// The item that has waited longest.
#[derive(Debug)]
pub enum Fifo {}

/// The item that has waited least.
#[derive(Debug)]
pub enum Lifo {}

/// The smallest item.
#[derive(Debug)]
pub enum Priority {}

impl<T> Discipline<T> for Fifo {}
impl<T> Discipline<T> for Lifo {}
impl<T: Ord> Discipline<T> for Priority {}

/// An item, and the number of its `put`.
#[derive(Debug)]
pub struct Item<T> {
    pub(super) value: T,
    pub(super) number: u64,
}

pub(super) mod sealed {
    use super::Item;

    /// How a discipline keeps items.
    pub trait Store<T> {
        /// What it keeps them in.
        type Items;
        /// What reports call a queue with this discipline.
        type Name;
        /// No items.
        const EMPTY: Self::Items;

        fn push(items: &mut Self::Items, item: Item<T>);
        fn pop(items: &mut Self::Items) -> Option<Item<T>>;
        fn len(items: &Self::Items) -> usize;
    }
}

/// Types that exist for their names, which are those that programs use.
mod names {
    use super::PhantomData;

    pub struct Queue<T>(PhantomData<T>);
    pub struct LifoQueue<T>(PhantomData<T>);
    pub struct PriorityQueue<T>(PhantomData<T>);
}

impl<T> sealed::Store<T> for Fifo {
    type Items = VecDeque<Item<T>>;
    type Name = names::Queue<T>;
    const EMPTY: Self::Items = VecDeque::new();

    fn push(items: &mut Self::Items, item: Item<T>) {
        items.push_back(item);
    }

    fn pop(items: &mut Self::Items) -> Option<Item<T>> {
        items.pop_front()
    }

    fn len(items: &Self::Items) -> usize {
        items.len()
    }
}

impl<T> sealed::Store<T> for Lifo {
    type Items = Vec<Item<T>>;
    type Name = names::LifoQueue<T>;
    const EMPTY: Self::Items = Vec::new();

    fn push(items: &mut Self::Items, item: Item<T>) {
        items.push(item);
    }

    fn pop(items: &mut Self::Items) -> Option<Item<T>> {
        items.pop()
    }

    fn len(items: &Self::Items) -> usize {
        items.len()
    }
}

impl<T: Ord> sealed::Store<T> for Priority {
    type Items = BinaryHeap<SmallestFirst<T>>;
    type Name = names::PriorityQueue<T>;
    const EMPTY: Self::Items = BinaryHeap::new();

    fn push(items: &mut Self::Items, item: Item<T>) {
        items.push(SmallestFirst(item));
    }

    fn pop(items: &mut Self::Items) -> Option<Item<T>> {
        items.pop().map(|SmallestFirst(item)| item)
    }

    fn len(items: &Self::Items) -> usize {
        items.len()
    }
}

/// The smaller the item, and the older, the greater this is.
#[derive(Debug)]
pub struct SmallestFirst<T>(Item<T>);

impl<T: Ord> Ord for SmallestFirst<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_value = other.0.value.cmp(&self.0.value);
        by_value.then_with(|| other.0.number.cmp(&self.0.number))
    }
}

impl<T: Ord> PartialOrd for SmallestFirst<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for SmallestFirst<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for SmallestFirst<T> {}
