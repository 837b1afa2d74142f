//! The source of made-up fixtures: does what the agreement says, with one finding.

use std::{env, fs};

const LIST: &str = r#"[{"program":"meal","variants":[
    {"name":"buggy","expect":[["data-race"]]},
    {"name":"mended","expect":[]},
    {"name":"worse","expect":[]}
]}]"#;

const FINDING: &str = concat!(
    r#"{"fingerprint":"f","rule":"data-race","certainty":"observed","test":"TEST","#,
    r#""message":"raced","threads":[{"name":"t1","steps":[{"op":"read","object":null,"#,
    r#""site":{"file":"src/main.rs","line":3,"column":5}}]}],"objects":[],"replay":null}"#,
    "\n"
);

fn main() {
    let args: Vec<_> = env::args().collect();
    if args[1] == "list" {
        println!("{LIST}");
        return;
    }
    let variant = &args[3];
    if variant != "mended" {
        let finding = FINDING.replace("TEST", &env::var("LOCKWISE_TEST").unwrap());
        fs::write(env::var("LOCKWISE_OUTPUT").unwrap(), finding).unwrap();
    }
    eprintln!("lockwise-fixtures: meal::{variant} ended");
}
