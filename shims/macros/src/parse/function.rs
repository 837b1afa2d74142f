//! The function that the attribute is on.
//!
//! Its body is not parsed, only passed on: what rustc understands is never refused here.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::{
    Attribute, Ident, LitStr, ReturnType, Signature, Token, Visibility,
    parse::{Parse, ParseStream, Parser},
};

use super::faults::Faults;

/// A function that can be a test.
pub(crate) struct Function {
    /// Those before the function, without ours.
    pub(crate) outer: Vec<Attribute>,
    /// Those at the start of its body.
    pub(crate) inner: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) output: ReturnType,
    /// In braces, without the inner attributes.
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let outer = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !is_function(input)? {
            return Err(input.error("`#[lockwise::test]` is for functions"));
        }
        let signature: Signature = input.parse()?;
        let (inner, body) = split(braces(input)?)?;

        let mut faults = Faults::default();
        for attribute in outer.iter().filter(|attribute| is_test(attribute)) {
            faults.at(attribute, "the function is a `#[lockwise::test]` already");
        }
        judge(&signature, &mut faults);
        let Signature { ident: name, output, .. } = signature;
        faults.or(Self { outer, inner, visibility, name, output, body })
    }
}

/// Whether a function's signature follows.
fn is_function(input: ParseStream<'_>) -> syn::Result<bool> {
    let ahead = input.fork();
    while !ahead.peek(Token![fn]) {
        let qualifier = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(LitStr);
        if !qualifier {
            return Ok(false);
        }
        ahead.parse::<TokenTree>()?;
    }
    Ok(true)
}

/// What a test's signature must not have.
fn judge(signature: &Signature, faults: &mut Faults) {
    let Signature { constness, asyncness, unsafety, abi, generics, inputs, variadic, .. } =
        signature;
    if let Some(token) = asyncness {
        faults.at(token, "an explored test cannot be `async`; block on the future in its body");
    }
    if let Some(token) = constness {
        faults.at(token, "a test cannot be `const`");
    }
    if let Some(token) = unsafety {
        faults.at(token, "a test cannot be `unsafe`");
    }
    if let Some(abi) = abi {
        faults.at(abi, "a test cannot be `extern`");
    }
    if !generics.params.is_empty() {
        faults.at(generics, "a test cannot be generic");
    }
    if let Some(clause) = &generics.where_clause {
        faults.at(clause, "a test cannot have a `where` clause");
    }
    if !inputs.is_empty() || variadic.is_some() {
        faults.at(quote!(#inputs #variadic), "a test takes no parameters");
    }
}

/// Whether it makes a test of the function, as `#[test]`, `#[core::prelude::v1::test]` and
/// `#[tokio::test]` do.
fn is_test(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "test")
}

/// The body. One that comes through `macro_rules` has invisible parentheses.
fn braces(input: ParseStream<'_>) -> syn::Result<Group> {
    let mut tree = input.parse()?;
    loop {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return Ok(group),
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                tree = syn::parse2(group.stream())?;
            }
            other => return Err(syn::Error::new(other.span(), "a test needs a body")),
        }
    }
}

/// The inner attributes, and what is left of the body.
fn split(whole: Group) -> syn::Result<(Vec<Attribute>, Group)> {
    let parser = |input: ParseStream<'_>| {
        Ok((input.call(Attribute::parse_inner)?, input.parse::<TokenStream>()?))
    };
    let (inner, rest) = parser.parse2(whole.stream())?;
    if inner.is_empty() {
        return Ok((inner, whole));
    }
    let mut body = Group::new(whole.delimiter(), rest);
    body.set_span(whole.span());
    Ok((inner, body))
}
