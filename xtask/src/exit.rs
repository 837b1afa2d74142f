//! Exit codes: what a script may rely on. Numbers that shells and signals use are left alone.

/// All was checked, and nothing was found that should not be.
pub const CLEAN: u8 = 0;
/// Something is wrong with lockwise itself or with the machine.
pub const INTERNAL: u8 = 1;
/// The command line makes no sense, or names a file that cannot be written.
pub const USAGE: u8 = 2;
/// There was nothing to check, or no test matches the filter.
pub const NOTHING: u8 = 4;
/// A budget ran out before coverage was complete, and completeness was required.
pub const INCOMPLETE: u8 = 5;
/// The configuration or the baseline is malformed.
pub const CONFIG: u8 = 96;
/// There are findings, or expected ones are missing.
pub const FINDINGS: u8 = 100;
/// The build failed, or a test failed in an ordinary way: it crashed, hung or ended early.
pub const FAILED: u8 = 101;
/// The user interrupted it: what a shell makes of SIGINT.
pub const INTERRUPTED: u8 = 130;
