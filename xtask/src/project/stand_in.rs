//! Packages of the project whose source is replaced, because what they do cannot be seen from
//! std's types alone.

use std::process::Command;

/// What replaces packages of a project.
#[derive(Debug, Default)]
pub(super) struct StandIns {
    paths: Vec<String>,
}

impl StandIns {
    pub(super) fn add_to(&self, command: &mut Command) {
        if !self.paths.is_empty() {
            let paths = self.paths.iter().cloned().map(toml::Value::String).collect();
            command.args(["--config", &format!("paths={}", toml::Value::Array(paths))]);
        }
    }
}
