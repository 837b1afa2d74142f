//! The item around a place in source text: `tests::both_orders`, `impl Bank::transfer`, `QUEUE`.
//!
//! A forward scan over a small lexer: comments, strings and characters are skipped, brackets are
//! counted, and each `mod`, `fn`, `impl`, `trait`, `static` and `const` that opens before the
//! place and has not closed is part of the path. No parser, on purpose: text that does not parse
//! (half-edited, of a newer edition) still gives the same answer on every run, and that is all
//! that a fingerprint needs. Items that a macro makes are not seen; the macro's caller is.

use crate::Site;

/// The path of the items around `site`, outermost first; empty at the top of a file.
pub(super) fn enclosing_item(text: &str, site: Site) -> String {
    let mut items = Items::default();
    let mut lexer = Lexer { rest: &text[..offset(text, site)] };
    while let Some(token) = lexer.next_token() {
        items.take(token, lexer.rest);
    }
    items.path()
}

/// Where `site` is in `text`; the end of the text where it has no such line or column.
fn offset(text: &str, site: Site) -> usize {
    let line = site.line.saturating_sub(1) as usize;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let offset = start + site.column.saturating_sub(1) as usize;
    if text.is_char_boundary(offset) { offset } else { text.len() }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Token<'a> {
    Word(&'a str),
    Symbol(char),
}

struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    fn next_token(&mut self) -> Option<Token<'a>> {
        loop {
            self.rest = self.rest.trim_start();
            let skip = skipped(self.rest);
            if skip == 0 {
                break;
            }
            self.rest = &self.rest[skip..];
        }
        let first = self.rest.chars().next()?;
        let word = word(self.rest);
        let length = if word.is_empty() { first.len_utf8() } else { word.len() };
        self.rest = &self.rest[length..];
        Some(if word.is_empty() { Token::Symbol(first) } else { Token::Word(word) })
    }
}

/// The identifier or keyword that `text` starts with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The length of the comment, string, character or lifetime that `text` starts with, else 0.
fn skipped(text: &str) -> usize {
    let until = |end: &str, from: usize| {
        text.get(from..).and_then(|rest| rest.find(end)).map_or(text.len(), |at| from + at)
    };
    if text.starts_with("//") {
        return until("\n", 2);
    }
    if text.starts_with("/*") {
        return block_comment(text);
    }
    let quoted = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = text.len() - quoted.len();
    let hashes = quoted.len() - quoted.trim_start_matches('#').len();
    if text[..prefix].ends_with('r') && quoted[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        return (until(&end, prefix + hashes + 1) + end.len()).min(text.len());
    }
    match quoted.chars().next() {
        Some('"') if prefix <= 1 => prefix + escaped(quoted, '"'),
        Some('\'') if prefix == 0 => character_or_lifetime(text),
        _ => 0,
    }
}

