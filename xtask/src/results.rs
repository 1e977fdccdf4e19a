//! What every configuration reaches, as a table that anyone can make again.

use std::path::{Path, PathBuf};

use crate::bench::number;
use crate::shell::{headwater, output, read, root, run, scratch, write};
use crate::{Error, Verdict};

/// Where configurations are whose results are listed, with a heading.
const FOLDERS: &[(&str, &str)] = &[("configs", "Examples"), ("configs/graphs", "Problems on graphs")];

/// Targets of the literature, most of which take minutes.
const TARGETS: &[(&str, &str)] = &[("configs/targets", "What is reached")];

/// log Z of targets that are too large to enumerate, and where it is from.
const KNOWN: &[(&str, f64)] = &[
    // ln 60 + 120 ln(1 + e⁻²): what strings between two modes are counted twice is below 10⁻⁶.
    ("configs/targets/bits-120.toml", 19.325_706),
    // The transfer matrix.
    ("configs/targets/ising-10.toml", 73.453_098),
    // The elementary symmetric polynomial of degree 20 of exp(−E).
    ("configs/targets/sets-30-20.toml", 13.815_787),
];

/// `cargo xtask bench envs`.
pub fn environments() -> Result<Verdict, Error> {
    table("envs", "What the configurations reach", FOLDERS, "", "docs/results/environments.md")
}

/// `cargo xtask bench targets`.
pub fn targets() -> Result<Verdict, Error> {
    let note = " Where a space is too large to enumerate, its true log Z is known otherwise; `xtask/src/results.rs`\nsays how.";
    table("targets", "Targets of the literature", TARGETS, note, "docs/results/targets.md")
}

fn table(
    name: &str,
    title: &str,
    folders: &[(&str, &str)],
    note: &str,
    path: &str,
) -> Result<Verdict, Error> {
    let program = headwater("release")?;
    let mut page = format!(
        "# {title}\n\n\
         Written by `cargo xtask bench {name}`: configurations of the repository as they are, seed 0. TV is the exact total\n\
         variation distance between the trained sampler and its target, and R̄ the mean reward of its objects in percent of\n\
         the target's, where the space can be enumerated. log Z is the learned one, or where there is none the sampled\n\
         estimate; Δ is it less the true one. r is the correlation of log p̂ with log R over objects. Seconds are those of\n\
         training, on two cores.{note}\n",
    );
    for (folder, heading) in folders {
        page += &format!(
            "\n## {heading}\n\n| configuration | what | steps | seconds | TV | R̄, % | log Z | Δ | r |\n\
             |---|---|---:|---:|---:|---:|---:|---:|---:|\n"
        );
        for config in configurations(folder)? {
            let row = row(&program, &config)?;
            print!("{row}");
            page += &row;
        }
    }
    write(&root().join(path), &page)?;
    Ok(Verdict::Clean)
}

/// The configurations of a folder, by name.
fn configurations(folder: &str) -> Result<Vec<String>, Error> {
    let entries =
        std::fs::read_dir(root().join(folder)).map_err(|e| format!("cannot read `{folder}`: {e}"))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let files = paths.filter(|path| path.extension().is_some_and(|e| e == "toml"));
    let name = |path: PathBuf| Some(format!("{folder}/{}", path.file_name()?.to_str()?));
    let mut names: Vec<String> = files.filter_map(name).collect();
    names.sort();
    Ok(names)
}

fn row(program: &Path, config: &str) -> Result<String, Error> {
    let what = summary(&read(&root().join(config))?);
    let out = scratch(&config.replace('/', "-"))?;
    let out = out.to_string_lossy();
    let Ok(json) = output(run(program, &["train", config, "--json", "--quiet", "--out", &out])) else {
        // A table of scores that is not part of the repository.
        return Ok(format!("| `{config}` | {what} | | | | | | | not run |\n"));
    };
    let get = |name| number(&json, name);
    let must = |name| get(name).ok_or_else(|| format!("`headwater train --json` says no `{name}`"));
    let known = KNOWN.iter().find(|(name, _)| *name == config).map(|(_, log_z)| *log_z);
    let log_z = ["log_z_learned", "elbo", "log_z_estimate"].iter().find_map(|name| get(name));
    let error = log_z.zip(get("log_z_true").or(known)).map(|(log_z, truth)| log_z - truth);
    let show = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.4}"));
    Ok(format!(
        "| `{config}` | {what} | {} | {:.1} | {} | {} | {} | {} | {} |\n",
        must("iterations")?,
        must("train_seconds")?,
        show(get("tv")),
        get("mean_reward_ratio").map_or_else(|| "–".to_owned(), |x| format!("{:.1}", 100.0 * x)),
        show(log_z),
        show(error),
        show(get("pearson"))
    ))
}

/// The first sentence of the comment that a configuration begins with.
fn summary(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
    let comment = lines.collect::<Vec<_>>().join(" ");
    let end = comment.find(". ").or_else(|| comment.find(": ")).unwrap_or(comment.len());
    comment[..end].trim_end_matches('.').replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn summaries_are_first_sentences() {
        assert_eq!(
            summary("# A grid, R₀ = 0.1,\n# of cells. More.\n\n[env]\n"),
            "A grid, R₀ = 0.1, of cells"
        );
        assert_eq!(summary("# All of it.\nseed = 1\n"), "All of it");
    }
}
