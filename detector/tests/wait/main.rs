//! The wait and misuse analyses, fed with scripts written by hand and with random programs.

mod blocked;
mod cycles;
mod habits;
mod misuse;
mod random;
mod simulator;
mod support;
