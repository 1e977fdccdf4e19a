//! What `headwater phylo` writes and prints: trees of the sampler, and what the second opinion says of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use headwater_core::{Environment, Simulator};
use headwater_posterior::trees::{Rooting, Support, Taxa, Tree};
use headwater_run::assemble::{Assembly, Purpose, key};
use headwater_run::evaluation::Evaluation;
use headwater_run::write_atomic;
use headwater_train::{Behaviour, Sample, Sampler};
use serde_json::{Value as Json, json};

use super::chains::{Best, Chains};
use super::opinion::{Comparison, Opinion, comparison_key, said};
use super::unreported;
use crate::args::Phylo;
use crate::out::{self, Failure, count, fail, number, quoted};
use crate::{Verdict, train};

/// Trees of the chains that the upper bound of log Z is a mean over.
const WEIGHED: usize = 256;

/// Names of a split that are said.
const FEW: usize = 4;

/// What is known before trees are drawn.
pub struct Found {
    pub evaluation: Option<Evaluation>,
    pub opinion: Opinion,
    pub start: Instant,
}

/// What was sampled, in order.
struct Sampled {
    trees: Vec<(Sample, u32)>,
    support: Support,
    /// How many need how many mutations.
    scores: BTreeMap<u32, usize>,
}

/// What chains say of the sampler.
struct Judged<'a> {
    chains: &'a Chains,
    comparison: Comparison,
    /// An upper bound of log Z: the mean log weight of trajectories to the chains' trees.
    eubo: f64,
    /// log Z as the sampler has learned it, less that of the chains.
    log_z_off: Option<f64>,
}

/// A learned log Z that is further from the chains', in nats, does not agree with it.
const LOG_Z_AGREED: f64 = 1.0;

/// Draws trees from a trained policy, writes the files, and says what was found.
pub fn report(
    args: &Phylo,
    assembly: &mut Assembly,
    found: &Found,
    path: &Path,
    stop: &AtomicBool,
) -> Result<Verdict, Failure> {
    let opinion = &found.opinion;
    let Some(sampled) = draw(assembly, args.samples as usize, stop)? else { return Ok(unreported(path)) };
    let judged = match &opinion.chains {
        None => None,
        Some(chains) => {
            let comparison = Comparison::new(&sampled.support, sampled.trees.len(), chains);
            let Some(eubo) = upper_bound(assembly, opinion, chains, stop)? else {
                return Ok(unreported(path));
            };
            let learned = found.evaluation.as_ref().and_then(Evaluation::log_z_learned);
            let log_z_off = learned.map(|z| z - chains.log_z.value);
            Some(Judged { chains, comparison, eubo, log_z_off })
        }
    };
    let best = opinion.best.or(best_sampled(opinion, &sampled));
    let files = write(path, opinion, &sampled, &best)?;
    let text = if args.json {
        as_json(found, &sampled, judged.as_ref(), best, path).to_string()
    } else {
        out::table(&rows(found, &sampled, judged.as_ref(), best, path, &files))
    };
    out::data(&text)?;
    Ok(Verdict::Clean)
}

