//! Acting: trajectories from the initial state by P_F, and from given objects back by P_B.

use headwater_core::{Action, Estimator, Heads, Key, Simulator, Stop};
use headwater_nn::Pool;
use headwater_rewards::{RewardError, Scorer};

use crate::backward::Backward;
use crate::batch::{Batch, Expansion, States, Visit, rows_per_piece};
use crate::phases::{Phase, Stopwatch};

/// How actions are drawn while training; the policy that is trained is never altered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behaviour {
    /// Probability of a uniform choice among the valid edges.
    pub epsilon: f64,
    /// Probabilities are raised to the power of the inverse.
    pub temperature: f64,
}

impl Behaviour {
    /// The policy itself.
    pub const ON_POLICY: Self = Self { epsilon: 0.0, temperature: 1.0 };
}

/// Rolls policies along a simulator. Owns its buffers, which keep their size from batch to batch.
#[derive(Default)]
pub(crate) struct Roller {
    live: Vec<u32>,
    moving: Vec<u32>,
    states: Vec<u32>,
    actions: Vec<Action>,
    chosen: Vec<Action>,
    arrival: Vec<Action>,
    expansion: Expansion,
}

/// What a roller moves with.
pub(crate) struct Acting<'a> {
    pub sim: &'a mut dyn Simulator,
    pub net: &'a dyn Estimator,
    pub backward: &'a Backward,
    pub scorer: &'a mut Scorer,
    pub pool: &'a Pool,
    pub watch: &'a mut Stopwatch,
}

/// What is to be drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw<'a> {
    /// Number of trajectories, one per lane.
    pub lanes: usize,
    /// How many of them, the first, are drawn back from the objects that their lanes hold.
    pub given: usize,
    /// How many of those, the first, are of objects whose log R is known.
    pub known: usize,
    /// Number of the first lane: its draws, and so on, come from `key.fold(first)` alone.
    pub first: u64,
    /// How actions are drawn forward.
    pub how: Behaviour,
    /// Decides everything.
    pub key: Key,
    /// The edges that forward lanes take instead of drawing them, lane by lane, the stop edge included.
    pub follow: Option<&'a [Vec<u32>]>,
}

impl Roller {
    /// Trajectories back to the initial state by P_B in the first `draw.given` lanes, which hold objects, and forward
    /// by P_F in the others, which are in the initial state.
    ///
    /// Fills `batch` with the trajectories, all in forward order, and their objects' log R, that of known ones
    /// excepted, which is 0. Afterwards the forward lanes hold their objects.
    pub fn roll(
        &mut self,
        acting: &mut Acting<'_>,
        draw: &Draw<'_>,
        batch: &mut Batch,
    ) -> Result<(), RewardError> {
        let (given, lanes) = self.begin(draw, batch);
        let unknown = draw.known..draw.given;
        acting.scorer.log_reward(acting.sim, &self.live[unknown.clone()], &mut batch.log_reward[unknown])?;
        acting.watch.lap(Phase::Reward);
        self.walk(acting, draw, batch)?;
        self.live.extend(given..lanes);
        acting.scorer.log_reward(acting.sim, &self.live, &mut batch.log_reward[draw.given..])?;
        acting.watch.lap(Phase::Reward);
        Ok(())
    }

    /// The same without log R, which is 0 then.
    pub fn walk_only(
        &mut self,
        acting: &mut Acting<'_>,
        draw: &Draw<'_>,
        batch: &mut Batch,
    ) -> Result<(), RewardError> {
        self.begin(draw, batch);
        self.walk(acting, draw, batch)
    }

    /// An empty batch and the lanes that hold objects; how many those are, and how many lanes in all.
    fn begin(&mut self, draw: &Draw<'_>, batch: &mut Batch) -> (u32, u32) {
        batch.clear();
        batch.log_reward.resize(draw.lanes, 0.0);
        self.live.clear();
        self.live.extend(0..draw.given as u32);
        (draw.given as u32, draw.lanes as u32)
    }

