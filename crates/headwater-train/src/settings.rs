//! Settings of training, of policies in general, and of evaluation.

use headwater_core::settings::{AutoReal, File, Schedule, choice, settings};

choice! {
    /// The backward policy P_B.
    pub enum BackwardKind {
        /// Uniform over parents; nothing to learn.
        Uniform = "uniform",
        /// Learned, on the trunk of the forward policy.
        Learned = "learned",
        /// Learned, on a trunk of its own.
        LearnedOwn = "learned-own",
        /// Of maximum entropy: proportional to the number of trajectories through each parent. Needs a space that
        /// can be enumerated.
        MaxEnt = "maxent",
    }
}

choice! {
    /// The optimiser.
    pub enum Optimizer {
        /// Adam (arXiv:1412.6980).
        Adam = "adam",
        /// Adam with decoupled weight decay (arXiv:1711.05101).
        AdamW = "adamw",
    }
}

settings! {
    /// Settings that every kind of policy shares.
    pub struct PolicyConfig {
        /// Backward policy: `uniform`, `learned` on the forward policy's trunk, `learned-own` on a trunk of its own,
        /// or `maxent` (proportional to the number of trajectories, for spaces that can be enumerated).
        backward: BackwardKind = "\"learned\"", Kind::Choice(BackwardKind::NAMES);
        /// Adds so many times the change of the native score along each edge to the edge's logit, for rewards that say
        /// it (`headwater show` says which): the network then learns only what that leaves. About `reward.beta` is
        /// natural for a log-reward; 0 for none.
        guide: f64 = "0.0", Kind::Real { min: 0.0, max: 1e6 };
    }
}

settings! {
    /// Settings of training.
    pub struct TrainConfig {
        /// Number of updates.
        steps: u64 = "5000", Kind::Int { min: 0, max: i64::MAX };
        /// Trajectories per update.
        batch: usize = "128", Kind::Int { min: 1, max: 1 << 20 };
        /// Learning rate of the network or table.
        lr: Schedule = "0.001", Kind::Schedule { min: 0.0, max: 1000.0 };
        /// Learning rate of log Z, and of the scale of all flows under objectives that learn flows.
        lr_log_z: Schedule = "0.1", Kind::Schedule { min: 0.0, max: 1000.0 };
        /// First value of log Z: a number, or `auto` for the importance-weighted estimate of the first batch.
        log_z_init: AutoReal = "\"auto\"", Kind::AutoReal;
        /// Optimiser.
        optimizer: Optimizer = "\"adam\"", Kind::Choice(Optimizer::NAMES);
        /// Weight decay per unit of learning rate, under `adamw`.
        weight_decay: f64 = "0.01", Kind::Real { min: 0.0, max: 1.0 };
        /// Largest Euclidean norm of a gradient; larger ones are scaled down to it. 0 for no limit.
        clip: f64 = "0.0", Kind::Real { min: 0.0, max: f64::MAX };
        /// Probability that an action is drawn uniformly from the valid ones while training. The objective sees the
        /// policy's own probabilities all the same.
        epsilon: Schedule = "0.0", Kind::Schedule { min: 0.0, max: 1.0 };
        /// Temperature of the forward policy while training: probabilities are raised to the power of its inverse.
        temperature: Schedule = "1.0", Kind::Schedule { min: 1e-3, max: 1000.0 };
        /// Power of the reward that the objective sees, for targets whose modes lie far apart. From 0 on, all objects are
        /// worth the same at first, so that the policy spreads out before modes rise. Has to end at 1.
        reward_power: Schedule = "1.0", Kind::Schedule { min: 0.0, max: 1000.0 };
        /// Batches whose scores are under way while the policy learns from the one that was drawn so many updates before:
        /// for rewards that take their time. Off-policy by that much; 0 waits for every batch. Results do not depend on
        /// how fast scores come.
        lag: u64 = "0", Kind::Int { min: 0, max: 10_000 };
        /// A file of objects, one per line: part of every batch is drawn back from them by P_B, which teaches the
        /// policy what it has not found by itself.
        data: Option<File>, Kind::File;
        /// Share of the batch that is drawn back from `data`.
        data_share: f64 = "0.5", Kind::Real { min: 0.0, max: 1.0 };
        /// Trajectories per update, besides the batch, that are drawn back by P_B from objects found before, which need no
        /// new scores.
        replay: usize = "0", Kind::Int { min: 0, max: 1 << 20 };
        /// Distinct objects that are kept for `replay`; the oldest gives way.
        replay_capacity: usize = "10000", Kind::Int { min: 1, max: 100_000_000 };
        /// Objects are replayed in proportion to this power of their reward: 0 for all alike, 1 for as often as the
        /// target has them.
        replay_power: f64 = "0.0", Kind::Real { min: 0.0, max: 1000.0 };
        /// Threads; 0 for one per core. Results do not depend on it.
        threads: usize = "0", Kind::Int { min: 0, max: 1024 };
    }
}

impl TrainConfig {
    /// Trajectories of a batch that are drawn back from `data`, where there are any.
    pub fn given(&self) -> usize {
        (self.data_share * self.batch as f64).round() as usize
    }
}

settings! {
    /// Settings of evaluation.
    pub struct EvalConfig {
        /// Updates between evaluations; 0 for ten evaluations over the run.
        every: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
        /// Most states that are enumerated for exact evaluation; a larger space is evaluated by sampling. About 60
        /// bytes per state and 16 per edge.
        exact_cap: usize = "2000000", Kind::Int { min: 0, max: 4_000_000_000 };
        /// Trajectories per sampled evaluation.
        samples: usize = "4096", Kind::Int { min: 2, max: 100_000_000 };
        /// Objects whose log p̂(x) is estimated in a sampled evaluation.
        objects: usize = "512", Kind::Int { min: 3, max: 10_000_000 };
        /// Backward trajectories per object for log p̂(x).
        backward_samples: usize = "32", Kind::Int { min: 1, max: 1_000_000 };
        /// An object is a mode if its reward is at least this fraction of the largest one: the exact maximum where
        /// the space is enumerated, `mode_log_reward` elsewhere.
        mode_fraction: f64 = "0.9", Kind::Real { min: 0.0, max: 1.0 };
        /// log R from which on an object is a mode, whatever the largest reward is.
        mode_log_reward: Option<f64>, Kind::Real { min: f64::MIN, max: f64::MAX };
    }
}
