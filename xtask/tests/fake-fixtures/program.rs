//! The source of made-up fixtures: does what the agreement says, with one finding.

use std::{env, fs};

const LIST: &str = r#"[
    {"by":"run","program":"meal","variant":"buggy","expect":[["data-race"]]},
    {"by":"run","program":"meal","variant":"mended","expect":[]},
    {"by":"run","program":"meal","variant":"worse","expect":[]},
    {"by":"explore","program":"meal","variant":"mended","size":2,"expect":[],"exhausts":true}
]"#;

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
    if args[1] == "explore" {
        println!(r#"{{"executions":2,"blocked":0,"complete":true,"seconds":0.001}}"#);
        return;
    }
    let variant = &args[3];
    if variant != "mended" {
        let finding = FINDING.replace("TEST", &env::var("LOCKWISE_TEST").unwrap());
        fs::write(env::var("LOCKWISE_OUTPUT").unwrap(), finding).unwrap();
    }
    eprintln!("lockwise-fixtures: meal::{variant} ended");
}
