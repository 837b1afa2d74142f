//! The name that source code binds a new object to: `noodle` in `let noodle = Mutex::new(());`.
//!
//! Reports are read by people who know their program by these names, not by types and lines. The
//! text between the start of the statement and the place of the constructor is enough to tell in
//! the usual cases: `let`, `static`, `const`, a field of a struct, a member of a tuple. Where it is
//! not, there is no name, and nothing is lost.

use crate::Site;

/// The name that what is made at `site` is bound to.
pub(super) fn binding(text: &str, site: Site) -> Option<&str> {
    let statement = statement(before(text, site)?);
    declared(statement).or_else(|| field(statement))
}

/// The name of the variable or field whose method is called at `site`.
pub(super) fn receiver(text: &str, site: Site) -> Option<&str> {
    let path = before(text, site)?.trim_end().strip_suffix('.')?.trim_end();
    let start = path.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |end| end + 1);
    name(&path[start..])
}

/// The text before `site`.
fn before(text: &str, site: Site) -> Option<&str> {
    let line = usize::try_from(site.line).ok()?.checked_sub(1)?;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    text.get(..start + usize::try_from(site.column).ok()?.checked_sub(1)?)
}

/// The part of `text` after the last end of a statement or start of a block.
fn statement(text: &str) -> &str {
    let start = text.rfind([';', '{', '}']).map_or(0, |end| end + 1);
    text[start..].trim_start()
}

/// The name after `let`, `static` or `const`; of a tuple, the one at the same place.
fn declared(statement: &str) -> Option<&str> {
    let (pattern, value) = statement.split_once('=')?;
    let pattern = ["let ", "static ", "const "]
        .iter()
        .find_map(|keyword| Some(&pattern[pattern.find(keyword)? + keyword.len()..]))?;
    let pattern = pattern.trim().trim_start_matches("mut ").trim_start();
    let Some(tuple) = pattern.strip_prefix('(').or_else(|| pattern.strip_prefix('[')) else {
        return name(pattern);
    };
    let members = value.trim_start().strip_prefix(['(', '['])?;
    let place = top_level_commas(members);
    name(tuple.split(',').nth(place)?.trim().trim_start_matches("mut ").trim_start())
}

/// The name of the field that is being filled: `Account { balance: Mutex::new(0) }`.
fn field(statement: &str) -> Option<&str> {
    let last = last_member(statement).trim_start();
    let (field, value) = last.split_once(':')?;
    (!value.starts_with(':')).then(|| name(field)).flatten()
}

/// How many commas `text` has outside brackets.
fn top_level_commas(text: &str) -> usize {
    let mut depth = 0_i32;
    text.chars()
        .filter(|c| {
            depth += i32::from("([<".contains(*c)) - i32::from(")]>".contains(*c));
            *c == ',' && depth == 0
        })
        .count()
}

/// What follows the last comma outside brackets.
fn last_member(text: &str) -> &str {
    let mut depth = 0_i32;
    let comma = text.rfind(|c: char| {
        depth += i32::from(")]".contains(c)) - i32::from("([".contains(c));
        c == ',' && depth == 0
    });
    comma.map_or(text, |comma| &text[comma + 1..])
}

/// The identifier that `text` starts with.
fn name(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let name = &text[..end];
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name != "_";
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name at the first `Mutex::new` that is marked by `^`.
    fn check(marked: &str, expected: Option<&str>) {
        let at = marked.find('^').unwrap();
        let text = marked.replacen('^', "", 1);
        let line = marked[..at].matches('\n').count() + 1;
        let column = at - marked[..at].rfind('\n').map_or(0, |newline| newline + 1) + 1;
        let site = Site::new("x.rs", line as u32, column as u32);
        assert_eq!(binding(&text, site), expected, "{marked}");
    }

    #[test]
    fn declarations_give_their_name() {
        check("fn f() { let noodle = ^Mutex::new(()); }", Some("noodle"));
        check("let mut fork: Arc<Mutex<()>> = Arc::new(^Mutex::new(()));", Some("fork"));
        check("pub static QUEUE: Mutex<u8> = ^Mutex::new(0);", Some("QUEUE"));
        check(
            "a();\n    let forks: Vec<_> =\n    (0..5).map(|_| ^Lock::new()).collect();",
            Some("forks"),
        );
    }

    #[test]
    fn members_of_tuples_are_told_apart() {
        check("let (a, b) = (^Mutex::new(1), Mutex::new(2));", Some("a"));
        check("let (a, mut b) = (Arc::new(f(1, 2)), Arc::new(^Mutex::new(2)));", Some("b"));
        check("let [a, b] = [(); 2].map(|()| ^Mutex::new(()));", None);
    }

    #[test]
    fn fields_give_their_name() {
        check("Self { balance: ^Mutex::new(0) }", Some("balance"));
        check("Self { id: f(1, 2), balance: ^Mutex::new(0) }", Some("balance"));
    }

    #[test]
    fn a_method_call_names_its_receiver() {
        let name = |text, column| receiver(text, Site::new("x.rs", 1, column));
        assert_eq!(name("let v = x.load(SeqCst);", 11), Some("x"));
        assert_eq!(name("self.shared.count.fetch_add(1, SeqCst);", 19), Some("count"));
        assert_eq!(name("f().load(SeqCst)", 5), None);
        assert_eq!(name("load(SeqCst)", 1), None);
    }

    #[test]
    fn what_is_bound_to_nothing_has_no_name() {
        check("f(^Mutex::new(0));", None);
        check("let _ = ^Mutex::new(0);", None);
        check("x = std::sync::^Mutex::new(0);", None);
        check("^", None);
        assert_eq!(binding("let a = 1;", Site::new("x.rs", 7, 3)), None);
        assert_eq!(binding("let a = 1;", Site::UNKNOWN), None);
    }
}
