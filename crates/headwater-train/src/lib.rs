//! Training: from a policy and an objective to a sampler, and how far that sampler is from its target.
//!
//! One update acts (trajectories by the behaviour policy), scores (rewards of their objects), judges (rows and the
//! objective's gradient) and learns (the network's gradient and one step of Adam). Nothing here is generic: an
//! environment is a `dyn Simulator`, a network a `dyn Estimator`. The same key gives the same bits.

mod backward;
mod batch;
mod exact;
mod experience;
mod flight;
mod given;
mod judge;
mod phases;
mod replay;
mod rollout;
mod sampled;
mod settings;
mod stats;
mod trainer;
mod weights;

pub use backward::{Backward, PathCounts, encodings, table};
pub use exact::{EdgePolicies, Exact, ExactError, ExactReport};
pub use experience::{Experience, Looks, Slopes};
pub use flight::Trajectories;
pub use phases::{Phase, Stopwatch};
pub use replay::Kept;
pub use rollout::Behaviour;
pub use sampled::{
    LogProb, LogProbError, Sample, SampledReport, Sampler, evaluate_sampled, evaluate_while, log_prob,
    sample, sampled_l1,
};
pub use settings::{BackwardKind, EvalConfig, Optimizer, PolicyConfig, TrainConfig};
pub use stats::{Estimate, bootstrap, correlation, mean, pearson, spearman};
pub use trainer::{Parts, PolicyView, StateMismatch, StepError, StepReport, TrainState, Trainer};
pub use weights::{LogMean, MIN_ESS, effective_share};
