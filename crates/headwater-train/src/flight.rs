//! Batches whose scores are under way while the policy learns from earlier ones.

use std::collections::VecDeque;

use headwater_core::{Action, Simulator, Stop};
use headwater_rewards::{Posted, RewardError, Scorer};

use crate::batch::Batch;

/// The trajectories of a batch as lists of edges: all that is needed to walk them again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trajectories {
    /// For trajectories drawn back from data, which come first: the objects, by their places in the data.
    pub dealt: Vec<u32>,
    /// The edges of each, forward, the stop edge included.
    pub actions: Vec<Vec<u32>>,
}

impl Trajectories {
    /// Those of a batch.
    pub(crate) fn of(batch: &Batch, dealt: &[u32]) -> Self {
        let edges = |b| batch.nodes(b).iter().map(|&(_, action)| action.0).collect();
        Self { dealt: dealt.to_vec(), actions: (0..batch.trajectories()).map(edges).collect() }
    }

    /// Walks all of them, so that lane i holds the object of trajectory i.
    fn walk(&self, sim: &mut dyn Simulator) {
        sim.reset(self.actions.len());
        let longest = self.actions.iter().map(Vec::len).max().unwrap_or(0);
        let (mut lanes, mut edges) = (Vec::new(), Vec::new());
        for t in 0..longest.saturating_sub(1) {
            lanes.clear();
            edges.clear();
            // The last edge of each is the stop edge.
            for (lane, actions) in (0..).zip(&self.actions).filter(|(_, actions)| t + 1 < actions.len()) {
                lanes.push(lane);
                edges.push(Action(actions[t]));
            }
            sim.step(&lanes, &edges);
        }
    }

    /// Are these trajectories of `sim`, with `lanes` of them?
    fn fit(&self, sim: &mut dyn Simulator, lanes: usize) -> bool {
        if self.actions.len() != lanes || self.dealt.len() > lanes {
            return false;
        }
        let n = sim.spec().n_actions as u32;
        let mut mask = headwater_core::BitMatrix::new(1, n as usize);
        self.actions.iter().all(|actions| {
            let Some((&last, edges)) = actions.split_last() else { return false };
            sim.reset(1);
            for &edge in edges {
                sim.forward_masks(&[0], &mut mask, 0);
                if edge >= n || !mask.get(0, edge as usize) {
                    return false;
                }
                sim.step(&[0], &[Action(edge)]);
            }
            let mut stop = [Stop::Never];
            sim.stops(&[0], &mut stop);
            last == n && stop != [Stop::Never]
        })
    }
}

/// Batches on their way, oldest first.
#[derive(Default)]
pub(crate) struct Flights {
    all: VecDeque<Flight>,
}

struct Flight {
    trajectories: Trajectories,
    /// `None` before its scores were asked for, and after they were fetched.
    posted: Option<Posted>,
}

impl Flights {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The oldest.
    pub fn first(&self) -> Option<&Trajectories> {
        self.all.front().map(|flight| &flight.trajectories)
    }

    pub fn depart(&mut self, trajectories: Trajectories) {
        self.all.push_back(Flight { trajectories, posted: None });
    }

    /// Asks for all scores that have not been asked for.
    pub fn post(&mut self, sim: &mut dyn Simulator, scorer: &mut Scorer) -> Result<(), RewardError> {
        for flight in self.all.iter_mut().filter(|flight| flight.posted.is_none()) {
            flight.trajectories.walk(sim);
            let lanes: Vec<u32> = (0..flight.trajectories.actions.len() as u32).collect();
            flight.posted = Some(scorer.post(sim, &lanes)?);
        }
        Ok(())
    }

    /// Waits for the scores of the oldest. It stays in its place until [`Flights::land`], so that an update that fails
    /// can be made again.
    pub fn fetch(&mut self, scorer: &mut Scorer, out: &mut [f64]) -> Result<(), RewardError> {
        match self.all.front_mut().and_then(|flight| flight.posted.take()) {
            Some(posted) => scorer.fetch(posted, out),
            None => Ok(()),
        }
    }

    /// The oldest has been trained on.
    pub fn land(&mut self) {
        self.all.pop_front();
    }

    /// Those on their way, for a checkpoint.
    pub fn trajectories(&self) -> Vec<Trajectories> {
        self.all.iter().map(|flight| flight.trajectories.clone()).collect()
    }

    /// Takes flights from a checkpoint; `false` if they are not of this environment.
    pub fn restore(&mut self, all: Vec<Trajectories>, sim: &mut dyn Simulator, lanes: usize) -> bool {
        let fit = all.iter().all(|trajectories| trajectories.fit(sim, lanes));
        if fit {
            self.all = all.into_iter().map(|trajectories| Flight { trajectories, posted: None }).collect();
        }
        fit
    }
}
