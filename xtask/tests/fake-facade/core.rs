// The made-up facade's `core`.
pub use ::core::*;

pub mod sync {
    pub use ::core::sync::*;
    #[cfg(not(hole = "core"))]
    pub use lockwise::sync::atomic;
}
