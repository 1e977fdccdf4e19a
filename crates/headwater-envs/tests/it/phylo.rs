//! Trees over alignments: their number, their texts, and their mutations counted site by site.

use std::fmt::Write as _;

use headwater_core::settings::{File, Value};
use headwater_core::{Action, BitMatrix, Environment, Key, Reward, Stop};
use headwater_envs::phylo::search::climb;
use headwater_envs::phylo::{Config, Forest, Gap, Parsimony, ParsimonyConfig, Phylo};
use headwater_envs::{NativeReward, Registered, Section, find};

use crate::explore::{env_values, explore, native_log_z, walk};

const EMPTY: Config = Config { alignment: None, n: None, taxa: None, gap: Gap::Fifth, sites: 60, seed: 0 };

fn over(fasta: &str, gap: Gap) -> Phylo {
    let alignment = Some(File::new("a.fasta", fasta));
    Phylo::from_config(Config { alignment, gap, ..EMPTY }).expect("a good file")
}

/// A FASTA file of random characters, most of them from `common`.
fn random_fasta(n: usize, sites: usize, common: &str, rare: &str, key: Key) -> String {
    let pick = |from: &str, key: Key| {
        let all: Vec<char> = from.chars().collect();
        all[key.below(all.len() as u32) as usize]
    };
    let mut text = String::new();
    for leaf in 0..n {
        writeln!(text, ">s{leaf}").unwrap();
        for site in 0..sites {
            // Characters vary little within a site, as they do in alignments.
            let (site, own) = (key.fold(site as u64), key.fold(1000 + leaf as u64).fold(site as u64));
            let kind = own.fold(0).unit();
            text.push(match kind {
                _ if kind < 0.6 => pick(common, site),
                _ if kind < 0.95 => pick(common, own.fold(1)),
                _ => pick(rare, own.fold(2)),
            });
        }
        text.push('\n');
    }
    text
}

fn random_tree(env: &Phylo, key: Key) -> (Vec<u32>, Forest) {
    let (mut s, mut mask) = (env.initial(), BitMatrix::new(1, env.n_actions()));
    let mut actions = Vec::new();
    for t in 0..env.max_len() {
        mask.clear(0);
        env.forward_mask(&s, &mut mask.row_mut(0));
        let a = mask.select(0, key.fold(t as u64).below(mask.count(0)));
        env.step(&mut s, a);
        actions.push(a.0);
    }
    (actions, s)
}

fn text(env: &Phylo, s: &Forest) -> String {
    let mut out = String::new();
    env.show(s, &mut out);
    out
}

/// The set of the clade that `newick` begins with at one site, the mutations so far, and what comes behind it.
fn naive<'a>(newick: &'a str, set: &dyn Fn(&str) -> u8, mutations: &mut u32) -> (u8, &'a str) {
    let Some(inside) = newick.strip_prefix('(') else {
        let end = newick.find([',', ')', ';']).unwrap();
        return (set(&newick[..end]), &newick[end..]);
    };
    let (left, rest) = naive(inside, set, mutations);
    let (right, rest) = naive(rest.strip_prefix(',').unwrap(), set, mutations);
    *mutations += u32::from(left & right == 0);
    (if left & right == 0 { left | right } else { left & right }, rest.strip_prefix(')').unwrap())
}

fn naive_mutations(fasta: &str, newick: &str, gap: Gap) -> u32 {
    let rows: Vec<&str> = fasta.lines().collect();
    let row = |name: &str| rows[1 + rows.iter().position(|r| r[1..] == *name).unwrap()].as_bytes();
    let mut mutations = 0;
    for site in 0..rows[1].len() {
        let set = |name: &str| match row(name)[site] {
            b'A' => 1,
            b'C' => 2,
            b'G' => 4,
            b'T' => 8,
            b'R' => 1 | 4,
            b'Y' => 2 | 8,
            b'N' => 15,
            b'-' if gap == Gap::Fifth => 16,
            b'-' => 31,
            c => panic!("{c}"),
        };
        naive(newick, &set, &mut mutations);
    }
    mutations
}

