//! The environment variables, parsed here and nowhere else.
//!
//! | variable | value | meaning |
//! |---|---|---|
//! | `LOCKWISE_LOOKUPS` | a directory | what has been looked up in the debug information is kept there for later processes of the same executable |
//! | `LOCKWISE_ON_FINDING` | `panic` (default) or `collect` | whether a finding fails the test that causes it, or is only written down |
//! | `LOCKWISE_OUTPUT` | a file | each finding is appended to it as one line of JSON, the moment it is found |
//! | `LOCKWISE_REPLAY` | a token | what is explored makes only the execution of that token |
//! | `LOCKWISE_TEST` | any text | the name of the test, for the findings |
//! | `LOCKWISE_TOLD` | a file | how many operations the analyses were told of is appended to it, as a line, at the end of the process |

use std::{
    ffi::{OsStr, OsString},
    fs::{File, OpenOptions},
    io::Write,
    path::PathBuf,
    sync::OnceLock,
};

/// What shares this prefix is ours, and must be known.
const PREFIX: &str = "LOCKWISE_";

/// The exit code of a process whose configuration is wrong.
pub(crate) const EXIT_BAD_CONFIG: i32 = 96;

/// What a finding does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum OnFinding {
    /// It panics in the thread that caused it.
    #[default]
    Panic,
    /// It is written down, and the program goes on as long as it can.
    Collect,
}

/// The configuration of this process.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) on_finding: OnFinding,
    /// Where what was looked up in the debug information is kept.
    pub(crate) lookups: Option<PathBuf>,
    pub(crate) output: Option<File>,
    pub(crate) test: Option<String>,
    /// The token of the execution that is to be made again.
    pub(crate) replay: Option<String>,
    /// Where the number of operations goes that the analyses were told of.
    pub(crate) told: Option<File>,
}

/// Why the environment cannot be used. Each says which variable, and what would be right.
#[derive(Debug)]
pub(crate) enum ConfigError {
    Unknown { name: String },
    NotText { name: String },
    NoSuchValue { name: &'static str, value: String, known: &'static str },
    Output { path: PathBuf, error: std::io::Error },
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown { name } => write!(
                f,
                "`{name}` is no variable of lockwise; there are LOCKWISE_LOOKUPS, \
                 LOCKWISE_ON_FINDING, LOCKWISE_OUTPUT, LOCKWISE_REPLAY, LOCKWISE_TEST and LOCKWISE_TOLD"
            ),
            Self::NotText { name } => write!(f, "the value of `{name}` is not valid UTF-8"),
            Self::NoSuchValue { name, value, known } => {
                write!(f, "`{name}` is `{value}`, but it must be {known}")
            }
            Self::Output { path, error } => {
                write!(f, "cannot write findings to `{}`: {error}", path.display())
            }
        }
    }
}

impl Config {
    /// The configuration of this process, read once. A wrong one ends the process.
    pub(crate) fn get() -> &'static Self {
        static CONFIG: OnceLock<Config> = OnceLock::new();
        CONFIG.get_or_init(|| {
            Self::parse(std::env::vars_os()).unwrap_or_else(|error| {
                crate::report::write_raw(&format!("lockwise: error: {error}\n"));
                std::process::exit(EXIT_BAD_CONFIG)
            })
        })
    }

    fn parse(vars: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for (name, value) in vars {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            match &name[PREFIX.len()..] {
                "ON_FINDING" => config.on_finding = on_finding(&text(name, &value)?)?,
                "REPLAY" => config.replay = Some(text(name, &value)?),
                "TEST" => config.test = Some(text(name, &value)?),
                "LOOKUPS" => config.lookups = Some(PathBuf::from(value)),
                "OUTPUT" => config.output = Some(open(PathBuf::from(value))?),
                "TOLD" => config.told = Some(open(PathBuf::from(value))?),
                _ => return Err(ConfigError::Unknown { name: name.to_owned() }),
            }
        }
        Ok(config)
    }
}

fn text(name: &str, value: &OsStr) -> Result<String, ConfigError> {
    let text = value.to_str().map(str::to_owned);
    text.ok_or_else(|| ConfigError::NotText { name: name.to_owned() })
}

fn on_finding(value: &str) -> Result<OnFinding, ConfigError> {
    match value {
        "panic" => Ok(OnFinding::Panic),
        "collect" => Ok(OnFinding::Collect),
        _ => Err(ConfigError::NoSuchValue {
            name: "LOCKWISE_ON_FINDING",
            value: value.to_owned(),
            known: "`panic` or `collect`",
        }),
    }
}

fn open(path: PathBuf) -> Result<File, ConfigError> {
    let file = OpenOptions::new().append(true).create(true).open(&path);
    // Writing nothing shows whether something could be written: a full device says no.
    let tried = file.and_then(|mut file| file.write(&[]).map(|_| file));
    tried.map_err(|error| ConfigError::Output { path, error })
}

/// Reads the environment before `main`, so that nothing runs under a wrong one. (Where there is no
/// such place, the first use of one of our types reads it.)
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "macos"))]
mod at_start {
    extern "C" fn check() {
        // The allocator may use our types, which need the configuration.
        let config = crate::rt::os::local::unobserved(super::Config::get);
        if config.told.is_some() {
            crate::report::watch();
        }
    }

    #[used]
    // SAFETY: both sections hold pointers to functions that are called before `main`; what this
    // one calls of std (the environment, files) needs nothing that `main` sets up.
    #[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
    #[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
    static CHECK: extern "C" fn() = check;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(vars: &[(&str, &str)]) -> Result<Config, String> {
        let vars = vars.iter().map(|(name, value)| (name.into(), value.into()));
        Config::parse(vars).map_err(|error| error.to_string())
    }

    #[test]
    fn known_variables_are_read_and_others_left_alone() {
        let config = parse(&[
            ("PATH", "/bin"),
            ("LOCKWISE_ON_FINDING", "collect"),
            ("LOCKWISE_TEST", "suite::case"),
        ])
        .unwrap();
        assert_eq!(config.on_finding, OnFinding::Collect);
        assert_eq!(config.test.as_deref(), Some("suite::case"));
        assert!(config.output.is_none());
    }

    #[test]
    fn a_misspelt_variable_is_an_error_that_names_it() {
        let error = parse(&[("LOCKWISE_ONFINDING", "panic")]).unwrap_err();
        assert!(error.contains("`LOCKWISE_ONFINDING` is no variable"), "{error}");
    }

    #[test]
    fn a_malformed_value_is_an_error_that_says_what_is_right() {
        let error = parse(&[("LOCKWISE_ON_FINDING", "abort")]).unwrap_err();
        assert!(error.contains("must be `panic` or `collect`"), "{error}");
    }

    #[test]
    fn an_unwritable_output_is_an_error() {
        let error = parse(&[("LOCKWISE_OUTPUT", "/no/such/folder/findings")]).unwrap_err();
        assert!(error.contains("/no/such/folder/findings"), "{error}");
    }
}