/// The length of a `/* */` comment, which may nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        match rest {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a literal between quotes in which a backslash escapes.
fn escaped(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            c if c == quote => return at + quote.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// `'x'` and `'\n'` are characters; `'x` is a lifetime or a label.
fn character_or_lifetime(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => escaped(text, '\''),
        (Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 1 + word(&text[1..]).len(),
    }
}

/// The items that are open, as the tokens so far have made them.
#[derive(Default)]
struct Items {
    /// One entry per open bracket: the item whose body it is, if any.
    open: Vec<Option<String>>,
    /// An item whose body has not begun.
    head: Option<Head>,
}

struct Head {
    name: String,
    /// How many brackets were open before it.
    depth: usize,
    /// Whether braces at that depth are its body; else it lasts until its semicolon.
    braced: bool,
}

impl Items {
    fn take(&mut self, token: Token<'_>, rest: &str) {
        match token {
            Token::Word(word) if self.head.is_none() => self.head = self.head_of(word, rest),
            Token::Symbol('{') if self.at_head(true) => {
                self.open.push(self.head.take().map(|head| head.name));
            }
            Token::Symbol('(' | '[' | '{') => self.open.push(None),
            Token::Symbol(')' | ']' | '}') => {
                self.open.pop();
                self.head.take_if(|head| head.depth > self.open.len());
            }
            Token::Symbol(';') if self.at_head(false) => self.head = None,
            _ => {}
        }
    }

    /// Whether there is a head outside all brackets that opened since, with a body to come.
    fn at_head(&self, body: bool) -> bool {
        self.head
            .as_ref()
            .is_some_and(|head| head.depth == self.open.len() && (head.braced || !body))
    }

    fn head_of(&self, keyword: &str, rest: &str) -> Option<Head> {
        let mut words = Lexer { rest };
        let mut next = || words.next_token();
        let (name, braced) = match keyword {
            "fn" | "mod" | "trait" => match next()? {
                Token::Word(name) => (name.to_owned(), true),
                Token::Symbol(_) => return None,
            },
            "static" | "const" => {
                let name = match next()? {
                    Token::Word("mut") => next()?,
                    first => first,
                };
                // `const fn`, `const {}` and `*const T` have no colon there.
                match (name, next()?) {
                    (Token::Word(name), Token::Symbol(':')) => (name.to_owned(), false),
                    _ => return None,
                }
            }
            "impl" => (impl_name(rest), true),
            _ => return None,
        };
        Some(Head { name, depth: self.open.len(), braced })
    }

    fn path(&self) -> String {
        let head = self.head.as_ref().map(|head| head.name.as_str());
        let names: Vec<&str> = self.open.iter().flatten().map(String::as_str).chain(head).collect();
        names.join("::")
    }
}

/// `impl Display for Bank`: the words up to the bounds or the body, however they are spaced.
fn impl_name(rest: &str) -> String {
    let end = rest.find(['{', ';']).unwrap_or(rest.len());
    let words = rest[..end].split_whitespace().take_while(|word| *word != "where");
    format!("impl {}", words.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The item around the `@` of `text`.
    fn check(text: &str, item: &str) {
        let at = text.find('@').unwrap();
        let line = text[..at].matches('\n').count() as u32 + 1;
        let column = (at - text[..at].rfind('\n').map_or(0, |newline| newline + 1)) as u32 + 1;
        assert_eq!(enclosing_item(text, Site::new("", line, column)), item, "{text}");
    }

    #[test]
    fn items_nest() {
        check("fn a() {}\nfn b() { @ }\nfn c() {}", "b");
        check("mod tests {\n fn a() { if x { @ } } }", "tests::a");
        check(
            "impl<T> Display for Bank<T> where T: Copy {\n fn a(&self) { || { @ } } }",
            "impl <T> Display for Bank<T>::a",
        );
        check("trait A { fn a(); fn b() { @ } }", "A::b");
        check("pub(crate) async unsafe fn a(x: impl Fn(), y: fn(u8) -> [u8; 2]) -> u8 { @ }", "a");
        check("fn a() {} @", "");
    }

    #[test]
    fn statics_and_consts_last_until_their_semicolon() {
        check("static A: Mutex<[u8; 2]> = Mutex::new([0; @ 2]);", "A");
        check("thread_local! { static mut A: u8 = const { @ 0 }; }", "A");
        check("static A: LazyLock<u8> = LazyLock::new(|| { let a = 1; @ a });", "A");
        check("const A: u8 = 0;\nfn a<const N: usize>(p: *const u8) { @ }", "a");
        check("fn a() { const { 1 }; let f = static || 2; @ }", "a");
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        check("fn a() { // }\n /* } /* } */ } */ @ }", "a");
        check("fn a() { \"}\\\"}\"; r#\"}\"}\"#; b\"}\"; br\"}\"; '}'; '\\''; '\\u{7d}'; @ }", "a");
        check("fn a<'a>(x: &'a str) { 'outer: loop { @ } }", "a");
        check("fn r() { let r = b; c @ }", "r");
    }

    #[test]
    fn broken_text_and_places_outside_it_give_an_answer() {
        for text in ["", "fn", "fn {", "}}} fn a() {", "\"", "r#\"", "/*", "'", "'\\", "impl", "é"]
        {
            for (line, column) in [(0, 0), (1, 1), (1, 2), (1, 9), (9, 9)] {
                enclosing_item(text, Site::new("", line, column));
            }
        }
        check("}}} fn a() { @", "a");
    }

    proptest::proptest! {
        /// Any text, in particular one of the pieces that the lexer takes apart, has an answer.
        #[test]
        fn any_text_gives_an_answer(
            text in "(fn a|impl|static|r#*\"|b'|'|\"|/\\*|\\*/|//|\\\\|[(){}\\[\\];:]|\\PC| |\n){0,40}",
            line in 0_u32..6,
            column in 0_u32..20,
        ) {
            enclosing_item(&text, Site::new("", line, column));
        }
    }
}
