//! From tokens to a test, or to all that is wrong with them.

use proc_macro2::TokenStream;

pub(crate) use self::{
    arguments::{Arguments, Setting},
    function::Function,
    option::Value,
};

mod arguments;
mod faults;
mod function;
mod option;

/// What the attribute was written on, and with.
pub(crate) struct Test {
    pub(crate) arguments: Arguments,
    pub(crate) function: Function,
}

/// Reads the attribute's arguments and its item.
///
/// # Errors
///
/// Everything that is wrong in either.
pub(crate) fn parse(arguments: TokenStream, item: TokenStream) -> syn::Result<Test> {
    match (syn::parse2(arguments), syn::parse2(item)) {
        (Ok(arguments), Ok(function)) => Ok(Test { arguments, function }),
        (Err(mut error), Err(other)) => {
            error.combine(other);
            Err(error)
        }
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
    }
}