    /// Moves all lanes; those that hold objects are live.
    fn walk(
        &mut self,
        acting: &mut Acting<'_>,
        draw: &Draw<'_>,
        batch: &mut Batch,
    ) -> Result<(), RewardError> {
        self.backward(acting, draw, batch)?;
        self.live.extend(draw.given as u32..draw.lanes as u32);
        self.forward(acting, draw, batch)?;
        batch.arrange(draw.lanes, draw.given);
        acting.watch.lap(Phase::Act);
        Ok(())
    }

    /// Moves the live lanes forward until none is left.
    fn forward(
        &mut self,
        acting: &mut Acting<'_>,
        draw: &Draw<'_>,
        batch: &mut Batch,
    ) -> Result<(), RewardError> {
        let heads = acting.net.heads();
        let stop = Action(heads.n_actions as u32);
        let mut t = 0;
        while !self.live.is_empty() {
            self.look(acting, draw.lanes, false, batch)?;
            self.moving.clear();
            self.actions.clear();
            self.choose_all(acting.pool, draw, t, &batch.states, heads);
            for ((&lane, &state), &action) in self.live.iter().zip(&self.states).zip(&self.chosen) {
                batch.push(Visit { lane, state, action });
                if action != stop {
                    self.moving.push(lane);
                    self.actions.push(action);
                }
            }
            acting.sim.step(&self.moving, &self.actions);
            std::mem::swap(&mut self.live, &mut self.moving);
            t += 1;
        }
        Ok(())
    }

    /// Draws the edge that each live lane takes in step `t`.
    fn choose_all(&mut self, pool: &Pool, draw: &Draw<'_>, t: u64, states: &States, heads: Heads) {
        let stop = Action(heads.n_actions as u32);
        self.chosen.clear();
        if let Some(script) = draw.follow {
            let taken = |&lane: &u32| Action(script[lane as usize - draw.given][t as usize]);
            self.chosen.extend(self.live.iter().map(taken));
            return;
        }
        self.chosen.resize(self.live.len(), stop);
        let piece = rows_per_piece(pool, self.live.len(), heads.n_actions);
        let (live, at) = (&self.live, &self.states);
        pool.pieces(&mut self.chosen, piece, &|i, chosen| {
            for (i, action) in (i * piece..).zip(chosen) {
                let key = draw.key.fold(draw.first + u64::from(live[i])).fold(t);
                *action = choose(states, at[i], stop, draw.how, key, heads);
            }
        });
    }

    /// Moves the live lanes back until all are in the initial state.
    fn backward(
        &mut self,
        acting: &mut Acting<'_>,
        draw: &Draw<'_>,
        batch: &mut Batch,
    ) -> Result<(), RewardError> {
        self.arrival.clear();
        self.arrival.resize(draw.given, Action(acting.sim.spec().n_actions as u32));
        // Path counts are known by state: a choice between parents has to know which states they are.
        let parents = matches!(acting.backward, Backward::MaxEnt(_));
        let mut t = 0;
        while !self.live.is_empty() {
            self.look(acting, draw.lanes, parents, batch)?;
            self.moving.clear();
            self.actions.clear();
            for (&lane, &state) in self.live.iter().zip(&self.states) {
                let taken = &mut self.arrival[lane as usize];
                batch.push(Visit { lane, state, action: *taken });
                let key = draw.key.fold(draw.first + u64::from(lane)).fold(t);
                if let Some(action) = choose_back(&batch.states, acting.backward, state, key, acting.net) {
                    *taken = action;
                    self.moving.push(lane);
                    self.actions.push(action);
                }
            }
            acting.sim.unstep(&self.moving, &self.actions);
            std::mem::swap(&mut self.live, &mut self.moving);
            t += 1;
        }
        Ok(())
    }

    /// Finds out all there is to know of the live lanes' states.
    fn look(
        &mut self,
        acting: &mut Acting<'_>,
        lanes: usize,
        parents: bool,
        batch: &mut Batch,
    ) -> Result<(), RewardError> {
        let Acting { sim, net, backward, scorer, pool, watch } = acting;
        batch.states.admit(&**sim, &self.live, backward, scorer, &mut self.states)?;
        if parents || batch.states.wants().parents {
            let (work, states) = (&mut self.expansion, &self.states);
            batch.states.expand(&mut **sim, &self.live, states, lanes as u32, backward, scorer, work)?;
        }
        watch.lap(Phase::Act);
        batch.states.evaluate(*net, pool);
        watch.lap(Phase::Forward);
        Ok(())
    }
}

