#![allow(clippy::unwrap_used)]

use super::idle::IDLE;
use crate::assemble::schema;
use crate::{Input, KindSpec, Menu, SectionSpec};

/// Texts of the warnings of a file, and of assignments after it.
fn warned(text: &str, sets: &[&str]) -> Vec<String> {
    let input = Input::text("x.toml", text).set(sets.iter().copied());
    input.check(&schema()).unwrap().warnings().iter().map(ToString::to_string).collect()
}

#[test]
fn what_has_no_effect_is_said_at_its_place() {
    let text = "\
[env]
kind = \"hypergrid\"

[train]
steps = 100
batch = 4
weight_decay = 0.01
  replay_power = 1.0
lr = { from = 1e-2, to = 1e-4, steps = 100 }
reward_power = { from = 0.0, to = 1.0, steps = 400 }

[ledger]
path = \"mine.sqlite\"
";
    let said = warned(text, &["train.data_share=0.25", "objective.kind=vargrad", "train.lr_log_z=0.2"]);
    expect_test::expect![[r#"
        warning: `train.weight_decay` has no effect in x.toml:7:1: `train.optimizer` is `adam`

        hint: set `train.optimizer = "adamw"`, or leave it out
        warning: `train.replay_power` has no effect in x.toml:8:3: `train.replay` is 0

        hint: raise `train.replay`, or leave it out
        warning: `train.reward_power` goes on until update 400 in x.toml:10:1, and training ends after 100: it ends at 0.247, not at 1; the sampler that is left is one for another target, R to that power

        hint: set its `steps` to 100 or less, or `train.steps` to 400 or more
        warning: `ledger.path` has no effect in x.toml:13:1: only the scores of a program or a service are kept
        warning: `train.data_share` has no effect in `--set train.data_share=0.25`: there is no `train.data`

        hint: give `train.data`, or leave it out
        warning: `train.lr_log_z` has no effect in `--set train.lr_log_z=0.2`: `vargrad` learns no log Z
    "#]]
    .assert_eq(&(said.join("\n") + "\n"));
}

#[test]
fn what_has_an_effect_is_not_warned_of() {
    let text = "\
[env]
kind = \"hypergrid\"

[policy]
backward = \"maxent\"

[objective]
kind = \"fm\"

[train]
steps = 100
optimizer = \"adamw\"
weight_decay = 0.1
replay = 4
replay_power = 1.0
lr_log_z = { from = 1e-1, to = 1e-2, steps = 100 }
reward_power = { from = 0.0, to = 1.0, steps = 50 }
epsilon = { from = 0.1, to = 0.1, steps = 5000 }

[ledger]
max_calls = 1000000
";
    assert_eq!(warned(text, &[]), Vec::<String>::new());
    // Defaults are nobody's, whether they are left out or marked.
    for sets in [&[][..], &["objective.kind=vargrad"], &["train.steps=1"], &["train.steps=0"]] {
        let starter = crate::starter(&schema(), &[("env", "hypergrid")]).unwrap();
        assert_eq!(warned(&starter, sets), Vec::<String>::new());
        let resolved = Input::text("x.toml", &*starter).check(&schema()).unwrap().resolved();
        assert_eq!(warned(&resolved, sets), Vec::<String>::new());
    }
    // A value that was changed is given, though the mark was left behind it.
    let starter = crate::starter(&schema(), &[("env", "hypergrid")]).unwrap();
    let changed = starter.replace("weight_decay = 0.01  # default", "weight_decay = 0.02  # default");
    assert_eq!(warned(&changed, &[]).len(), 1);
    // What a command takes for granted is nobody's either.
    let input = Input::text("x.toml", "env.kind = \"hypergrid\"\n").set(["train.replay_power=1"]);
    let checked = input.assume(["train.weight_decay=0.1"]).check(&schema()).unwrap();
    let keys: Vec<String> = checked.warnings().into_iter().map(|warning| warning.key).collect();
    assert_eq!(keys, ["train.replay_power"]);
}

/// Every other kind of warning, each by one configuration.
#[test]
fn each_warning_has_its_case() {
    let data = crate::value::quote(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let all = [format!("train.data={data}"), "train.data_share=1".to_owned(), "train.epsilon=0.1".to_owned()];
    let none = [format!("train.data={data}"), "train.data_share=0.001".to_owned()];
    let cases: [(&[String], &str); 7] = [
        (&all, "train.epsilon"),
        (&none, "train.data"),
        (&["objective.kind=fm".into(), "policy.backward=learned".into()], "policy.backward"),
        (&["policy.kind=tabular".into(), "policy.backward=learned-own".into()], "policy.backward"),
        (&["objective.kind=vargrad".into(), "train.log_z_init=1".into()], "train.log_z_init"),
        (&["train.lr={ from = 1.0, to = 0.5, steps = 0 }".into()], "train.lr"),
        (&["train.temperature={ from = 2, to = 1, steps = 5001 }".into()], "train.temperature"),
    ];
    for (sets, key) in cases {
        let checked = Input::text("x.toml", "env.kind = \"hypergrid\"\n").set(sets).check(&schema()).unwrap();
        let keys: Vec<String> = checked.warnings().into_iter().map(|warning| warning.key).collect();
        assert_eq!(keys, [key], "{sets:?}");
    }
    // A rival has no use for the training of a GFlowNet, which stands there for others.
    let sets = ["method.kind=mcmc", "objective.kind=vargrad", "train.lr_log_z=1"];
    assert_eq!(warned("env.kind = \"hypergrid\"\n", &sets), Vec::<String>::new());
    let constraint = "\
[env]
kind = \"subsets\"

[reward]
kind = \"combination\"

[reward.value]
kind = \"energies\"
softness = 0.5

[reward.size]
kind = \"expression\"
expression = \"1\"
at_most = 3
beta = 2.0
";
    let said = warned(constraint, &[]);
    assert!(said[0].contains("`reward.value.softness` has no effect in x.toml:9:1"), "{said:?}");
    assert!(said[1].contains("`reward.size.beta` has no effect in x.toml:15:1"), "{said:?}");
    assert_eq!(said.len(), 2);
}

/// The table of idle keys speaks of keys that there are, in kinds that there are.
#[test]
fn idle_keys_are_keys() {
    let schema = schema();
    for rule in IDLE {
        let section = schema.sections.iter().find(|s| s.name == rule.section).unwrap();
        let specs = kinds(&schema, section);
        let known = |kind: &str, key: &&str| {
            let own = specs
                .iter()
                .filter(|spec| spec.name == kind)
                .any(|spec| spec.fields.iter().any(|f| f.name == *key));
            let parts = section.parts.as_ref().is_some_and(|p| p.fields.iter().any(|f| f.name == *key));
            own || parts || section.fields.iter().any(|f| f.name == *key)
        };
        let named: &[&str] = if rule.kinds.is_empty() { &[""] } else { rule.kinds };
        for kind in named {
            let keys = rule.keys.iter().copied().chain(rule.others());
            let unknown: Vec<&str> = keys.filter(|key| !known(kind, key)).collect();
            // A service is one in builds that have it.
            assert!(unknown.is_empty() || *kind == "http", "{}.{kind}: {unknown:?}", rule.section);
        }
    }
}

/// All kinds that a section may have, whatever other sections say.
fn kinds(schema: &crate::Schema, section: &SectionSpec) -> Vec<KindSpec> {
    schema.menus(section).into_iter().flat_map(|(_, Menu { kinds, .. })| kinds).collect()
}
