//! What reports call an object: its name, or its type and the place where it was made.

use crate::Site;

/// The words for an object: `` `noodle` `` where the program named it, else
/// `` `Mutex<Account>` made at src/bank.rs:12 ``.
pub(crate) fn object_label(name: Option<&str>, type_name: &str, created: Site) -> String {
    match name {
        Some(name) => format!("`{name}`"),
        None if created.is_unknown() => format!("`{}`", short_type(type_name)),
        None => format!("`{}` made at {}:{}", short_type(type_name), created.file, created.line),
    }
}

/// A type without the paths of its parts: `Mutex<Vec<Account>>` for
/// `lockwise::sync::Mutex<alloc::vec::Vec<bank::Account>>`.
#[must_use]
pub fn short_type(full: &str) -> String {
    let mut short = String::with_capacity(full.len());
    let mut rest = full;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if word == 0 {
            short.push(first);
            rest = &rest[first.len_utf8()..];
        } else if let Some(after) = rest[word..].strip_prefix("::") {
            rest = after;
        } else {
            short.push_str(&rest[..word]);
            rest = &rest[word..];
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_loses_its_paths_and_keeps_its_shape() {
        let check = |full: &str, short: &str| assert_eq!(short_type(full), short);
        check("Mutex<Account>", "Mutex<Account>");
        check("lockwise::sync::Mutex<alloc::vec::Vec<bank::Account>>", "Mutex<Vec<Account>>");
        check("a::B<dyn c::D + core::marker::Send, [u8; 4]>", "B<dyn D + Send, [u8; 4]>");
        check("Mutex<()>", "Mutex<()>");
        check("", "");
    }

    #[test]
    fn a_name_goes_before_a_place() {
        let site = Site::new("src/bank.rs", 12, 5);
        assert_eq!(object_label(Some("noodle"), "Mutex<()>", site), "`noodle`");
        assert_eq!(object_label(None, "Mutex<()>", site), "`Mutex<()>` made at src/bank.rs:12");
        assert_eq!(object_label(None, "Mutex<()>", Site::UNKNOWN), "`Mutex<()>`");
    }
}
