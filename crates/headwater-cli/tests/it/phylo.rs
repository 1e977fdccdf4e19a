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
    // A run says the same again.
    let again = dir.run("phylo run --samples 500 --json").json();
    assert_eq!(again["consensus"], json["consensus"]);
    assert_eq!(read("trees.nwk"), trees);
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
