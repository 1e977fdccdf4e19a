//! Every choice with every other, for a moment: all train or are refused with a sentence, and none panics.

use crate::support::Temp;

#[test]
fn every_objective_trains_with_every_backward_policy() {
    let dir = Temp::with_configs();
    let mut refused = Vec::new();
    let objectives = || headwater_objectives::registry().iter().map(|o| o.entry.name);
    let configs = ["dag.toml", "grid.toml --set env.side=4"];
    for (config, objective) in configs.iter().flat_map(|config| objectives().map(move |o| (config, o))) {
        for backward in headwater_train::BackwardKind::NAMES {
            let ran = dir.run(&format!(
                "train {config} --json -q --set objective.kind={objective} --set policy.backward={backward} \
                 --set train.steps=50 --set run.samples=0 --set eval.every=50"
            ));
            if ran.code == Some(2) {
                refused.push(format!("{config} {objective}"));
                assert!(ran.refused().starts_with(&format!("error: `{objective}` needs ")));
            } else {
                let json = ran.json();
                assert!(json["tv"].as_f64().is_some_and(|tv| tv < 0.5), "{objective} {backward}: {json}");
            }
        }
    }
    refused.dedup();
    // Nodes of the DAG without a reward may not stop, and their reward is not defined.
    assert_eq!(refused, ["dag.toml fl-db", "dag.toml fl-subtb", "dag.toml mdb"]);
}

#[test]
fn every_choice_of_policy_and_loss_trains() {
    let dir = Temp::with_configs();
    let mut sets: Vec<String> = Vec::new();
    for activation in activations() {
        sets.push(format!(
            "policy.activation={activation} --set policy.layer_norm=true --set policy.depth=1"
        ));
        sets.push(format!("policy.activation={activation} --set policy.depth=16"));
    }
    for loss in headwater_core::Regression::NAMES {
        sets.push(format!("objective.loss={loss} --set train.lr=1e-4"));
    }
    for more in [
        "train.batch=1",
        "train.steps=0",
        "train.steps=1",
        "train.threads=64",
        "train.optimizer=adamw",
        "train.clip=1e-9",
        "train.lr=0",
        "train.epsilon=1",
        "train.temperature=0.001",
        "train.temperature=1000",
        "train.log_z_init=-100",
        "eval.mode_fraction=0",
        "eval.mode_fraction=1",
        "eval.mode_log_reward=1e300",
        "run.samples=1",
        "run.log_every=1",
        "env.dim=1 --set env.side=2",
        "env.wall=terminate",
        "reward.beta=1e-6",
        "reward.scale=1e300",
        "reward.floor=1e300",
        "seed=9223372036854775807",
    ] {
        sets.push(more.to_owned());
    }
    for set in sets {
        let json = dir.run(&format!("train grid.toml --json -q --set {set}")).json();
        assert!(json["tv"].as_f64().is_some_and(|tv| (0.0..=1.0).contains(&tv)), "{set}: {json}");
    }
    let table =
        dir.run("train grid.toml -q --set eval.exact_cap=1 --set eval.samples=2 --set eval.objects=3").ok();
    assert!(table.contains("ELBO"), "{table}");
}

/// The names of the activations, as the page of the policy lists them.
fn activations() -> Vec<String> {
    let page = Temp::new().run("show mlp").ok();
    let line = page.lines().find(|l| l.trim_start().starts_with("activation = ")).unwrap();
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
