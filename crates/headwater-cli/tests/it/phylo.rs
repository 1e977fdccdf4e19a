//! `headwater phylo`: alignments to trees.

use crate::support::{Temp, root};

/// Training that is long enough for seven leaves and takes seconds.
const SHORT: &str = "--set train.steps=1500 --set train.threads=1 --quiet";

/// The example's alignment in a directory of its own.
fn example() -> Temp {
    let dir = Temp::with_configs();
    let text = std::fs::read(root().join("examples/phylo/trees.fasta")).unwrap();
    std::fs::write(dir.path("trees.fasta"), text).unwrap();
    dir
}

#[test]
fn an_alignment_becomes_trees_in_proportion_to_their_reward() {
    let dir = example();
    let json = dir.run(&format!("phylo trees.fasta {SHORT} --json --out run --samples 500")).json();
    // Fixed seed: nothing here can fail by chance.
    assert!(json["pearson"].as_f64().unwrap() > 0.99, "{json}");
    assert!(json["tv"].as_f64().unwrap() < 0.1, "{json}");
    assert_eq!((json["taxa"].as_u64(), json["sampled_trees"].as_u64()), (Some(7), Some(500)));
    let read = |name: &str| std::fs::read_to_string(dir.path("run").join(name)).unwrap();
    // The tree that the sequences were simulated along.
    for split in ["Ash Beech", "Cedar Douglas_fir", "Ginkgo Hazel"] {
        let rest = |line: &&str| line.ends_with(&format!(",{split}"));
        let as_rest = read("splits.csv").lines().any(|line| rest(&line));
        // A split is the side without the first leaf.
        assert!(as_rest || split.starts_with("Ash"), "{split}");
    }
    let trees = read("trees.nwk");
    assert_eq!(trees.lines().count(), 500);
    assert!(trees.starts_with("[&mutations=") && trees.trim_end().ends_with(");"), "{trees}");
    assert_eq!(read("consensus.nwk").trim(), json["consensus"].as_str().unwrap());
    assert!(read("tree.svg").contains(">Douglas_fir</text>"));
    let scores = read("scores.csv");
    assert!(scores.starts_with("mutations,trees,share\n"), "{scores}");
    // All trees are known: there is nothing for chains to say.
    assert!(json["chains"].is_null() && !dir.path("run").join("chains-consensus.nwk").exists());
    assert!(read("best.nwk").starts_with(&format!("[&mutations={}] (", json["best_mutations"])));
    assert!(json["best_mutations"].as_u64() <= json["best_sampled_mutations"].as_u64());
    // A run says the same again.
    let again = dir.run("phylo run --samples 500 --json").json();
    assert_eq!(again["consensus"], json["consensus"]);
    assert_eq!(read("trees.nwk"), trees);
}

/// Twelve sequences that descended from each other.
const TWELVE: &str = "\
    [env]\nkind = \"phylo\"\nn = 12\nsites = 90\n\n[reward]\nkind = \"parsimony\"\n\n[policy]\nwidth = 16\n\n\
    [train]\nsteps = 2\nbatch = 8\n\n[eval]\nsamples = 64\nobjects = 8\nexact_cap = 1000\n\n[run]\nsamples = 10\n";

