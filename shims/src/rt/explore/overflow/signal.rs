//! The handler of the signals that come with a fault.

use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    io::Write,
    mem::MaybeUninit,
    ptr,
    sync::{
        Once, OnceLock,
        atomic::{AtomicUsize, Ordering, compiler_fence},
    },
};

use corosensei::stack::{DefaultStack, Stack};

use super::Tenant;
use crate::report::FAILED_TEST;

/// How large a stack for signals is that we make. The system needs up to 12 KiB of it.
const SIGNAL_STACK: usize = 0x1_0000;

/// How much of a thread's name is written.
const NAME: usize = 100;

thread_local! {
    /// Who runs on this thread, if a coroutine does. It needs neither a destructor nor to be
    /// made at first use, so that a handler of signals may read it.
    static CURRENT: Cell<*const Tenant> = const { Cell::new(ptr::null()) };
}

/// The size of a page, and so of a guard page; 0 before the handler is there.
static PAGE: AtomicUsize = AtomicUsize::new(0);

/// What is asked for a fault that is none of ours.
struct Next {
    signal: c_int,
    action: OnceLock<libc::sigaction>,
}

static NEXT: [Next; 2] = [
    Next { signal: libc::SIGSEGV, action: OnceLock::new() },
    Next { signal: libc::SIGBUS, action: OnceLock::new() },
];

#[inline]
pub(super) fn run<R>(tenant: &Tenant, resume: impl FnOnce() -> R) -> R {
    struct Before(*const Tenant);
    impl Drop for Before {
        #[inline]
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let _before = Before(CURRENT.replace(tenant));
    // For a handler on this same thread.
    compiler_fence(Ordering::SeqCst);
    resume()
}

/// Installs the handler, once and for all.
pub(super) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        // SAFETY: asks for a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        PAGE.store(usize::try_from(page).unwrap_or(0), Ordering::Relaxed);
        NEXT.iter().for_each(Next::precede);
    });
}

impl Next {
    /// Has [`on_fault`] called before what is called now. That has to be known before.
    fn precede(&self) {
        let mut old = MaybeUninit::uninit();
        // SAFETY: asks for the action, for which there is room.
        let asked = unsafe { libc::sigaction(self.signal, ptr::null(), old.as_mut_ptr()) };
        if asked != 0 {
            return;
        }
        // SAFETY: the system has written it.
        let old = *self.action.get_or_init(|| unsafe { old.assume_init() });
        let mut new = old;
        new.sa_sigaction = on_fault as *const () as usize;
        // Which signals are held back meanwhile is up to the one that may be called next.
        let kept = old.sa_flags & (libc::SA_NODEFER | libc::SA_RESTART);
        new.sa_flags = kept | libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: the handler does only what a handler may.
        unsafe { libc::sigaction(self.signal, &raw const new, ptr::null_mut()) };
    }
}

/// Comes with a fault, on the stack for signals. Neither allocates nor locks.
unsafe extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the system passes a valid one, because it was asked to.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr().addr()) };
    if is_fault(code) {
        // SAFETY: the tenant is borrowed until the pointer is put back, and this thread is where it
        // was when the fault happened: within that borrow.
        let current = unsafe { CURRENT.get().as_ref() };
        if let Some(tenant) = current.filter(|tenant| tenant.guards(address)) {
            tenant.end_process();
        }
    }
    // SAFETY: these are the arguments that the next handler would have got.
    unsafe { pass_on(signal, code, info, context) }
}

/// Whether a signal is about what its thread did. Others were sent by somebody.
fn is_fault(code: c_int) -> bool {
    (1..0x1_0000).contains(&code)
}

impl Tenant {
    /// Whether `address` is the guard page's.
    fn guards(&self, address: usize) -> bool {
        address.wrapping_sub(self.lowest) < PAGE.load(Ordering::Relaxed)
    }

