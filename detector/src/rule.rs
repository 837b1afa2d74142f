//! The rules: what lockwise can find. Names, severities and explanations are defined here only.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; fails nothing.
    Note,
    /// Can hurt; fails the check.
    Warning,
    /// Does hurt; fails the check.
    Error,
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal, $severity:ident;)*) => {
        /// What kind of fault a finding is.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Rule { $($(#[doc = $doc])* $variant,)* }

        impl Rule {
            /// All rules, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name that reports, JSON and suppressions use.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// When it is reported, in a sentence or two.
            #[must_use]
            pub fn explanation(self) -> String {
                let lines: &[&str] = match self { $(Self::$variant => &[$($doc),*],)* };
                lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
            }
        }
    };
}

rules! {
    /// At least two threads acquire locks in a cyclic order and could overlap.
    LockOrderCycle = "lock-order-cycle", Error;
    /// Locks created at one place are nested in no consistent order of instances: two transfers
    /// between the same two accounts, in opposite directions, would deadlock.
    LockClassOrder = "lock-class-order", Warning;
    /// Threads wait for each other now, through mutexes, rwlocks, joins, channels, initialisers
    /// and condition variables in any mix.
    Deadlock = "deadlock", Error;
    /// A thread blocks on a non-reentrant lock, or an initialiser, that it holds itself.
    SelfDeadlock = "self-deadlock", Error;
    /// A thread read-locks what it has read-locked already: a writer that queues between the two
    /// deadlocks with it.
    RwlockRecursion = "rwlock-recursion", Warning;
    /// A thread asks to write-lock what it has read-locked: it waits for itself.
    RwlockUpgrade = "rwlock-upgrade", Error;
    /// A notification found no waiter, and a waiter of that condition never returns.
    LostWakeup = "lost-wakeup", Error;
    /// No thread can go on, and no cycle explains it.
    Hang = "hang", Error;
    /// Two accesses to a tracked cell, one of them a write, are not ordered by happens-before.
    DataRace = "data-race", Error;
    /// A shared variable is written under no lock that all its accesses have in common.
    UnsafeSharedWrite = "unsafe-shared-write", Warning;
    /// An atomic's store overwrites a value newer than the one that the thread had loaded.
    LostUpdate = "lost-update", Error;
    /// A value read in one critical section is written back in a later one of the same lock,
    /// after another thread has changed it.
    StaleRead = "stale-read", Warning;
    /// A thread blocks (condition variable, join, receive, barrier) while it holds a lock that
    /// has nothing to do with the wait.
    WaitHoldingLock = "wait-holding-lock", Note;
    /// One condition variable is waited on with two different mutexes.
    CondvarTwoMutexes = "condvar-two-mutexes", Error;
    /// A thread releases a lock that it does not hold.
    ReleaseUnowned = "release-unowned", Error;
    /// A bounded semaphore is released more often than it was acquired.
    SemaphoreOverRelease = "semaphore-over-release", Error;
    /// A thread was started and never joined.
    ThreadLeak = "thread-leak", Note;
    /// A poisoned lock makes a second thread panic.
    PoisonedLock = "poisoned-lock", Note;
    /// An assertion fails, or code panics, in some schedule.
    Panic = "panic", Error;
    /// A schedule reaches its bound of steps: threads spin without end.
    Livelock = "livelock", Error;
    /// The same schedule led to different behaviour: the program depends on something that the
    /// explorer does not control.
    Nondeterminism = "nondeterminism", Error;
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No rule has this name.
#[derive(Debug, thiserror::Error)]
#[error("there is no rule named `{0}`")]
pub struct UnknownRule(String);

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        Self::ALL
            .iter()
            .copied()
            .find(|rule| rule.name() == name)
            .ok_or_else(|| UnknownRule(name.to_owned()))
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse::<Rule>().unwrap(), *rule);
            assert!(rule.explanation().ends_with('.'), "{rule}: {}", rule.explanation());
        }
        assert!("lock-order".parse::<Rule>().is_err());
    }
}
