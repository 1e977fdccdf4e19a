//! What a reader must know before relying on what is printed.

use headwater_envs::bayesnet::BayesNet;
use headwater_posterior::Evidence;

use super::evidence::{EdgeError, FAR, Found, Source};
use crate::out::{count, number};

/// A sentence each.
pub fn all(env: &BayesNet, found: &Found) -> Vec<String> {
    let mut out = Vec::new();
    match found.source {
        Source::Chains(_) => chains(env, found, &mut out),
        Source::Weights(draws) => weights(found, draws, &mut out),
        Source::List | Source::Sum(_) => exact(env, found, &mut out),
    }
    out
}

/// How far, and at which edge.
fn far(env: &BayesNet, e: EdgeError) -> String {
    let (from, to) = e.at;
    format!("{} ({}->{})", number(e.largest), env.name(from), env.name(to))
}

/// Those of a sampler beside an exact posterior.
fn exact(env: &BayesNet, found: &Found, out: &mut Vec<String>) {
    let wrong = |e: &EdgeError| e.largest > FAR;
    if let Some(e) = found.sampler_error().filter(wrong) {
        out.push(format!(
            "the sampler is off by up to {} in an edge: nothing printed here depends on it, but `headwater sample` does",
            far(env, e)
        ));
    }
    if let Some(e) = found.draws_error().filter(wrong) {
        out.push(format!(
            "with their weights its draws are off by up to {}: weights cannot mend what was not drawn",
            far(env, e)
        ));
    }
}

fn chains(env: &BayesNet, found: &Found, out: &mut Vec<String>) {
    let Some(chains) = &found.chains else { return };
    let apart = chains.apart();
    if apart > FAR {
        out.push(format!(
            "chains that started apart differ by up to {} in an edge: they have not come through all of the posterior, and no interval is given",
            number(apart)
        ));
    }
    if chains.cut {
        out.push(
            "chains draw from the most promising sets of parents only: there is no room for all (`--set env.max_parents=…` for fewer)".to_owned(),
        );
    }
    let wrong = |e: &EdgeError| e.largest > FAR;
    if let Some(e) = found.sampler_error().filter(wrong) {
        let weighted =
            found.draws_error().map_or_else(String::new, |e| format!(", with weights by {}", far(env, e)));
        out.push(format!(
            "the sampler and the chains disagree: by up to {} in an edge{weighted}; what is printed comes from the chains",
            far(env, e)
        ));
    }
}

fn weights(found: &Found, draws: usize, out: &mut Vec<String>) {
    let evidence = found.posterior.evidence();
    if let (Evidence::Draws { effective, .. }, false) = (evidence, evidence.supports_intervals()) {
        out.push(format!(
            "{} weighted draws count for {} only: no interval is given, and edges may be far off; train longer (`--set train.steps=…`), or see what `--rival mcmc` finds",
            count(draws as u64),
            number(effective)
        ));
    }
}
