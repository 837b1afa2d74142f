//! What reports look like: one sample finding of each rule, as text and as JSON.

mod samples;
mod schedules;

use std::{path::PathBuf, sync::Arc};

use lockwise_detector::{
    Certainty, Finding, Frame, Resolve, Rule,
    render::{self, Reader, Style, Summary},
};

use unicode_width::UnicodeWidthStr;

use self::samples::{FILE, sample};

/// Knows the sample program and one stack.
struct Program;

impl Resolve for Program {
    fn frames(&mut self, addresses: &[usize]) -> Vec<Frame> {
        let frame = |address: &usize| Frame {
            function: if *address < 10 { "lockwise::lock" } else { "meal::main" }.to_owned(),
            file: Some(format!("/home/me/{FILE}")),
            line: Some(*address as u32),
        };
        addresses.iter().map(frame).collect()
    }

    fn source(&mut self, file: &str) -> Option<Arc<str>> {
        (file == FILE).then(|| Arc::from(include_str!("program.rs")))
    }
}

fn resolved(rule: Rule) -> Finding {
    resolve(sample(rule))
}

fn resolve(mut finding: Finding) -> Finding {
    finding.resolve(&mut Program);
    finding
}

/// One finding of each rule, and those with a schedule.
fn all() -> Vec<Finding> {
    let scheduled = schedules::ALL.iter().map(|(_, scheduled)| resolve(scheduled()));
    Rule::ALL.iter().map(|rule| resolved(*rule)).chain(scheduled).collect()
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(PathBuf::from("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn each_rule_has_its_text() {
    settings().bind(|| {
        for rule in Rule::ALL {
            insta::assert_snapshot!(format!("{rule}.text"), resolved(*rule).to_string());
        }
    });
}

#[test]
fn each_rule_has_its_json() {
    settings().bind(|| {
        for rule in Rule::ALL {
            insta::assert_json_snapshot!(format!("{rule}.json"), render::json(&resolved(*rule)));
        }
    });
}

#[test]
fn each_schedule_has_its_text() {
    settings().bind(|| {
        for (name, scheduled) in schedules::ALL {
            let text = resolve(scheduled()).to_string();
            insta::assert_snapshot!(format!("schedule-{name}.text"), text);
        }
    });
}

#[test]
fn a_schedule_has_its_json() {
    settings().bind(|| {
        let (name, scheduled) = schedules::ALL[1];
        let json = render::json(&resolve(scheduled()));
        insta::assert_json_snapshot!(format!("schedule-{name}.json"), json);
    });
}

#[test]
fn a_schedule_fits_a_screen() {
    for (name, scheduled) in schedules::ALL {
        let text = resolve(scheduled()).to_string();
        let rest = text.lines().skip_while(|line| !line.contains("= schedule: "));
        let table: Vec<_> = rest
            .take_while(|line| !line.contains("= replay: ") && !line.contains("= help: "))
            .collect();
        assert!((3..=24).contains(&table.len()), "{name}: {text}");
        assert!(table.iter().all(|line| line.width() <= 100), "{name}: {text}");
    }
}

#[test]
fn a_report_fits_a_screen() {
    for rule in Rule::ALL {
        let text = resolved(*rule).to_string();
        assert!(text.lines().count() <= 40, "{text}");
    }
}

#[test]
fn a_replay_names_the_test_as_cargo_knows_it() {
    let mut finding = Finding::new(Rule::Hang, Certainty::Observed, "hangs");
    finding.set_replay("token");
    for (test, command) in [
        ("it::tests::works", "cargo test tests::works"),
        ("my-package/it::tests::works", "cargo test tests::works"),
        ("bounded-queue::buggy of 1", "cargo test"),
        ("src/lib.rs - item (line 3)", "cargo test"),
    ] {
        finding.set_test(test);
        let text = finding.to_string();
        let line = text.lines().find_map(|line| line.split_once("LOCKWISE_REPLAY=token "));
        assert_eq!(line.map(|(_, command)| command), Some(command), "{text}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    let mut reader = Reader::new();
    for written in all() {
        let mut read = reader.finding(&render::json(&written)).unwrap();
        assert_eq!(render::json(&read), render::json(&written));
        read.resolve(&mut Program);
        assert_eq!(read.to_string(), written.to_string());
    }
}

#[test]
fn a_line_says_what_the_value_says() {
    let mut odd =
        Finding::new(Rule::Hang, Certainty::Observed, "\"quoted\" \\ \u{1}\n\t \u{1f41f} é");
    odd.set_test("x".repeat(10_000));
    for finding in all().into_iter().chain([odd]) {
        let line = render::line(&finding);
        assert!(!line.contains('\n'), "{line}");
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value, render::json(&finding));
    }
}

#[test]
fn what_is_no_finding_is_refused() {
    let (_, scheduled) = schedules::ALL[0];
    let good = render::json(&resolve(scheduled()));
    let check = |pointer: &str, value: serde_json::Value, error: &str| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        let message = Reader::new().finding(&bad).unwrap_err().to_string();
        assert!(message.contains(error), "{message}");
    };
    check("/rule", "lock-odor".into(), "there is no rule named `lock-odor`");
    check("/certainty", "sure".into(), "unknown variant `sure`");
    check("/threads/0/steps/0/op", "loock".into(), "there is no op named `loock`");
    check("/threads/0/steps/0/object", 7.into(), "object 7 of 2");
    check("/threads", 7.into(), "invalid type");
    check("/schedule/2/op", "loock".into(), "there is no op named `loock`");
    check("/schedule/2/object", 2.into(), "object 2 of 2");
    check("", 7.into(), "invalid type");
}

#[test]
fn a_whole_report_names_schema_tool_and_summary() {
    let summary = Summary { tests: 2, findings: 1, suppressed: 0, complete: true };
    let report = render::report_json("0.1.0", summary, &[resolved(Rule::Hang)]);
    assert_eq!(report["schema"], 1);
    assert_eq!(report["tool"], serde_json::json!({"name": "lockwise", "version": "0.1.0"}));
    assert_eq!(report["summary"]["complete"], true);
    assert_eq!(report["findings"][0]["rule"], "hang");
}

#[test]
fn without_sources_all_is_said_in_words() {
    settings().bind(|| {
        insta::assert_snapshot!("unresolved.text", sample(Rule::LockOrderCycle).to_string());
    });
}

#[test]
fn colour_changes_no_word() {
    for finding in all() {
        let colored = render::text(&finding, &Style::colored());
        assert!(colored.contains("\u{1b}["));
        let mut plain = String::new();
        for part in colored.split("\u{1b}[") {
            plain += part.split_once('m').map_or(part, |(_, words)| words);
        }
        assert_eq!(plain, finding.to_string());
    }
}

#[test]
fn a_crowd_is_cut_to_a_screen() {
    let text = samples::crowd(50).to_string();
    assert!(text.lines().count() <= 40, "{text}");
    assert!(text.contains("44 more threads"), "{text}");
}

/// Every value inside `value`, by its JSON pointer.
fn pointers(value: &serde_json::Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        serde_json::Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| pointers(item, &format!("{at}/{i}"), all));
        }
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| pointers(field, &format!("{at}/{name}"), all));
        }
        _ => {}
    }
}

proptest::proptest! {
    /// Whatever part of a finding is replaced by whatever scalar: it is refused, or it renders.
    #[test]
    fn a_damaged_finding_is_refused_or_renders(
        part in proptest::prelude::any::<proptest::sample::Index>(),
        number in -2_i64..1 << 33,
        word in ".{0,3}",
        choice in 0..3,
    ) {
        let (_, scheduled) = schedules::ALL[0];
        let mut value = render::json(&resolve(scheduled()));
        let mut all = Vec::new();
        pointers(&value, "", &mut all);
        *value.pointer_mut(&all[part.index(all.len())]).unwrap() = match choice {
            0 => number.into(),
            1 => word.into(),
            _ => serde_json::Value::Null,
        };
        if let Ok(mut finding) = Reader::new().finding(&value) {
            finding.resolve(&mut Program);
            assert!(!finding.to_string().is_empty());
        }
    }
}
