//! Sequential consistency: `po ∪ rf ∪ mo ∪ fr` has no cycle (Shasha and Snir, 1988).

use crate::explore::graph::{EventId, Graph, Kind};

/// Kahn's algorithm. Of `mo` and `fr` only the step to the next write is followed; the others are
/// made of it.
pub(super) fn is_consistent(graph: &Graph) -> bool {
    let mut edges = Edges::new(graph);
    let mut ready = edges.roots();
    let mut ordered = 0;
    while let Some(node) = ready.pop() {
        ordered += 1;
        for &next in &edges.out[node] {
            edges.incoming[next] -= 1;
            if edges.incoming[next] == 0 {
                ready.push(next);
            }
        }
    }
    ordered == edges.out.len()
}

struct Edges {
    first: Vec<usize>,
    out: Vec<Vec<usize>>,
    incoming: Vec<usize>,
}

impl Edges {
    fn new(graph: &Graph) -> Self {
        let mut total = 0;
        let first = graph.threads.iter().map(|events| {
            total += events.len();
            total - events.len()
        });
        let first = first.collect();
        let mut edges = Self { first, out: vec![Vec::new(); total], incoming: vec![0; total] };
        for (thread, events) in graph.threads.iter().enumerate() {
            for index in 0..events.len() {
                edges.add_event(graph, EventId { thread, index });
            }
        }
        for location in &graph.locations {
            for pair in location.writes.windows(2) {
                edges.add(pair[0], pair[1]);
            }
        }
        edges
    }

    fn add_event(&mut self, graph: &Graph, id: EventId) {
        if id.index > 0 {
            self.add(EventId { index: id.index - 1, ..id }, id);
        }
        if let Some(origin) = graph.origin(id) {
            self.add(origin, id);
        }
        if let Kind::Read { location, source, .. } = graph.event(id).kind {
            let position = graph.position(location, source);
            if let Some(&next) = graph.locations[location].writes.get(position) {
                self.add(id, next);
            }
        }
    }

    fn add(&mut self, from: EventId, to: EventId) {
        let (from, to) = (self.first[from.thread] + from.index, self.first[to.thread] + to.index);
        self.out[from].push(to);
        self.incoming[to] += 1;
    }

    fn roots(&self) -> Vec<usize> {
        (0..self.incoming.len()).filter(|node| self.incoming[*node] == 0).collect()
    }
}
