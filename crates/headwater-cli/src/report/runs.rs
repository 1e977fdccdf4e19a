//! Runs as they lie in their directories, those that differ in their seeds alone put together.

use std::collections::HashSet;
use std::path::PathBuf;

use headwater_report::{Group, Run, Table, number};
use headwater_run::assemble::TopConfig;
use headwater_run::door::Reading;
use headwater_run::summary::{LeftOut, replicates};
use headwater_run::{Checked, Manifest, OverSeeds, RunDir};

use crate::door;
use crate::out::{Failure, count};

/// Keys that say nothing of what was learned.
const ASIDE: &[&str] = &[
    "seed",
    "train.threads",
    "run.name",
    "run.samples",
    "run.checkpoint_every",
    "run.keep_checkpoints",
    "ledger.keep",
    "ledger.path",
];

/// Columns of the table of final numbers, with names for people.
const FINALS: &[(&str, &str)] = &[
    ("trajectories", "trajectories"),
    ("wall_s", "seconds"),
    ("loss", "loss"),
    ("log_z_learned", "log Z learned"),
    ("log_z_true", "log Z true"),
    ("log_z_estimate", "log Z estimated"),
    ("log_z_at_least", "log Z at least"),
    ("tv", "TV"),
    ("jsd", "JSD"),
    ("elbo", "ELBO"),
    ("eubo", "EUBO"),
    ("elbo_estimate", "ELBO estimated"),
    ("pearson", "Pearson"),
    ("pearson_estimate", "Pearson estimated"),
    ("spearman_estimate", "Spearman estimated"),
    ("ess", "ESS"),
    ("modes", "modes"),
];

/// A run that is there to be read.
pub struct Member {
    /// Its directory, as the user named it.
    pub path: PathBuf,
    /// The last part of that.
    pub name: String,
    pub dir: RunDir,
    pub checked: Checked,
    /// What a person should know of its files.
    pub cautions: Vec<String>,
    pub manifest: Manifest,
    /// What it wrote down.
    pub run: Run,
}

/// Runs that differ in their seeds alone.
pub struct Family {
    /// Its name in legends.
    pub name: String,
    pub members: Vec<Member>,
}

impl Family {
    /// Its curves: those of the seeds that count, or of the first run if none does yet.
    pub fn group(&self) -> Group {
        let (mut counting, _) = self.replicates();
        if counting.is_empty() {
            counting.extend(self.members.first());
        }
        Group { name: self.name.clone(), runs: counting.iter().map(|m| m.run.clone()).collect() }
    }

    /// The members that count when seeds are pooled, and those that do not.
    pub fn replicates(&self) -> (Vec<&Member>, Vec<(&Member, LeftOut)>) {
        replicates(&self.members, |m| (m.manifest.status, m.checked.read::<TopConfig>("").seed))
    }
}

/// Opens the runs and puts them together, in the order in which they were named.
pub fn families(paths: &[PathBuf]) -> Result<Vec<Family>, Failure> {
    let mut found: Vec<(String, Family)> = Vec::new();
    for path in paths {
        let mut reading = Reading::open(path)?;
        reading.inspect();
        let Reading { dir, checked, cautions } = reading;
        door::warn(&cautions);
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        let (steps, metrics) = (dir.read_steps()?, dir.read_metrics()?);
        let manifest = dir.manifest()?;
        let run = Run { name: name.clone(), steps, metrics };
        let fingerprint = checked.fingerprint(ASIDE);
        let member = Member { path: path.clone(), name, dir, checked, cautions, manifest, run };
        match found.iter_mut().find(|(f, _)| *f == fingerprint) {
            Some((_, family)) => family.members.push(member),
            None => found.push((fingerprint, Family { name: String::new(), members: vec![member] })),
        }
    }
    let mut families: Vec<Family> = found.into_iter().map(|(_, family)| family).collect();
    let names = names(&families);
    families.iter_mut().zip(names).for_each(|(family, name)| family.name = name);
    Ok(families)
}

