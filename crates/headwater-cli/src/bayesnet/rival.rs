//! A rival method on the same posterior, with as many scores as the sampler had: what its edges would have been.

use std::path::Path;
use std::time::Instant;

use headwater_envs::bayesnet::BayesNet;
use headwater_rivals::Spent;
use headwater_run::assemble::{GFLOWNET, schema};
use headwater_run::contest::method;
use headwater_run::{Input, Problem};

use super::files::pairs;
use crate::out::{Failure, fail};

/// What a rival found.
pub struct Rival {
    /// Its name.
    pub name: String,
    /// P(i → j) at i · n + j: the mean over the later half of the objects that it handed over.
    pub edges: Vec<f64>,
    /// Scores asked for.
    pub reward_calls: u64,
    /// Seconds, those of counting edges included.
    pub seconds: f64,
}

/// Lets the method `name` play the configuration of the run in `path` until it has asked for `reward_calls` scores.
///
/// # Errors
/// If there is no such method, it finds nothing, or a reward fails.
pub fn play(env: &BayesNet, path: &Path, name: &str, reward_calls: u64) -> Result<Rival, Failure> {
    if name == GFLOWNET.name {
        let problem = Problem::new(format!("`{name}` is what the rival is held against"));
        return Err(problem.hint("`headwater list methods` shows its rivals".to_owned()).into());
    }
    let input = Input::read(&path.join("config.toml"))?;
    let checked = input.set([format!("method.kind={name}")]).check(&schema())?;
    let mut method = method(&checked)?;
    let (n, clock) = (env.n(), Instant::now());
    let (mut sums, mut objects, mut spent) = (vec![0.0; n * n], 0u64, Spent::default());
    // Where the edges stand among the features, and features of one batch.
    let (mut places, mut measured) = (Vec::new(), Vec::new());
    while spent.reward_calls < reward_calls {
        let later = 2 * spent.reward_calls >= reward_calls;
        let round = method.round(&mut |found| {
            if !later {
                return;
            }
            if places.is_empty() {
                places = edge_features(n, &found.sim.features());
            }
            let width = found.sim.features().len();
            measured.resize(width * found.lanes.len(), 0.0);
            found.sim.measure(found.lanes, &mut measured);
            for row in measured.chunks_exact(width) {
                places.iter().for_each(|&(at, k)| sums[k] += row[at]);
            }
            objects += found.lanes.len() as u64;
        });
        let round = round.map_err(fail)?;
        if round == Spent::default() {
            break;
        }
        spent += round;
    }
    if objects == 0 {
        return Err(fail(format!("`{name}` found no network in its later half")));
    }
    let edges = sums.iter().map(|sum| sum / objects as f64).collect();
    let seconds = clock.elapsed().as_secs_f64();
    Ok(Rival { name: name.to_owned(), edges, reward_calls: spent.reward_calls, seconds })
}

/// Per edge its place among the features, and in a matrix.
fn edge_features(n: usize, features: &[String]) -> Vec<(usize, usize)> {
    let place = |name: String| features.iter().position(|f| *f == name);
    pairs(n).filter_map(|(i, j, k)| Some((place(format!("edge_{i}_{j}"))?, k))).collect()
}
