//! Results of the objectives on grids, as a table that anyone can make again.

use std::path::Path;

use crate::shell::{headwater, output, root, run, scratch, write};
use crate::{Error, Verdict};

/// Grids: a title, the configuration, and the objectives that it is trained with.
const GRIDS: &[(&str, &str, &[&str])] = &[
    ("8², R₀ = 0.1", "configs/grids/2x8-r0.1.toml", ALL),
    ("8², R₀ = 0.001", "configs/grids/2x8-r0.001.toml", &["tb", "subtb"]),
    ("8⁴, R₀ = 0.1", "configs/grids/4x8-r0.1.toml", ALL),
    ("8⁴, R₀ = 0.01", "configs/grids/4x8-r0.01.toml", &["tb", "subtb"]),
    ("8⁴, R₀ = 0.001", "configs/grids/4x8-r0.001.toml", &["tb", "subtb"]),
];

/// Every objective that needs no reward of unfinished states of its own.
const ALL: &[&str] = &["tb", "subtb", "vargrad", "db", "mdb", "fm"];

/// `cargo xtask bench grids`.
pub fn grids() -> Result<Verdict, Error> {
    let program = headwater("release")?;
    let mut page = String::from(
        "# Hypergrids\n\n\
         Written by `cargo xtask bench grids`: the configurations of `configs/grids`, seed 0, batches of 128, and the exact\n\
         total variation distance (TV, half the sum of |p − q| over all objects) between the trained sampler and its\n\
         target. Δ log Z is the learned log Z less the true one. Seconds are those of training on two cores.\n\n\
         | grid | objective | steps | seconds | TV | Δ log Z |\n|---|---|---:|---:|---:|---:|\n",
    );
    for (grid, config, objectives) in GRIDS {
        for objective in *objectives {
            let row = row(&program, grid, config, objective)?;
            print!("{row}");
            page.push_str(&row);
        }
    }
    write(&root().join("docs/results/hypergrid.md"), &page)?;
    Ok(Verdict::Clean)
}

fn row(program: &Path, grid: &str, config: &str, objective: &str) -> Result<String, Error> {
    let out = scratch(&format!("{}-{objective}", config.replace('/', "-")))?;
    let kind = format!("objective.kind={objective}");
    let out = out.to_string_lossy();
    let args = ["train", config, "--json", "--quiet", "--out", &out, "--set", &kind];
    let json = output(run(program, &args))?;
    let get = |name| number(&json, name).ok_or_else(|| format!("`headwater train --json` says no `{name}`"));
    let (steps, seconds, tv) = (get("iterations")?, get("train_seconds")?, get("tv")?);
    let error = get("log_z_learned").or_else(|_| get("elbo"))? - get("log_z_true")?;
    Ok(format!("| {grid} | {objective} | {steps} | {seconds:.1} | {} | {} |\n", short(tv), short(error)))
}

/// Four decimals, or what is left where those are zeroes.
fn short(x: f64) -> String {
    if x.abs() < 5e-5 { format!("{x:.0e}") } else { format!("{x:.4}") }
}

/// The number called `name` in a JSON text, wherever in it.
pub fn number(json: &str, name: &str) -> Option<f64> {
    let (_, rest) = json.split_once(&format!("\"{name}\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let end = rest.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_whole_name() {
        let json = r#"{"log_z_true": 1.5, "log_z": -2e-3, "tv":null}"#;
        assert_eq!(number(json, "log_z"), Some(-2e-3));
        assert_eq!(number(json, "log_z_true"), Some(1.5));
        assert_eq!((number(json, "tv"), number(json, "jsd")), (None, None));
    }
}