    fn end_process(&self) -> ! {
        let mut who = self.who();
        who.name = who.name.map(|name| name.split_at(name.floor_char_boundary(NAME)).0);
        let page = PAGE.load(Ordering::Relaxed);
        let size = self.top.wrapping_sub(self.lowest).wrapping_sub(page) >> 10;
        let mut text = [0; 512];
        let mut rest = &mut text[..];
        // What has no room is left out.
        let _ = writeln!(
            rest,
            "\nlockwise: error: {who} of the explored program overflowed its stack of {size} \
             KiB; give it more by Explorer::stack_size (or by Builder::stack_size for one \
             thread)"
        );
        let free = rest.len();
        let length = text.len().saturating_sub(free);
        // SAFETY: the text is that long, and the process ends.
        unsafe {
            libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), length);
            libc::_exit(FAILED_TEST)
        }
    }
}

/// Does what would happen if there were no handler of ours.
///
/// # Safety
///
/// The arguments are a handler's, which does nothing else.
unsafe fn pass_on(signal: c_int, code: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    type WithInfo = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
    type Plain = unsafe extern "C" fn(c_int);
    let next = NEXT.iter().find(|next| next.signal == signal);
    let Some(action) = next.and_then(|next| next.action.get()) else { return };
    let handler = ptr::with_exposed_provenance::<()>(action.sa_sigaction);
    match action.sa_sigaction {
        libc::SIG_IGN if !is_fault(code) => {}
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: puts back what was there. What caused the fault is then done again, and
            // the system ends the process; a signal that was sent is sent again.
            unsafe {
                libc::sigaction(signal, action, ptr::null_mut());
                if !is_fault(code) {
                    libc::raise(signal);
                }
            }
        }
        _ => {
            if action.sa_flags & libc::SA_RESETHAND != 0 {
                // SAFETY: does what the system would have done before the call.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
            }
            if action.sa_flags & libc::SA_SIGINFO != 0 {
                // SAFETY: the flag says that the handler is of this type, and the arguments are
                // the system's.
                unsafe {
                    std::mem::transmute::<*const (), WithInfo>(handler)(signal, info, context);
                }
            } else {
                // SAFETY: without the flag it is of this type.
                unsafe { std::mem::transmute::<*const (), Plain>(handler)(signal) }
            }
        }
    }
}

/// A stack for handlers of signals, for a thread that has none. std's threads have one.
pub(super) struct SignalStack {
    _memory: DefaultStack,
}

impl SignalStack {
    /// `None` if the thread has one, or there is no memory.
    pub(super) fn if_needed() -> Option<Self> {
        // SAFETY: only numbers and pointers, which may be 0.
        let mut old: libc::stack_t = unsafe { std::mem::zeroed() };
        // SAFETY: asks for the stack, for which there is room.
        let asked = unsafe { libc::sigaltstack(ptr::null(), &raw mut old) };
        if asked != 0 || old.ss_flags & libc::SS_DISABLE == 0 {
            return None;
        }
        let memory = DefaultStack::new(SIGNAL_STACK).ok()?;
        let lowest = memory.base().get() - SIGNAL_STACK;
        let new = libc::stack_t {
            ss_sp: ptr::with_exposed_provenance_mut(lowest),
            ss_flags: 0,
            ss_size: SIGNAL_STACK,
        };
        // SAFETY: the memory is there until `drop` takes it from the system, and nobody
        // else uses it.
        let set = unsafe { libc::sigaltstack(&raw const new, ptr::null_mut()) };
        (set == 0).then_some(Self { _memory: memory })
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        let none = libc::stack_t {
            ss_sp: ptr::null_mut(),
            ss_flags: libc::SS_DISABLE,
            ss_size: SIGNAL_STACK,
        };
        // SAFETY: no handler runs, for this thread does. `Watch` keeps to its thread, so it
        // is this one's stack.
        unsafe { libc::sigaltstack(&raw const none, ptr::null_mut()) };
    }
}
