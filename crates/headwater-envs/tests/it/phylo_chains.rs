//! Chains over trees: they keep their target, and annealing knows log Z.

use std::collections::{BTreeMap, BTreeSet};

use headwater_core::{Environment, Key, Stop};
use headwater_envs::Registered;
use headwater_envs::phylo::chain::{Chain, log_trees};
use headwater_envs::phylo::{Config, Forest, Gap, Phylo};

use crate::explore::explore;

fn trees(n: usize, sites: usize) -> Phylo {
    let config = Config { alignment: None, n: Some(n), taxa: None, gap: Gap::Fifth, sites, seed: 3 };
    Phylo::from_config(config).expect("in range")
}

/// The splits of a tree, from its text: leaves are called t1, t2, …
fn splits(env: &Phylo, tree: &Forest) -> BTreeSet<u128> {
    let mut text = String::new();
    env.show(tree, &mut text);
    let all = u128::MAX >> (128 - env.names().len());
    let (mut open, mut found) = (vec![0u128], BTreeSet::new());
    for piece in text.split_inclusive(['(', ',', ')', ';']) {
        let (name, sign) = piece.split_at(piece.len() - 1);
        if let Some(i) = env.names().iter().position(|n| n == name) {
            *open.last_mut().unwrap() |= 1 << i;
        }
        match sign {
            "(" => open.push(0),
            ")" => {
                let clade = open.pop().unwrap();
                *open.last_mut().unwrap() |= clade;
                let side = if clade & 1 == 1 { all & !clade } else { clade };
                if (2..=env.names().len() as u32 - 2).contains(&side.count_ones()) {
                    found.insert(side);
                }
            }
            _ => {}
        }
    }
    found
}

fn chain_splits(chain: &Chain<'_>) -> BTreeSet<u128> {
    let mut found = BTreeSet::new();
    chain.splits(|split| {
        found.insert(split);
    });
    found
}

fn log_reward(mutations: u32) -> f64 {
    -f64::from(mutations) / 2.0
}

#[test]
fn a_chain_knows_its_tree() {
    for n in [3, 4, 9, 40, 128] {
        let env = trees(n, 120);
        let mut chain = Chain::uniform(&env, Key::new(n as u64));
        let mut least = chain.mutations();
        for _ in 0..60 {
            chain.run(1, 0.7, &log_reward);
            let tree = chain.forest();
            assert_eq!(env.stop(&tree), Stop::Must);
            assert_eq!(chain.mutations(), env.mutations(&tree));
            assert_eq!(chain_splits(&chain), splits(&env, &tree));
            assert_eq!(chain_splits(&chain).len(), n - 3);
            least = least.min(chain.mutations());
        }
        assert_eq!(chain.best().0, least);
        assert_eq!(env.mutations(&chain.best().1), least);
        chain.climb();
        assert!(chain.mutations() <= least && chain.best().0 == chain.mutations().min(least));
    }
}

/// Visits to the 105 unrooted trees of six leaves, 20 moves apart, against their probabilities. Fixed seeds; if draws were
/// independent, a χ² of 104 degrees of freedom would exceed 190 once in a million times.
#[test]
fn chains_visit_trees_in_proportion_to_their_reward() {
    let env = trees(6, 8);
    let mut target = BTreeMap::<BTreeSet<u128>, f64>::new();
    for tree in explore(&env).states.iter().filter(|s| env.stop(s) == Stop::Must) {
        *target.entry(splits(&env, tree)).or_default() += log_reward(env.mutations(tree)).exp();
    }
    assert_eq!(target.len(), 105);
    for power in [0.0, 1.0] {
        let weight = |w: f64| if power == 0.0 { 1.0 } else { w };
        let total: f64 = target.values().map(|&w| weight(w)).sum();
        let draws = 40_000.0;
        let mut chain = Chain::climbed(&env, Key::new(17));
        let mut counts = BTreeMap::<BTreeSet<u128>, f64>::new();
        for _ in 0..draws as usize {
            chain.run(20, power, &log_reward);
            *counts.entry(chain_splits(&chain)).or_default() += 1.0;
        }
        let chi: f64 = target
            .iter()
            .map(|(tree, &w)| {
                let due = draws * weight(w) / total;
                assert!(due > 5.0, "every tree has a chance");
                (counts.get(tree).copied().unwrap_or(0.0) - due).powi(2) / due
            })
            .sum();
        assert!(chi < 190.0, "power {power}: χ² = {chi}");
    }
}

/// Uniform starts and uniform roots: 20,000 rooted trees of five leaves, of which there are 105. Fixed seeds; a χ² of 104
/// degrees of freedom exceeds 190 once in a million times.
#[test]
fn uniform_starts_are_uniform_over_rooted_trees() {
    let env = trees(5, 20);
    let mut counts = BTreeMap::<String, f64>::new();
    for k in 0..20_000 {
        let mut text = String::new();
        env.show(&Chain::uniform(&env, Key::new(5).fold(k)).forest(), &mut text);
        *counts.entry(text).or_default() += 1.0;
    }
    assert_eq!(counts.len(), 105);
    let due = 20_000.0 / 105.0;
    let chi: f64 = counts.values().map(|seen| (seen - due) * (seen - due) / due).sum();
    assert!(chi < 190.0, "χ² = {chi}");
}

/// Annealing in both directions against the sum over all 10,395 trees of seven leaves. Fixed seeds: nothing here fails by
/// chance.
#[test]
fn annealing_knows_log_z() {
    let env = trees(7, 40);
    let z: f64 = explore(&env)
        .states
        .iter()
        .filter(|s| env.stop(s) == Stop::Must)
        .map(|s| log_reward(env.mutations(s)).exp())
        .sum();
    assert!((log_trees(7) - 10_395f64.ln()).abs() < 1e-12);
    let mean = |sign: f64, weights: &[f64]| {
        sign * (weights.iter().map(|w| (sign * w).exp()).sum::<f64>() / weights.len() as f64).ln()
    };
    let shift = log_reward(env.mutations(&Chain::climbed(&env, Key::new(0)).best().1)) + log_trees(7);
    let up: Vec<f64> = (0..20)
        .map(|k| log_trees(7) + Chain::uniform(&env, Key::new(k)).anneal(0..3000, 3000, &log_reward) - shift)
        .collect();
    let down: Vec<f64> = (0..20)
        .map(|k| {
            let mut chain = Chain::climbed(&env, Key::new(k));
            chain.run(2000, 1.0, &log_reward);
            log_trees(7)
                + (chain.melt(1000..3000, 3000, &log_reward) + chain.melt(0..1000, 3000, &log_reward))
                - shift
        })
        .collect();
    let (low, high) = (shift + mean(1.0, &up), shift + mean(-1.0, &down));
    assert!((low - z.ln()).abs() < 0.1 && (high - z.ln()).abs() < 0.1, "{low} {high} {}", z.ln());
}
