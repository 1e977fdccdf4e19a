//! Beam search: of all states one edge on, the few with the best outlook are kept.
//!
//! The outlook of a state is the largest log R among its own, if it is an object, and those of some completions by the
//! uniform policy. A round takes the beam one edge on: the children of its states, equal ones once, are looked at, and
//! the `width` best that are not complete are the next beam. When none is left the search begins anew at the source, with
//! other completions. Every object that is scored is found.

use headwater_core::settings::settings;
use headwater_core::{Entry, Key, Settings, Stop};
use headwater_rewards::RewardError;

use crate::children::{Children, grow_lanes};
use crate::outlook::Outlook;
use crate::{Arena, Found, Method, MethodEntry, Spent};

settings! {
    /// Settings of beam search.
    pub struct Config {
        /// States of a beam.
        width: usize = "16", Kind::Int { min: 1, max: 1 << 16 };
        /// Random completions of each state that is looked at.
        completions: usize = "1", Kind::Int { min: 1, max: 1 << 16 };
    }
}

pub(crate) const ENTRY: MethodEntry = MethodEntry {
    entry: Entry {
        name: "beam",
        summary: "breadth-first search that keeps the states with the best outlook",
        formula: "the width best by the largest R among a state's own and its random completions'",
        reference: "Lowerre 1976; Ow & Morton 1988",
        fields: Config::FIELDS,
    },
    samples_target: false,
    build: |values, arena| Ok(Box::new(Beam::new(&Config::read(values), arena))),
};

struct Beam {
    arena: Arena,
    children: Children,
    outlook: Outlook,
    width: usize,
    round: u64,
    /// The lanes of the beam, the first; empty when the search is to begin anew.
    beam: Vec<u32>,
    hashes: Vec<u64>,
    ranked: Vec<u32>,
}

impl Beam {
    fn new(config: &Config, arena: Arena) -> Self {
        let spec = arena.sim.spec();
        Self {
            children: Children::new(spec),
            outlook: Outlook::new(spec, config.completions),
            arena,
            width: config.width,
            round: 0,
            beam: Vec::new(),
            hashes: Vec::new(),
            ranked: Vec::new(),
        }
    }

    /// Forgets children that are equal to others.
    fn make_distinct(&mut self) {
        let sim = &*self.arena.sim;
        let Self { children, hashes, ranked, .. } = self;
        hashes.resize(children.len(), 0);
        sim.hashes(&children.lanes, hashes);
        ranked.clear();
        ranked.extend(0..children.len() as u32);
        ranked.sort_unstable_by_key(|&j| (hashes[j as usize], j));
        let same = |a: u32, b: u32| {
            let (a, b) = (a as usize, b as usize);
            hashes[a] == hashes[b] && sim.same(children.lanes[a], children.lanes[b])
        };
        // Of equal children, which follow each other, the first stays.
        ranked.dedup_by(|b, a| same(*a, *b));
        ranked.sort_unstable();
        let mut next = ranked.iter().copied().peekable();
        children.retain(|_, j| next.next_if_eq(&(j as u32)).is_some());
    }

    /// Makes the best of the children the beam, ties at random.
    fn keep_best(&mut self, key: Key) {
        let Self { children, outlook, ranked, .. } = self;
        ranked.clear();
        let open = |&j: &u32| children.stops[j as usize] != Stop::Must;
        ranked.extend((0..children.len() as u32).filter(open));
        let value = |j: u32| outlook.value[j as usize];
        let chance = |j: u32| key.fold(u64::from(j)).bits();
        ranked
            .sort_unstable_by(|&a, &b| value(b).total_cmp(&value(a)).then_with(|| chance(a).cmp(&chance(b))));
        ranked.truncate(self.width);
        self.beam.clear();
        for (to, &j) in (0..).zip(&*ranked) {
            self.arena.sim.copy(children.lanes[j as usize], to);
            self.beam.push(to);
        }
    }
}

impl Method for Beam {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let key = self.arena.key.fold(self.round);
        self.round += 1;
        let first = self.width as u32;
        let mut spent = Spent::default();
        if self.beam.is_empty() {
            // The source may be an object, too.
            self.arena.sim.reset(first as usize);
            spent += self.outlook.look(&mut self.arena, &[0], first, key.fold(0), found)?;
            self.beam.push(0);
        }
        self.children.expand(&mut *self.arena.sim, &self.beam, first);
        spent.transitions += self.children.len() as u64;
        self.make_distinct();
        let scratch = self.children.lanes.last().map_or(first, |lane| lane + 1);
        grow_lanes(&mut *self.arena.sim, scratch as usize);
        spent += self.outlook.look(&mut self.arena, &self.children.lanes, scratch, key.fold(1), found)?;
        self.keep_best(key.fold(2));
        Ok(spent)
    }
}
