//! The findings of this analysis in words and steps.

use super::{access::Access, bases::Loss};
use crate::{
    Certainty, Context, Finding, ObjectId, Rule,
    finding::Verb,
    op::{Mode, ObjectKind},
};

pub(super) fn data_race(
    context: &Context,
    object: ObjectId,
    earlier: &Access,
    later: &Access,
    orderings: Option<String>,
) -> Finding {
    let message = format!(
        "{} races: `{}` {} it and `{}` {} it, and nothing orders the two",
        name(context, object),
        context.thread_name(earlier.thread()),
        earlier.verb.phrase(),
        context.thread_name(later.thread()),
        later.verb.phrase(),
    );
    let finding = Finding::new(Rule::DataRace, Certainty::Observed, message);
    let finding = pair(finding, context, object, earlier, later);
    let finding = orderings.into_iter().fold(finding, Finding::help);
    finding.help(format!(
        "guard every access to {} by one lock, or make it an atomic",
        name(context, object)
    ))
}

pub(super) fn unsafe_shared_write(
    context: &Context,
    object: ObjectId,
    earlier: &Access,
    later: &Access,
) -> Finding {
    let message = format!(
        "{} can race: `{}` {} it and `{}` {} it under no common lock, and only the order in which \
         locks happened to be taken kept the two apart",
        name(context, object),
        context.thread_name(earlier.thread()),
        earlier.verb.phrase(),
        context.thread_name(later.thread()),
        later.verb.phrase(),
    );
    let finding = Finding::new(Rule::UnsafeSharedWrite, Certainty::Predicted, message);
    pair(finding, context, object, earlier, later).help(format!(
        "hold one and the same lock for every access to {}; to write, hold it exclusively",
        name(context, object)
    ))
}

pub(super) fn lost_update(context: &Context, object: ObjectId, loss: &Loss) -> Finding {
    let message = format!(
        "an update of {} is lost: `{}` loads it, `{}` {} it, and `{}` stores what it computed from \
         the old value",
        name(context, object),
        context.thread_name(loss.read.thread()),
        context.thread_name(loss.other.thread()),
        loss.other.verb.phrase(),
        context.thread_name(loss.write.thread()),
    );
    let finding = Finding::new(Rule::LostUpdate, Certainty::Observed, message);
    three(finding, context, object, loss).help(
        "make load and store one operation: `fetch_add` or its kin, or `compare_exchange` in a \
         loop; or hold a lock over both",
    )
}

pub(super) fn stale_read(
    context: &Context,
    object: ObjectId,
    lock: ObjectId,
    loss: &Loss,
) -> Finding {
    let (variable, lock) = (name(context, object), name(context, lock));
    let message = format!(
        "`{}` writes {variable} under {lock} after it read it in an earlier critical section of \
         {lock}; `{}` changed it in between, and what it wrote is lost",
        context.thread_name(loss.write.thread()),
        context.thread_name(loss.other.thread()),
    );
    let finding = Finding::new(Rule::StaleRead, Certainty::Predicted, message);
    three(finding, context, object, loss).help(format!(
        "keep {lock} locked from the read to the write, or read {variable} again before writing it"
    ))
}

/// How a sentence names an object: its own name, or else its type.
pub(super) fn name(context: &Context, object: ObjectId) -> String {
    let info = context.object(object);
    format!("`{}`", info.name.as_ref().unwrap_or(&info.type_name))
}

fn pair(
    finding: Finding,
    context: &Context,
    object: ObjectId,
    earlier: &Access,
    later: &Access,
) -> Finding {
    let finding = finding.object(context, object);
    let finding = steps(finding, context, object, earlier, None);
    steps(finding, context, object, later, None)
}

fn three(finding: Finding, context: &Context, object: ObjectId, loss: &Loss) -> Finding {
    let finding = finding.object(context, object);
    let finding = steps(finding, context, object, &loss.read, None);
    let finding = steps(finding, context, object, &loss.other, None);
    steps(finding, context, object, &loss.write, Some(&loss.read))
}

/// Adds the acquisitions of what was held at `access` (but not those that `told`, an access of the
/// same thread, has shown already), and the access itself.
fn steps(
    mut finding: Finding,
    context: &Context,
    object: ObjectId,
    access: &Access,
    told: Option<&Access>,
) -> Finding {
    let told = told.map_or(&[][..], |told| &told.held[..]);
    for held in access.held.iter() {
        if told.iter().any(|told| told.section == held.section) {
            continue;
        }
        let verb = match (context.object(held.object).kind, held.mode) {
            (ObjectKind::Once | ObjectKind::OnceLock | ObjectKind::LazyLock, _) => Verb::Initialise,
            (_, Mode::Shared) => Verb::ReadLock,
            (_, Mode::Exclusive) => Verb::Lock,
        };
        let place = (held.site, held.stack.clone());
        finding = finding.step(context, access.thread(), verb, Some(held.object), place);
    }
    let place = (access.site, access.stack.clone());
    finding.step(context, access.thread(), access.verb, Some(object), place)
}
