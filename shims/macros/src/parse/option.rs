//! The options: their names, and what each takes.

use std::fmt;

use proc_macro2::{Literal, Span};
use syn::{Expr, ExprLit, Ident, Lit, LitInt, LitStr, Path};

/// Every option. The documentation of the attribute lists them in this order.
const KNOWN: &[(&str, Takes)] = &[
    ("memory_model", Takes::Variant("MemoryModel", &[("sc", "Sc"), ("rc11", "Rc11")])),
    ("random", Takes::Integer),
    (
        "strategy",
        Takes::Variant(
            "Strategy",
            &[
                ("walk", "Walk"),
                ("pos", "Pos"),
                ("pct", "Pct"),
                ("surw", "Surw"),
                ("portfolio", "Portfolio"),
            ],
        ),
    ),
    ("max_executions", Takes::Integer),
    ("max_steps", Takes::Integer),
    ("max_preemptions", Takes::Integer),
    ("max_duration", Takes::Duration),
    ("stack_size", Takes::Integer),
    ("spurious_wakeups", Takes::Nothing),
    ("crate", Takes::Path),
];

/// The units of a duration, in milliseconds.
const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1000), ("m", 60_000)];

/// What may stand after an option's name.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    Nothing,
    Integer,
    Duration,
    Path,
    /// Of the enum with this name, the variants by the words for them.
    Variant(&'static str, &'static [(&'static str, &'static str)]),
}

/// What an option was given.
pub(crate) enum Value {
    /// The option is a bare word.
    Set,
    Integer(LitInt),
    Millis(Literal),
    Path(Path),
    /// `of::variant`, of an enum of the explorer.
    Variant {
        of: Ident,
        variant: Ident,
    },
}

/// What the option `name` takes.
///
/// # Errors
///
/// There is no such option.
pub(super) fn takes(name: &Ident) -> syn::Result<Takes> {
    KNOWN.iter().find(|(known, _)| name == known).map(|(_, takes)| *takes).ok_or_else(|| {
        let known = list(KNOWN.iter().map(|(known, _)| format!("`{known}`")), "and");
        syn::Error::new_spanned(name, format!("unknown option `{name}`; there are {known}"))
    })
}

impl Takes {
    /// The value written for the option `name`.
    ///
    /// # Errors
    ///
    /// It is not of this kind, or missing, or one too many.
    pub(super) fn read(self, name: &Ident, written: Option<&Expr>) -> syn::Result<Value> {
        let wrong = || match written {
            Some(value) => syn::Error::new_spanned(value, format!("`{name}` takes {self}")),
            None => syn::Error::new_spanned(name, format!("`{name}` takes {self}")),
        };
        self.value(written.map(without_group)).ok_or_else(wrong)
    }

    fn value(self, written: Option<&Expr>) -> Option<Value> {
        match (self, written) {
            (Self::Nothing, None) => Some(Value::Set),
            (Self::Integer, Some(expr)) => integer(expr).map(Value::Integer),
            (Self::Duration, Some(expr)) => {
                let text = string(expr)?;
                let mut millis = Literal::u64_unsuffixed(millis(&text.value())?);
                millis.set_span(generated(text.span()));
                Some(Value::Millis(millis))
            }
            (Self::Path, Some(expr)) => path(expr).map(Value::Path),
            (Self::Variant(of, variants), Some(expr)) => {
                let word = string(expr)?;
                let (_, variant) = variants.iter().find(|(own, _)| *own == word.value())?;
                let ident = |name| Ident::new(name, generated(word.span()));
                Some(Value::Variant { of: ident(of), variant: ident(variant) })
            }
            (Self::Nothing, Some(_)) | (_, None) => None,
        }
    }
}

/// In words, for "takes ...".
impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("no value"),
            Self::Integer => f.write_str("an integer literal of at most 64 bits"),
            Self::Duration => f.write_str("a duration, such as \"500ms\", \"10s\" or \"2m\""),
            Self::Path => f.write_str("the path of a crate or module"),
            Self::Variant(_, variants) => {
                f.write_str(&list(variants.iter().map(|(word, _)| format!("\"{word}\"")), "or"))
            }
        }
    }
}

/// `a, b or c`.
fn list(words: impl Iterator<Item = String>, last: &str) -> String {
    let words: Vec<_> = words.collect();
    match words.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// A place in the source for code that nobody wrote there.
fn generated(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// Values that come through `macro_rules` have invisible parentheses.
fn without_group(mut expr: &Expr) -> &Expr {
    while let Expr::Group(group) = expr {
        expr = &group.expr;
    }
    expr
}

fn literal(expr: &Expr) -> Option<&Lit> {
    match expr {
        Expr::Lit(ExprLit { attrs, lit }) if attrs.is_empty() => Some(lit),
        _ => None,
    }
}

fn integer(expr: &Expr) -> Option<LitInt> {
    match literal(expr)? {
        Lit::Int(int) if int.base10_parse::<u64>().is_ok() => Some(int.clone()),
        _ => None,
    }
}

fn string(expr: &Expr) -> Option<&LitStr> {
    match literal(expr)? {
        Lit::Str(text) if text.suffix().is_empty() => Some(text),
        _ => None,
    }
}

fn path(expr: &Expr) -> Option<Path> {
    match expr {
        Expr::Path(expr) if expr.attrs.is_empty() && expr.qself.is_none() => {
            let plain = expr.path.segments.iter().all(|segment| segment.arguments.is_none());
            plain.then(|| expr.path.clone())
        }
        _ => None,
    }
}

/// A whole number and its unit.
fn millis(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let (_, factor) = UNITS.iter().find(|(own, _)| *own == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations() {
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("10s"), Some(10_000));
        assert_eq!(millis("2m"), Some(120_000));
        assert_eq!(millis("0s"), Some(0));
        let wrong = ["", "s", "10", "10 s", "1h", "-1s", "+1s", "1.5s", "1s ", "1S", "1s1ms", "١s"];
        for text in wrong.iter().chain(&["18446744073709551615s", "18446744073709551616ms"]) {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn durations_are_numbers_times_units(number: u64, unit in 0..UNITS.len()) {
            let (name, factor) = UNITS[unit];
            prop_assert_eq!(millis(&format!("{number}{name}")), number.checked_mul(factor));
        }

        #[test]
        fn any_text_is_judged(text in prop::collection::vec(any::<char>(), 0..8)) {
            let text = String::from_iter(text);
            if millis(&text).is_some() {
                prop_assert!(text.starts_with(|c: char| c.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn each_option_is_documented() {
        let docs = include_str!("../lib.rs");
        let rows: Vec<_> = docs.lines().filter_map(|line| line.strip_prefix("/// | `")).collect();
        assert_eq!(rows.len(), KNOWN.len());
        for (row, (name, takes)) in rows.iter().zip(KNOWN) {
            assert!(row.starts_with(name), "{name} is not first in: {row}");
            if let Takes::Variant(_, variants) = takes {
                for (word, _) in *variants {
                    assert!(row.contains(&format!("\"{word}\"")), "{word} is missing in: {row}");
                }
            }
        }
    }
}