/// Draws the trees, and counts their splits. The run's own samples come first. `None` if that was interrupted.
fn draw(assembly: &mut Assembly, n: usize, stop: &AtomicBool) -> Result<Option<Sampled>, Failure> {
    let mut sim = assembly.trainer.found().0.fork();
    sim.reset(1);
    let names = sim.text(0);
    let names = names.split("; ").map(|name| Tree::parse(&format!("{};", name.trim_end_matches(';'))));
    let names = names.map(|leaf| leaf.map(|leaf| leaf.label)).collect::<Result<Vec<_>, _>>().map_err(fail)?;
    let mut support = Support::new(Taxa::new(names).map_err(fail)?, Rooting::Unrooted);
    let key = key(assembly.seed, Purpose::Sample);
    let mut drawn = Vec::with_capacity(n);
    let mut view = assembly.trainer.policy();
    let mut sampler = Sampler::new(&view);
    let all = sampler.draw_while(&mut view, n, Behaviour::ON_POLICY, key, &mut |batch| {
        drawn.extend(batch);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    all.map_err(fail)?;
    if drawn.len() < n {
        return Ok(None);
    }
    let (mut trees, mut scores) = (Vec::with_capacity(n), BTreeMap::new());
    for s in drawn {
        support.add(&Tree::parse(&s.text).map_err(fail)?, 1.0).map_err(fail)?;
        let mutations = mutations(&mut *sim, &s.text)?;
        *scores.entry(mutations).or_default() += 1;
        trees.push((s, mutations));
    }
    Ok(Some(Sampled { trees, support, scores }))
}

fn mutations(sim: &mut dyn Simulator, text: &str) -> Result<u32, Failure> {
    sim.load(0, text).map_err(fail)?;
    let names = sim.features();
    let mut features = vec![0.0; names.len()];
    sim.measure(&[0], &mut features);
    let at = names.iter().position(|name| name == "mutations").expect("trees have mutations");
    Ok(features[at] as u32)
}

/// The best tree that the sampler drew.
fn best_sampled(opinion: &Opinion, sampled: &Sampled) -> Best {
    let (s, mutations) = sampled.trees.iter().min_by_key(|(_, m)| *m).expect("at least one tree is drawn");
    let tree = opinion.target.env.parse(&s.text).expect("the environment wrote this text itself");
    Best { mutations: *mutations, tree, by: "the sampler" }
}

/// The mean of log R + log P_B − log P_F over trajectories to trees of the chains, an upper bound of log Z if those are
/// draws of the target; `None` if that was interrupted.
fn upper_bound(
    assembly: &mut Assembly,
    opinion: &Opinion,
    chains: &Chains,
    stop: &AtomicBool,
) -> Result<Option<f64>, Failure> {
    let Some(log_reward) = opinion.target.log_reward() else { return Ok(None) };
    let key = comparison_key(assembly.seed);
    let mut view = assembly.trainer.policy();
    let mut sampler = Sampler::new(&view);
    let trees = chains.trees.iter().step_by(chains.trees.len().div_ceil(WEIGHED));
    let (mut sum, mut n) = (0.0, 0.0);
    for (i, tree) in trees.enumerate() {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let ratios =
            sampler.log_ratios(&mut view, &opinion.text(tree), 1, key.fold(i as u64)).map_err(fail)?;
        sum += log_reward(opinion.target.env.mutations(tree)) - ratios[0];
        n += 1.0;
    }
    Ok(Some(sum / n))
}

/// Writes the files; returns their names.
fn write(path: &Path, opinion: &Opinion, sampled: &Sampled, best: &Best) -> Result<String, Failure> {
    let Sampled { trees, support, scores } = sampled;
    let consensus = support.consensus(0.5);
    let chains = opinion.chains.as_ref().map(|chains| &chains.all);
    let title = "majority-rule consensus of the sampled trees, supports in per cent";
    let mut files = vec![
        ("trees.nwk", newick(trees)),
        ("consensus.nwk", format!("{consensus}\n")),
        ("best.nwk", format!("[&mutations={}] {}\n", best.mutations, opinion.text(&best.tree))),
        ("splits.csv", splits(support, chains)),
        ("scores.csv", distribution(scores, trees.len())),
        ("tree.svg", consensus.picture().svg(title)),
    ];
    if let Some(chains) = chains {
        files.push(("chains-consensus.nwk", format!("{}\n", chains.consensus(0.5))));
    }
    for (name, text) in &files {
        write_atomic(&path.join(name), text.as_bytes())?;
    }
    Ok(files.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "))
}

/// The result as rows of a table for people.
fn rows(
    found: &Found,
    sampled: &Sampled,
    judged: Option<&Judged<'_>>,
    best: Best,
    path: &Path,
    files: &str,
) -> Vec<(&'static str, String)> {
    let Sampled { trees, support, scores } = sampled;
    let mut rows = found.evaluation.as_ref().map_or_else(Vec::new, train::rows);
    let n = trees.len();
    let (least, times) = scores.first_key_value().map_or((0, 0), |(&m, &times)| (m, times));
    rows.extend([
        (
            "trees",
            format!(
                "{} sampled, {} different ones without their roots",
                count(n as u64),
                count(support.n_topologies() as u64)
            ),
        ),
        (
            "mutations",
            format!(
                "{} in the best tree known, found by {}; sampled: {least} at least, by {} %, and {:.1} on average",
                best.mutations,
                best.by,
                number(100.0 * times as f64 / n as f64),
                mean(trees)
            ),
        ),
        (
            "consensus",
            format!("{} of {} splits have a majority", majority(support), support.taxa().names().len() - 3),
        ),
    ]);
    rows.extend(judged.into_iter().flat_map(|judged| judged.rows(sampled)));
    rows.extend([
        ("time", format!("{:.1} s", found.start.elapsed().as_secs_f64())),
        ("run", path.display().to_string()),
        ("files", files.to_owned()),
    ]);
    rows
}

impl Judged<'_> {
    /// Do sampler and chains agree on supports and on log Z?
    fn agrees(&self) -> bool {
        self.comparison.beyond == 0 && self.log_z_off.is_none_or(|off| off.abs() <= LOG_Z_AGREED)
    }

    /// What the chains say of themselves and of the sampler, for people.
    fn rows(&self, sampled: &Sampled) -> Vec<(&'static str, String)> {
        let (c, chains) = (self.comparison, self.chains);
        let names = few(&leaves(&sampled.support, c.split));
        let worst = format!("{:.3} and {:.3} for the split {names}", c.sampler, c.chains);
        let n = chains.each.len() * chains.draws;
        let mut rows = vec![
            ("chains", said(chains)),
            (
                "",
                format!(
                    "{:.1} mutations on average, R̂ {:.3}, effective sample {} of {}",
                    chains.mutations,
                    chains.r_hat,
                    count(chains.effective as u64),
                    count(n as u64)
                ),
            ),
            (
                "EUBO",
                format!(
                    "{:.4}, over trees of the chains: a bound of log Z if those have reached the target",
                    self.eubo
                ),
            ),
            (
                "sampler and chains",
                if c.beyond == 0 {
                    format!("supports agree within {:.3}: {worst}", c.largest())
                } else {
                    format!("DISAGREE in {} supports, by up to {:.3}: {worst}", c.beyond, c.largest())
                },
            ),
        ];
        if let Some(off) = self.log_z_off {
            let verb = if off.abs() <= LOG_Z_AGREED { "agree within" } else { "DISAGREE by" };
            rows.push(("", format!("log Z, learned and by the chains, {verb} {:.2} nats", off.abs())));
        }
        if !chains.agree() {
            rows.push((
                "caution",
                "the chains disagree with each other: neither they nor the sampler are to be relied on"
                    .into(),
            ));
        } else if !self.agrees() {
            rows.push((
                "caution",
                "the sampler has not reached its target: rely on the chains (chains-consensus.nwk, splits.csv), or train \
                 for longer (train.steps)"
                    .into(),
            ));
        }
        rows
    }

    fn to_json(&self, sampled: &Sampled) -> Json {
        let (c, chains) = (self.comparison, self.chains);
        json!({
            "chains": chains.each.len(),
            "draws": chains.draws,
            "moves": chains.moves,
            "largest_difference": chains.apart,
            "agree": chains.agree(),
            "r_hat": chains.r_hat,
            "ess": chains.effective,
            "mean_mutations": chains.mutations,
            "best_mutations": chains.best.mutations,
            "log_z": chains.log_z.value,
            "log_z_up": chains.log_z.up,
            "log_z_down": chains.log_z.down,
            "eubo": self.eubo,
            "consensus": chains.all.consensus(0.5).to_string(),
            "sampler_agrees": self.agrees(),
            "sampler_largest_difference": c.largest(),
            "sampler_differs_in": c.beyond,
            "log_z_learned_less_chains": self.log_z_off,
            "split": leaves(&sampled.support, c.split),
            "split_sampler": c.sampler,
            "split_chains": c.chains,
        })
    }
}

/// The result as JSON.
fn as_json(found: &Found, sampled: &Sampled, judged: Option<&Judged<'_>>, best: Best, path: &Path) -> Json {
    let Sampled { trees, support, scores } = sampled;
    let mut json = found.evaluation.as_ref().map_or_else(|| json!({}), Evaluation::to_json);
    let (least, times) = scores.first_key_value().map_or((0, 0), |(&m, &times)| (m, times));
    for (name, value) in [
        ("taxa", json!(support.taxa().names().len())),
        ("sampled_trees", json!(trees.len())),
        ("unrooted_topologies", json!(support.n_topologies())),
        ("best_mutations", json!(best.mutations)),
        ("best_tree", json!(found.opinion.text(&best.tree))),
        ("best_found_by", json!(best.by)),
        ("best_sampled_mutations", json!(least)),
        ("best_sampled_share", json!(times as f64 / trees.len() as f64)),
        ("mean_mutations", json!(mean(trees))),
        ("consensus", json!(support.consensus(0.5).to_string())),
        ("consensus_splits", json!(majority(support))),
        ("chains", judged.map_or(Json::Null, |judged| judged.to_json(sampled))),
        ("seconds", json!(found.start.elapsed().as_secs_f64())),
        ("run", json!(path.display().to_string())),
    ] {
        json[name] = value;
    }
    json
}

fn mean(trees: &[(Sample, u32)]) -> f64 {
    trees.iter().map(|(_, m)| f64::from(*m)).sum::<f64>() / trees.len() as f64
}

/// Number of splits that more than half of the trees have.
fn majority(support: &Support) -> usize {
    support.sets().iter().filter(|(_, x)| *x > 0.5).count()
}

fn leaves(support: &Support, split: u128) -> String {
    support.taxa().members(split).collect::<Vec<_>>().join(" ")
}

/// The first names of a list of names, and how many more there are.
fn few(names: &str) -> String {
    let all: Vec<&str> = names.split(' ').collect();
    match all.get(..FEW) {
        Some(first) if all.len() > FEW => format!("{} and {} more", first.join(" "), all.len() - FEW),
        _ => names.to_owned(),
    }
}

/// One tree per line, with what is known of it in a comment, which programs for trees pass over.
fn newick(trees: &[(Sample, u32)]) -> String {
    let mut text = String::new();
    for (s, m) in trees {
        writeln!(text, "[&mutations={m},log_reward={}] {}", s.log_reward, s.text)
            .expect("a string takes any text");
    }
    text
}

/// Every split that was sampled or that chains have seen, the best supported first.
fn splits(support: &Support, chains: Option<&Support>) -> String {
    let mut all = support.sets();
    let unseen = chains.into_iter().flat_map(Support::sets).filter(|(set, _)| support.of(*set) == 0.0);
    all.extend(unseen.map(|(set, _)| (set, 0.0)));
    let mut text = "support,chains,size,leaves\n".to_owned();
    for (set, x) in all {
        let members: Vec<&str> = support.taxa().members(set).collect();
        let by_chains = chains.map_or_else(String::new, |chains| chains.of(set).to_string());
        writeln!(text, "{x},{by_chains},{},{}", members.len(), quoted(&members.join(" ")))
            .expect("a string takes any text");
    }
    text
}

fn distribution(scores: &BTreeMap<u32, usize>, n: usize) -> String {
    let mut text = "mutations,trees,share\n".to_owned();
    for (m, times) in scores {
        writeln!(text, "{m},{times},{}", *times as f64 / n as f64).expect("a string takes any text");
    }
    text
}
