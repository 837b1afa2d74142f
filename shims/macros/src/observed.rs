//! The `#[test]` of a crate for which lockwise stands in for std: the same test, whose body is
//! handed to the runtime.
//!
//! The tokens of the function are passed on as they are, so whatever the compiler has to say of
//! them it says of the user's lines. Only the body's group is looked for: it is the last one.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

/// The test. What is not a function with a body is left for the compiler to refuse.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let marked = quote!(#[::std::__lockwise::test]);
    match split(item.clone()) {
        Some(Function { head, name, signature, body }) => {
            // The inner function has the outer one's name: panics and backtraces say what they
            // would say without us.
            let span = body.span_close();
            let call = quote_spanned!(span=>
                ::std::__lockwise::run_test(concat!(module_path!(), "::", stringify!(#name)), #name)
            );
            quote!(#marked #head #signature { #signature #body #call })
        }
        None => quote!(#marked #item),
    }
}

struct Function {
    /// Attributes, visibility, and whatever else stands before `fn`.
    head: TokenStream,
    name: Ident,
    /// From `fn` to before the body.
    signature: TokenStream,
    body: Group,
}

fn split(item: TokenStream) -> Option<Function> {
    let mut tokens: Vec<_> = item.into_iter().collect();
    let body = match tokens.pop()? {
        TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => body,
        _ => return None,
    };
    let at = tokens.iter().position(|token| is_word(token, "fn"))?;
    // The inner function would need these too, and the compiler refuses them of a test.
    if tokens[..at].iter().any(|token| is_word(token, "async") || is_word(token, "unsafe")) {
        return None;
    }
    let TokenTree::Ident(name) = tokens.get(at + 1)?.clone() else { return None };
    let signature = tokens.split_off(at).into_iter().collect();
    Some(Function { head: tokens.into_iter().collect(), name, signature, body })
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(item: &str) -> String {
        expand(item.parse().unwrap()).to_string()
    }

    fn tokens(text: &str) -> String {
        text.parse::<TokenStream>().unwrap().to_string()
    }

    #[test]
    fn the_body_goes_to_the_runtime_and_the_rest_stays() {
        assert_eq!(
            expanded("#[should_panic] #[ignore = \"slow\"] pub fn adds() -> R<()> { a(); b() }"),
            tokens(
                "#[::std::__lockwise::test] #[should_panic] #[ignore = \"slow\"] pub \
                 fn adds() -> R<()> { fn adds() -> R<()> { a(); b() } \
                 ::std::__lockwise::run_test( \
                     concat!(module_path!(), \"::\", stringify!(adds)), adds) }"
            )
        );
    }

    #[test]
    fn what_is_no_plain_function_is_left_to_the_compiler() {
        for item in ["async fn f() {}", "unsafe fn f() {}", "struct S;", "struct S { a: u8 }", ""] {
            assert_eq!(expanded(item), tokens(&format!("#[::std::__lockwise::test] {item}")));
        }
    }
}
