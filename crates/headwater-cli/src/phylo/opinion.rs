//! What climbs and chains say, and where a sampler says something else.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use headwater_core::{Environment, Key};
use headwater_envs::phylo::Forest;
use headwater_posterior::trees::Support;
use headwater_run::assemble::{Purpose, TopConfig, key};
use headwater_run::{Checked, write_atomic};
use headwater_train::TrainConfig;

use super::chains::{AGREED, Best, CLIMBS, Chains, climbs, texts};
use super::target::Target;
use crate::args::Phylo;
use crate::out::{self, Failure, count};

/// What is known of the trees besides the sampler.
pub struct Opinion {
    /// What it is about.
    pub target: Target,
    /// The best tree that was found.
    pub best: Best,
    /// The best trees that were climbed to, the best first.
    climbed: Vec<Forest>,
    /// What chains say, if there are any.
    pub chains: Option<Chains>,
}

impl Opinion {
    /// Climbs, and runs the chains if the space is `large` and its reward a function of mutations; `None` if that was
    /// interrupted.
    ///
    /// # Errors
    /// If the configuration cannot be built.
    pub fn form(
        args: &Phylo,
        checked: &Checked,
        large: bool,
        stop: &AtomicBool,
    ) -> Result<Option<Self>, Failure> {
        let target = Target::new(checked)?;
        let key = key(checked.read::<TopConfig>("").seed, Purpose::Opinion);
        let chains = if large { args.chains as usize } else { 0 };
        let threads = match checked.read::<TrainConfig>("train").threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        if large && !args.quiet {
            let then = format!(
                ", then {chains} chains from such trees: a second opinion, and what training begins with"
            );
            out::talk(&format!(
                "climbing to {CLIMBS} trees{}",
                if chains > 0 { then } else { String::new() }
            ));
        }
        let Some((best, climbed)) = climbs(&target.env, threads, key.fold(0), stop) else { return Ok(None) };
        let mut opinion = Self { target, best, climbed, chains: None };
        let Some(log_reward) = opinion.target.log_reward().filter(|_| chains > 0) else {
            return Ok(Some(opinion));
        };
        let ran = Chains::run(&opinion.target.env, &log_reward, chains, threads, key.fold(1), stop)?;
        drop(log_reward);
        let Some(chains) = ran else { return Ok(None) };
        if !args.quiet {
            out::talk(&said(&chains));
        }
        opinion.best = opinion.best.or(chains.best);
        opinion.chains = Some(chains);
        Ok(Some(opinion))
    }

    /// Writes the trees that were climbed to and those of the chains into a file beside the run: part of every batch goes
    /// back from one of them, which tells the policy of places that it would be long in finding.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_starts(&self, args: &Phylo, runs: &str) -> Result<PathBuf, Failure> {
        let drawn = self.chains.iter().flat_map(|chains| &chains.trees);
        let text = texts(&self.target.env, self.climbed.iter().chain(drawn));
        let stem = args.target.file_stem().unwrap_or_default().to_string_lossy();
        let path = match &args.out {
            Some(out) => out.with_extension("starts.nwk"),
            // Named by what is in it, so that no later run changes what an earlier one is resumed with.
            None => PathBuf::from(runs).join(format!("{stem}-{:08x}.starts.nwk", digest(&text))),
        };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        write_atomic(&path, text.as_bytes())?;
        Ok(path)
    }

    /// The text of a tree.
    pub fn text(&self, tree: &Forest) -> String {
        let mut text = String::new();
        self.target.env.show(tree, &mut text);
        text
    }
}

/// What chains say of themselves.
pub fn said(chains: &Chains) -> String {
    let (n, draws) = (chains.each.len(), count(chains.draws as u64));
    let z = chains.log_z;
    let agree = if n == 1 {
        "a chain cannot disagree with itself".to_owned()
    } else if chains.agree() {
        format!("supports agree within {:.3}", chains.apart)
    } else {
        format!("they DISAGREE with each other: supports by {:.3}", chains.apart)
    };
    format!(
        "{n} of {draws} trees each, {agree}; log Z {:.2} by annealing ({:.2} up, {:.2} down)",
        z.value, z.up, z.down
    )
}

/// A short hash of a text, by Fowler, Noll and Vo.
fn digest(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The supports of a sampler beside those of chains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The split whose supports differ most, and what sampler and chains say.
    pub split: u128,
    pub sampler: f64,
    pub chains: f64,
    /// Number of splits whose supports differ by more than [`AGREED`] and by more than chance allows.
    pub beyond: usize,
}

impl Comparison {
    /// Compares the supports of `n` trees of a sampler.
    pub fn new(sampled: &Support, n: usize, chains: &Chains) -> Self {
        let mut worst = Self { split: 0, sampler: 0.0, chains: 0.0, beyond: 0 };
        let mut splits: Vec<u128> =
            sampled.sets().into_iter().chain(chains.all.sets()).map(|(split, _)| split).collect();
        splits.sort_unstable();
        splits.dedup();
        for split in splits {
            let (a, b) = (sampled.of(split), chains.all.of(split));
            if (a - b).abs() > worst.largest() {
                (worst.split, worst.sampler, worst.chains) = (split, a, b);
            }
            // Four standard errors: chance alone gives that to about one split in 16,000.
            let p = b.clamp(1.0 / n as f64, 1.0 - 1.0 / n as f64);
            let error = (p * (1.0 - p) / n as f64 + chains.error(split).powi(2)).sqrt();
            worst.beyond += usize::from((a - b).abs() > AGREED.max(4.0 * error));
        }
        worst
    }

    /// The largest difference of a support.
    pub fn largest(&self) -> f64 {
        (self.sampler - self.chains).abs()
    }
}

/// The key of what else is drawn for a comparison.
pub fn comparison_key(seed: u64) -> Key {
    key(seed, Purpose::Opinion).fold(2)
}