#[test]
fn mutations_are_those_of_every_site_by_itself() {
    for (case, (n, sites, common, rare)) in
        [(5, 40, "ACGT", "N"), (23, 300, "ACGT-", "RYN-"), (128, 90, "AACG", "-TRYN")].into_iter().enumerate()
    {
        let key = Key::new(case as u64);
        let fasta = random_fasta(n, sites, common, rare, key);
        for gap in [Gap::Fifth, Gap::Unknown] {
            let env = over(&fasta, gap);
            for k in 0..20 {
                let (_, tree) = random_tree(&env, key.fold(k));
                let expected = naive_mutations(&fasta, &text(&env, &tree), gap);
                assert_eq!(env.mutations(&tree), expected, "{n} {gap:?}");
            }
        }
    }
}

/// Every code that a file may have, and its states: bits for A, C, G, T.
const CODES: [(char, u8); 19] = [
    ('A', 1),
    ('C', 2),
    ('G', 4),
    ('T', 8),
    ('U', 8),
    ('R', 5),
    ('Y', 10),
    ('S', 6),
    ('W', 9),
    ('K', 12),
    ('M', 3),
    ('B', 14),
    ('D', 13),
    ('H', 11),
    ('V', 7),
    ('N', 15),
    ('X', 15),
    ('?', 15),
    ('-', 16),
];

/// The least mutations below a node for each of its five states, by Sankoff's dynamic programme (1975); and the text
/// behind the clade.
fn sankoff<'a>(newick: &'a str, set: &dyn Fn(&str) -> u8) -> ([u32; 5], &'a str) {
    let Some(inside) = newick.strip_prefix('(') else {
        let end = newick.find([',', ')', ';']).unwrap();
        let states = set(&newick[..end]);
        return (std::array::from_fn(|k| if states >> k & 1 == 1 { 0 } else { 1000 }), &newick[end..]);
    };
    let (left, rest) = sankoff(inside, set);
    let (right, rest) = sankoff(rest.strip_prefix(',').unwrap(), set);
    let best = |part: [u32; 5], k: usize| (0..5).map(|j| part[j] + u32::from(j != k)).min().unwrap();
    (std::array::from_fn(|k| best(left, k) + best(right, k)), rest.strip_prefix(')').unwrap())
}

/// Ambiguous codes are as likely as nucleotides, and sites of a few codes, ambiguous ones alone among them, are there as
/// well as sites of all. Every tree, every tree that was climbed to, and every merge on the way has Sankoff's mutations.
#[test]
fn mutations_are_those_of_sankoff_whatever_the_codes() {
    for case in 0..60 {
        let key = Key::new(900).fold(case);
        let n = 3 + key.fold(0).below(12) as usize;
        let sites = 1 + key.fold(1).below(90) as usize;
        let mut rows = vec![String::new(); n];
        for site in 0..sites {
            let at = key.fold(2).fold(site as u64);
            let few = [1, 2, 2, 3, CODES.len()][at.fold(0).below(5) as usize] as u32;
            for (leaf, row) in rows.iter_mut().enumerate() {
                let which = u64::from(at.fold(1).fold(leaf as u64).below(few));
                let code = if few == 19 { which as u32 } else { at.fold(2).fold(which).below(19) };
                row.push(CODES[code as usize].0);
            }
        }
        let fasta: String = rows.iter().enumerate().map(|(i, row)| format!(">s{i}\n{row}\n")).collect();
        for gap in [Gap::Fifth, Gap::Unknown] {
            let env = over(&fasta, gap);
            let expected = |tree: &str| -> u32 {
                let least = |site: usize| {
                    let set = |name: &str| {
                        let c = rows[name[1..].parse::<usize>().unwrap()].as_bytes()[site];
                        let states = CODES.iter().find(|code| code.0 == char::from(c)).unwrap().1;
                        if states == 16 && gap == Gap::Unknown { 31 } else { states }
                    };
                    sankoff(tree, &set).0.into_iter().min().unwrap()
                };
                (0..sites).map(least).sum()
            };
            let climbed = climb(&env, key.fold(3));
            assert_eq!(env.mutations(&climbed), expected(&text(&env, &climbed)), "{fasta}{gap:?}");
            for k in 0..5 {
                let (actions, tree) = random_tree(&env, key.fold(4).fold(k));
                assert_eq!(env.mutations(&tree), expected(&text(&env, &tree)), "{fasta}{gap:?}");
                let (mut s, mut sum) = (env.initial(), env.fitch().constant());
                for a in actions {
                    env.merge_costs(&s, |i, j, cost| {
                        sum += if env.label(i, j) == a as usize { cost } else { 0 };
                    });
                    env.step(&mut s, Action(a));
                }
                assert_eq!(env.mutations(&tree), sum);
            }
        }
    }
}

