//! Where statics live: the segments of the program and its libraries.

use std::{mem::MaybeUninit, ops::Range, ptr, sync::OnceLock};

/// Whether a static that can change lives at `address`. Always false where the segments cannot be
/// asked for: what statics hold then goes from one execution to the next.
pub(crate) fn is_static(address: usize) -> bool {
    segments().iter().any(|segment| segment.writable && segment.range.contains(&address))
}

/// Whether a word among these bytes is the address of memory that is no segment's: of the heap, say.
pub(crate) fn points_elsewhere(bytes: &[MaybeUninit<u8>]) -> bool {
    bytes.chunks_exact(size_of::<usize>()).any(|chunk| {
        // SAFETY: the byte is there. In a gap it may be any; it is read volatile so as to be some.
        let byte = |i: usize| unsafe { chunk.as_ptr().add(i).cast::<u8>().read_volatile() };
        let word = usize::from_ne_bytes(std::array::from_fn(byte));
        !segments().iter().any(|segment| segment.range.contains(&word)) && sys::is_mapped(word)
    })
}

/// Calls `f` with each word of all statics that can change.
pub(crate) fn for_words(mut f: impl FnMut(usize)) {
    for segment in segments().iter().filter(|segment| segment.writable) {
        let first = segment.range.start.next_multiple_of(size_of::<usize>());
        for address in (first..segment.range.end).step_by(size_of::<usize>()) {
            if address + size_of::<usize>() <= segment.range.end {
                // SAFETY: the word is in a segment, and aligned. Others may write to it meanwhile:
                // what it is then does not matter, as it is no address of an execution that is over.
                f(unsafe { ptr::with_exposed_provenance::<usize>(address).read_volatile() });
            }
        }
    }
}

struct Segment {
    range: Range<usize>,
    writable: bool,
}

fn segments() -> &'static [Segment] {
    static SEGMENTS: OnceLock<Vec<Segment>> = OnceLock::new();
    SEGMENTS.get_or_init(sys::segments)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
mod sys {
    use std::ffi::{c_int, c_void};

    use super::Segment;

    pub(super) fn segments() -> Vec<Segment> {
        let mut segments = Vec::new();
        // SAFETY: the callback takes what is passed here, and does not unwind.
        unsafe { libc::dl_iterate_phdr(Some(collect), (&raw mut segments).cast()) };
        segments
    }

    unsafe extern "C" fn collect(
        object: *mut libc::dl_phdr_info,
        _size: libc::size_t,
        segments: *mut c_void,
    ) -> c_int {
        // SAFETY: `segments` passes its vector, which nobody else uses meanwhile.
        let segments = unsafe { &mut *segments.cast::<Vec<Segment>>() };
        // SAFETY: the loader passes a valid object, and its headers are that many.
        let (base, headers) = unsafe {
            let object = &*object;
            let count = object.dlpi_phnum.into();
            (object.dlpi_addr, std::slice::from_raw_parts(object.dlpi_phdr, count))
        };
        for header in headers.iter().filter(|header| header.p_type == libc::PT_LOAD) {
            let start = base.wrapping_add(header.p_vaddr) as usize;
            let range = start..start + header.p_memsz as usize;
            segments.push(Segment { range, writable: header.p_flags & libc::PF_W != 0 });
        }
        0
    }

    /// Whether there is memory at `address`.
    pub(super) fn is_mapped(address: usize) -> bool {
        // The lowest addresses never are, and the rest of the check is a system call.
        const LOWEST: usize = 0x1_0000;
        const PAGE: usize = 0x1000;
        if address < LOWEST {
            return false;
        }
        let page = std::ptr::without_provenance_mut(address & !(PAGE - 1));
        let mut resident = 0;
        // SAFETY: asks for the state of one page, for which there is room.
        unsafe { libc::mincore(page, 1, &raw mut resident) == 0 }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
mod sys {
    pub(super) fn segments() -> Vec<super::Segment> {
        Vec::new()
    }

    pub(super) fn is_mapped(_address: usize) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::{mem::MaybeUninit, sync::atomic::AtomicU32};

    use super::{is_static, points_elsewhere};

    #[test]
    fn statics_are_told_from_the_stack_and_the_heap() {
        static ZERO: AtomicU32 = AtomicU32::new(0);
        static SEVEN: AtomicU32 = AtomicU32::new(7);
        let (local, boxed) = (0_u32, Box::new(0_u32));
        assert!(is_static((&raw const ZERO).addr()) && is_static((&raw const SEVEN).addr()));
        assert!(!is_static((&raw const local).addr()) && !is_static((&raw const *boxed).addr()));
    }

    #[test]
    fn what_owns_memory_is_told_from_what_is_const() {
        fn bytes(words: [usize; 2]) -> Vec<MaybeUninit<u8>> {
            let words = words.into_iter().flat_map(usize::to_ne_bytes);
            words.map(MaybeUninit::new).collect()
        }
        static TEXT: &str = "const";
        let boxed = Box::new(1_u64);
        assert!(points_elsewhere(&bytes([3, (&raw const *boxed).addr()])));
        assert!(!points_elsewhere(&bytes([TEXT.as_ptr().addr(), 8])));
        assert!(!points_elsewhere(&bytes([usize::MAX, 0x1234_5678_9abc_def0])));
    }
}
