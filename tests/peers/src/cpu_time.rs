//! [`CpuTime`]: criterion's clock for a machine that has other things to do.
//!
//! What is measured never blocks, so its time is the processor's time of its thread. Unlike wall
//! time that leaves out the turns of other processes. (What they do to shared caches and to the
//! clock rate stays: only ratios within one run mean much.)

use std::time::Duration;

use criterion::{
    Throughput,
    measurement::{Measurement, ValueFormatter},
};
use rustix::time::{ClockId, clock_gettime};

/// The time that a processor has spent on the calling thread.
#[must_use]
pub fn now() -> Duration {
    read(ClockId::ThreadCPUTime)
}

/// The time that processors have spent on all threads of the process: for what works on a thread of
/// its own.
#[must_use]
pub fn of_process() -> Duration {
    read(ClockId::ProcessCPUTime)
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let part = |value: i64| u64::try_from(value).expect("a processor's time is not negative");
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

/// Measures by [`now`].
#[derive(Debug)]
pub struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        now()
    }

    fn end(&self, start: Duration) -> Duration {
        now() - start
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &Nanoseconds
    }
}

/// Everything here is about nanoseconds, so that figures compare at a glance.
struct Nanoseconds;

impl ValueFormatter for Nanoseconds {
    fn scale_values(&self, _typical: f64, _values: &mut [f64]) -> &'static str {
        "ns"
    }

    fn scale_throughputs(
        &self,
        _typical: f64,
        throughput: &Throughput,
        values: &mut [f64],
    ) -> &'static str {
        if let Throughput::Elements(elements) = throughput {
            values.iter_mut().for_each(|value| *value /= *elements as f64);
        }
        "ns each"
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "ns"
    }
}
