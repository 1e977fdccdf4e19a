//! Checks of the sampler: what its own weights, and the truth where it is known, say of it.

use std::collections::{BTreeMap, HashMap};

use headwater_exact::log_sum_exp;
use headwater_report::number;
use headwater_train::{LogMean, MIN_ESS, effective_share};

use super::{Check, Draw, Facts};

/// How far log Z may lie outside its bounds, in nats: a factor of 1.2 in every flow.
const LOG_Z_SLACK: f64 = 0.2;

/// Spread, in nats, of log P_F − log P_B over trajectories to one object: 0 where P_B is that of P_F (Malkin et al. 2022,
/// arXiv:2201.13259).
const MAX_PATH_SPREAD: f64 = 0.75;

/// Share of all spread of log weights from which on one cause is to blame for it.
const TO_BLAME: f64 = 0.5;

/// How far the mean log weight of trajectories of one length may differ from the mean of all, in nats.
const MAX_LENGTH_BIAS: f64 = 1.0;

/// Share of the draws without which a length does not count.
const MIN_LENGTH_SHARE: f64 = 0.02;

/// Objects that may have too much of the mass, how much too much, and how many times what they should have.
const TOP: usize = 10;
const MAX_EXCESS: f64 = 0.2;
const MAX_FACTOR: f64 = 2.0;

/// Draws without which ten objects that were drawn once each have too much of them.
const MIN_DRAWS: usize = 200;

/// Correlation of log p̂(x) and log R(x) over held-out objects (Nica et al. 2022, "Evaluating generalization in GFlowNets
/// for molecule design").
const MIN_CORRELATION: f64 = 0.5;

/// Does the learned log Z agree with what is known of log Z?
pub fn log_z(facts: &Facts) -> Result<Check, String> {
    let none = "the objective learns no log Z";
    let (z, low, high, what) = match (&facts.truth, &facts.sampled) {
        (Some(truth), _) => {
            let z = truth.log_z_learned.ok_or(none)?;
            (z, truth.elbo, truth.eubo, "its bounds by the policy (ELBO and EUBO)")
        }
        (None, Err(why)) => return Err(why.clone()),
        (None, Ok(s)) => {
            let z = s.log_z_learned.ok_or(none)?;
            match s.log_z.interval {
                Some([low, high]) => (z, low, high, "the interval of its estimate by the policy's own draws"),
                None if z < s.log_z.at_least - LOG_Z_SLACK => {
                    (z, s.log_z.at_least, f64::INFINITY, "what it is at least (with 95 % confidence)")
                }
                // Whoever knows so little cannot call it satisfactory.
                None => {
                    return Err(format!(
                        "the learned log Z is {z:.3}, and all that is known of log Z is that it is at least {:.3}: the effective \
                         sample is {:.2} %, too small for an estimate",
                        s.log_z.at_least,
                        100.0 * s.ess
                    ));
                }
            }
        }
    };
    let outside = (low - z).max(z - high).max(0.0);
    let range = if high == f64::INFINITY { format!("{low:.3}") } else { format!("{low:.3} to {high:.3}") };
    Ok(Check {
        name: "log-z",
        value: format!("the learned log Z is {z:.3}, outside {what}, {range}, by {outside:.3} nats"),
        threshold: format!("at most {LOG_Z_SLACK} nats outside"),
        passed: outside <= LOG_Z_SLACK,
        meaning: format!(
            "log Z has not followed the policy: every flow is off by a factor of {}, and no residual can be smaller",
            factor(outside)
        ),
        remedy: "a larger `train.lr_log_z` (0.1 is usual, a hundred times that of the network), `train.log_z_init = \
                 \"auto\"`, or more `train.steps`"
            .to_owned(),
    })
}

/// e^`nats` for people, also where it is no f64.
fn factor(nats: f64) -> String {
    if nats < 14.0 { number(nats.exp()) } else { format!("e^{nats:.0}") }
}

