//! The schedule in which a fault was seen: what each thread did, in the order in which it happened.
//!
//! The explorer makes the order itself, so it can tell it whole. A finding keeps it as it is;
//! which of its rows a reader needs is `render`'s decision. Fingerprints know nothing of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, ObjectReport, Verb};
use crate::{Context, ObjectId, Site, ThreadId, wording};

/// One thing that a thread did, in an order of what all threads did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScheduleRow {
    /// Who.
    pub thread: ThreadId,
    /// What.
    pub verb: Verb,
    /// To which object.
    pub object: Option<ObjectId>,
    /// To which thread: the one that it starts, or whose end it waits for.
    pub peer: Option<ThreadId>,
    /// Where.
    pub site: Site,
}

/// What the threads of an execution did, in the order in which it happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    pub(crate) rows: Vec<ScheduleRow>,
    /// Names of all threads of the rows and of the finding. No two have the same.
    pub(crate) threads: BTreeMap<ThreadId, String>,
    /// The objects that are not among the finding's own.
    pub(crate) objects: Vec<ObjectReport>,
}

impl Schedule {
    /// What was done, the first thing first. There is at least one.
    #[must_use]
    pub fn rows(&self) -> &[ScheduleRow] {
        &self.rows
    }

    /// The name of a thread of the rows or of the finding. No two have the same.
    #[must_use]
    pub fn thread_name(&self, thread: ThreadId) -> Option<&str> {
        self.threads.get(&thread).map(String::as_str)
    }

    /// The objects that rows name and that are not among [`Finding::objects`].
    #[must_use]
    pub fn objects(&self) -> &[ObjectReport] {
        &self.objects
    }

    /// How often another thread goes on than the one before.
    #[must_use]
    pub fn switches(&self) -> usize {
        self.rows.windows(2).filter(|pair| pair[0].thread != pair[1].thread).count()
    }
}

impl Finding {
    /// The schedule in which it was seen, where that is known.
    #[must_use]
    pub fn schedule(&self) -> Option<&Schedule> {
        self.schedule.as_ref()
    }

    /// Says in which schedule it was seen. To be called after the steps are there, and before
    /// [`Finding::resolve`], which names the schedule's objects too.
    ///
    /// Threads that have the same name get numbers, in the schedule and in the steps. Without rows
    /// there is no schedule.
    pub fn set_schedule(&mut self, context: &Context, rows: Vec<ScheduleRow>) {
        if rows.is_empty() {
            self.schedule = None;
            return;
        }
        let threads = self.name_threads(context, &rows);
        let mut known: BTreeSet<_> = self.objects.iter().map(|object| object.id).collect();
        let new = rows.iter().filter_map(|row| row.object.filter(|id| known.insert(*id)));
        let objects = new.map(|id| ObjectReport::of(context, id)).collect();
        self.schedule = Some(Schedule { rows, threads, objects });
    }

    /// Names for all threads of the finding and of `rows`, each another.
    fn name_threads(
        &mut self,
        context: &Context,
        rows: &[ScheduleRow],
    ) -> BTreeMap<ThreadId, String> {
        let of_rows = rows.iter().flat_map(|row| [Some(row.thread), row.peer]).flatten();
        let ids: BTreeSet<_> = of_rows.chain(self.threads.iter().map(|report| report.id)).collect();
        let names: Vec<_> = ids.iter().map(|id| context.thread_name(*id)).collect();
        let threads: BTreeMap<_, _> = ids
            .into_iter()
            .zip(&names)
            .zip(wording::numbers(&names))
            .map(|((id, name), number)| match number {
                Some(number) => (id, format!("{name} #{number}")),
                None => (id, name.clone()),
            })
            .collect();
        for report in &mut self.threads {
            report.name.clone_from(&threads[&report.id]);
        }
        threads
    }

    /// Its own objects, then those that only the schedule names.
    pub(crate) fn all_objects(&self) -> impl Iterator<Item = &ObjectReport> {
        let others = self.schedule.iter().flat_map(|schedule| &schedule.objects);
        self.objects.iter().chain(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Certainty, Detector, Rule, script::Script};

    fn row(thread: ThreadId, object: Option<ObjectId>) -> ScheduleRow {
        ScheduleRow { thread, verb: Verb::Lock, object, peer: None, site: Site::UNKNOWN }
    }

    /// What is known after `script`.
    fn context(script: &Script) -> Context {
        let mut context = Context::new();
        script.ops().iter().for_each(|op| context.apply(op).unwrap());
        context
    }

    #[test]
    fn a_schedule_adds_the_objects_that_are_new_and_leaves_the_fingerprint() {
        let mut script = Script::new();
        let [main, t1, t2] = script.threads();
        let [a, b, c] = script.mutexes();
        script.spawn(main, t1).spawn(main, t2);
        script.lock(t1, a).request(t1, a);
        let mut finding = Detector::run(script.ops()).unwrap().remove(0);
        let before = finding.fingerprint();
        let rows = vec![row(t2, Some(c)), row(t1, Some(a)), row(t1, Some(b)), row(t2, Some(c))];
        finding.set_schedule(&context(&script), rows);
        let schedule = finding.schedule().unwrap();
        let names: Vec<_> = schedule.objects().iter().flat_map(|object| &object.name).collect();
        assert_eq!(names, ["c", "b"]);
        assert_eq!((schedule.switches(), schedule.thread_name(t2)), (2, Some("t2")));
        assert_eq!(finding.fingerprint(), before);
        finding.set_schedule(&context(&script), Vec::new());
        assert_eq!(finding.schedule(), None);
    }

    #[test]
    fn threads_of_one_name_are_told_apart() {
        let mut script = Script::new();
        let [main, t1, t2] = script.threads();
        for child in [t1, t2] {
            script.push(main, crate::Action::Spawn { child, name: Some("worker".into()) });
        }
        let context = context(&script);
        let mut finding = Finding::new(Rule::Panic, Certainty::Observed, "").step(
            &context,
            t2,
            Verb::Panic,
            None,
            (Site::UNKNOWN, None),
        );
        finding.set_schedule(&context, vec![row(t1, None), row(main, None)]);
        let schedule = finding.schedule().unwrap();
        assert_eq!(schedule.thread_name(t1), Some("worker #1"));
        assert_eq!(schedule.thread_name(main), Some("main"));
        assert_eq!(finding.threads()[0].name, "worker #2");
    }
}
