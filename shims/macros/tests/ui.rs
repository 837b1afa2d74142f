//! What the attribute refuses, and in which words.

#[test]
fn what_is_wrong_is_said_where_it_is() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
