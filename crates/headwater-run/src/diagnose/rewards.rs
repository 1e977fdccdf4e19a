//! Checks of the rewards: do they tell objects apart?

use std::collections::{HashMap, HashSet};

use super::{Check, Draw, Facts};

/// Share of what the policy draws that may have the least reward there is.
const MAX_FLOORED: f64 = 0.5;

/// Share of distinct objects that may share one reward of an oracle, the best apart.
const MAX_REPEATED: f64 = 0.5;

/// Distinct objects without which shares of them say nothing.
const MIN_OBJECTS: usize = 20;

/// Has every object a score?
pub fn missing(facts: &Facts) -> Result<Check, String> {
    let (none, of) = facts.unscored.clone()?;
    Ok(Check {
        name: "missing",
        value: format!("{none} of {of} distinct objects that the policy draws have no score"),
        threshold: "none".to_owned(),
        passed: none == 0,
        meaning: "objects whose score is missing or NaN were given the floor as if it had been measured; the policy \
                  has learned that as a fact, and still makes them"
            .to_owned(),
        remedy: "`headwater sample` and `headwater score` show which; give them scores, or take them out of the \
                 environment"
            .to_owned(),
    })
}

/// Does the floor leave something of the reward?
pub fn floor(facts: &Facts) -> Result<Check, String> {
    let draws = facts.draws.as_ref().map_err(String::clone)?;
    let Some(floor) = facts.log_floor else { return Err("the reward has no floor".to_owned()) };
    let share = draws.iter().filter(|d| d.log_reward <= floor).count() as f64 / draws.len() as f64;
    Ok(Check {
        name: "floor",
        value: format!("{:.1} % of the objects drawn have the reward {}", 100.0 * share, floor.exp()),
        threshold: format!("at most {:.0} %", 100.0 * MAX_FLOORED),
        passed: share <= MAX_FLOORED,
        meaning: "most of what the policy makes is worth `reward.floor`, whatever its score: to the policy those objects \
                  are all alike, and together they outweigh the good ones"
            .to_owned(),
        remedy: "a smaller `reward.floor`, a larger `reward.beta`, or scores of another scale (`reward.transform`, \
                 `reward.scale`)"
            .to_owned(),
    })
}

/// Do scores that were asked for differ?
pub fn repeated(facts: &Facts) -> Result<Check, String> {
    let draws = facts.draws.as_ref().map_err(String::clone)?;
    if !facts.is_oracle {
        return Err("the reward is the environment's own, whose plateaus are its nature".to_owned());
    }
    let mut seen = HashSet::new();
    // What has no score or the floor is counted by other checks.
    let usable = |d: &&Draw| facts.log_floor.is_none_or(|floor| d.log_reward > floor);
    let distinct: Vec<&Draw> = draws.iter().filter(|d| seen.insert(&d.text)).filter(usable).collect();
    if distinct.len() < MIN_OBJECTS {
        let n = distinct.len();
        return Err(format!(
            "{n} distinct objects above the floor were drawn, and a share needs {MIN_OBJECTS}"
        ));
    }
    let mut counts: HashMap<u64, usize> = HashMap::new();
    // A good policy has most of its objects on the highest plateau.
    let best = distinct.iter().map(|d| d.log_reward).fold(f64::NEG_INFINITY, f64::max);
    let lesser = distinct.iter().filter(|d| d.log_reward < best);
    lesser.for_each(|d| *counts.entry(d.log_reward.to_bits()).or_default() += 1);
    let most = counts.into_values().max().unwrap_or(0) as f64 / distinct.len() as f64;
    Ok(Check {
        name: "repeated",
        value: format!("{:.1} % of {} distinct objects share one reward that is not the best", 100.0 * most, distinct.len()),
        threshold: format!("at most {:.0} %", 100.0 * MAX_REPEATED),
        passed: most <= MAX_REPEATED,
        meaning: "the oracle gives most objects the same score: a default for what it does not know, or the end of its \
                  scale"
            .to_owned(),
        remedy: "`headwater score` on a few samples shows it; let the oracle fail where it knows nothing, and tell \
                 objects apart where it saturates"
            .to_owned(),
    })
}
