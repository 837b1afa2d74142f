//! Looking again a few times before parking.

/// Counts how often a thread has looked in vain.
#[derive(Default)]
pub struct SpinWait {
    counter: u32,
}

impl SpinWait {
    /// Has not looked yet.
    #[inline]
    pub const fn new() -> Self {
        SpinWait { counter: 0 }
    }

    /// Begins anew.
    #[inline]
    pub fn reset(&mut self) {
        self.counter = 0;
    }

    /// Lets a moment pass, longer each time; false when it is time to park.
    #[inline]
    pub fn spin(&mut self) -> bool {
        if self.counter >= 10 || !std::__parking::may_spin() {
            return false;
        }
        self.counter += 1;
        if self.counter <= 3 {
            pause(1 << self.counter);
        } else {
            std::thread::yield_now();
        }
        true
    }

    /// Lets a moment pass, which is all that a thread wants that was in another's way.
    #[inline]
    pub fn spin_no_yield(&mut self) {
        self.counter = (self.counter + 1).min(10);
        if std::__parking::may_spin() {
            pause(1 << self.counter);
        }
    }
}

fn pause(times: u32) {
    for _ in 0..times {
        std::hint::spin_loop();
    }
}
