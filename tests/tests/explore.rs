//! probe
use lockwise::explore::{Explorer, MemoryModel};
use lockwise_fixtures::{Model, programs, traps};

#[test]
fn probe() {
    let only = std::env::var("ONLY").ok();
    for model in [MemoryModel::Rc11] {
        for program in programs().iter().chain(traps()) {
            for variant in program.variants {
                let Model::Of { body, sizes, expect } = variant.model else { continue };
                for &(size, _) in sizes {
                    let name = format!("{}::{} of {size}", program.name, variant.name);
                    if only.as_ref().is_some_and(|o| !name.contains(o)) {
                        continue;
                    }
                    let e = std::panic::catch_unwind(|| {
                        Explorer::exhaustive()
                            .memory_model(model)
                            .max_duration(std::time::Duration::from_secs(10))
                            .run(move || body(size))
                    });
                    match e {
                        Err(p) => {
                            println!("{name} {model:?}: PANIC {:?}", p.downcast_ref::<String>())
                        }
                        Ok(e) => {
                            let rules: Vec<_> = e.findings().iter().map(|f| f.rule()).collect();
                            println!(
                                "{name} {model:?}: {e} {:.3?} {rules:?} expect {expect:?}",
                                e.duration()
                            );
                            if only.is_some() {
                                for f in e.findings() {
                                    println!("{f}");
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
