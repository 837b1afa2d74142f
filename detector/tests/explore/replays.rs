//! Each execution has a token, and the token leads to that execution: under both models, complete
//! or blocked.

use std::ops::ControlFlow;

use lockwise_detector::explore::{Explorer, MemoryModel, Walk};
use proptest::prelude::*;

use crate::{
    dsl::Bodies,
    oracle::{LOCATIONS, LOCKS, cases, of_execution, program},
    straight::{Do, straight},
};

fn bodies(program: &[Vec<Do>]) -> Bodies {
    Bodies::spawned(program.iter().cloned().map(straight).collect())
}

fn each_token_leads_back(model: MemoryModel, program: &[Vec<Do>]) {
    let mut all = Vec::new();
    Explorer::new(model).run(&mut bodies(program), |execution| {
        let graph = of_execution(execution, program, LOCATIONS, LOCKS);
        all.push((graph, execution.schedule(model)));
        ControlFlow::Continue(())
    });
    let mut again = bodies(program);
    for (graph, schedule) in all {
        let token = schedule.token();
        let mut walk = Walk::of_token(&token, 1000).expect("it was made above");
        walk.replay(&mut again, &token).unwrap_or_else(|error| panic!("{error}: {schedule:?}"));
        assert_eq!(of_execution(&walk.execution(), program, LOCATIONS, LOCKS), graph);
        assert_eq!(walk.schedule().steps(), schedule.steps());
        assert_eq!(walk.schedule().token(), token);
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_token_leads_back_to_its_execution(program in program()) {
        each_token_leads_back(MemoryModel::Sc, &program);
        each_token_leads_back(MemoryModel::Rc11, &program);
    }

    /// Another program is noticed, or it can do the same.
    #[test]
    fn a_token_of_another_program_does_no_harm(one in program(), other in program()) {
        let mut token = String::new();
        Explorer::new(MemoryModel::Rc11).run(&mut bodies(&one), |execution| {
            token = execution.schedule(MemoryModel::Rc11).token();
            ControlFlow::Break(())
        });
        let mut walk = Walk::of_token(&token, 1000).expect("it was made above");
        let _ = walk.replay(&mut bodies(&other), &token);
    }
}