/// With purines and pyrimidines alone, no sequence has a certain state anywhere, and trees differ all the same.
#[test]
fn sites_without_a_certain_state_count() {
    let env = over(">a\nRRN\n>b\nRYN\n>c\nYRN\n>d\nYYR\n", Gap::Fifth);
    for (tree, mutations) in [("((a,b),(c,d));", 3), ("((a,c),(b,d));", 3), ("((a,d),(b,c));", 4)] {
        assert_eq!(env.mutations(&env.parse(tree).unwrap()), mutations, "{tree}");
    }
    assert_eq!((env.fitch().constant(), env.fitch().n_patterns()), (0, 2));
}

#[test]
fn a_merge_adds_what_it_costs() {
    let env = over(&random_fasta(12, 200, "ACGT-", "RYN-", Key::new(7)), Gap::Fifth);
    let (actions, tree) = random_tree(&env, Key::new(8));
    let config = ParsimonyConfig { c: 100.0, per_nat: 2.0 };
    let reward = Parsimony::from_config(config, &env).expect("in range");
    let mut s = env.initial();
    assert_eq!(env.mutations(&s), env.fitch().constant());
    for a in actions {
        let mut costs = Vec::new();
        env.merge_costs(&s, |i, j, cost| costs.push((env.label(i, j) as u32, cost)));
        let cost = costs.iter().find(|c| c.0 == a).expect("every pair of trees has a cost").1;
        let before = s;
        env.step(&mut s, Action(a));
        assert_eq!(env.mutations(&s), env.mutations(&before) + cost);
        assert_eq!(reward.score(&env, &s), reward.score(&env, &before) - f64::from(cost) / 2.0);
    }
    assert_eq!(s, tree);
}

#[test]
fn there_are_as_many_trees_and_forests_as_the_formulas_say() {
    for (n, trees, states, edges) in
        [(3, 3, 7, 6), (4, 15, 37, 39), (5, 105, 266, 310), (6, 945, 2431, 3000), (7, 10_395, 27_007, 34_566)]
    {
        let env = Phylo::from_config(Config { n: Some(n), ..EMPTY }).expect("in range");
        let found = explore(&env);
        assert_eq!(found.states.iter().filter(|s| env.stop(s) == Stop::Must).count(), trees);
        assert_eq!(found.states.len(), states);
        assert_eq!(found.n_edges, edges);
        assert_eq!(found.depth.iter().max(), Some(&env.max_len()));
        assert_eq!(env.states_at_least(), trees as f64);
    }
}

/// Where a parsimony score does not depend on the root, as many rooted trees as an unrooted one has edges share it.
#[test]
fn six_taxa_have_the_partition_function_of_their_unrooted_trees() {
    let fasta = random_fasta(6, 80, "ACGT", "N-", Key::new(5));
    let env = over(&fasta, Gap::Fifth);
    let mut scores: Vec<u32> = explore(&env)
        .states
        .iter()
        .filter(|s| env.stop(s) == Stop::Must)
        .map(|s| {
            let expected = naive_mutations(&fasta, &text(&env, s), Gap::Fifth);
            assert_eq!(env.mutations(s), expected);
            expected
        })
        .collect();
    scores.sort_unstable();
    // 105 unrooted trees of 6 leaves, 9 rooted ones each.
    assert_eq!(scores.len(), 945);
    for score in scores.chunk_by(|a, b| a == b) {
        assert_eq!(score.len() % 9, 0);
    }
    let z: f64 = scores.iter().map(|&m| (-f64::from(m) / 4.0).exp()).sum();
    assert!((native_log_z(&env, "parsimony", &[]) - z.ln()).abs() < 1e-9);
}

#[test]
fn texts_are_newick_in_one_order() {
    let env = over(">a b\nA\n>b's\nA\n>c(1)\nC\n>d\nC\n", Gap::Fifth);
    // Labels are 01 02 03 12 13 23.
    let texts = walk(env.clone(), &[4, 1, 0]);
    assert_eq!(
        texts,
        [
            "a; 'b''s'; 'c(1)'; d;",
            "a; ('b''s',d); 'c(1)';",
            "(a,'c(1)'); ('b''s',d);",
            "((a,'c(1)'),('b''s',d));"
        ]
    );
    for bad in [
        "",
        "a;",
        "(a,'c(1)'); ('b''s',d)",
        "('c(1)',a); ('b''s',d);",
        "('b''s',d); (a,'c(1)');",
        "(a,'c(1)');('b''s',d);",
        "((a,'c(1)'),(a,d));",
        "(a,'c(1)','b''s',d);",
        "((a,'c(1)'),('b''s',d)));",
        "((a,'c(1)'),('b''s,d));",
        "((a,'c(1)'),('b''s',é));",
        "(a;,b);",
        ";",
        ")",
    ] {
        assert_eq!(env.parse(bad), None, "{bad}");
    }
    assert_eq!(env.describe(Action(4)), "merge the trees of b's and d");
}

