//! lockwise
