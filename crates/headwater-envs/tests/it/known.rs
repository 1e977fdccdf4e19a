//! The tables of known instances in the environments' files, and the values of the literature.

use headwater_core::settings::{NoSettings, Value};
use headwater_core::{Environment, Reward, Settings, Stop};
use headwater_envs::binary_tree::{self, BinaryTree};
use headwater_envs::bits::{self, Bits};
use headwater_envs::dag::Dag;
use headwater_envs::hypergrid::{self, Cosine, Deceptive, Hypergrid, Original, Sparse, Wall};
use headwater_envs::ising::{self, Ising};
use headwater_envs::strings::{self, Growth, Strings};
use headwater_envs::subsets::{self, Subsets};
use headwater_envs::{NativeReward, Registered};

use crate::explore::{explore, native_log_z, walk};

#[track_caller]
fn close(value: f64, expected: f64) {
    assert!((value - expected).abs() < 6e-7, "{value} instead of {expected}");
}

fn size<E: Environment>(env: &E) -> (usize, usize) {
    let g = explore(env);
    assert_eq!(g.depth.iter().max(), Some(&env.max_len()));
    (g.states.len(), g.n_edges)
}

fn grid(dim: usize, side: usize, wall: Wall) -> Hypergrid {
    Hypergrid::from_config(hypergrid::Config { dim, side, wall }).expect("in range")
}