/// Are the weights of many draws much alike?
pub fn effective_sample(facts: &Facts) -> Result<Check, String> {
    let (ess, of) = match (&facts.draws, facts.ess) {
        (Ok(draws), _) => {
            // Where p(x) is known, P_B has no part in it.
            let exact = draws.iter().all(|d| d.log_p.is_some());
            let weight = |d: &Draw| d.log_p.map_or_else(|| d.log_weight(), |log_p| d.log_reward - log_p);
            let weights: Vec<f64> = draws.iter().map(weight).collect();
            let by = if exact { "R/p" } else { "R P_B/P_F" };
            (effective_share(&weights), format!("{} draws, by the weights {by}", draws.len()))
        }
        (Err(_), Some(ess)) => (ess, "the draws of the last evaluation, by the weights R P_B/P_F".to_owned()),
        (Err(why), None) => return Err(why.clone()),
    };
    Ok(Check {
        name: "effective-sample",
        value: format!("{:.1} % of {of}", 100.0 * ess),
        threshold: format!("at least {:.0} %", 100.0 * MIN_ESS),
        passed: ess >= MIN_ESS,
        meaning: "the policy is far from the target: a few of its draws carry nearly all the weight that the rest lack, \
                  and there may be more that it never draws"
            .to_owned(),
        remedy: "a larger network (`policy.width`, `policy.depth`), more `train.steps`, `train.epsilon` above 0 at first, \
                 or a smaller `reward.beta`"
            .to_owned(),
    })
}

/// Is P_B that of P_F?
pub fn backward_policy(facts: &Facts) -> Result<Check, String> {
    let paths = facts.paths.as_ref().map_err(String::clone)?;
    let draws = facts.draws.as_ref().map_err(String::clone)?;
    let within: f64 = paths.iter().map(|ratios| variance(ratios)).sum::<f64>() / paths.len() as f64;
    let weights: Vec<f64> = draws.iter().map(Draw::log_weight).collect();
    let all = variance(&weights);
    let share = if all > 0.0 { (within / all).min(1.0) } else { 0.0 };
    let spread = within.sqrt();
    Ok(Check {
        name: "backward-policy",
        value: format!(
            "log P_F − log P_B spreads by {spread:.2} nats over trajectories to one object, {:.0} % of the spread of \
             weights",
            100.0 * share
        ),
        threshold: format!("at most {MAX_PATH_SPREAD} nats, or {:.0} %", 100.0 * TO_BLAME),
        passed: spread <= MAX_PATH_SPREAD || share <= TO_BLAME,
        meaning: "P_B is not the backward policy of the flow that P_F makes. Trajectories to the same object have \
                  weights of their own, so that whatever is estimated through P_B (bounds of log Z, log p̂, the \
                  effective sample of trajectories) is much wider than the sampler is bad"
            .to_owned(),
        remedy: "an objective that trains P_F against this P_B (flow matching does not); `policy.backward = \"learned\"` \
                 or `\"maxent\"`; or more `train.steps`"
            .to_owned(),
    })
}

/// Are trajectories of every length weighted alike?
pub fn length(facts: &Facts) -> Result<Check, String> {
    let draws = facts.draws.as_ref().map_err(String::clone)?;
    let mut by_len: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for draw in draws {
        let len = draw.len.ok_or("kept samples do not say how long their trajectories were")?;
        by_len.entry(len).or_default().push(draw.log_weight());
    }
    if by_len.len() < 2 {
        return Err("all trajectories are equally long".to_owned());
    }
    let n = draws.len() as f64;
    let weights: Vec<f64> = draws.iter().map(Draw::log_weight).collect();
    let (mean, all) = (mean(&weights), variance(&weights));
    let bias = |of: &[f64]| self::mean(of) - mean;
    let between: f64 = by_len.values().map(|w| w.len() as f64 / n * bias(w).powi(2)).sum();
    let share = if all > 0.0 { between / all } else { 0.0 };
    let often = by_len.iter().filter(|(_, w)| w.len() as f64 >= MIN_LENGTH_SHARE * n);
    let worst = often.map(|(len, w)| (*len, bias(w))).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let (len, off) = worst.ok_or("no length is frequent enough")?;
    Ok(Check {
        name: "length",
        value: format!(
            "trajectories of {len} edges have log weights {off:+.2} nats off the mean, and length explains {:.0} % of \
             the spread",
            100.0 * share
        ),
        threshold: format!("at most {MAX_LENGTH_BIAS} nats, or {:.0} %", 100.0 * TO_BLAME),
        passed: off.abs() <= MAX_LENGTH_BIAS || share <= TO_BLAME,
        meaning: "residuals depend on length: short and long objects are made too often or too rarely as a class, which \
                  balances over parts of trajectories (`db`, `subtb`) learn late"
            .to_owned(),
        remedy: "`objective.kind = \"tb\"` or `\"subtb\"` with a larger λ, a larger `train.lr_log_z`, or more \
                 `train.steps`"
            .to_owned(),
    })
}

