//! [`LoomError`]: what loom cannot do, by name.

use std::fmt;

use lockwise_detector::Site;

/// Why a model could not be explored.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LoomError {
    /// A wait with a time limit: loom knows no time.
    Timeout {
        /// The call.
        call: &'static str,
        /// Where.
        site: Site,
    },
    /// One thread more than loom can have in an execution, those that have ended included.
    TooManyThreads {
        /// How many it can have, the model's own among them.
        limit: usize,
        /// Where the thread was to be started.
        site: Site,
    },
    /// A lock that is held outside the model is used in it.
    HeldOutside {
        /// The lock's type, or a word for it.
        lock: String,
        /// Where it is used in the model.
        site: Site,
    },
    /// A model was started inside another.
    Nested {
        /// Where.
        site: Site,
    },
    /// An execution switches more than 255 times away from a thread that could go on, and loom
    /// cannot count further: a thread waits busily, and loom does not mind for how long. (Where
    /// overflow is not checked, it goes on until the execution has too many branches.)
    TooManyPreemptions,
    /// loom stopped for a reason of its own.
    Internal {
        /// Its words.
        message: String,
    },
}

impl fmt::Display for LoomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout { call, site } => write!(
                f,
                "timeouts cannot be modelled by loom ({call} at {site}); use lockwise::explore"
            ),
            Self::TooManyThreads { limit, site } => write!(
                f,
                "loom can have no more than {limit} threads in an execution, the model's own \
                 among them (one more is started at {site}); use lockwise::explore"
            ),
            Self::HeldOutside { lock, site } => write!(
                f,
                "{lock} is held outside the model that uses it (at {site}); make it in the model, \
                 or release it before"
            ),
            Self::Nested { site } => write!(f, "a model cannot start another (at {site})"),
            Self::TooManyPreemptions => write!(
                f,
                "loom can count no more than 255 preemptions in an execution, and a thread that \
                 waits busily takes them all; bound them (Builder::preemption_bound), or use \
                 lockwise::explore"
            ),
            Self::Internal { message } => write!(f, "loom cannot go on: {message}"),
        }
    }
}

impl std::error::Error for LoomError {}
