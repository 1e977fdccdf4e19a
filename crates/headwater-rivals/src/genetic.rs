//! A genetic algorithm whose operators are the environment's own edges.
//!
//! A generation breeds as many children as the population has members. Each has two parents, both winners of a
//! tournament: the best of some members drawn at random. A way from the source to either parent is drawn by uniform P_B.
//! - Crossover: the child follows the first parent's way up to a cut, and then takes the edges of the second parent's,
//!   from the same place on and then from the front, each where it is valid and has not been taken; where none is, any
//!   edge. It stops at the first object from the length of the second parent's way on.
//! - Mutation: with some probability the child goes some edges back and some forth, as in `mcmc.rs`, whatever that does
//!   to its reward.
//!
//! The next population is the `elite` best members and the best of the children. Every child is found.

use headwater_core::settings::settings;
use headwater_core::{Action, BitMatrix, Entry, Key, SettingError, Settings, Stop};
use headwater_rewards::RewardError;

use crate::leg::Law;
use crate::walk::{Uniform, Walk};
use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of the genetic algorithm.
    pub struct Config {
        /// Members of the population, and children of a generation.
        population: usize = "64", Kind::Int { min: 2, max: 1 << 20 };
        /// Members of which the best becomes a parent.
        tournament: usize = "3", Kind::Int { min: 1, max: 1 << 10 };
        /// Best members that stay; fewer than `population`.
        elite: usize = "8", Kind::Int { min: 0, max: 1 << 20 };
        /// Probability that a child mutates.
        mutation: f64 = "0.5", Kind::Real { min: 0.0, max: 1.0 };
        /// Mean number of edges of a mutation each way, before it is cut off at the longest trajectory.
        steps: f64 = "1.0", Kind::Real { min: 1e-3, max: 1e3 };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "genetic",
        summary: "a population that breeds by joining parts of ways, and mutates by going back and forth",
        formula: "child = first part of one parent's way, rest of the other's",
        reference: "Holland 1975; Goldberg & Deb 1991 (tournaments)",
        fields: Config::FIELDS,
    },
    samples_target: false,
    build: |values, arena| Ok(Box::new(Genetic::new(&Config::read(values), arena)?)),
};

struct Genetic {
    arena: Arena,
    config: Config,
    walk: Walk,
    law: Law,
    guide: Uniform,
    ways: Ways,
    round: u64,
    bred: bool,
    /// Members and children, who exchange lanes when a child becomes a member.
    members: Herd,
    children: Herd,
    /// The children on their way, and what each does next.
    live: Vec<u32>,
    moving: Vec<u32>,
    lanes: Vec<u32>,
    actions: Vec<Action>,
    stops: Vec<Stop>,
    masks: BitMatrix,
}

/// Objects: their lanes, log R, and their numbers from the best to the worst.
struct Herd {
    lanes: Vec<u32>,
    log_reward: Vec<f64>,
    ranked: Vec<u32>,
}

impl Herd {
    fn new(lanes: std::ops::Range<u32>) -> Self {
        let n = lanes.len();
        Self { lanes: lanes.collect(), log_reward: vec![0.0; n], ranked: (0..n as u32).collect() }
    }

    fn rank(&mut self) {
        let value = |i: u32| self.log_reward[i as usize];
        self.ranked.sort_unstable_by(|&a, &b| value(b).total_cmp(&value(a)).then(a.cmp(&b)));
    }
}

/// The ways from the source to the parents: to those of child c the ways 2c and 2c + 1.
struct Ways {
    lanes: Vec<u32>,
    /// Places for each.
    longest: usize,
    /// Edges, the last first.
    edges: Vec<Action>,
    lengths: Vec<u32>,
    taken: Vec<bool>,
}

impl Ways {
    fn len(&self, way: usize) -> usize {
        self.lengths[way] as usize
    }

    /// Where edge `t` of a way is.
    fn at(&self, way: usize, t: usize) -> usize {
        way * self.longest + self.len(way) - 1 - t
    }

    /// Takes the first edge of a way that is valid in row `row` of `masks` and has not been taken: from edge `t` on,
    /// then from the front.
    fn take(&mut self, way: usize, t: usize, masks: &BitMatrix, row: usize) -> Option<Action> {
        let n = self.len(way);
        let valid = |&t: &usize| {
            let at = self.at(way, t);
            !self.taken[at] && masks.get(row, self.edges[at].index())
        };
        let t = (t.min(n)..n).chain(0..t.min(n)).find(valid)?;
        let at = self.at(way, t);
        self.taken[at] = true;
        Some(self.edges[at])
    }
}

/// What of a child's key its draws are from; tournaments use 0 and 1, steps what is above.
const CUT: u64 = 2;
const MUTATES: u64 = 3;
const STEPS: u64 = 4;