/// Draws the edge to take from a state.
fn choose(states: &States, state: u32, stop: Action, how: Behaviour, key: Key, heads: Heads) -> Action {
    let may_stop = match states.stop(state) {
        Stop::Must => return stop,
        Stop::May => 1,
        Stop::Never => 0,
    };
    let row = state as usize;
    let edges = states.forward().count(row);
    let uniform = |key: Key| {
        let k = key.below(edges + may_stop);
        if k < edges { states.forward().select(row, k) } else { stop }
    };
    if edges + may_stop == 1 {
        return uniform(key);
    }
    if how.epsilon > 0.0 && key.fold(1).unit() < how.epsilon {
        return uniform(key.fold(2));
    }
    let slot = states.slot(state).expect("a state with a choice has a slot");
    let (policy, u) = (states.leaving(slot, heads), key.unit());
    let index = if how.temperature == 1.0 {
        policy.draw(u)
    } else {
        // Powers of small numbers vanish; those of the largest probability's fractions do not all.
        let largest = policy.probabilities().map(|(_, p)| p).fold(0.0, f32::max);
        let power = 1.0 / how.temperature;
        let warm = |p: f32| if p > 0.0 { f64::from(p / largest).powf(power) } else { 0.0 };
        let warm = policy.probabilities().map(|(a, p)| (a, warm(p)));
        let total: f64 = warm.clone().map(|(_, w)| w).sum();
        pick(warm, u * total)
    };
    // Where the network has blown up, any edge will do: the loss of this trajectory is not finite.
    index.map_or_else(|| uniform(key.fold(2)), |i| Action(i as u32))
}

/// Draws the edge to retrace from a state; `None` at the initial state.
fn choose_back(
    states: &States,
    backward: &Backward,
    state: u32,
    key: Key,
    net: &dyn Estimator,
) -> Option<Action> {
    let mask = states.backward();
    let row = state as usize;
    let parents = mask.count(row);
    if parents <= 1 {
        return mask.ones(row).next().map(|a| Action(a as u32));
    }
    match backward {
        Backward::Uniform => Some(mask.select(row, key.below(parents))),
        Backward::Learned => {
            let slot = states.slot(state).expect("a state with several parents has a slot");
            let policy = states.entering(slot, net.heads()).expect("a learned P_B has a head");
            let index = policy.draw(key.unit());
            Some(index.map_or_else(|| mask.select(row, 0), |i| Action(i as u32)))
        }
        Backward::MaxEnt(_) => {
            let parents = states.parents(state);
            let p = |&(parent, a): &(u32, Action)| states.log_pb(backward, parent, a, state, net).exp();
            let index = pick(parents.iter().map(p).enumerate(), key.unit());
            Some(parents[index.expect("some parent has a trajectory")].1)
        }
    }
}

/// The first number at which the running sum of weights exceeds `u`; the last of positive weight if rounding keeps
/// the sum below it. Never one of weight zero; `None` if no weight is positive.
fn pick(weights: impl Iterator<Item = (usize, f64)>, u: f64) -> Option<usize> {
    let (mut sum, mut last) = (0.0, None);
    for (i, w) in weights {
        if w > 0.0 {
            sum += w;
            last = Some(i);
            if u < sum {
                break;
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::pick;

    #[test]
    fn picks_never_land_on_weight_zero() {
        let weights = || [0.0, 0.25, 0.0, 0.75, 0.0].into_iter().enumerate();
        assert_eq!(pick(weights(), 0.0), Some(1));
        assert_eq!(pick(weights(), 0.249), Some(1));
        assert_eq!(pick(weights(), 0.25), Some(3));
        assert_eq!(pick(weights(), 1.5), Some(3));
        assert_eq!(pick([0.0, f64::NAN].into_iter().enumerate(), 0.5), None);
    }
}
