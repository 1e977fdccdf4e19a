//! Knapsacks, permutations and assignments: their sizes, and log Z by other means.

use headwater_core::settings::{File, Value, defaults};
use headwater_core::{Environment, Settings, Stop};
use headwater_envs::Registered;
use headwater_envs::assignments::{self, Assignments};
use headwater_envs::knapsack::{self, Knapsack};
use headwater_envs::permutations::{self, Growth, Permutations};

use crate::explore::{explore, native_log_z, walk};

#[track_caller]
fn close(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9, "{value} instead of {expected}");
}

fn size<E: Environment>(env: &E) -> (usize, usize) {
    let g = explore(env);
    assert_eq!(g.depth.iter().max(), Some(&env.max_len()));
    (g.states.len(), g.n_edges)
}

fn knapsack(weights: &[f64], capacity: f64, maximal: bool) -> Knapsack {
    let config = knapsack::Config::read(&defaults(knapsack::Config::FIELDS).expect("defaults"));
    let (weights, capacity) = (Some(weights.to_vec()), Some(capacity));
    Knapsack::from_config(knapsack::Config { weights, capacity, maximal, ..config }).expect("good settings")
}

fn permutations(n: usize, growth: Growth) -> Permutations {
    Permutations::from_config(permutations::Config { n, growth }).expect("in range")
}

fn assignments(agents: usize, posts: usize, maximal: bool) -> Assignments {
    let config = assignments::Config { agents, posts, capacity: 1, forbidden: None, maximal };
    Assignments::from_config(config).expect("in range")
}

#[test]
fn knapsacks_have_the_sizes_and_log_z_of_their_table() {
    let nothing = |n| [("values", Value::Reals(vec![0.0; n]))];
    for (maximal, objects) in [(false, 5.0f64), (true, 2.0)] {
        let env = knapsack(&[1.0, 2.0, 3.0], 3.0, maximal);
        assert_eq!(size(&env), (5, 5));
        close(native_log_z(&env, "value", &nothing(3)), objects.ln());
    }
    let values: [f64; 4] = [0.3, -1.0, 2.0, 0.5];
    let all =
        native_log_z(&knapsack(&[1.0; 4], 4.0, false), "value", &[("values", Value::Reals(values.to_vec()))]);
    close(all, values.iter().map(|v| (1.0 + v.exp()).ln()).sum());
    // Ways to carry each weight, item by item.
    let weights = [3, 5, 2, 7, 4, 4, 9, 1, 6, 5usize];
    let mut ways = [0.0; 21];
    ways[0] = 1.0;
    for w in weights {
        (w..=20).rev().for_each(|c| ways[c] += ways[c - w]);
    }
    let env = knapsack(&weights.map(|w| w as f64), 20.0, false);
    close(native_log_z(&env, "value", &nothing(10)), ways.iter().sum::<f64>().ln());
}

#[test]
fn weights_that_fill_a_knapsack_to_the_last_bit_fit() {
    // 0.1 + 0.2 is more than 0.3 by rounding, and the capacity is what the sum is.
    let env = knapsack(&[0.1, 0.2, 5.0], 0.1 + 0.2, true);
    assert_eq!(walk(env, &[0, 1])[2], "{0,1}");
    assert_eq!(knapsack(&[0.1, 0.2], 0.3, true).max_len(), 1);
}

#[test]
fn permutations_have_the_sizes_and_log_z_of_their_table() {
    assert_eq!(size(&permutations(4, Growth::Append)), (65, 64));
    assert_eq!(size(&permutations(4, Growth::Fill)), (209, 544));
    let mallows =
        |n: usize| (1..=n).map(|j| ((1.0 - (-(j as f64)).exp()) / (1.0 - (-1f64).exp())).ln()).sum::<f64>();
    for (n, growth) in [(5, Growth::Append), (4, Growth::Fill)] {
        let env = permutations(n, growth);
        close(native_log_z(&env, "mallows", &[]), mallows(n));
        let reversed: Vec<String> = (0..n).rev().map(|i| i.to_string()).collect();
        let reference = [("reference", Value::Text(reversed.join(" ")))];
        close(native_log_z(&env, "mallows", &reference), mallows(n));
    }
    let costs = "0,1,2\n3,4,5\n6,7,9";
    let costs = [("costs", Value::File(File::new("c.csv", costs)))];
    // By hand: 0+4+9, 0+5+7, 1+3+9, 1+5+6, 2+3+7, 2+4+6.
    let permanent: f64 = [13f64, 12.0, 13.0, 12.0, 12.0, 12.0].iter().map(|c| (-c).exp()).sum();
    close(native_log_z(&permutations(3, Growth::Append), "costs", &costs), permanent.ln());
    // The two tours, 0 1 2 and 0 2 1, from each of three starts: 1+5+6, 2+7+3.
    let tours = 3.0 * 2.0 * (-12f64).exp();
    close(native_log_z(&permutations(3, Growth::Fill), "tour", &costs), tours.ln());
}