#[track_caller]
fn refused(set: &[(&'static str, Value)], field: &str, message: &str) {
    let entry = find("phylo").expect("registered");
    let error = entry.build(&env_values(entry, set), None).err().expect("the settings are refused");
    assert_eq!((error.section, error.error.field), (Section::Env, Some(field)));
    assert_eq!(error.to_string(), message);
}

#[test]
fn alignments_that_cannot_be_used_are_refused() {
    let file = |text: &str| ("alignment", Value::File(File::new("x.fasta", text)));
    let names = |names: &[&str]| ("taxa", Value::Texts(names.iter().map(|&n| n.to_owned()).collect()));
    let good = || file(">a\nA\n>b\nA\n>c\nC\n");
    for (text, message) in [
        (">a\nAC\n>b\nA\n>c\nCC\n", "x.fasta:4:2: `b` has `1` sites, and `a` has 2"),
        (">a\nAC\n>b\nA!\n", "x.fasta:4:2: `!` is no nucleotide, in the sequence `b`"),
        (">a\nAC\n>a\nAC\n", "x.fasta:3:2: `a` is the name of two sequences; the first is in line 1"),
        (">a\nAC\n>b\nAC\n", "`x.fasta` has `2` sequences, and a tree is made of 3 to 128"),
        ("", "`x.fasta` has `0` sequences, and a tree is made of 3 to 128"),
    ] {
        refused(&[file(text)], "alignment", message);
    }
    refused(&[good(), ("n", Value::Int(4))], "n", "`4` sequences are more than the 3 of `x.fasta`");
    refused(&[good(), names(&["a", "b", "z"])], "taxa", "`x.fasta` has no sequence `z`");
    refused(&[good(), names(&["a", "b", "a"])], "taxa", "`a` is given twice");
    refused(&[good(), names(&["a", "b"])], "taxa", "`2` names are given, and a tree is made of 3 to 128");
    let both = [good(), names(&["a", "b", "c"]), ("n", Value::Int(3))];
    refused(&both, "taxa", "`n` and `taxa` both say which sequences to use");
}

#[test]
fn climbing_finds_the_best_of_six_taxa() {
    let env = over(&random_fasta(6, 80, "ACGT", "N-", Key::new(5)), Gap::Fifth);
    let trees = explore(&env).states.into_iter().filter(|s| env.stop(s) == Stop::Must);
    let best = trees.map(|s| env.mutations(&s)).min().unwrap();
    let found: Vec<Forest> = (0..10).map(|k| climb(&env, Key::new(k))).collect();
    assert!(found.iter().all(|s| env.stop(s) == Stop::Must && env.parse(&text(&env, s)) == Some(*s)));
    // Fixed keys.
    assert_eq!(found.iter().map(|s| env.mutations(s)).min(), Some(best));
}

/// The best scores that are known of four real alignments, where they are at hand; a gap is a fifth state.
#[test]
fn climbing_finds_the_best_known_scores() {
    let root =
        std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/phylogenetics"));
    for (name, n, sites, known, climbs) in [
        ("ds1", 27, 1949, 4026, 2),
        ("ds2", 29, 2520, 6223, 12),
        ("ds3", 36, 1812, 6659, 12),
        ("ds4", 41, 1137, 2424, 12),
    ] {
        let Ok(fasta) = std::fs::read_to_string(root.join(format!("{name}.fasta"))) else { return };
        let env = over(&fasta, Gap::Fifth);
        assert_eq!(
            (env.names().len(), headwater_envs::phylo::fasta::read(&fasta).unwrap().rows[0].len()),
            (n, sites)
        );
        let found: Vec<u32> = (0..climbs).map(|k| env.mutations(&climb(&env, Key::new(k)))).collect();
        assert_eq!(found.iter().min(), Some(&known), "{name}: {found:?}");
    }
}