/// Names of families: what they differ in if that is short, else the names of their first runs.
fn names(families: &[Family]) -> Vec<String> {
    let own = || families.iter().map(|f| f.members[0].name.clone()).collect::<Vec<_>>();
    let Some((first, rest)) = families.split_first() else { return Vec::new() };
    if rest.is_empty() {
        return own();
    }
    let mut keys: Vec<String> = Vec::new();
    for other in rest {
        for d in first.members[0].checked.differences(&other.members[0].checked, ASIDE) {
            // What only one of two kinds has follows from the kind.
            let shared = d.left.is_some() && d.right.is_some();
            if shared && !keys.contains(&d.key) {
                keys.push(d.key);
            }
        }
    }
    if keys.is_empty() || keys.len() > 3 {
        return own();
    }
    let name = |family: &Family| {
        let all = family.members[0].checked.resolved();
        let parts = keys.iter().map(|key| {
            let value = value(&all, key).unwrap_or_else(|| "–".to_owned());
            let (_, last) = key.rsplit_once('.').unwrap_or(("", key));
            if last == "kind" { value.trim_matches('"').to_owned() } else { format!("{last} = {value}") }
        });
        parts.collect::<Vec<_>>().join(", ")
    };
    let names: Vec<String> = families.iter().map(name).collect();
    let distinct: HashSet<&String> = names.iter().collect();
    if distinct.len() == names.len() { names } else { own() }
}

/// The value of a key in a resolved configuration.
fn value(resolved: &str, key: &str) -> Option<String> {
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut at = "";
    for line in resolved.lines() {
        if let Some(header) = line.strip_prefix('[') {
            at = header.trim_end_matches(']');
        } else if at == section
            && let Some((_, value)) = line.split_once(" = ").filter(|(k, _)| *k == name)
        {
            return Some(value.trim_end_matches("# default").trim_end().to_owned());
        }
    }
    None
}

/// The last evaluation of every run, and the means of families of several that are finished, with Student's intervals.
pub fn finals(families: &[Family]) -> Table {
    let members = || families.iter().flat_map(|f| &f.members);
    let known: Vec<_> =
        FINALS.iter().filter(|(key, _)| members().any(|m| m.run.metrics.last(key).is_some())).collect();
    let shown = |key: &str, x: f64| if key == "trajectories" { count(x as u64) } else { number(x) };
    let mut header = vec!["run".to_owned()];
    header.extend(known.iter().map(|(_, name)| (*name).to_owned()));
    let mut rows = Vec::new();
    for family in families {
        for member in &family.members {
            let cells = known.iter().map(|(key, _)| {
                member.run.metrics.last(key).map_or_else(|| "–".to_owned(), |x| shown(key, x))
            });
            rows.push([member.name.clone()].into_iter().chain(cells).collect());
        }
        let (counting, _) = family.replicates();
        if counting.len() > 1 {
            let over = |key: &str| {
                let values: Option<Vec<f64>> = counting.iter().map(|m| m.run.metrics.last(key)).collect();
                OverSeeds::of(&values?)
            };
            let row = |name: String, show: &dyn Fn(&str, &OverSeeds) -> String| {
                let cells = known
                    .iter()
                    .map(|(key, _)| over(key).map_or_else(|| "–".to_owned(), |over| show(key, &over)));
                [name].into_iter().chain(cells).collect::<Vec<_>>()
            };
            let n = counting.len();
            rows.push(row(format!("mean of the {n} seeds"), &|key, over| shown(key, over.mean)));
            rows.push(row(format!("95 % of the mean, n = {n}"), &|_, over| {
                let (low, high) = over.interval().unwrap_or((f64::NAN, f64::NAN));
                format!("{} to {}", number(low), number(high))
            }));
        }
    }
    Table { header, rows }
}
