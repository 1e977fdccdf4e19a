//! A plain breadth-first search, independent of `headwater-exact`, that the tests judge environments by.

use std::collections::{HashMap, VecDeque};

use headwater_core::settings::{Value, Values, defaults};
use headwater_core::{Action, BitMatrix, Environment, Lanes, Reward, RewardScale, Simulator, Stop};
use headwater_envs::{EnvEntry, Registered};

/// What a search from the initial state finds.
pub struct Explored<S> {
    pub states: Vec<S>,
    pub n_edges: usize,
    /// Edges of the longest trajectory to each state.
    pub depth: Vec<usize>,
    /// Number of distinct parents of each state.
    pub parents: Vec<usize>,
}

pub fn explore<E: Environment>(env: &E) -> Explored<E::State> {
    let mut numbers = HashMap::from([(env.initial(), 0)]);
    let mut states = vec![env.initial()];
    let mut edges = Vec::new();
    let mut queue = VecDeque::from([0]);
    let mut mask = BitMatrix::new(1, env.n_actions());
    while let Some(i) = queue.pop_front() {
        mask.clear(0);
        env.forward_mask(&states[i], &mut mask.row_mut(0));
        for a in mask.ones(0) {
            let mut child = states[i].clone();
            env.step(&mut child, Action(a as u32));
            let j = *numbers.entry(child.clone()).or_insert(states.len());
            if j == states.len() {
                states.push(child);
                queue.push_back(j);
            }
            edges.push((i, j));
        }
    }
    // Longest paths by relaxing until nothing changes: slow and plain.
    let mut depth = vec![0; states.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for &(i, j) in &edges {
            if depth[j] < depth[i] + 1 {
                depth[j] = depth[i] + 1;
                changed = true;
            }
        }
    }
    let n_edges = edges.len();
    let mut parents = vec![0; states.len()];
    edges.sort_unstable();
    edges.dedup();
    edges.iter().for_each(|e| parents[e.1] += 1);
    Explored { states, n_edges, depth, parents }
}

/// log Z by plain sums over the objects among `states`.
pub fn log_z<E: Registered>(env: &E, states: &[E::State], reward: &dyn Reward<E>, scale: RewardScale) -> f64 {
    let objects = states.iter().filter(|s| env.stop(s) != Stop::Never);
    let sum: f64 = objects
        .map(|s| match scale {
            RewardScale::Reward => reward.score(env, s),
            RewardScale::LogReward => reward.score(env, s).exp(),
        })
        .sum();
    sum.ln()
}

/// The defaults of `entry`'s settings with some of them replaced.
pub fn env_values(entry: &EnvEntry, set: &[(&'static str, Value)]) -> Values {
    let mut values = defaults(entry.entry.fields).expect("every field has a default");
    values.extend(set.iter().cloned());
    values
}

/// log Z of the native reward `name` on `env`, with some of the reward's settings replaced; if one has no default, all
/// of them are to be given.
pub fn native_log_z<E: Registered>(env: &E, name: &str, set: &[(&'static str, Value)]) -> f64 {
    let entry = EnvEntry::of::<E>();
    let reward = entry.reward(name).expect("the reward exists");
    let mut values = defaults(reward.entry.fields).unwrap_or_default();
    values.extend(set.iter().cloned());
    let built = env.reward(name, &values).expect("the reward exists").expect("the settings are good");
    log_z(env, &explore(env).states, &*built, reward.scale)
}

/// The texts of a simulator's lane after each of `actions`, and back.
pub fn walk<E: Environment>(env: E, actions: &[u32]) -> Vec<String> {
    let mut sim = Lanes::new("test", env);
    sim.reset(1);
    let mut texts = vec![sim.text(0)];
    for &a in actions {
        sim.step(&[0], &[Action(a)]);
        texts.push(sim.text(0));
    }
    for (&a, expected) in actions.iter().zip(texts.clone()).rev() {
        sim.unstep(&[0], &[Action(a)]);
        assert_eq!(sim.text(0), expected);
    }
    texts
}