fn rewards(r0: f64, r1: f64, r2: f64) -> [(&'static str, Value); 3] {
    [("r0", Value::Real(r0)), ("r1", Value::Real(r1)), ("r2", Value::Real(r2))]
}

#[test]
fn grids_have_the_log_z_of_the_literature() {
    for (dim, side, [r0, r1, r2], expected) in [
        (2, 8, [0.1, 0.5, 2.0], 3.109061),
        (2, 16, [0.1, 0.5, 2.0], 4.183576),
        (4, 8, [0.1, 0.5, 2.0], 6.344934),
        (4, 8, [0.01, 0.5, 2.0], 5.303106),
        (4, 8, [0.001, 0.5, 2.0], 5.100452),
        (2, 64, [0.1, 0.5, 2.0], 7.098045),
        (2, 64, [0.01, 0.5, 2.0], 6.734544),
        (2, 64, [0.001, 0.5, 2.0], 6.689719),
        (4, 16, [0.1, 0.5, 2.0], 9.063417),
        (4, 20, [0.1, 0.5, 2.0], 9.976366),
        (4, 20, [0.001, 0.5, 2.0], 8.643297),
        (4, 20, [0.0001, 1.0, 3.0], 9.285819),
        // No cell of these lies in the band of the modes; with the other library's floor of 1e-6 nothing changes.
        (2, 5, [0.001, 0.5, 2.0], 0.705570),
    ] {
        let env = grid(dim, side, Wall::Mask);
        close(native_log_z(&env, "original", &rewards(r0, r1, r2)), expected);
    }
    // Without the cells with several coordinates at the wall, none of which is a mode.
    close(native_log_z(&grid(2, 8, Wall::Terminate), "original", &[]), 21.8f64.ln());
    close(native_log_z(&grid(4, 8, Wall::Terminate), "original", &[]), 503.8f64.ln());
    for (dim, side, expected) in [(2, 8, 1.895260), (2, 16, 3.403365), (4, 16, 8.793836)] {
        close(native_log_z(&grid(dim, side, Wall::Mask), "cosine", &[]), expected);
    }
    let first_paper = [("r0", Value::Real(0.01)), ("r1", Value::Real(1.0)), ("stretch", Value::Real(2.0))];
    for (wall, expected) in [(Wall::Mask, 2.857045), (Wall::Terminate, 2.856470)] {
        close(native_log_z(&grid(2, 30, wall), "cosine", &first_paper), expected);
    }
}

#[test]
fn grids_have_the_sizes_of_their_table() {
    assert_eq!(size(&grid(2, 8, Wall::Mask)), (64, 112));
    assert_eq!(size(&grid(4, 8, Wall::Mask)), (4096, 14_336));
    assert_eq!(size(&grid(4, 20, Wall::Mask)), (160_000, 608_000));
    assert_eq!(size(&grid(2, 8, Wall::Terminate)), (63, 98));
    assert_eq!(size(&grid(4, 8, Wall::Terminate)), (3773, 9604));
    assert_eq!(size(&grid(1, 256, Wall::Terminate)), (256, 255));
    assert_eq!(size(&grid(2, 30, Wall::Mask)), (900, 1740));
    assert_eq!(size(&grid(2, 30, Wall::Terminate)), (899, 1682));
    assert_eq!(grid(16, 256, Wall::Mask).max_len(), 16 * 255);
}

#[test]
fn grid_bounds_are_strict_below_and_not_above_whatever_the_rounding() {
    // On 41 cells the bounds a = 0.4, 0.3, 0.25 and 0.1 are the cells 4, 8, 10 and 16, up to rounding.
    let env = grid(1, 41, Wall::Mask);
    let score = |reward: &dyn Reward<Hypergrid>, x: u8| {
        let mut cell = env.initial();
        cell[0] = x;
        reward.score(&env, &cell)
    };
    let original = Original { r0: 0.1, r1: 0.5, r2: 2.0 };
    let deceptive = Deceptive { r0: 0.1, r1: 0.5, r2: 2.0 };
    for x in 0..=40u8 {
        let steps = x.abs_diff(20); // a = steps / 40
        let band = if steps > 12 && steps <= 16 { 2.0 } else { 0.0 };
        let plateau = if steps > 10 { 0.5 } else { 0.0 };
        let decoy = if steps > 4 { 0.0 } else { 0.5 };
        close(score(&original, x), 0.1 + plateau + band);
        close(score(&deceptive, x), 0.1 + decoy + band);
    }
}

#[test]
fn sparse_targets_are_the_permutations_of_ones_and_far_cells() {
    for (dim, side, targets) in [(2, 8, 3), (3, 4, 7), (2, 3, 1), (3, 2, 7), (1, 5, 1)] {
        let env = grid(dim, side, Wall::Mask);
        let reward = Sparse::from_config(Sparse { r0: 1e-12 }, &env).expect("in range");
        let cells = explore(&env).states;
        assert_eq!(cells.iter().filter(|x| reward.score(&env, x) > 0.5).count(), targets, "{side}^{dim}");
        assert!(cells.iter().all(|x| reward.score(&env, x) > 0.0));
    }
}

#[test]
fn deceptive_grids_hide_their_modes_behind_a_moat() {
    let env = grid(2, 16, Wall::Mask);
    let reward = Deceptive { r0: 1e-5, r1: 0.1, r2: 2.0 };
    let at = |text| reward.score(&env, &env.parse(text).expect("a cell"));
    close(at("2,13"), 2.00001);
    close(at("7,8"), 0.10001);
    close(at("4,4"), 0.00001);
    close(Cosine { r0: 0.1, r1: 0.0, stretch: 1.0 }.score(&env, &env.initial()), 0.1);
}

#[test]
fn the_toy_dag_has_the_z_of_the_foundations() {
    let toy = Dag::small().swap_remove(0);
    assert_eq!(size(&toy), (11, 13));
    close(native_log_z(&toy, "given", &[]), 112f64.ln());
    assert_eq!(toy.n_actions(), 2, "no degree is above 2");
}

#[test]
fn trees_have_the_log_z_of_their_formulas() {
    for depth in [1, 4, 9] {
        let env = BinaryTree::from_config(binary_tree::Config { depth }).expect("in range");
        let leaves = f64::from(1u32 << depth);
        assert_eq!(size(&env), ((2 << depth) - 1, (2 << depth) - 2));
        close(native_log_z(&env, "index", &[]), (leaves * (leaves + 1.0) / 2.0).ln());
        close(native_log_z(&env, "uniform", &[]), leaves.ln());
    }
    let deepest = BinaryTree::from_config(binary_tree::Config { depth: 63 }).expect("in range");
    let text = "R".repeat(63);
    assert_eq!(deepest.parse(&text), Some(u64::MAX));
    assert_eq!(deepest.parse(&(text + "R")), None);
    assert_eq!(walk(deepest, &[0, 1, 1]), ["root", "L", "LR", "LRR"]);
}

fn subsets(n: usize, min_size: usize, max_size: usize) -> Subsets {
    Subsets::from_config(subsets::Config { n, min_size, max_size: Some(max_size) }).expect("in range")
}

/// Elementary symmetric polynomials of `e`, by the recurrence that multiplies out ∏ (1 + eᵢ t).
fn symmetric(e: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; e.len() + 1];
    sums[0] = 1.0;
    for x in e {
        for k in (1..sums.len()).rev() {
            sums[k] += x * sums[k - 1];
        }
    }
    sums
}

