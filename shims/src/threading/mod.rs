//! CPython's `threading`.
