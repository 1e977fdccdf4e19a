//! Keys that do nothing beside what another key of their section says.

use headwater_core::settings::Value;

use super::Warning;
use crate::{Checked, Section};

/// Keys of a section that do nothing in some configurations.
pub(super) struct Idle {
    /// The section: also every part of it, such as `reward.docking`.
    pub section: &'static str,
    /// The kinds of the section that have them; empty for all kinds.
    pub kinds: &'static [&'static str],
    /// The keys.
    pub keys: &'static [&'static str],
    /// When they do nothing.
    when: When,
}

/// What another key of the section says.
enum When {
    /// One of these has a value.
    Given(&'static [&'static str]),
    /// None of these has a value.
    Missing(&'static [&'static str]),
    /// It has another value than this.
    Unless(&'static str, &'static str),
    /// It is a number, and not left to the program.
    Number(&'static str),
    /// It is 0.
    Zero(&'static str),
    /// It is `false`.
    Off(&'static str),
}

const GRAPHS: &[&str] = &["clique", "colouring", "dominating-set", "independent-set", "max-cut"];

/// What a transform is made of.
const TRANSFORM: &[&str] =
    &["transform", "beta", "scale", "floor", "ceiling", "min", "max", "mean", "std", "mid", "width"];

/// Every key that another can make idle. What the objective makes of a key is not in it.
pub(super) const IDLE: &[Idle] = &[
    // What is drawn, where there is a file or a list.
    idle("env", GRAPHS, &["n", "p", "seed"], When::Given(&["graph"])),
    idle("env", &["scheduling"], &["jobs", "layers", "p", "communication", "seed"], When::Given(&["graph"])),
    idle("env", &["scheduling"], &["machines"], When::Given(&["speeds"])),
    idle("env", &["bayesnet"], &["rows", "edges_per_node", "seed"], When::Given(&["data"])),
    idle("env", &["phylo"], &["sites", "seed"], When::Given(&["alignment"])),
    idle("env", &["knapsack"], &["n", "seed"], When::Given(&["weights"])),
    idle("env", &["strings"], &["alphabet"], When::Given(&["tokens"])),
    idle("reward", &["gains"], &["seed"], When::Given(&["gains"])),
    idle("reward", &["hamming", "hamming-per-bit"], &["n_modes", "seed"], When::Given(&["modes"])),
    idle("reward", &["value"], &["seed"], When::Given(&["values"])),
    idle("reward", &["energies"], &["seed"], When::Given(&["energies"])),
    idle("reward", &["costs", "tour"], &["seed"], When::Given(&["costs"])),
    // What belongs to one of several choices.
    idle("reward", &["bge", "bdeu"], &["edge_factor"], When::Unless("prior", "edge")),
    idle("reward", &["bge", "bdeu"], &["expected_edges"], When::Unless("prior", "erdos-renyi")),
    idle("reward", &["command"], &["property"], When::Unless("protocol", "json")),
    idle("reward", &["command", "http"], &["backoff_s"], When::Zero("retries")),
    idle("reward", &[], &["softness"], When::Missing(&["at_most", "at_least"])),
    idle("reward", &[], TRANSFORM, When::Given(&["at_most", "at_least"])),
    idle("train", &[], &["weight_decay"], When::Unless("optimizer", "adamw")),
    idle("train", &[], &["data_share"], When::Missing(&["data"])),
    idle("train", &[], &["replay_capacity", "replay_power"], When::Zero("replay")),
    idle("eval", &[], &["mode_fraction"], When::Given(&["mode_log_reward"])),
    idle("ledger", &[], &["path"], When::Off("keep")),
    idle("method", &["genetic"], &["steps"], When::Zero("mutation")),
    idle("method", &["mars"], &["rate", "batch", "memory"], When::Zero("adapt")),
    idle("method", &["ppo", "reinforce"], &["soft"], When::Zero("entropy")),
    idle("method", &["reinforce"], &["value"], When::Unless("baseline", "learned")),
    idle("method", &["sac"], &["entropy"], When::Number("alpha")),
    idle("method", &["sac", "soft-dqn"], &["minibatch"], When::Zero("replay")),
    idle("method", &["soft-dqn"], &["munchausen_floor"], When::Zero("munchausen")),
];

const fn idle(
    section: &'static str,
    kinds: &'static [&'static str],
    keys: &'static [&'static str],
    when: When,
) -> Idle {
    Idle { section, kinds, keys, when }
}

impl Idle {
    /// The other keys that it depends on.
    #[cfg(test)]
    pub fn others(&self) -> Vec<&'static str> {
        match self.when {
            When::Given(keys) | When::Missing(keys) => keys.to_vec(),
            When::Unless(key, _) | When::Number(key) | When::Zero(key) | When::Off(key) => vec![key],
        }
    }

    fn is_about(&self, section: &Section) -> bool {
        let whole = section.name.split('.').next().unwrap_or_default();
        whole == self.section
            && (self.kinds.is_empty() || section.kind.is_some_and(|k| self.kinds.contains(&k)))
    }

    /// Why its keys do nothing in this section, and what would make them do something; `None` if they do.
    fn reason(&self, section: &Section) -> Option<(String, String)> {
        let of = |key: &str| section.values.get(key);
        let path = |key: &str| crate::schema::path(&section.name, key);
        let given = |keys: &[&'static str]| keys.iter().copied().find(|key| of(key).is_some());
        match self.when {
            When::Given(keys) => given(keys)
                .map(|key| (format!("`{}` is given", path(key)), "leave one of the two out".to_owned())),
            When::Missing(keys) if given(keys).is_none() => {
                let names: Vec<String> = keys.iter().map(|key| format!("`{}`", path(key))).collect();
                let names = names.join(" or ");
                Some((format!("there is no {names}"), format!("give {names}, or leave it out")))
            }
            When::Unless(key, needed) => match of(key) {
                Some(Value::Text(text)) if text != needed => Some((
                    format!("`{}` is `{text}`", path(key)),
                    format!("set `{} = \"{needed}\"`, or leave it out", path(key)),
                )),
                _ => None,
            },
            When::Number(key) if matches!(of(key), Some(Value::AutoReal(Some(_)))) => Some((
                format!("`{}` is a number", path(key)),
                format!("set `{} = \"auto\"`, or leave it out", path(key)),
            )),
            When::Zero(key)
                if matches!(of(key), Some(Value::Int(0))) || of(key) == Some(&Value::Real(0.0)) =>
            {
                Some((format!("`{}` is 0", path(key)), format!("raise `{}`, or leave it out", path(key))))
            }
            When::Off(key) if of(key) == Some(&Value::Bool(false)) => Some((
                format!("`{}` is `false`", path(key)),
                format!("set `{} = true`, or leave it out", path(key)),
            )),
            _ => None,
        }
    }
}

/// A warning for every key that somebody gave and another key of its section makes idle.
pub(super) fn idle_keys(checked: &Checked) -> Vec<Warning> {
    let mut out = Vec::new();
    for section in &checked.sections {
        for rule in IDLE.iter().filter(|rule| rule.is_about(section)) {
            let Some((why, hint)) = rule.reason(section) else { continue };
            let keys = rule.keys.iter().filter(|key| checked.is_given(section, key));
            out.extend(keys.map(|key| Warning::idle(checked, section, key, &why, Some(hint.clone()))));
        }
    }
    out
}
