//! Tests over the registry itself: whatever is registered must be described, buildable and testable.

use std::collections::HashSet;

use headwater_core::settings::{Field, Kind, Value, Values, defaults};
use headwater_core::{Action, BitMatrix, Entry, Environment, Reward, RewardScale, Stop};
use headwater_envs::{EnvEntry, Registered, RewardEntry, Section, Visitor, find, registry, visit_all};

use crate::explore::explore;

fn kebab_case(name: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.split('-').all(word)
}

fn check_entry(entry: &Entry) {
    let Entry { name, summary, formula, reference, fields } = *entry;
    assert!(kebab_case(name), "{name}");
    for text in [summary, formula, reference] {
        assert!(!text.is_empty() && !text.contains('\n') && !text.ends_with('.'), "{name}: {text:?}");
    }
    let mut names = HashSet::new();
    for field in fields {
        assert!(names.insert(field.name), "{name}.{} is there twice", field.name);
        assert!(kebab_case(&field.name.replace('_', "-")), "{name}.{}", field.name);
        assert!(
            field.doc().len() > 10 && field.doc().ends_with('.'),
            "{name}.{}: {:?}",
            field.name,
            field.doc()
        );
        check_default(name, field);
    }
}

fn check_default(name: &str, field: &Field) {
    let Some(text) = field.default else { return };
    let values = defaults(std::slice::from_ref(field));
    let value =
        &values.unwrap_or_else(|f| panic!("{name}.{f}: `{text}` is no literal of its kind"))[field.name];
    let good = match (field.kind, value) {
        (Kind::Int { min, max }, Value::Int(i)) => (min..=max).contains(i),
        (Kind::Real { min, max }, Value::Real(x)) => (min..=max).contains(x),
        (Kind::Choice(names), Value::Text(t)) => names.contains(&t.as_str()),
        (Kind::Bool, Value::Bool(_)) | (Kind::Text, Value::Text(_)) => true,
        (Kind::Reals { min, max }, Value::Reals(v)) => v.iter().all(|x| (min..=max).contains(x)),
        _ => panic!("{name}.{}: no environment has such a setting yet", field.name),
    };
    assert!(good, "{name}.{}: the default `{text}` is out of range", field.name);
}

#[test]
fn names_are_sorted_and_unique_and_everything_is_described() {
    let names: Vec<&str> = registry().iter().map(|e| e.entry.name).collect();
    assert!(names.windows(2).all(|w| w[0] < w[1]), "{names:?}");
    for e in registry() {
        check_entry(&e.entry);
        assert!(!e.rewards.is_empty(), "{} has no native reward", e.entry.name);
        let mut rewards = HashSet::new();
        for r in e.rewards {
            check_entry(&r.entry);
            assert!(rewards.insert(r.entry.name), "{}: {} is there twice", e.entry.name, r.entry.name);
        }
        assert_eq!(find(e.entry.name).map(|f| f.entry.name), Some(e.entry.name));
    }
    assert!(find("hypergird").is_none());
}

