//! Source text for findings that another process wrote: its stacks are resolved, the excerpts
//! are read here.

use std::{collections::HashMap, fs, path::PathBuf, sync::Arc};

use lockwise_detector::{Frame, Resolve};

/// Reads files below the workspace's root, as the compiler named them.
pub(crate) struct Sources {
    root: PathBuf,
    texts: HashMap<String, Option<Arc<str>>>,
}

impl Sources {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, texts: HashMap::new() }
    }
}

impl Resolve for Sources {
    /// Addresses of another process mean nothing here.
    fn frames(&mut self, _addresses: &[usize]) -> Vec<Frame> {
        Vec::new()
    }

    fn source(&mut self, file: &str) -> Option<Arc<str>> {
        let root = &self.root;
        // Joining an absolute path gives that path.
        let read = || fs::read_to_string(root.join(file)).ok().map(Arc::from);
        self.texts.entry(file.to_owned()).or_insert_with(read).clone()
    }
}
