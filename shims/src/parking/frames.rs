//! [`walk`]: the return addresses on the calling thread's stack.
//!
//! A walk by unwind tables takes microseconds, which is too long for each acquisition of a lock.
//! `check` builds all crates, this one too, such that every function keeps the address of its
//! caller's frame (`-C force-frame-pointers`), as std is built in any case; there a step is two
//! loads. Elsewhere the unwind tables are used.

/// Calls `visit` with the return addresses, innermost first, until it says `false`. Some of the
/// first ones are this crate's.
#[inline(always)]
#[cfg(lockwise_frame_pointers)]
pub(super) fn walk(mut visit: impl FnMut(usize) -> bool) {
    /// How large the frames may be, together, from a lock's function to the user's.
    const REACH: usize = 1 << 18;

    let mut frame = pointer();
    let end = frame.saturating_add(REACH);
    loop {
        let words = std::ptr::with_exposed_provenance::<[usize; 2]>(frame);
        // SAFETY: `frame` is what a function of a crate built with frame pointers, or of std, keeps
        // there for its callees: where its own caller's is, and the return address. A function
        // built without, a C one say, can have something else there only beyond the user's
        // function, where the walk ends. What is no place further up the stack is not followed.
        let [callers, address] = unsafe { words.read() };
        if !visit(address)
            || callers <= frame
            || callers > end
            || callers % align_of::<usize>() != 0
        {
            return;
        }
        frame = callers;
    }
}

/// The frame of the function that this is inlined into.
#[inline(always)]
#[cfg(all(lockwise_frame_pointers, target_arch = "x86_64"))]
fn pointer() -> usize {
    let frame;
    // SAFETY: copies a register.
    unsafe {
        std::arch::asm!("mov {}, rbp", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    frame
}

/// The frame of the function that this is inlined into.
#[inline(always)]
#[cfg(all(lockwise_frame_pointers, target_arch = "aarch64"))]
fn pointer() -> usize {
    let frame;
    // SAFETY: copies a register.
    unsafe {
        std::arch::asm!("mov {}, x29", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    frame
}

/// Calls `visit` with the return addresses, innermost first, until it says `false`. Some of the
/// first ones are this crate's.
#[cfg(not(lockwise_frame_pointers))]
pub(super) fn walk(mut visit: impl FnMut(usize) -> bool) {
    crate::rt::os::local::unobserved(|| backtrace::trace(|frame| visit(frame.ip().addr())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_comes_first() {
        let addresses = |limit: usize| {
            let mut addresses = Vec::new();
            walk(|address| {
                addresses.push(address);
                addresses.len() < limit
            });
            addresses
        };
        let (few, many) = (addresses(2), addresses(usize::MAX));
        assert_eq!(few.len(), 2);
        assert!(many.len() > 2);
        let of_test = |address: &usize| {
            let calls = crate::report::calls_at(*address);
            calls.iter().any(|(function, _)| function.contains("the_innermost_comes_first"))
        };
        assert!(many.iter().any(of_test));
    }
}
