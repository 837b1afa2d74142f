//! Analyses of concurrent executions.
//!
//! A runtime tells a [`Detector`] what threads do, one [`Op`] after the other; the detector
//! answers with [`Finding`]s. Nothing else goes in and nothing else comes out: this crate starts
//! no thread, holds no global and prints nothing, so a unit test can feed it a sequence of Ops
//! by hand and see exactly what a real run would have reported.
//!
//! ```
//! use lockwise_detector::{Detector, script::Script};
//!
//! // Two threads take two locks in opposite orders, one after the other: nothing blocks,
//! // and still the program can deadlock.
//! let mut script = Script::new();
//! let [main, t1, t2] = script.threads();
//! let [a, b] = script.mutexes();
//! script.spawn(main, t1).spawn(main, t2);
//! script.lock(t1, a).lock(t1, b).unlock(t1, b).unlock(t1, a);
//! script.lock(t2, b).lock(t2, a).unlock(t2, a).unlock(t2, b);
//!
//! let findings = Detector::run(script.ops()).unwrap();
//! assert_eq!(findings[0].rule(), "lock-order-cycle");
//! ```

pub mod analysis;
pub mod clock;
pub mod context;
mod detector;
pub mod explore;
pub mod finding;
pub mod hash;
mod ids;
mod misuse;
pub mod op;
pub mod order;
mod race;
pub mod render;
mod rule;
pub mod script;
mod site;
mod wait;
mod wording;

pub use analysis::Analysis;
pub use context::{Context, OpError};
pub use detector::Detector;
pub use finding::{Certainty, Finding, Resolve};
pub use ids::{Epoch, ObjectId, ThreadId, Tick};
pub use op::{Action, Op};
pub use rule::{Rule, Severity};
pub use site::{Frame, Site, Stack};