/// A sampler that has learned nothing is far from the chains, and the output says so; the best tree known is theirs.
#[test]
fn chains_say_where_a_sampler_is_wrong() {
    let dir = Temp::with_configs();
    std::fs::write(dir.path("twelve.toml"), TWELVE).unwrap();
    let json = dir.run("phylo twelve.toml --quiet --json --out run").json();
    let chains = &json["chains"];
    assert_eq!((chains["chains"].as_u64(), chains["agree"].as_bool()), (Some(4), Some(true)), "{json}");
    assert!(chains["largest_difference"].as_f64().unwrap() < 0.1, "{json}");
    assert_eq!(chains["sampler_agrees"].as_bool(), Some(false), "{json}");
    assert!(chains["sampler_largest_difference"].as_f64().unwrap() > 0.3, "{json}");
    let [up, z, down] = ["log_z_up", "log_z", "log_z_down"].map(|name| chains[name].as_f64().unwrap());
    assert!((up - down).abs() < 0.3 && (z - up).abs() < 0.3, "{json}");
    assert!(chains["eubo"].as_f64().unwrap() > z + 1.0, "{json}");
    assert!(json["best_mutations"].as_u64() < json["best_sampled_mutations"].as_u64(), "{json}");
    let read = |name: &str| std::fs::read_to_string(dir.path("run").join(name)).unwrap();
    assert_eq!(read("chains-consensus.nwk").trim(), chains["consensus"].as_str().unwrap());
    assert!(read("splits.csv").starts_with("support,chains,size,leaves\n"));
    let text = dir.run("phylo run --samples 200 --quiet").ok();
    for expected in ["DISAGREE in", "EUBO", "rely on the chains", "best tree known, found by"] {
        assert!(text.contains(expected), "{text}");
    }
    // Threads change nothing.
    let other = dir.run("phylo twelve.toml --quiet --json --out other --set train.threads=1").json();
    assert_eq!(other["chains"], json["chains"]);
    // Without chains nobody speaks of them.
    let none = dir.run("phylo run --samples 200 --quiet --chains 0").ok();
    assert!(!none.contains("chains") && none.contains("best tree known"), "{none}");
}

/// Training begins with what climbing and chains found, and its schedules are as long as it is.
#[test]
fn many_leaves_are_learned_from_known_trees() {
    let dir = Temp::with_configs();
    let letters = ["A", "C", "G", "T"];
    let row = |leaf: usize| -> String {
        (0..40)
            .map(|site| letters[(leaf * (site + 3) / 7 + site) % if site % 3 == 0 { 4 } else { 2 }])
            .collect()
    };
    let fasta: String = (0..10).map(|leaf| format!(">s{leaf}\n{}\n", row(leaf))).collect();
    std::fs::write(dir.path("ten.fasta"), fasta).unwrap();
    let set = "--set train.steps=3 --set eval.exact_cap=1000 --set policy.width=16 --set run.samples=10";
    let ran = dir.run(&format!("phylo ten.fasta {set} --json --out run --samples 50"));
    assert!(ran.err.contains("512 trees, then 4 chains"), "{}", ran.err);
    let json = ran.json();
    assert!(json["chains"]["agree"].as_bool().unwrap(), "{json}");
    let config = std::fs::read_to_string(dir.path("run/config.toml")).unwrap();
    assert_eq!(config.matches("steps = 3, shape").count(), 3, "{config}");
    assert!(config.contains("run.starts.nwk\""), "{config}");
    let starts = std::fs::read_to_string(dir.path("run.starts.nwk")).unwrap();
    assert_eq!(starts.lines().count(), 64 + 4 * 1000);
}

/// Six sequences of each of four real alignments, where they are at hand.
#[test]
fn subsets_of_real_alignments_are_sampled_as_they_should_be() {
    let data = root().join("../shared/data/phylogenetics");
    if !data.is_dir() {
        return;
    }
    let dir = Temp::with_configs();
    for name in ["ds1", "ds2", "ds3", "ds4"] {
        let file = data.join(format!("{name}.fasta"));
        let command = format!("phylo {} {SHORT} --json --set env.n=6 --out {name}", file.display());
        let json = dir.run(&command).json();
        assert!(json["pearson"].as_f64().unwrap() > 0.99, "{name}: {json}");
    }
}

#[test]
fn bad_alignments_are_refused_with_their_place() {
    let dir = Temp::with_configs();
    for (text, expected) in [
        (">a\nAC\n>b\nA\n>c\nAC\n", "x.fasta:4:2: `b` has `1` sites, and `a` has 2"),
        (">a\nA*\n", "x.fasta:2:2: `*` is no nucleotide, in the sequence `a`"),
        (">a\nAC\n>a\nAC\n", "x.fasta:3:2: `a` is the name of two sequences; the first is in line 1"),
        (">a\nAC\n>b\nAC\n", "`x.fasta` has `2` sequences, and a tree is made of 3 to 128"),
    ] {
        std::fs::write(dir.path("x.fasta"), text).unwrap();
        let ran = dir.run("phylo x.fasta");
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
    let other = dir.run("phylo grid.toml");
    assert!(
        other.err.contains("`headwater phylo` is about trees, and this builds objects of `hypergrid`"),
        "{}",
        other.err
    );
}