#[test]
fn subsets_have_the_log_z_of_symmetric_polynomials() {
    assert_eq!(size(&subsets(4, 2, 2)), (11, 16));
    close(native_log_z(&subsets(4, 2, 2), "additive", &[]), 36f64.ln());
    assert_eq!(size(&subsets(5, 1, 4)), (31, 75));
    let zeros = [("energies", Value::Reals(vec![0.0; 5]))];
    close(native_log_z(&subsets(5, 1, 4), "energies", &zeros), 30f64.ln());
    assert_eq!(size(&subsets(5, 0, 5)), (32, 80));

    let energies: Vec<f64> = vec![0.5, -1.0, 0.25, 2.0, -0.125];
    let factors: Vec<f64> = energies.iter().map(|e: &f64| (-e).exp()).collect();
    let set = [("energies", Value::Reals(energies))];
    let all: f64 = factors.iter().map(|x| x.ln_1p()).sum();
    close(native_log_z(&subsets(5, 0, 5), "energies", &set), all);
    for (min, max) in [(3, 3), (1, 4), (2, 5)] {
        let z: f64 = symmetric(&factors)[min..=max].iter().sum();
        close(native_log_z(&subsets(5, min, max), "energies", &set), z.ln());
    }
}

#[test]
fn default_energies_follow_the_seed_and_look_standard_normal() {
    let env = subsets(64, 0, 64);
    let energies = |seed| -> Vec<f64> {
        let config = subsets::EnergiesConfig { energies: None, seed };
        let reward = subsets::Energies::from_config(config, &env).expect("defaults fit");
        (0..64).map(|i| -reward.score(&env, &(1 << i))).collect()
    };
    assert_eq!(energies(3), energies(3));
    assert_ne!(energies(3), energies(4));
    // Fixed keys; over keys, each bound is 6 standard deviations, and fails with probability 2e-9 and 1.4e-8.
    let all: Vec<f64> = (0..16).flat_map(energies).collect();
    let n = all.len() as f64;
    assert!(all.iter().sum::<f64>().abs() < 6.0 * n.sqrt());
    assert!((all.iter().map(|e| e * e).sum::<f64>() - n).abs() < 6.0 * (2.0 * n).sqrt());
}

#[test]
fn the_largest_family_of_subsets_uses_every_bit() {
    let env = subsets(64, 64, 64);
    let text = (0..64).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(env.parse(&format!("{{{text}}}")), Some(u64::MAX));
    assert_eq!(walk(env, &[63, 0]), ["{}", "{63}", "{0,63}"]);
}

fn strings(alphabet: &str, min_len: usize, max_len: usize, growth: Growth) -> Strings {
    let config = strings::Config {
        alphabet: alphabet.into(),
        max_len,
        min_len: Some(min_len),
        growth,
        tokens: None,
        reversal: false,
    };
    Strings::from_config(config).expect("in range")
}

#[test]
fn strings_have_the_sizes_and_log_z_of_their_table() {
    let e = (-1f64).exp();
    let bits = strings("01", 5, 5, Growth::Append);
    assert_eq!(size(&bits), (63, 62));
    close(native_log_z(&bits, "hamming", &[]), (2.0 * (1.0 + 5.0 * e + 10.0 * e * e)).ln());
    // One mode: log Z = n ln(1 + 1/e).
    let one = [("modes", Value::Text("01101".into()))];
    close(native_log_z(&bits, "hamming", &one), 5.0 * (1.0 + e).ln());
    let up_to_5 = strings("01", 0, 5, Growth::Append);
    assert_eq!(size(&up_to_5), (63, 62));
    // After the first character each pair of neighbours is equal, and counts, or is not: 2(1 + e)^(L−1) at length L.
    close(native_log_z(&up_to_5, "motifs", &[]), (1.0 + 2.0 * ((1.0 + 1.0 / e).powi(5) - 1.0) * e).ln());
    let both_ends = strings("01", 4, 4, Growth::PrependAppend);
    assert_eq!(size(&both_ends), (31, 60));
    close(native_log_z(&both_ends, "hamming", &[]), (2.0 + 8.0 * e + 6.0 * e * e).ln());
    assert_eq!(size(&strings("ACGT", 8, 8, Growth::Append)), (87_381, 87_380));
    // Of the 16 strings of four bits, count "11" by hand: 1111 has 3; 0111, 1110 have 2; 0011, 0110, 1100, 1011, 1101
    // have 1; eight have none.
    let z = 3f64.exp() + 2.0 * 2f64.exp() + 5.0 * 1f64.exp() + 8.0;
    let motif = [("motifs", Value::Text("11".into()))];
    close(native_log_z(&strings("01", 4, 4, Growth::Append), "motifs", &motif), z.ln());
    close(native_log_z(&strings("01", 4, 4, Growth::PrependAppend), "motifs", &motif), z.ln());
}

