//! What stands in the attribute's parentheses.

use syn::{
    Expr, Ident, LitInt, Path, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream},
};

use super::{
    faults::Faults,
    option::{self, Value},
};

/// The options, as the explorer needs them.
#[derive(Default)]
pub(crate) struct Arguments {
    /// In place of `::lockwise`.
    pub(crate) krate: Option<Path>,
    /// The seed, where schedules are random.
    pub(crate) random: Option<LitInt>,
    /// Calls on the explorer, in the order in which they were written.
    pub(crate) settings: Vec<Setting>,
}

/// An option that is a method of the explorer with its name.
pub(crate) struct Setting {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut faults = Faults::default();
        let mut arguments = Self::default();
        let mut names = Vec::new();
        while !input.is_empty() {
            match input.parse::<Written>() {
                Ok(written) => {
                    match written.judge(&names) {
                        Ok(value) => arguments.put(written.name.clone(), value),
                        Err(error) => faults.push(error),
                    }
                    names.push(written.name);
                }
                Err(error) => {
                    faults.push(error);
                    skip_to_comma(input)?;
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        let given = |name: &str| names.iter().find(|own| *own == name);
        if let (Some(strategy), None) = (given("strategy"), given("random")) {
            faults.at(
                strategy,
                "`strategy` needs `random = SEED`; without it all schedules are explored",
            );
        }
        faults.or(arguments)
    }
}

impl Arguments {
    fn put(&mut self, name: Ident, value: Value) {
        match value {
            Value::Path(path) => self.krate = Some(path),
            Value::Integer(seed) if name == "random" => self.random = Some(seed),
            value => self.settings.push(Setting { name, value }),
        }
    }
}

/// `name` or `name = value`, whatever the name, up to a comma.
struct Written {
    name: Ident,
    value: Option<Expr>,
}

impl Written {
    /// The value that the option has by this, if it is not among those `before`.
    fn judge(&self, before: &[Ident]) -> syn::Result<Value> {
        let name = &self.name;
        let takes = option::takes(name)?;
        if before.contains(name) {
            return Err(syn::Error::new_spanned(name, format!("`{name}` is given twice")));
        }
        takes.read(name, self.value.as_ref())
    }
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input
            .call(Ident::parse_any)
            .map_err(|error| syn::Error::new(error.span(), "expected the name of an option"))?;
        if at_end(input) {
            return Ok(Self { name, value: None });
        }
        if !input.peek(Token![=]) {
            return Err(input.error("expected `=` or `,`"));
        }
        let equals: Token![=] = input.parse()?;
        if at_end(input) {
            return Err(syn::Error::new_spanned(equals, "expected a value after `=`"));
        }
        let value = Some(input.parse()?);
        if at_end(input) { Ok(Self { name, value }) } else { Err(input.error("expected `,`")) }
    }
}

/// Whether nothing more belongs to this option.
fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// So that what is wrong after an error is said too.
fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !at_end(input) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}
