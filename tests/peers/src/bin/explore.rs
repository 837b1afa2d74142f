//! `explore rates|bugs|memory [--quick]` measures explorers, and prints a line of JSON for each
//! thing that it has measured.

use std::{io::Write, process::ExitCode, time::Duration};

use lockwise_peers::explore::{Measured, bugs, explorers, memory, rates};

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let (what, quick) = match args[..] {
        [what] => (what, false),
        [what, "--quick"] => (what, true),
        _ => return usage(),
    };
    explorers::start();
    match what {
        "rates" => measure_rates(quick),
        "bugs" => measure_bugs(quick),
        "memory" => {
            let [thorough, small] = memory::PROGRAMS;
            memory::measure(if quick { small } else { thorough }).into_iter().for_each(print);
        }
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: explore rates|bugs|memory [--quick]");
    ExitCode::FAILURE
}

fn measure_rates(quick: bool) {
    let effort = |samples, sample, exhaust| rates::Effort {
        samples,
        sample: Duration::from_millis(sample),
        exhaust,
    };
    let effort = if quick { effort(3, 30, 50_000) } else { effort(9, 100, 1_000_000) };
    for program in rates::PROGRAMS {
        eprintln!("{program}");
        rates::measure(program, &effort, &mut print);
    }
}

fn measure_bugs(quick: bool) {
    // Failures are what is measured, and not told of one by one.
    std::panic::set_hook(Box::new(|_| {}));
    for program in bugs::PROGRAMS {
        eprintln!("{program}");
        bugs::measure(program, if quick { 20 } else { 200 }, &mut print);
    }
}

fn print(measured: Measured) {
    let line =
        serde_json::to_string(&measured).expect("there is nothing in it that JSON cannot say");
    writeln!(std::io::stdout(), "{line}").expect("somebody reads");
}
