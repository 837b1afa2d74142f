//! `bench --instructions`: what callgrind counts, which no other load on the machine disturbs.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{rows::ROWS, table::markdown};
use crate::{
    Error,
    process::{self, Ended},
};

/// What is counted; the others' instructions say little beside their locked ones.
const PEERS: [&str; 2] = ["std", "lockwise"];

/// Two counts of operations, whose difference leaves out what is done once.
const TIMES: [u64; 2] = [1_000, 11_000];

const LIMIT: Duration = Duration::from_secs(60);

/// The table of instructions per operation.
pub(crate) fn table(binary: &Path) -> Result<String, Error> {
    let mut rows = Vec::new();
    for row in ROWS.iter().filter(|row| row.counted) {
        let [std, ours] = PEERS.map(|peer| per_operation(binary, row.id, peer));
        rows.push([row.title.to_owned(), std?.to_string(), ours?.to_string()]);
    }
    Ok(markdown(&["instructions per operation", PEERS[0], PEERS[1]], &rows))
}

fn per_operation(binary: &Path, row: &str, peer: &str) -> Result<u64, Error> {
    let [few, many] = TIMES.map(|times| count(binary, row, peer, times));
    Ok(many?.saturating_sub(few?) / (TIMES[1] - TIMES[0]))
}

fn count(binary: &Path, row: &str, peer: &str, times: u64) -> Result<u64, Error> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(binary);
    command.args([row, peer, &times.to_string()]);
    let outcome = process::run(&mut command, LIMIT).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::NoValgrind,
        _ => Error::Spawn { program: PathBuf::from("valgrind"), source },
    })?;
    let counted = collected(&outcome.stderr).filter(|_| outcome.ended == Ended::Code(0));
    counted.ok_or_else(|| Error::Valgrind { said: outcome.stderr.trim().to_owned() })
}

/// The count in `==123== Collected : 13196514`.
fn collected(said: &str) -> Option<u64> {
    let count = said.lines().find_map(|line| line.split_once("Collected : "))?.1;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_what_callgrind_collected() {
        let said = "==7== Events    : Ir\n==7== Collected : 13196514\n==7==\n";
        assert_eq!(collected(said), Some(13_196_514));
        assert_eq!(collected("==7== Command not found"), None);
    }
}