struct CheckTypes(Vec<&'static str>);

impl Visitor for CheckTypes {
    fn visit<E: Registered>(&mut self, entry: &'static EnvEntry) {
        let name = entry.entry.name;
        assert_eq!(name, E::ENTRY.name);
        self.0.push(name);

        // Small instances: enough of them, small, and with something for P_B to choose unless they are trees.
        let small = E::small();
        assert!(small.len() >= 2, "{name} has too few small instances");
        let graphs: Vec<_> = small.iter().map(explore).collect();
        assert!(graphs.iter().all(|g| g.states.len() <= 10_000), "{name}: a small instance is not small");
        let branches = graphs.iter().any(|g| g.parents.iter().any(|&n| n > 1));
        assert_eq!(branches, !E::TREE, "{name}: does any small instance have an object with two parents?");

        // Every state can be drawn: `docs/gallery.md` shows one of each environment.
        for (env, graph) in small.iter().zip(&graphs) {
            assert!(
                graph.states.iter().all(|s| env.draw(s).is_some()),
                "{name} has a state without a picture"
            );
        }

        // Every feature is described, and nothing that is described is missing.
        for name_of in small.iter().flat_map(|env| env.features()) {
            let n = entry.features.iter().filter(|f| f.describes(&name_of)).count();
            assert_eq!(n, 1, "{name}: {n} descriptions of the feature `{name_of}`");
        }
        for f in entry.features {
            assert!(
                small.iter().any(|env| env.features().iter().any(|n| f.describes(n))),
                "{name}: {}",
                f.name
            );
            assert!(!f.meaning.is_empty() && !f.meaning.ends_with('.'), "{name}: {:?}", f.meaning);
        }

        // Every reward with its defaults on every small instance that it fits: finite, and as wide as it says.
        for r in entry.rewards {
            let Ok(values) = defaults(r.entry.fields) else { continue };
            for (env, graph) in small.iter().zip(&graphs) {
                let reward = env.reward(r.entry.name, &values).expect("a registered reward is found");
                let reward = reward.unwrap_or_else(|e| panic!("{name}/{}: {e}", r.entry.name));
                assert_eq!(reward.covers_unfinished(), r.covers_unfinished, "{name}/{}", r.entry.name);
                assert_eq!(reward.guides(), r.guides, "{name}/{}", r.entry.name);
                if r.guides {
                    graph.states.iter().for_each(|s| guide_fits(env, r, &*reward, s));
                }
                for s in &graph.states {
                    if r.covers_unfinished || env.stop(s) != Stop::Never {
                        assert!(reward.score(env, s).is_finite(), "{name}/{} of {s:?}", r.entry.name);
                    }
                }
            }
        }
        assert!(small[0].reward("no-such-reward", &Values::new()).is_none());
    }
}

#[test]
fn every_type_has_small_instances_and_finite_rewards() {
    let mut check = CheckTypes(Vec::new());
    visit_all(&mut check);
    assert_eq!(check.0, registry().iter().map(|e| e.entry.name).collect::<Vec<_>>());
}

#[test]
fn simulators_are_built_with_and_without_rewards() {
    for e in registry() {
        assert!(e.small().iter().all(|sim| sim.has_score() && sim.spec().name == e.entry.name));
        // The explicit DAG needs a file, and says so.
        let Ok(values) = defaults(e.entry.fields) else {
            assert_eq!(defaults(e.entry.fields), Err("graph"));
            continue;
        };
        // A composite needs parts, and says so.
        if e.entry.name == "composite" {
            let error = e.build(&values, None).err().expect("there are no parts");
            assert!(error.error.message.contains("no parts"), "{error}");
            continue;
        }
        assert!(!e.build(&values, None).expect("defaults fit").has_score());
        for r in e.rewards {
            // So does a reward that is read from one.
            let Ok(reward) = defaults(r.entry.fields) else {
                assert_eq!((r.entry.name, defaults(r.entry.fields)), ("couplings", Err("couplings")));
                continue;
            };
            let sim = e.build(&values, Some((r.entry.name, &reward))).expect("defaults fit");
            assert_eq!(sim.scores_unfinished(), r.covers_unfinished, "{}", r.entry.name);
        }
        let error = e.build(&values, Some(("best", &Values::new()))).err().expect("there is no such reward");
        assert_eq!(error.section, Section::Reward);
        assert!(error.error.hint.is_some_and(|h| h.contains(e.rewards[0].entry.name)));
    }
}

/// A guide is finite, and where the score of both ends of an edge is a logarithm of a reward, it is their difference, or
/// that where it is a loss and 0 where it is a gain.
fn guide_fits<E: Environment>(env: &E, entry: &RewardEntry, reward: &dyn Reward<E>, s: &E::State) {
    let mut guide = vec![0.0; env.n_actions()];
    reward.guide(env, s, &mut guide);
    assert!(guide.iter().all(|g| g.is_finite()), "{} of {s:?}: {guide:?}", entry.entry.name);
    if !entry.covers_unfinished || entry.scale != RewardScale::LogReward {
        return;
    }
    let mut mask = BitMatrix::new(1, env.n_actions());
    env.forward_mask(s, &mut mask.row_mut(0));
    for a in mask.ones(0) {
        let mut child = s.clone();
        env.step(&mut child, Action(a as u32));
        let change = reward.score(env, &child) - reward.score(env, s);
        let apart = |x: f64| (f64::from(guide[a]) - x).abs();
        let error = apart(change).min(apart(change.min(0.0)));
        assert!(error < 1e-4 * (1.0 + change.abs()), "{}: edge {a} of {s:?}", entry.entry.name);
    }
}
