//! What a method is: rounds that find objects and spend a budget.

use std::sync::Arc;

use headwater_core::{Estimator, Heads, Key, Simulator};
use headwater_exact::ForwardPolicy;
use headwater_nn::Pool;
use headwater_rewards::{RewardError, Scorer};
use headwater_train::Exact;

/// What a method works on, and all that it may draw from.
pub struct Arena {
    /// The environment; without lanes that anybody relies on.
    pub sim: Box<dyn Simulator>,
    /// The reward.
    pub scorer: Scorer,
    /// The enumerated space with its target, where it fits.
    pub exact: Option<Arc<Exact>>,
    /// Makes a network of the configured policy with these heads and this key.
    pub network: Box<dyn Fn(Heads, Key) -> Box<dyn Estimator> + Send>,
    /// The threads that work; their number changes no bit of the results.
    pub pool: Arc<Pool>,
    /// Draws come from this alone.
    pub key: Key,
}

/// Objects that a method came upon, in the lanes of its simulator.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    /// The simulator that holds them.
    pub sim: &'a dyn Simulator,
    /// The lanes, one object each; for a Markov chain its state after the move, whether it moved or not.
    pub lanes: &'a [u32],
    /// log R of each.
    pub log_reward: &'a [f64],
}

/// What a round has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Edges walked forward or back, stop edges included where stopping was a choice.
    pub transitions: u64,
    /// Objects handed over.
    pub objects: u64,
    /// Scores asked of the reward, repeats included.
    pub reward_calls: u64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.transitions += other.transitions;
        self.objects += other.objects;
        self.reward_calls += other.reward_calls;
    }
}

/// A way to find objects, one round at a time. The same key gives the same rounds.
pub trait Method: Send {
    /// One round: every object found is handed over, perhaps in several calls.
    ///
    /// # Errors
    /// If a reward fails. What was handed over before stands, and the method can go on.
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError>;

    /// Is every object handed over the next state of the Markov chain of its place in the round?
    fn is_chain(&self) -> bool {
        false
    }

    /// The forward policy that the method would sample with now, on every edge of the space; `None` for methods
    /// without one.
    fn policy(&mut self, space: &Exact) -> Option<ForwardPolicy> {
        let _ = space;
        None
    }
}