#[test]
fn permutations_are_read_as_they_are_written() {
    let env = permutations(3, Growth::Fill);
    assert_eq!(walk(env, &[5, 1]), [". . .", ". 2 .", "1 2 ."]);
    for text in ["", "0 1", "0 1 2 3", "0 0 1", "3 1 2", "0  1 2", "00 1 2", "+1 0 2"] {
        assert_eq!(env.parse(text), None, "{text}");
    }
    assert_eq!(permutations(3, Growth::Append).parse(". 2 ."), None);
    let largest = permutations(63, Growth::Append);
    assert_eq!(walk(largest, &[62, 0])[2].split(' ').next(), Some("62"));
}

#[test]
fn assignments_have_the_sizes_and_log_z_of_their_table() {
    let gains = |rows: &str| [("gains", Value::File(File::new("g.csv", rows)))];
    let nothing = gains("0,0,0\n0,0,0\n0,0,0\n");
    assert_eq!(size(&assignments(3, 3, true)), (34, 63));
    close(native_log_z(&assignments(3, 3, true), "gains", &nothing), 6f64.ln());
    close(native_log_z(&assignments(3, 3, false), "gains", &nothing), 34f64.ln());
    assert_eq!(size(&assignments(2, 1, true)), (3, 2));
    close(native_log_z(&assignments(2, 1, true), "gains", &gains("0\n0")), 2f64.ln());
    // Ways to put four agents on two posts for two each, less those with 0 at 1: 0 at 0 with one of three others.
    let config = assignments::Config {
        agents: 4,
        posts: 2,
        capacity: 2,
        forbidden: Some(vec!["0:1".into()]),
        maximal: true,
    };
    let env = Assignments::from_config(config).expect("good settings");
    let objects = explore(&env).states.iter().filter(|s| env.stop(s) == Stop::Must).count();
    // Also 0 without a post, where post 0 has two others and post 1 the third: three ways.
    assert_eq!((objects, env.max_len()), (3 + 3, 4));
}

#[test]
fn sets_of_energies_are_elementary_symmetric_polynomials() {
    use headwater_envs::subsets::{Config, Subsets};
    let energies: [f64; 6] = [0.3, -0.7, 1.1, 0.0, 0.25, -1.5];
    let env = Subsets::from_config(Config { n: 6, min_size: 3, max_size: Some(3) }).expect("in range");
    let mut e = [1.0, 0.0, 0.0, 0.0];
    for energy in energies {
        (1..4).rev().for_each(|k| e[k] += e[k - 1] * f64::exp(-energy));
    }
    close(native_log_z(&env, "energies", &[("energies", Value::Reals(energies.to_vec()))]), f64::ln(e[3]));
}

#[test]
fn boxes_of_pieces_have_the_sizes_of_their_table() {
    use headwater_envs::tetris::{Config, Tetris};
    let tetris = |width, height, pieces: &str| {
        Tetris::from_config(Config { width, height, pieces: pieces.into(), maximal: true }).expect("in range")
    };
    // As counted by another program that keeps sets of cells.
    assert_eq!(size(&tetris(4, 4, "IO")), (78, 129));
    assert_eq!(size(&tetris(3, 4, "JLT")), (127, 126));
    assert_eq!(size(&tetris(4, 4, "OZ")), (63, 77));
    let env = tetris(10, 20, "IJLOSTZ");
    // Seventeen ways for I, S and Z, nine for O, thirty-four for J, L and T.
    assert_eq!(env.n_actions(), 3 * 17 + 9 + 3 * 34);
    assert_eq!(env.initial(), env.parse("-").expect("the empty box"));
    // A piece that hangs on its arm: nothing falls into the hole below it.
    let env = tetris(3, 8, "LO");
    let texts = ["O@0 L2@0", "O@1 L2@1"].map(|text| env.parse(text).map(|s| shown(&env, &s)));
    assert_eq!(texts, [Some("O@0 L2@0".to_owned()), Some("O@1 L2@1".to_owned())]);
    assert_eq!(env.parse("L2@0 X@1"), None);
}

fn shown<E: Environment>(env: &E, s: &E::State) -> String {
    let mut text = String::new();
    env.show(s, &mut text);
    text
}
