//! Which addresses are those of statics: the writable segments of the program and its libraries.

use std::{
    ffi::{c_int, c_void},
    ops::Range,
    sync::OnceLock,
};

/// Whether a static lives at `address`. Always false where the segments cannot be asked for: what
/// statics hold then goes from one execution to the next.
pub(crate) fn is_static(address: usize) -> bool {
    static SEGMENTS: OnceLock<Vec<Range<usize>>> = OnceLock::new();
    SEGMENTS.get_or_init(writable).iter().any(|segment| segment.contains(&address))
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn writable() -> Vec<Range<usize>> {
    unsafe extern "C" fn collect(
        object: *mut libc::dl_phdr_info,
        _size: libc::size_t,
        segments: *mut c_void,
    ) -> c_int {
        // SAFETY: `writable` passes its vector, which nobody else uses meanwhile.
        let segments = unsafe { &mut *segments.cast::<Vec<Range<usize>>>() };
        // SAFETY: the loader passes a valid object, and its headers are that many.
        let (base, headers) = unsafe {
            let object = &*object;
            (object.dlpi_addr, std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()))
        };
        for header in headers {
            if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W != 0 {
                let start = base.wrapping_add(header.p_vaddr) as usize;
                segments.push(start..start + header.p_memsz as usize);
            }
        }
        0
    }
    let mut segments = Vec::new();
    // SAFETY: the callback takes what is passed here, and does not unwind unless memory runs out.
    unsafe { libc::dl_iterate_phdr(Some(collect), (&raw mut segments).cast()) };
    segments
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn writable() -> Vec<Range<usize>> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::is_static;

    #[test]
    fn statics_are_told_from_the_stack_and_the_heap() {
        static ZERO: AtomicU32 = AtomicU32::new(0);
        static SEVEN: AtomicU32 = AtomicU32::new(7);
        let (local, boxed) = (0_u32, Box::new(0_u32));
        assert!(is_static((&raw const ZERO).addr()) && is_static((&raw const SEVEN).addr()));
        assert!(!is_static((&raw const local).addr()) && !is_static((&raw const *boxed).addr()));
    }
}
