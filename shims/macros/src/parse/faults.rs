//! Errors that are kept while parsing goes on.

use std::fmt::Display;

use quote::ToTokens;

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Faults(Option<syn::Error>);

impl Faults {
    pub(super) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// An error that points at all of `tokens`.
    pub(super) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// `value`, if nothing was wrong.
    pub(super) fn or<T>(self, value: T) -> syn::Result<T> {
        self.0.map_or(Ok(value), Err)
    }
}
