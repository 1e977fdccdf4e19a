//! Greedy trajectories: each takes the edge with the best outlook, until nothing ahead looks better than stopping.
//!
//! The outlook of a state is the largest log R among its own, if it is an object, and those of some completions by the
//! uniform policy: unfinished states have no reward to go by. All children of a state are looked at, and the best is
//! taken, ties at random; with probability `epsilon` any child instead. The trajectory ends where its object has at least
//! the reward of the best outlook, or is complete; then it begins anew. Every object that is scored is found.

use headwater_core::settings::settings;
use headwater_core::{Entry, Key, Settings, Stop};
use headwater_rewards::RewardError;

use crate::children::Children;
use crate::outlook::Outlook;
use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of greedy trajectories.
    pub struct Config {
        /// Trajectories; each takes one edge a round.
        batch: usize = "16", Kind::Int { min: 1, max: 1 << 16 };
        /// Random completions of each state that is looked at.
        completions: usize = "1", Kind::Int { min: 1, max: 1 << 16 };
        /// Probability of taking any edge instead of the best.
        epsilon: f64 = "0.05", Kind::Real { min: 0.0, max: 1.0 };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "greedy",
        summary: "trajectories that take the edge with the best outlook",
        formula: "argmax over children of the largest R among the child's own and its random completions'",
        reference: "Feo & Resende 1995 (randomised greedy construction)",
        fields: Config::FIELDS,
    },
    samples_target: false,
    build: |values, arena| Ok(Box::new(Greedy::new(&Config::read(values), arena))),
};

struct Greedy {
    arena: Arena,
    children: Children,
    outlook: Outlook,
    epsilon: f64,
    round: u64,
    /// The lanes of the trajectories.
    lanes: Vec<u32>,
    /// Per trajectory: log R of its state, −∞ if it is no object; `None` at the source, which is looked at anew.
    own: Vec<Option<f64>>,
    /// What is looked at: states at the source, then all children.
    looked_at: Vec<u32>,
}

impl Greedy {
    fn new(config: &Config, mut arena: Arena) -> Self {
        // The lane behind the trajectories stays at the source.
        arena.sim.reset(config.batch + 1);
        let spec = arena.sim.spec();
        Self {
            children: Children::new(spec),
            outlook: Outlook::new(spec, config.completions),
            arena,
            epsilon: config.epsilon,
            round: 0,
            lanes: (0..config.batch as u32).collect(),
            own: vec![None; config.batch],
            looked_at: Vec::new(),
        }
    }

    /// The child that trajectory `i` goes on to, of those with indices in `range`; `fresh` states were looked at before
    /// the children.
    fn choose(&self, range: std::ops::Range<usize>, fresh: usize, own: f64, key: Key) -> Option<usize> {
        let n = range.len() as u32;
        if n == 0 {
            return None;
        }
        if key.fold(0).unit() < self.epsilon {
            return Some(range.start + key.fold(1).below(n) as usize);
        }
        let value = |j: usize| self.outlook.value[fresh + j];
        let chance = |j: usize| key.fold(2).fold(j as u64).bits();
        let best =
            range.max_by(|&a, &b| value(a).total_cmp(&value(b)).then_with(|| chance(a).cmp(&chance(b))))?;
        // A state that is no object has −∞, and goes on.
        (value(best) > own || own == f64::NEG_INFINITY).then_some(best)
    }
}

impl Method for Greedy {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let key = self.arena.key.fold(self.round);
        self.round += 1;
        let n = self.lanes.len();
        let source = n as u32;
        self.children.expand(&mut *self.arena.sim, &self.lanes, source + 1);
        self.looked_at.clear();
        let at_source = self.lanes.iter().zip(&self.own).filter(|(_, own)| own.is_none());
        self.looked_at.extend(at_source.map(|(&lane, _)| lane));
        let fresh = self.looked_at.len();
        self.looked_at.extend_from_slice(&self.children.lanes);
        let scratch = source + 1 + self.children.len() as u32;
        let look = key.fold(u64::MAX);
        let mut spent = self.outlook.look(&mut self.arena, &self.looked_at, scratch, look, found)?;
        spent.transitions += self.children.len() as u64;
        let (mut from, mut sources) = (0, 0..fresh);
        for i in 0..n {
            let of = self.children.owners[from..].partition_point(|&o| o == i as u32);
            let own = self.own[i].or_else(|| sources.next().map(|k| self.outlook.own[k]));
            let own = own.unwrap_or(f64::NEG_INFINITY);
            match self.choose(from..from + of, fresh, own, key.fold(i as u64)) {
                Some(j) if self.children.stops[j] != Stop::Must => {
                    self.arena.sim.copy(self.children.lanes[j], self.lanes[i]);
                    self.own[i] = Some(self.outlook.own[fresh + j]);
                }
                // It ends, here or in a complete object that has been scored.
                _ => {
                    self.arena.sim.copy(source, self.lanes[i]);
                    self.own[i] = None;
                }
            }
            from += of;
        }
        Ok(spent)
    }
}
