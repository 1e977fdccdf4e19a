//! What a configuration says in vain: keys without effect, schedules that training does not reach the end of.
//!
//! Only what somebody has given is warned of, and never a default. A warning stops nothing.

mod idle;

use std::fmt;

use headwater_core::settings::{Schedule, Value};
use headwater_core::{Needs, Objective};
use headwater_train::{BackwardKind, PolicyConfig, TrainConfig};
use serde_json::{Value as Json, json};

use crate::assemble::GFLOWNET;
use crate::schema::path;
use crate::{Checked, Origin, Place, Problem, Section};

/// Something that a configuration says in vain, at its place.
///
/// Shown as `warning: <what> in <place><detail>`, then a blank line and `hint: <hint>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key, such as `train.weight_decay`.
    pub key: String,
    /// What is to be said of it, in the parts that errors have.
    pub problem: Problem,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.problem.to_string();
        write!(f, "warning{}", text.strip_prefix("error").unwrap_or(&text))
    }
}

impl Warning {
    /// A warning at a key that has a value.
    fn at(checked: &Checked, section: &Section, key: &str, what: String) -> Self {
        let place = match section.origins.get(key) {
            Some(Origin::File(span)) => {
                // Spans are those of values; the key stands before it in its line.
                let text = &checked.input.text;
                let line = text[..span.start].rfind('\n').map_or(0, |i| i + 1);
                let start = text[line..span.start].rfind(key).map_or(span.start, |i| line + i);
                checked.input.at(start)
            }
            Some(Origin::Set(i)) => Some(Place::Set(checked.input.sets[*i].clone())),
            Some(Origin::Default) | None => checked.input.whole(),
        };
        Self { key: path(&section.name, key), problem: Problem::new(what).place(place) }
    }

    /// A key that has no effect, and why.
    fn idle(checked: &Checked, section: &Section, key: &str, why: &str, hint: Option<String>) -> Self {
        let what = format!("`{}` has no effect", path(&section.name, key));
        let warning = Self::at(checked, section, key, what);
        Self { problem: warning.problem.detail(format!(": {why}")).hint(hint), ..warning }
    }

    /// The warning as JSON: the key, its place, what is said of it and what to try.
    pub fn to_json(&self) -> Json {
        let Problem { what, place, detail, hint } = &self.problem;
        json!({
            "key": self.key,
            "place": place.as_ref().map(ToString::to_string),
            "what": format!("{what}{detail}"),
            "hint": hint,
        })
    }
}

impl Checked {
    /// What the configuration says in vain: first what the file does, in its order.
    pub fn warnings(&self) -> Vec<Warning> {
        let trained = self.kind("method") == GFLOWNET.name;
        sorted([self.idle_keys(), if trained { schedules(self) } else { Vec::new() }].concat())
    }

    /// Those of them that do not depend on how long training is, for when `train.steps` does not say.
    pub fn idle_keys(&self) -> Vec<Warning> {
        let mut out = idle::idle_keys(self);
        out.extend(unpaid(self));
        if self.kind("method") == GFLOWNET.name {
            out.extend(unread(self));
            out.extend(given(self));
        }
        sorted(out)
    }

    /// Was this key given by somebody, and not by the command itself?
    fn is_given(&self, section: &Section, key: &str) -> bool {
        match section.origins.get(key) {
            Some(Origin::File(_)) => true,
            Some(Origin::Set(i)) => *i >= self.input.assumed,
            Some(Origin::Default) | None => false,
        }
    }
}

/// Warnings in the order of the file, then the others.
fn sorted(mut all: Vec<Warning>) -> Vec<Warning> {
    all.sort_by_key(|warning| match &warning.problem.place {
        Some(Place::At { line, column, .. }) => (0, *line, *column),
        _ => (1, 0, 0),
    });
    all
}

/// Schedules that go on when training has ended, so that their last value is never reached, and those of no length.
fn schedules(checked: &Checked) -> Vec<Warning> {
    let TrainConfig { steps, .. } = checked.read("train");
    let section = checked.section("train");
    let late = |(key, value): (&&'static str, &Value)| {
        let Value::Schedule(s) = *value else { return None };
        if s.from == s.to || steps == 0 || !checked.is_given(section, key) {
            return None;
        }
        match s.steps {
            0 => Some(too_short(checked, section, key, s)),
            n => (n > steps).then(|| too_long(checked, section, key, s, steps)),
        }
    };
    section.values.iter().filter_map(late).collect()
}