#[test]
fn mirror_images_are_one_object() {
    let of = |alphabet: &str, n: usize| {
        let env = strings(alphabet, n, n, Growth::PrependAppend);
        let config = strings::Config {
            alphabet: alphabet.into(),
            max_len: n,
            min_len: None,
            growth: Growth::PrependAppend,
            tokens: None,
            reversal: true,
        };
        (env, Strings::from_config(config).expect("in range"))
    };
    // Of Aˡ strings, A^⌈l/2⌉ are their own mirror images: 1 + 2 + 3 + 6 + 10.
    assert_eq!(size(&of("01", 4).1), (22, 30));
    let (ordered, mirrored) = of("abc", 4);
    let objects = |env: &Strings| explore(env).states.iter().filter(|s| env.stop(s) == Stop::Must).count();
    assert_eq!((objects(&ordered), objects(&mirrored)), (81, (81 + 9) / 2));
    assert_eq!(walk(of("abc", 4).1, &[1, 3]), ["ε", "b", "ab"], "an appended a is turned round");
    assert_eq!(of("abc", 4).1.parse("ba"), None);
}

#[test]
fn tokens_are_letters_of_several_characters() {
    let tokens =
        ["C", "O", "N", "C-F", "C=O", "C=C", "C#C", "benzene", "cyclohexane", "pyrrolidine", "propane"];
    let config = |tokens: &[&str]| strings::Config {
        alphabet: String::new(),
        max_len: 5,
        min_len: None,
        growth: Growth::PrependAppend,
        tokens: Some(tokens.iter().map(|&t| t.to_owned()).collect()),
        reversal: false,
    };
    let env = Strings::from_config(config(&tokens)).expect("good tokens");
    assert_eq!(size(&env), (177_156, 354_310));
    assert_eq!(walk(env.clone(), &[7, 3, 11]), ["ε", "benzene", "benzene C-F", "C benzene C-F"]);
    assert_eq!(env.parse("C C-F"), env.parse("C C-F").filter(|s| s.chars() == [0, 3]));
    assert!(["C  C", "C ", "CO", "C,O", ""].iter().all(|text| env.parse(text).is_none()));
    let named = strings("@protein", 1, 2, Growth::Append);
    assert_eq!(named.n_actions(), 20);
    for bad in [&["C", "C"][..], &["a b"], &[""], &["ε"], &[]] {
        assert!(Strings::from_config(config(bad)).is_err(), "{bad:?}");
    }
}

#[test]
fn strings_grow_at_the_ends_that_they_say() {
    let env = strings("abc", 0, 64, Growth::PrependAppend);
    assert_eq!(walk(env.clone(), &[0, 4, 2, 3]), ["ε", "a", "ba", "bac", "abac"]);
    assert_eq!(env.describe(headwater_core::Action(2)), "append c");
    assert_eq!(env.describe(headwater_core::Action(4)), "prepend b");
    let longest = "abc".repeat(22)[..64].to_owned();
    let mut shown = String::new();
    env.show(&env.parse(&longest).expect("64 characters fit"), &mut shown);
    assert_eq!(shown, longest);
    for text in ["", "d", "a b", &(longest + "a")] {
        assert_eq!(env.parse(text), None, "{text:?}");
    }
}

#[test]
fn hamming_counts_what_only_one_string_has() {
    let env = strings("ab", 1, 4, Growth::Append);
    let config = strings::HammingConfig { modes: Some("abab, b".into()) };
    let reward = strings::Hamming::from_config(config, &env).expect("the modes are objects");
    let score = |text| reward.score(&env, &env.parse(text).expect("a string"));
    assert_eq!(["abab", "b", "ab", "bb", "abb"].map(score), [0.0, 0.0, -2.0, -1.0, -2.0]);
}

