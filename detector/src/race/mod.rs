//! Races: accesses to one variable that nothing puts in order, and updates that are lost.
//!
//! Four rules look at the same accesses:
//!
//! - `data-race` ([`fasttrack`]): two accesses to a plain cell, one of them a write, that this run
//!   left unordered by C11 happens-before. Exact: each report is a race, and a cell that raced is
//!   reported. Reported once for each cell and pair of places.
//! - `unsafe-shared-write` ([`discipline`]): two such accesses that *another* run can leave
//!   unordered: no lock in common, and ordered here by nothing but the order of critical sections.
//!   Reported once for each cell, and not for a cell that has raced already.
//! - `lost-update` and `stale-read` ([`bases`]): a thread writes what it computed from a value
//!   that another thread has replaced since.
//!
//! What is left out on purpose: accesses that a runtime does not see (ordinary Rust references are
//! checked by the compiler); the order of critical sections as evidence for a hand-over (a flag in
//! a mutex that says "the cell is yours now" is not understood, and `unsafe-shared-write` then
//! reports the cell); atomics, which never race, are only asked for lost updates.

mod access;
mod bases;
mod discipline;
mod fasttrack;
mod relaxed;
mod report;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::{
    access::{Access, HeldSets},
    bases::{Bases, Loss},
    discipline::Discipline,
    fasttrack::FastTrack,
    relaxed::RelaxedReads,
};
use crate::{
    Action, Analysis, Context, Finding, ObjectId, Op, Rule, Site,
    finding::Verb,
    hash::{IdMap, IdSet},
    op::{AtomicAccess, Overwrite, Relay},
};

/// All that is kept of one variable.
#[derive(Default, Debug)]
struct Variable {
    fasttrack: FastTrack,
    discipline: Discipline,
    bases: Bases,
}

/// The race analysis.
#[derive(Default)]
pub(crate) struct Races {
    held: HeldSets,
    variables: IdMap<ObjectId, Variable>,
    relaxed: RelaxedReads,
    /// What was reported: the places in ascending order.
    reported: IdSet<(Rule, ObjectId, Site, Site)>,
}

impl Races {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn plain(
        &mut self,
        op: &Op,
        (object, verb): (ObjectId, Verb),
        context: &Context,
        findings: &mut Vec<Finding>,
    ) {
        let variable = self.variables.entry(object).or_default();
        if variable.fasttrack.repeats(op.epoch(), verb) {
            return;
        }
        let access = Arc::new(Access::new(op, verb, None, self.held.of(op.thread, context)));
        let races = variable.fasttrack.observe(&access, context.clock(op.thread));
        if !races.is_empty() {
            variable.discipline.close();
        }
        let breach = variable.discipline.observe(&access, context.must_clock(op.thread));
        let loss = variable.bases.observe(&access, context);
        for earlier in races {
            if self.is_new(Rule::DataRace, object, earlier.site, access.site) {
                let help = self.relaxed.help(context, &earlier, &access);
                findings.push(report::data_race(context, object, &earlier, &access, help));
            }
        }
        if let Some(earlier) = breach {
            findings.push(report::unsafe_shared_write(context, object, &earlier, &access));
        }
        if let Some(loss) = loss {
            self.lost(object, &loss, context, findings);
        }
    }

    fn atomic(
        &mut self,
        op: &Op,
        (object, access): (ObjectId, AtomicAccess),
        context: &Context,
        findings: &mut Vec<Finding>,
    ) {
        let (verb, value, relay) = match access {
            AtomicAccess::Load { value, .. } => (Verb::Load, value, Relay::Take),
            AtomicAccess::Store { value, .. } => (Verb::Store, value, Relay::Give),
            AtomicAccess::Rmw { wrote, .. } => (Verb::Update, wrote, Relay::Both),
        };
        self.relaxed.observe(op, object, relay, context);
        let held = self.held.of(op.thread, context);
        let access = Arc::new(Access::new(op, verb, Some(value), held));
        let loss = self.variables.entry(object).or_default().bases.observe(&access, context);
        self.lost_of_atomic(object, loss, context, findings);
    }

    fn overwrite(
        &mut self,
        op: &Op,
        (object, overwrite): (ObjectId, &Overwrite),
        context: &Context,
        findings: &mut Vec<Finding>,
    ) {
        let held = self.held.of(op.thread, context);
        let loss = Loss::told(op, overwrite, &held, context.must_clock(op.thread));
        self.lost_of_atomic(object, loss, context, findings);
    }

    fn lost_of_atomic(
        &mut self,
        object: ObjectId,
        loss: Option<Loss>,
        context: &Context,
        findings: &mut Vec<Finding>,
    ) {
        if let Some(loss) = loss
            && !loss.is_harmless(&context.object(object).type_name)
        {
            self.lost(object, &loss, context, findings);
        }
    }

    fn lost(
        &mut self,
        object: ObjectId,
        loss: &Loss,
        context: &Context,
        findings: &mut Vec<Finding>,
    ) {
        let section = loss.broken_section();
        let rule = match (section, loss.write.value) {
            (Some(_), _) => Rule::StaleRead,
            (None, Some(_)) => Rule::LostUpdate,
            // Outside critical sections a plain cell is a matter of the two rules above.
            (None, None) => return,
        };
        if self.is_new(rule, object, loss.write.site, loss.other.site) {
            findings.push(match section {
                Some(lock) => report::stale_read(context, object, lock, loss),
                None => report::lost_update(context, object, loss),
            });
        }
    }

    fn is_new(&mut self, rule: Rule, object: ObjectId, one: Site, other: Site) -> bool {
        self.reported.insert((rule, object, one.min(other), one.max(other)))
    }
}

impl Analysis for Races {
    fn observe(&mut self, op: &Op, context: &Context, findings: &mut Vec<Finding>) {
        match op.action {
            Action::Read { object } => self.plain(op, (object, Verb::Read), context, findings),
            Action::Write { object } => self.plain(op, (object, Verb::Write), context, findings),
            Action::Atomic { object, access } => {
                self.atomic(op, (object, access), context, findings);
            }
            Action::Relay { object, relay, .. } => {
                self.relaxed.observe(op, object, relay, context);
            }
            Action::Overwrite { object, ref overwrite } => {
                self.overwrite(op, (object, overwrite), context, findings);
            }
            Action::Destroy { object } => {
                self.variables.remove(&object);
                self.relaxed.forget(object);
            }
            _ => {}
        }
    }
}
