//! Checks of how a run was trained: did it end well, act sensibly, and settle?

use headwater_report::number;

use super::{Acting, Check, Facts};
use crate::Status;

/// Share of trajectories, at the last update, that hold a step drawn uniformly.
const MAX_RANDOM: f64 = 0.5;

/// How far from 1 the power of the reward may be at the last update: that distorts a log R of 100 by one nat.
const MAX_POWER: f64 = 0.01;

/// Temperature at the last update, or its inverse.
const MAX_TEMPERATURE: f64 = 1.5;

/// Age of a batch when it is learned from, as a share of all updates. Off-policy objectives stand stale data (Malkin et
/// al. 2022, arXiv:2201.13259, §4), but what was drawn by a policy that knew little less than nothing teaches little.
const MAX_LAG: f64 = 0.05;

/// Share of a batch that comes from given objects: the rest has to find where the policy puts mass that it should not.
const MAX_GIVEN: f64 = 0.95;

/// Residuals, in nats, below which it does not matter whether the loss still falls.
const SMALL_RESIDUAL: f64 = 0.3;

/// The mean loss of the last fifth of the updates over that of the fifth before: below the first bound it still falls,
/// above the second it grows.
const LOSS_RATIO: [f64; 2] = [0.6, 2.0];

/// Rows of `steps.csv` without which there is no trend.
const MIN_ROWS: usize = 20;

/// Mean entropy of P_F per choice, in nats: a coin that shows one side 999 times of 1,000 has 0.008.
const MIN_ENTROPY: f64 = 0.01;

/// Did the run end of itself?
pub fn ended(facts: &Facts) -> Result<Check, String> {
    let reason = facts.reason.clone().unwrap_or_default();
    // What is not finite has a check of its own.
    let failed = facts.status == Status::Failed && !is_not_finite(&reason);
    let value = match (failed, facts.dead) {
        (true, _) => format!("the run failed: {reason}"),
        (_, true) => "the run was killed".to_owned(),
        _ => match facts.status {
            Status::Running => "the run is at work",
            Status::Finished => "the run finished",
            Status::Interrupted => "the run was interrupted",
            Status::Spent => "the run has spent its budget",
            Status::Failed => "the run failed",
        }
        .to_owned(),
    };
    Ok(Check {
        name: "ended",
        value,
        threshold: "it has not failed and was not killed".to_owned(),
        passed: !failed && !facts.dead,
        meaning:
            "the run stopped before its last update, so that what it learned is what it had learned by then"
                .to_owned(),
        remedy: "remove the cause, then `headwater train --resume` goes on from the last checkpoint"
            .to_owned(),
    })
}

/// Are losses, gradients and scores numbers?
pub fn finite(facts: &Facts) -> Result<Check, String> {
    let reason = facts.reason.clone().unwrap_or_default();
    let failed = facts.status == Status::Failed && is_not_finite(&reason);
    let columns = ["loss", "residual_rms", "log_z_learned", "log_scale", "log_reward_mean", "grad_norm"];
    let columns = columns.map(|name| facts.steps.column(name)).into_iter();
    // A column that the objective has no use for is empty.
    let used = columns.filter(|column| column.iter().any(|x| !x.is_nan()));
    let bad = used.flatten().filter(|x| !x.is_finite()).count();
    let value = if failed { reason } else { format!("{bad} numbers of `steps.csv` are not finite") };
    Ok(Check {
        name: "finite",
        value,
        threshold: "every loss, gradient and score is a finite number".to_owned(),
        passed: !failed && bad == 0,
        meaning: "a score, loss or gradient that is NaN or infinite has no log R and no direction to learn in; the \
                  run stopped at the first, and everything before it stands"
            .to_owned(),
        remedy: "if a score: `headwater score` shows it for the object that is named; give such objects a score, or \
                 `reward.floor` with `reward.missing = \"floor\"` where the reward has that; if a loss or gradient: a \
                 smaller `train.lr`, or `train.clip`"
            .to_owned(),
    })
}

/// Does a failure speak of something that is not finite?
fn is_not_finite(reason: &str) -> bool {
    let words = || reason.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
    words().any(|word| matches!(word, "NaN" | "inf" | "-inf"))
}

/// Was it the reward itself that was learned at the end?
pub fn target(facts: &Facts) -> Result<Check, String> {
    facts.steps.last("step").ok_or("no update was logged")?;
    let power = facts.acting.clone()?.power;
    Ok(Check {
        name: "target",
        value: format!("the last update learned the reward to the power of {power:.4}"),
        threshold: format!("a power within {MAX_POWER} of 1"),
        passed: (power - 1.0).abs() <= MAX_POWER,
        meaning: "the policy was still being taught a flatter target, or a steeper one, when training ended: what it \
                  samples is not in proportion to R, however small the loss"
            .to_owned(),
        remedy: "let the power reach 1 earlier: `train.reward_power = { from = 0.0, to = 1.0, steps = … }` with a third \
                 of `train.steps`"
            .to_owned(),
    })
}