fn bits(n: usize, k: usize, growth: bits::Growth) -> Bits {
    Bits::from_config(bits::Config { n, k, growth }).expect("in range")
}

#[test]
fn bit_strings_have_the_sizes_and_log_z_of_their_table() {
    use bits::Growth::{Append, Fill, PrependAppend};
    for (growth, expected) in [(Append, (85, 84)), (PrependAppend, (85, 168)), (Fill, (125, 300))] {
        let env = bits(6, 2, growth);
        assert_eq!(size(&env), expected, "{growth:?}");
        let one = [("modes", Value::Text("011010".into()))];
        close(native_log_z(&env, "hamming", &one), 6.0 * (-1f64).exp().ln_1p());
        close(native_log_z(&env, "hamming-per-bit", &one), 6.0 * (-1f64 / 6.0).exp().ln_1p());
        let two = [("modes", Value::Text("00000000, 11111111".into()))];
        close(native_log_z(&bits(8, 2, growth), "hamming", &two), 3.105622);
    }
}

#[test]
fn spins_have_the_sizes_and_log_z_of_their_table() {
    let spins = |dim, side| Ising::from_config(ising::Config { dim, side }).expect("in range");
    assert_eq!(size(&spins(1, 4)), (81, 216));
    assert_eq!(size(&spins(2, 3)), (19_683, 118_098));
    for (sigma, expected) in [(0.1, 6.669745), (0.2, 8.456456)] {
        close(native_log_z(&spins(2, 3), "torus", &[("sigma", Value::Real(sigma))]), expected);
    }
    // Free spins in a field.
    let free = [("sigma", Value::Real(0.0)), ("field", Value::Real(0.5))];
    close(native_log_z(&spins(3, 2), "torus", &free), 8.0 * (2.0 * 0.5f64.cosh()).ln());
}

#[test]
fn texts_are_read_only_in_their_canonical_form() {
    fn refused<E: Environment>(env: &E, texts: &[&str]) {
        for text in texts {
            assert!(env.parse(text).is_none(), "{text:?}");
        }
    }
    refused(
        &grid(2, 8, Wall::Mask),
        &["", "1", "1,2,3", "01,2", "+1,2", "1, 2", "8,0", "-1,0", "1,999999999999"],
    );
    refused(&grid(2, 8, Wall::Terminate), &["7,7"]);
    refused(&subsets(5, 1, 3), &["", "{", "{}}", "1,2", "{2,1}", "{1,1}", "{01}", "{5}", "{0,1,2,3}", "{,}"]);
    refused(&Dag::small()[0], &["", "11", " 0"]);
    refused(&BinaryTree::small()[1], &["", "LRLRL", "lr", "LRL ", "root "]);
}

/// A state that is `Copy` owns no memory, so that stepping, copying and resetting lanes cannot allocate.
#[test]
fn states_are_inline() {
    use headwater_envs::{
        assignments, choice, clique, dominating_set, independent_set, knapsack, line, max_cut, permutations,
        phylo, scheduling, tetris, words,
    };
    fn inline<E: Environment>() -> usize
    where
        E::State: Copy,
    {
        size_of::<E::State>()
    }
    // Colourings are boxed; `graphs.rs` checks that copying them allocates nothing. Parts of composites are, too.
    for (size, expected) in [
        (inline::<assignments::Assignments>(), 64),
        (inline::<BinaryTree>(), 8),
        (inline::<Bits>(), 32),
        (inline::<choice::Choice>(), 4),
        (inline::<clique::Clique>(), 128),
        (inline::<Dag>(), 4),
        (inline::<dominating_set::DominatingSet>(), 128),
        (inline::<Hypergrid>(), 16),
        (inline::<independent_set::IndependentSet>(), 128),
        (inline::<Ising>(), 32),
        (inline::<knapsack::Knapsack>(), 8),
        (inline::<line::Line>(), 8),
        (inline::<max_cut::MaxCut>(), 128),
        (inline::<permutations::Permutations>(), 63),
        (inline::<phylo::Phylo>(), 272),
        (inline::<scheduling::Scheduling>(), 72),
        (inline::<Strings>(), 65),
        (inline::<Subsets>(), 8),
        (inline::<tetris::Tetris>(), 220),
        (inline::<words::Words>(), 4),
    ] {
        assert_eq!(size, expected);
    }
    assert!(NoSettings::FIELDS.is_empty());
}