/// Do few objects have more of the mass than of the reward?
pub fn concentration(facts: &Facts) -> Result<Check, String> {
    let draws = facts.draws.as_ref().map_err(String::clone)?;
    if draws.len() < MIN_DRAWS {
        return Err(format!("there are {} draws, and shares need {MIN_DRAWS}", draws.len()));
    }
    let mut counts: HashMap<&str, (usize, f64)> = HashMap::new();
    draws.iter().for_each(|d| counts.entry(&d.text).or_insert((0, d.log_reward)).0 += 1);
    let mut top: Vec<(&str, (usize, f64))> = counts.into_iter().collect();
    top.sort_unstable_by(|a, b| b.1.0.cmp(&a.1.0).then(a.0.cmp(b.0)));
    top.truncate(TOP);
    let mass = top.iter().map(|t| t.1.0).sum::<usize>() as f64 / draws.len() as f64;
    let log_z = match &facts.truth {
        Some(truth) => truth.log_z_true,
        // Z is as the policy's own draws have it, to which modes that it never finds do not contribute.
        None => {
            let weights: Vec<f64> = draws.iter().map(Draw::log_weight).collect();
            let estimate = LogMean::new(&weights).estimate();
            estimate.ok_or("Z is not known, and few weights decide its estimate")?.value
        }
    };
    let due = (log_sum_exp(top.iter().map(|t| t.1.1)) - log_z).exp().min(1.0);
    Ok(Check {
        name: "concentration",
        value: format!(
            "the {} most frequent objects have {:.1} % of the draws, and {:.1} % of the reward{}",
            top.len(),
            100.0 * mass,
            100.0 * due,
            if facts.truth.is_some() { "" } else { " as far as the policy knows it" }
        ),
        threshold: format!("at most {MAX_FACTOR} times their share, or {:.0} % more", 100.0 * MAX_EXCESS),
        passed: mass <= MAX_FACTOR * due || mass <= due + MAX_EXCESS,
        meaning: "the sampler has collapsed onto part of the target: what it draws is good, and there is as much or \
                  more elsewhere that it does not know. Its own weights cannot show it, since it never draws that"
            .to_owned(),
        remedy: "exploration at first (`train.epsilon = { from = 0.2, to = 0.0, steps = … }`, `train.temperature` above 1), \
                 known good objects in `train.data`, larger batches, or `train.reward_power` from 0 at first"
            .to_owned(),
    })
}

/// Does the policy rank objects that it did not learn from?
pub fn correlation(facts: &Facts) -> Result<Check, String> {
    let sampled = facts.sampled.as_ref().map_err(String::clone)?;
    let found = sampled
        .pearson
        .ok_or("it is undefined: all objects have the same reward, or the same probability")?;
    Ok(Check {
        name: "correlation",
        value: format!(
            "log p̂ and log R correlate by {:.3} [{:.3}, {:.3}] over {} objects of the policy and of uniform play",
            found.value, found.low, found.high, sampled.objects
        ),
        threshold: format!("at least {MIN_CORRELATION} within the interval"),
        passed: found.high >= MIN_CORRELATION,
        meaning: "the policy does not know good objects from bad ones beyond those that it was trained on".to_owned(),
        remedy: "more `train.steps` with exploration (`train.epsilon`), a larger network, or an encoding that shows what \
                 the reward depends on"
            .to_owned(),
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// With divisor n.
fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len().max(1) as f64
}
