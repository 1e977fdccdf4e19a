//! The round that REINFORCE and PPO share: act, judge, and a few epochs of the surrogate's gradient, minibatch by
//! minibatch.

use headwater_core::settings::{Schedule, choice};
use headwater_core::{BackwardHead, Heads, Needs};
use headwater_exact::ForwardPolicy;
use headwater_rewards::RewardError;
use headwater_train::{Behaviour, Exact, Experience, Looks, Slopes};

use super::actor::Actor;
use super::learner::Learner;
use super::payoff::Payer;
use super::surrogate::{self, Judged, Weights};
use super::{Payoff, advantage};
use crate::{Arena, Found, Method, Spent};

choice! {
    /// What an advantage is measured against.
    pub enum Baseline {
        /// A moving average of the returns of whole trajectories.
        MovingAverage = "moving-average",
        /// A value V(s), learned on the trunk of the policy.
        Learned = "learned",
    }
}

/// Settings of a policy gradient, whatever it is called.
pub(super) struct Recipe {
    pub batch: usize,
    pub lr: Schedule,
    pub max_norm: f64,
    pub payoff: Payoff,
    pub baseline: Baseline,
    pub lambda: f64,
    pub normalise: bool,
    /// Does the entropy of later states count, as a payoff −c log π along each edge, and not only that of the present?
    pub soft: bool,
    /// Weight of the entropy.
    pub entropy: f64,
    /// Weight of the error of values.
    pub value: f64,
    pub clip: f64,
    pub epochs: u64,
    /// Parts that a batch is acted and learned in, at most its trajectories.
    pub minibatches: usize,
}

/// Share of a batch in the moving average of returns.
const FRESH: f64 = 0.1;

pub(super) struct PolicyGradient {
    recipe: Recipe,
    weights: Weights,
    actor: Actor,
    learner: Learner,
    payer: Payer,
    /// The moving average of what trajectories pay.
    average: f64,
    payoffs: Vec<f64>,
    /// The minibatches of a round.
    parts: Vec<Experience>,
    /// What each of them says before the policy changes.
    verdicts: Vec<Verdict>,
    slopes: Slopes,
}

/// See [`Judged`].
#[derive(Clone, Default)]
struct Verdict {
    log_acted: Vec<f64>,
    advantages: Vec<f64>,
    returns: Vec<f64>,
}

impl PolicyGradient {
    pub fn new(recipe: Recipe, arena: Arena) -> Self {
        let critic = recipe.baseline == Baseline::Learned;
        // An entropy that is paid along the edges is not in the loss as well. What is paid was measured on the policy
        // that acted: in later epochs, the drift from it makes up for the difference.
        let weights = Weights {
            clip: recipe.clip,
            entropy: if recipe.soft { 0.0 } else { recipe.entropy },
            drift: if recipe.soft && recipe.epochs > 1 { recipe.entropy } else { 0.0 },
            value: if critic { recipe.value } else { 0.0 },
        };
        let looks = Looks {
            needs: Needs { flow: critic, backward: true, ..Needs::default() },
            spread: weights.entropy > 0.0 || weights.drift > 0.0,
            gradients: true,
        };
        let payer = Payer::new(recipe.payoff, if recipe.soft { recipe.entropy } else { 0.0 });
        let heads = Heads::new(arena.sim.spec().n_actions, BackwardHead::None, critic);
        let parts = (0..recipe.minibatches).map(|_| Experience::new(arena.sim.spec(), looks)).collect();
        let (actor, mut nets) = Actor::new(arena, recipe.batch, &[heads]);
        Self {
            verdicts: vec![Verdict::default(); recipe.minibatches],
            parts,
            recipe,
            weights,
            actor,
            learner: Learner::new(nets.remove(0)),
            payer,
            average: 0.0,
            payoffs: Vec::new(),
            slopes: Slopes::default(),
        }
    }

    /// What minibatch `i` says before the policy changes.
    fn judge(&mut self, i: usize) {
        let Self { recipe, payer, payoffs, average, .. } = self;
        let Verdict { log_acted, advantages, returns } = &mut self.verdicts[i];
        let rows = self.parts[i].rows();
        log_acted.clear();
        log_acted.extend(rows.logit.iter().zip(&rows.lse).map(|(logit, lse)| logit - lse));
        payoffs.clear();
        payoffs.extend_from_slice(payer.pay(rows));
        if recipe.soft {
            payoffs.iter_mut().zip(&*log_acted).for_each(|(payoff, log_p)| *payoff -= recipe.entropy * log_p);
        }
        match recipe.baseline {
            Baseline::Learned => {
                advantage::estimate(rows, payoffs, |r| rows.log_flow[r], recipe.lambda, advantages, returns);
            }
            Baseline::MovingAverage => {
                let mean = payoffs.iter().sum::<f64>() / rows.trajectories() as f64;
                // The payer has taken off the first batch's, so that the average starts at zero.
                *average += FRESH * (mean - *average);
                advantage::estimate(rows, payoffs, |_| *average, recipe.lambda, advantages, returns);
            }
        }
        if recipe.normalise {
            advantage::normalise(advantages);
        }
    }
}

impl Method for PolicyGradient {
    fn round(&mut self, found: &mut dyn FnMut(Found<'_>)) -> Result<Spent, RewardError> {
        let spent = self.actor.act(&*self.learner.net, Behaviour::ON_POLICY, &mut self.parts, found)?;
        (0..self.parts.len()).for_each(|i| self.judge(i));
        let Self { recipe, weights, actor, learner, parts, verdicts, slopes, .. } = self;
        let rate = recipe.lr.at(actor.round());
        for epoch in 0..recipe.epochs {
            for (i, (part, Verdict { log_acted, advantages, returns })) in
                parts.iter_mut().zip(&*verdicts).enumerate()
            {
                // What acted is what the first update would evaluate.
                if epoch > 0 || i > 0 {
                    actor.refresh(part, &*learner.net);
                }
                surrogate::loss_of(part, Judged { log_acted, advantages, returns }, *weights, slopes);
                let (backward, pool) = (&actor.backward, &actor.pool);
                part.differentiate(&mut *learner.net, backward, pool, slopes, &mut learner.grads);
                learner.step(pool, rate, recipe.max_norm);
            }
        }
        actor.next();
        Ok(spent)
    }

    fn policy(&mut self, space: &Exact) -> Option<ForwardPolicy> {
        Some(self.actor.policy(&*self.learner.net, space))
    }
}
