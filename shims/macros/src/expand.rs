//! From a test to the code that explores it.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ReturnType;

use crate::parse::{Arguments, Function, Setting, Test, Value};

/// A `#[test]` that hands the function's body to an explorer.
pub(crate) fn expand(Test { arguments, function }: &Test) -> TokenStream {
    let Function { outer, inner, visibility, name, output, body } = function;
    let explorer = explorer(arguments);
    // Code that nobody wrote, but rustc's messages about it point at the function.
    let here = Span::mixed_site().located_at(name.span());
    // Without a return type, a closure's would be inferred.
    let output = match output {
        ReturnType::Default => quote_spanned!(here=> -> ()),
        output @ ReturnType::Type(..) => quote!(#output),
    };
    let check = quote_spanned!(here=> .check(|| #output #body));
    quote! {
        #[::core::prelude::v1::test]
        #(#outer)*
        #visibility fn #name() {
            #(#inner)*
            #explorer #check
        }
    }
}

/// The explorer, with all its settings.
fn explorer(Arguments { krate, random, settings }: &Arguments) -> TokenStream {
    let explore = match krate {
        Some(path) => quote!(#path::explore),
        None => quote!(::lockwise::explore),
    };
    let new = match random {
        Some(seed) => quote!(random(#seed)),
        None => quote!(exhaustive()),
    };
    let settings = settings.iter().map(|Setting { name, value }| {
        let value = argument(value, &explore);
        quote!(.#name(#value))
    });
    quote!(#explore::Explorer::#new #(#settings)*)
}

/// What the explorer's method is called with.
fn argument(value: &Value, explore: &TokenStream) -> TokenStream {
    match value {
        Value::Set => quote!(true),
        Value::Integer(int) => quote!(#int),
        Value::Millis(millis) => quote!(::core::time::Duration::from_millis(#millis)),
        Value::Path(path) => quote!(#path),
        Value::Variant { of, variant } => quote!(#explore::#of::#variant),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    /// As source text, so that differences can be read.
    fn pretty(tokens: TokenStream) -> String {
        prettyplease::unparse(&syn::parse2(tokens).expect("not Rust"))
    }

    #[track_caller]
    fn check(arguments: TokenStream, item: TokenStream, expected: TokenStream) {
        let test = parse(arguments, item).expect("refused");
        assert_eq!(pretty(expand(&test)), pretty(expected));
    }

    /// With these `arguments`, the explorer is `expected`.
    #[track_caller]
    fn check_explorer(arguments: TokenStream, expected: TokenStream) {
        let expected = quote! {
            #[::core::prelude::v1::test]
            fn name() {
                #expected.check(|| -> () { body(); })
            }
        };
        check(
            arguments,
            quote!(
                fn name() {
                    body();
                }
            ),
            expected,
        );
    }

    #[test]
    fn nothing_given() {
        check_explorer(quote!(), quote!(::lockwise::explore::Explorer::exhaustive()));
    }

    #[test]
    fn the_documented_expansion() {
        check(
            quote!(memory_model = "sc", max_executions = 1000),
            quote! {
                #[should_panic(expected = "deadlock")]
                fn name() -> Result<(), Error> { body() }
            },
            quote! {
                #[::core::prelude::v1::test]
                #[should_panic(expected = "deadlock")]
                fn name() {
                    ::lockwise::explore::Explorer::exhaustive()
                        .memory_model(::lockwise::explore::MemoryModel::Sc)
                        .max_executions(1000)
                        .check(|| -> Result<(), Error> { body() })
                }
            },
        );
    }

    #[test]
    fn every_option() {
        check_explorer(
            quote!(
                memory_model = "rc11",
                random = 0xDEAD_BEEF,
                strategy = "portfolio",
                max_executions = 1,
                max_steps = 2,
                max_preemptions = 0,
                max_duration = "2m",
                stack_size = 65_536,
                spurious_wakeups,
                crate = crate::stub,
            ),
            quote! {
                crate::stub::explore::Explorer::random(0xDEAD_BEEF)
                    .memory_model(crate::stub::explore::MemoryModel::Rc11)
                    .strategy(crate::stub::explore::Strategy::Portfolio)
                    .max_executions(1)
                    .max_steps(2)
                    .max_preemptions(0)
                    .max_duration(::core::time::Duration::from_millis(120000))
                    .stack_size(65_536)
                    .spurious_wakeups(true)
            },
        );
    }

    #[test]
    fn every_strategy() {
        for (word, variant) in [
            ("walk", quote!(Walk)),
            ("pos", quote!(Pos)),
            ("pct", quote!(Pct)),
            ("surw", quote!(Surw)),
            ("portfolio", quote!(Portfolio)),
        ] {
            check_explorer(
                quote!(strategy = #word, random = 7),
                quote! {
                    ::lockwise::explore::Explorer::random(7)
                        .strategy(::lockwise::explore::Strategy::#variant)
                },
            );
        }
    }

    #[test]
    fn attributes_keep_their_order_and_place() {
        check(
            quote!(),
            quote! {
                /// Docs.
                #[cfg(unix)]
                #[ignore = "slow"]
                #[should_panic]
                #[allow(unused)]
                pub(crate) fn name() -> ! {
                    #![allow(dead_code)]
                    body()
                }
            },
            quote! {
                #[::core::prelude::v1::test]
                /// Docs.
                #[cfg(unix)]
                #[ignore = "slow"]
                #[should_panic]
                #[allow(unused)]
                pub(crate) fn name() {
                    #![allow(dead_code)]
                    ::lockwise::explore::Explorer::exhaustive().check(|| -> ! { body() })
                }
            },
        );
    }

    #[test]
    fn a_body_is_not_parsed() {
        let test = parse(quote!(), quote!(fn name() { let of the future }));
        let expanded = expand(&test.expect("refused")).to_string();
        assert!(expanded.ends_with("{ let of the future }) }"), "{expanded}");
    }
}
