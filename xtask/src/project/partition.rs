//! A part of a suite, so that several machines can share it.

use std::str::FromStr;

use crate::facade::key;

/// Part `index` of `of`, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Partition {
    by: By,
    index: u64,
    of: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    /// By the test's name: a test stays in its part when others come and go.
    Hash,
    /// By its place in the list: parts are equally large.
    Count,
}

impl Partition {
    /// Whether the test at `place` in the list belongs to this part.
    pub(super) fn has(self, place: u64, name: &str) -> bool {
        let number = match self.by {
            By::Count => place,
            By::Hash => {
                let key = key([name.as_bytes()]);
                u64::from_str_radix(&key[..16], 16).unwrap_or_default()
            }
        };
        number % self.of == self.index - 1
    }

    /// Whether it is the first part, which does what cannot be shared.
    pub(super) fn is_first(self) -> bool {
        self.index == 1
    }

    /// As it is written.
    pub(super) fn text(self) -> String {
        let by = match self.by {
            By::Hash => "hash",
            By::Count => "count",
        };
        format!("{by}:{}/{}", self.index, self.of)
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (by, part) = text.split_once(':')?;
            let by = match by {
                "hash" => By::Hash,
                "count" => By::Count,
                _ => return None,
            };
            let (index, of) = part.split_once('/')?;
            let (index, of) = (index.parse().ok()?, of.parse().ok()?);
            (1 <= index && index <= of).then_some(Self { by, index, of })
        };
        parse().ok_or_else(|| "a part is `hash:1/4` or `count:1/4`, the first of four".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_is_in_one_part() {
        for by in ["hash", "count"] {
            for place in 0..100 {
                let name = format!("suite::test_{place}");
                let parts = (1..=4).filter(|index| {
                    let part: Partition = format!("{by}:{index}/4").parse().unwrap();
                    part.has(place, &name)
                });
                assert_eq!(parts.count(), 1, "{by} {place}");
            }
        }
    }

    #[test]
    fn a_part_that_is_none_is_refused() {
        for text in ["", "hash", "hash:0/4", "hash:5/4", "hash:1", "slice:1/2", "hash:a/b"] {
            assert!(text.parse::<Partition>().is_err(), "{text}");
        }
        let part: Partition = "count:2/3".parse().unwrap();
        assert_eq!(part.text(), "count:2/3");
    }
}