impl Genetic {
    fn new(config: &Config, arena: Arena) -> Result<Self, SettingError> {
        if config.elite >= config.population {
            let message = format!("`{}` members that stay leave no place for children", config.elite);
            return Err(SettingError::at("elite", message).hint("`elite` must be below `population`"));
        }
        let (spec, n) = (arena.sim.spec(), config.population as u32);
        let ways = Ways {
            lanes: (2 * n..4 * n).collect(),
            longest: spec.max_len,
            edges: vec![Action(0); 2 * config.population * spec.max_len],
            lengths: vec![0; 2 * config.population],
            taken: vec![false; 2 * config.population * spec.max_len],
        };
        Ok(Self {
            config: config.clone(),
            walk: Walk::new(spec),
            law: Law::new(config.steps, spec.max_len),
            guide: Uniform::new(spec),
            ways,
            round: 0,
            bred: false,
            members: Herd::new(0..n),
            children: Herd::new(n..2 * n),
            live: Vec::new(),
            moving: Vec::new(),
            lanes: Vec::new(),
            actions: Vec::new(),
            stops: vec![Stop::Never; config.population],
            masks: BitMatrix::new(config.population, spec.n_actions),
            arena,
        })
    }

    /// Draws the parents of all children, and a way to each. Gives the number of edges walked.
    fn draw_ways(&mut self, key: Key) -> u64 {
        let Self { arena, config, members, ways, walk, .. } = self;
        let n = members.lanes.len() as u32;
        for (way, &lane) in ways.lanes.iter().enumerate() {
            let key = key.fold(way as u64 / 2).fold(way as u64 % 2);
            let entrants = (0..config.tournament as u64).map(|k| key.fold(k).below(n) as usize);
            let best = entrants.max_by(|&a, &b| members.log_reward[a].total_cmp(&members.log_reward[b]));
            arena.sim.copy(members.lanes[best.expect("a tournament has a member")], lane);
        }
        ways.lengths.fill(0);
        ways.taken.fill(false);
        let Ways { lanes, longest, edges, lengths, .. } = ways;
        walk.retrace(&mut *arena.sim, lanes, key.fold(u64::MAX), |way, edge| {
            edges[way * *longest + lengths[way] as usize] = edge;
            lengths[way] += 1;
        })
    }

    /// Joins the parts of the ways. Gives the number of edges walked.
    fn cross(&mut self, key: Key) -> u64 {
        let Self { arena, ways, children, live, moving, lanes, actions, stops, masks, .. } = self;
        let sim = &mut *arena.sim;
        // Whoever has retraced a way is at the source.
        for (&lane, ways) in children.lanes.iter().zip(ways.lanes.chunks_exact(2)) {
            sim.copy(ways[0], lane);
        }
        live.clear();
        live.extend(0..children.lanes.len() as u32);
        let mut transitions = 0;
        for t in 0.. {
            lanes.clear();
            lanes.extend(live.iter().map(|&c| children.lanes[c as usize]));
            sim.stops(lanes, &mut stops[..live.len()]);
            sim.forward_masks(lanes, masks, 0);
            moving.clear();
            actions.clear();
            for (j, &c) in live.iter().enumerate() {
                let (a, b, key) = (2 * c as usize, 2 * c as usize + 1, key.fold(u64::from(c)));
                let cut = key.fold(CUT).below(ways.lengths[a] + 1) as usize;
                let ends = stops[j] == Stop::May && t >= cut.max(ways.len(b));
                if stops[j] == Stop::Must || ends {
                    continue;
                }
                moving.push(c);
                let random = || masks.select(j, key.fold(STEPS + t as u64).below(masks.count(j)));
                actions.push(if t < cut {
                    ways.edges[ways.at(a, t)]
                } else {
                    ways.take(b, t, masks, j).unwrap_or_else(random)
                });
            }
            std::mem::swap(live, moving);
            if live.is_empty() {
                break;
            }
            lanes.clear();
            lanes.extend(live.iter().map(|&c| children.lanes[c as usize]));
            transitions += lanes.len() as u64;
            sim.step(lanes, actions);
        }
        transitions
    }

    fn mutate(&mut self, key: Key) -> u64 {
        let Self { arena, config, children, lanes, .. } = self;
        lanes.clear();
        let mutates = |c: usize| key.fold(c as u64).fold(MUTATES).unit() < config.mutation;
        lanes.extend(children.lanes.iter().enumerate().filter(|&(c, _)| mutates(c)).map(|(_, &lane)| lane));
        let key = key.fold(u64::MAX - 1);
        self.walk.back_and_forth(&mut *arena.sim, lanes, &self.law, &mut self.guide, key)
    }

    /// The elite stays, and the best children replace the others.
    fn select(&mut self) {
        let Self { members, children, config, .. } = self;
        members.rank();
        children.rank();
        for (&m, &c) in members.ranked[config.elite..].iter().zip(&children.ranked) {
            let (m, c) = (m as usize, c as usize);
            std::mem::swap(&mut members.lanes[m], &mut children.lanes[c]);
            members.log_reward[m] = children.log_reward[c];
        }
    }
}

impl Method for Genetic {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let key = self.arena.key.fold(self.round);
        self.round += 1;
        let n = self.members.lanes.len();
        let transitions = if self.bred {
            self.draw_ways(key) + self.cross(key) + self.mutate(key)
        } else {
            self.arena.sim.reset(4 * n);
            self.walk.finish(&mut *self.arena.sim, &self.members.lanes, key)
        };
        let herd = if self.bred { &mut self.children } else { &mut self.members };
        let spent = self.walk.end(&mut self.arena, &herd.lanes, &mut herd.log_reward)?;
        found(Found { sim: &*self.arena.sim, lanes: &herd.lanes, log_reward: &herd.log_reward });
        if self.bred {
            self.select();
        }
        self.bred = true;
        Ok(Spent { transitions: spent.transitions + transitions, objects: n as u64, ..spent })
    }
}
