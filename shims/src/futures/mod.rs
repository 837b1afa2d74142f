//! CPython's `concurrent.futures`.
