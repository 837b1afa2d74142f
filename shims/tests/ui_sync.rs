//! What must not compile with the lock types.
//!
//! Only what rustc rejects in the same words with and without the `rust-src` component is here;
//! which types are `Send` and `Sync` is compared with std in `api_sync`.
#![cfg(feature = "observe")]

#[test]
fn what_std_rejects_is_rejected() {
    trybuild::TestCases::new().compile_fail("tests/ui/sync/*.rs");
}
