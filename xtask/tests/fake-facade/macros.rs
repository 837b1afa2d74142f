// `#[test]` of the made-up facade: counts that the body ran.
extern crate proc_macro;

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn test(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = item.to_string().replacen('{', "{ ::std::__lockwise::count();", 1);
    format!("#[::std::__lockwise::test] {item}").parse().unwrap()
}
