//! Reads what criterion measured.

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, de::DeserializeOwned};

use crate::Error;

/// Nanoseconds per operation, by row and peer.
#[derive(Debug, Default)]
pub(crate) struct Medians(BTreeMap<String, BTreeMap<String, f64>>);

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Throughput {
    elements: Option<u64>,
}

impl Medians {
    /// Reads everything below criterion's directory: `GROUP/FUNCTION/new/*.json`.
    pub(crate) fn read(home: &Path) -> Result<Self, Error> {
        let mut medians = Self::default();
        for group in children(home)? {
            for function in children(&group)? {
                let new = function.join("new");
                if new.join("benchmark.json").exists() {
                    medians.add(&new)?;
                }
            }
        }
        Ok(medians)
    }

    fn add(&mut self, directory: &Path) -> Result<(), Error> {
        let Estimates { median } = json(&directory.join("estimates.json"))?;
        let benchmark: Benchmark = json(&directory.join("benchmark.json"))?;
        let elements = benchmark.throughput.and_then(|t| t.elements).unwrap_or(1);
        let peers = self.0.entry(benchmark.group_id).or_default();
        let peer = benchmark.function_id.unwrap_or_default();
        peers.insert(peer, median.point_estimate / elements as f64);
        Ok(())
    }

    pub(crate) fn get(&self, row: &str, peer: &str) -> Option<f64> {
        self.0.get(row)?.get(peer).copied()
    }

    /// The quickest that is neither std nor lockwise.
    pub(crate) fn best_peer(&self, row: &str) -> Option<(&str, f64)> {
        let peers = self.0.get(row)?.iter().map(|(peer, median)| (peer.as_str(), *median));
        let others = peers.filter(|(peer, _)| !["std", "lockwise"].contains(peer));
        others.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

fn children(directory: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let error = |source| Error::Read { path: directory.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(error)? {
        let entry = entry.map_err(error)?;
        if entry.file_type().map_err(error)?.is_dir() {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let error = |source| Error::Read { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(error)?;
    serde_json::from_str(&text).map_err(|source| error(source.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(home: &Path, row: &str, peer: &str, median: f64, elements: Option<u64>) {
        let new = home.join(row).join(peer).join("new");
        fs::create_dir_all(&new).unwrap();
        let throughput = elements.map(|n| serde_json::json!({ "Elements": n }));
        let benchmark = serde_json::json!({
            "group_id": row, "function_id": peer, "throughput": throughput,
        });
        let estimates = serde_json::json!({ "median": { "point_estimate": median } });
        fs::write(new.join("benchmark.json"), benchmark.to_string()).unwrap();
        fs::write(new.join("estimates.json"), estimates.to_string()).unwrap();
    }

    #[test]
    fn a_median_is_divided_among_its_elements() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), "edge", "lockwise", 5000.0, Some(10));
        write(home.path(), "mutex", "std", 14.5, None);
        let medians = Medians::read(home.path()).unwrap();
        assert_eq!(medians.get("edge", "lockwise"), Some(500.0));
        assert_eq!(medians.get("mutex", "std"), Some(14.5));
        assert_eq!(medians.get("mutex", "lockwise"), None);
    }

    #[test]
    fn the_best_peer_is_the_quickest_of_the_others() {
        let home = tempfile::tempdir().unwrap();
        for (peer, median) in [("std", 1.0), ("lockwise", 2.0), ("slow", 9.0), ("quick", 3.0)] {
            write(home.path(), "mutex", peer, median, None);
        }
        let medians = Medians::read(home.path()).unwrap();
        assert_eq!(medians.best_peer("mutex"), Some(("quick", 3.0)));
    }

    #[test]
    fn what_is_no_json_is_named() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), "mutex", "std", 1.0, None);
        let broken = home.path().join("mutex/std/new/estimates.json");
        fs::write(&broken, "{").unwrap();
        let error = Medians::read(home.path()).unwrap_err();
        assert!(error.to_string().contains("estimates.json"), "{error}");
    }
}