/// Is exploration over by the end?
pub fn exploration(facts: &Facts) -> Result<Check, String> {
    let Acting { epsilon, temperature, .. } = facts.acting.clone()?;
    let mean_len = facts.steps.last("mean_len").ok_or("no update was logged")?;
    let random = 1.0 - (1.0 - epsilon).powf(mean_len.max(1.0));
    let hot = temperature.max(1.0 / temperature);
    Ok(Check {
        name: "exploration",
        value: format!(
            "at the end, {:.1} % of the trajectories had a random step (ε = {}), at temperature {}",
            100.0 * random,
            number(epsilon),
            number(temperature)
        ),
        threshold: format!(
            "at most {:.0} %, and a temperature between {:.2} and {MAX_TEMPERATURE}",
            100.0 * MAX_RANDOM,
            1.0 / MAX_TEMPERATURE
        ),
        passed: random <= MAX_RANDOM && hot <= MAX_TEMPERATURE,
        meaning: "to the end most of what the policy was taught were trajectories that it would hardly have taken by \
                  itself, so that capacity and updates went to unlikely objects; the loss stays high for the same \
                  reason"
            .to_owned(),
        remedy: "let it fall: `train.epsilon = { from = 0.1, to = 0.0, steps = … }` with half of `train.steps`, and \
                 `train.temperature` to 1 likewise"
            .to_owned(),
    })
}

/// Is what the policy learns from its own and fresh?
pub fn staleness(facts: &Facts) -> Result<Check, String> {
    let Acting { lag, given, .. } = facts.acting.clone()?;
    let age = if facts.total == 0 { 0.0 } else { lag as f64 / facts.total as f64 };
    Ok(Check {
        name: "staleness",
        value: format!(
            "batches are {lag} updates old when they are learned from, {:.1} % of the run, and {:.0} % of a batch are \
             given objects",
            100.0 * age,
            100.0 * given
        ),
        threshold: format!("at most {:.0} % of the run, and {:.0} %", 100.0 * MAX_LAG, 100.0 * MAX_GIVEN),
        passed: age <= MAX_LAG && given <= MAX_GIVEN,
        meaning: "the policy learns from trajectories that a much older policy chose, or from hardly any of its own: \
                  where it has since moved mass to, nothing corrects it"
            .to_owned(),
        remedy: "a smaller `train.lag` (as many batches as there are scores under way), more `train.steps`, or a smaller \
                 `train.data_share`"
            .to_owned(),
    })
}

/// Has the loss settled?
pub fn settled(facts: &Facts) -> Result<Check, String> {
    if facts.status == Status::Running && !facts.dead {
        return Err("the run is still at work".to_owned());
    }
    let loss = facts.steps.column("loss");
    let residual = facts.steps.column("residual_rms");
    if loss.len() < MIN_ROWS {
        return Err(format!("`steps.csv` has {} rows, and a trend needs {MIN_ROWS}", loss.len()));
    }
    let fifth = loss.len() / 5;
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (late, before) = loss.split_at(loss.len() - fifth);
    let (late, before) = (mean(before), mean(&late[late.len() - fifth..]));
    let ratio = if before == 0.0 { 1.0 } else { late / before };
    let rms = mean(&residual[residual.len() - fifth..]);
    let [falls, grows] = LOSS_RATIO;
    Ok(Check {
        name: "settled",
        value: format!(
            "the loss of the last fifth is {ratio:.2} times that of the fifth before, with residuals of {rms:.2} nats"
        ),
        threshold: format!("from {falls} to {grows} times, or residuals below {SMALL_RESIDUAL} nats"),
        passed: rms < SMALL_RESIDUAL || (falls..=grows).contains(&ratio),
        meaning: if ratio < 1.0 {
            "the loss was still falling when the updates ran out: the sampler would be better after more of them"
        } else {
            "the loss grows: training has become unstable"
        }
        .to_owned(),
        remedy: if ratio < 1.0 {
            "more `train.steps` (`headwater train --resume` with a larger number), or a larger `train.lr`"
        } else {
            "a smaller `train.lr` with a schedule that falls, or `train.clip`"
        }
        .to_owned(),
    })
}

/// Does the policy still choose?
pub fn entropy(facts: &Facts) -> Result<Check, String> {
    let entropy = facts.steps.column("entropy");
    let (Some(first), Some(last)) = (entropy.first(), entropy.last()) else {
        return Err("no update was logged".to_owned());
    };
    if *first == 0.0 {
        return Err("there is never more than one action to choose from".to_owned());
    }
    let passed = match (facts.target_entropy, facts.truth) {
        (Some(target), _) => *last >= MIN_ENTROPY.min(target - 0.5 * MIN_ENTROPY),
        (None, Some(_)) if *last < MIN_ENTROPY => {
            return Err("the target may be as sharp; `headwater diagnose` works that out".to_owned());
        }
        (None, _) => *last >= MIN_ENTROPY,
    };
    let own = facts.target_entropy.map_or_else(String::new, |h| format!("; that of the target is {h:.4}"));
    Ok(Check {
        name: "entropy",
        value: format!("{last:.4} nats per choice{own}"),
        threshold: format!("at least {MIN_ENTROPY} nats, or about that of the target"),
        passed,
        meaning: format!(
            "the policy has become deterministic: its choices had {first:.3} nats at first, and hardly any by the end, \
             so that it makes few objects over and over"
        ),
        remedy: "a smaller `reward.beta` if that is not what the target looks like; else more exploration at first: \
                 `train.epsilon`, `train.temperature` above 1, or `train.data`"
            .to_owned(),
    })
}
