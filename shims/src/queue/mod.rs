//! CPython's `queue`.