fn too_short(checked: &Checked, section: &Section, key: &str, s: Schedule) -> Warning {
    let what = format!("`train.{key}` never is `from` = {}", s.from);
    let detail = format!(": its `steps` are 0, and it is {} throughout", s.to);
    let warning = Warning::at(checked, section, key, what);
    Warning { problem: warning.problem.detail(detail).hint("raise its `steps`".to_owned()), ..warning }
}

fn too_long(checked: &Checked, section: &Section, key: &str, s: Schedule, steps: u64) -> Warning {
    let what = format!("`train.{key}` goes on until update {}", s.steps);
    let last = s.at(steps - 1);
    let mut detail =
        format!(", and training ends after {steps}: it ends at {}, not at {}", short(last), s.to);
    if key == "reward_power" {
        detail += "; the sampler that is left is one for another target, R to that power";
    }
    let hint = format!("set its `steps` to {steps} or less, or `train.steps` to {} or more", s.steps);
    let warning = Warning::at(checked, section, key, what);
    Warning { problem: warning.problem.detail(detail).hint(hint), ..warning }
}

/// A number in three digits.
fn short(x: f64) -> String {
    let digits = 2 - x.abs().max(1e-300).log10().floor() as i32;
    if (0..=6).contains(&digits) { format!("{x:.*}", digits as usize) } else { format!("{x:.2e}") }
}

/// What the objective does not read.
fn unread(checked: &Checked) -> Vec<Warning> {
    let kind = checked.kind("objective");
    let Some(entry) = headwater_objectives::find(kind) else { return Vec::new() };
    let objective: Box<dyn Objective> = (entry.build)(&checked.section("objective").values);
    let Needs { log_z, flow, inflow, backward: reads_backward, .. } = objective.needs();
    let mut out = Vec::new();
    let (train, policy) = (checked.section("train"), checked.section("policy"));
    if !(log_z || flow || inflow) {
        let why = format!("`{kind}` learns no log Z");
        let keys = ["lr_log_z", "log_z_init"].into_iter().filter(|key| checked.is_given(train, key));
        out.extend(keys.map(|key| Warning::idle(checked, train, key, &why, None)));
    }
    let PolicyConfig { backward, .. } = checked.read("policy");
    let learned = matches!(backward, BackwardKind::Learned | BackwardKind::LearnedOwn);
    if !checked.is_given(policy, "backward") || !learned {
        return out;
    }
    if !reads_backward {
        let why = format!("`{kind}` learns no backward policy, and a uniform one stands in for it");
        let hint = "set it to `uniform` or `maxent`, or leave it out".to_owned();
        out.push(Warning::idle(checked, policy, "backward", &why, Some(hint)));
    } else if backward == BackwardKind::LearnedOwn && policy.kind == Some("tabular") {
        let what = "`policy.backward = \"learned-own\"` is the same as `learned`".to_owned();
        let warning = Warning::at(checked, policy, "backward", what);
        out.push(Warning { problem: warning.problem.detail(": every row of a table is its own"), ..warning });
    }
    out
}

/// What does nothing because no trajectory, or every one, is drawn back from given objects.
fn given(checked: &Checked) -> Vec<Warning> {
    let train: TrainConfig = checked.read("train");
    let section = checked.section("train");
    if train.data.is_none() {
        return Vec::new();
    }
    let (keys, why): (&[&str], _) = match train.given() {
        0 => (&["data"], format!("{} of a batch of {} is no trajectory", train.data_share, train.batch)),
        n if n >= train.batch => (
            &["epsilon", "temperature", "replay"],
            "every trajectory is drawn back from `train.data`".to_owned(),
        ),
        _ => return Vec::new(),
    };
    let hint = "set `train.data_share` between 0 and 1".to_owned();
    let keys = keys.iter().filter(|key| checked.is_given(section, key));
    keys.map(|key| Warning::idle(checked, section, key, &why, Some(hint.clone()))).collect()
}

/// Where no score is paid for, none is kept.
fn unpaid(checked: &Checked) -> Vec<Warning> {
    const PAID: [&str; 2] = ["command", "http"];
    let rewards =
        [checked.section("reward")].into_iter().chain(checked.parts("reward").map(|(_, part)| part));
    if rewards.filter_map(|section| section.kind).any(|kind| PAID.contains(&kind)) {
        return Vec::new();
    }
    let section = checked.section("ledger");
    let keys = ["keep", "path"].into_iter().filter(|key| checked.is_given(section, key));
    let why = "only the scores of a program or a service are kept";
    keys.map(|key| Warning::idle(checked, section, key, why, None)).collect()
}

#[cfg(test)]
mod tests;
