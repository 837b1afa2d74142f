//! Which of a project's tests are built: options that cargo knows, under cargo's names.

/// What `cargo test` is asked to build.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Checks this package of the project (may be repeated).
    #[arg(short, long = "package", value_name = "PKG")]
    packages: Vec<String>,
    /// Checks all packages of the workspace.
    #[arg(long)]
    workspace: bool,
    /// Features to switch on.
    #[arg(long, value_name = "FEATURES")]
    features: Vec<String>,
    /// Switches all features on.
    #[arg(long)]
    all_features: bool,
    /// Leaves the default features off.
    #[arg(long)]
    no_default_features: bool,
    /// Builds with optimisation.
    #[arg(long)]
    release: bool,
    /// Only the unit tests of libraries.
    #[arg(long)]
    lib: bool,
    /// Only this integration test (may be repeated).
    #[arg(long = "test", value_name = "NAME")]
    tests: Vec<String>,
    /// Only the examples in documentation.
    #[arg(long, conflicts_with_all = ["lib", "tests"])]
    doc: bool,
}

impl Selection {
    /// With these features, these integration tests, or all tests if there are none.
    pub(crate) fn of(features: &[&str], tests: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { features: owned(features), tests: owned(tests), ..Self::default() }
    }

    /// The part that says which features are on.
    pub(super) fn features(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for features in &self.features {
            arguments.extend(["--features".to_owned(), features.clone()]);
        }
        let switches = [
            (self.all_features, "--all-features"),
            (self.no_default_features, "--no-default-features"),
        ];
        arguments.extend(switches.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()));
        arguments
    }

    /// The part that says which packages, and how they are built.
    pub(super) fn packages(&self) -> Vec<String> {
        let mut arguments = self.features();
        for package in &self.packages {
            arguments.extend(["--package".to_owned(), package.clone()]);
        }
        let switches = [(self.workspace, "--workspace"), (self.release, "--release")];
        arguments.extend(switches.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()));
        arguments
    }

    /// The part that says which targets.
    pub(super) fn targets(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if self.lib {
            arguments.push("--lib".to_owned());
        }
        for test in &self.tests {
            arguments.extend(["--test".to_owned(), test.clone()]);
        }
        arguments
    }

    /// Whether anything but documentation is tested.
    pub(super) fn wants_executables(&self) -> bool {
        !self.doc
    }

    /// Whether documentation is tested: where cargo would, or where it is asked for.
    pub(super) fn wants_documentation(&self) -> bool {
        self.doc || (!self.lib && self.tests.is_empty())
    }
}
