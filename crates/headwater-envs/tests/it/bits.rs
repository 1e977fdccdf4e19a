//! Bit strings: where words go, what the modes are, and log Z where nobody can enumerate.

use headwater_core::settings::Value;
use headwater_core::{Action, Environment, Key, Reward};
use headwater_envs::bits::{Bits, Config, Draft, Growth, Hamming, HammingPerBit, Modes, ModesConfig};
use headwater_envs::{NativeReward, Registered};

use crate::explore::{native_log_z, walk};

fn bits(n: usize, k: usize, growth: Growth) -> Bits {
    Bits::from_config(Config { n, k, growth }).expect("in range")
}

/// The modes as they are read.
fn modes(config: &ModesConfig, env: &Bits) -> Vec<u128> {
    let number = |s: &Draft| {
        let mut text = String::new();
        env.show(s, &mut text);
        u128::from_str_radix(&text, 2).expect("a mode has all its bits")
    };
    Modes::new(config, env).expect("modes are drawn").as_slice().iter().map(number).collect()
}

fn drawn(n_modes: usize, seed: u64) -> ModesConfig {
    ModesConfig { modes: None, n_modes, seed }
}

#[test]
fn words_go_where_the_edges_say() {
    let append = bits(6, 2, Growth::Append);
    assert_eq!(walk(append, &[1, 2, 0]), ["......", "01....", "0110..", "011000"]);
    assert_eq!([1, 2].map(|a| append.describe(Action(a))), ["append 01", "append 10"]);
    let both = bits(6, 2, Growth::PrependAppend);
    assert_eq!(walk(both, &[5, 2, 7]), ["......", "01....", "0110..", "110110"]);
    assert_eq!([3, 7].map(|a| both.describe(Action(a))), ["append 11", "prepend 11"]);
    let fill = bits(6, 2, Growth::Fill);
    assert_eq!(walk(fill, &[6, 9, 3]), ["......", "..10..", "..1001", "111001"]);
    assert_eq!(fill.describe(Action(6)), "write 10 into slot 1");
    // Only slots in any order leave gaps, and a word is there or not.
    assert!(fill.parse("..10..").is_some() && fill.parse("..10.1").is_none());
    assert!([append, both].iter().all(|env| env.parse("..10..").is_none() && env.parse("10....").is_some()));

    // All 128 bits are used, and the word that moves up to the last slot is not lost.
    let longest = bits(128, 8, Growth::PrependAppend);
    let labels = [0x1FE].into_iter().chain([0x1AA; 15]).collect::<Vec<_>>();
    let text = "10101010".repeat(15) + "11111110";
    assert_eq!(walk(longest, &labels)[16], text);
    assert!(longest.parse(&text).is_some());
}

#[test]
fn log_z_is_a_sum_over_all_strings() {
    for (n, seed) in [(16, 0), (16, 7), (13, 1)] {
        let k = if n == 16 { 8 } else { 1 };
        let config = drawn(3, seed);
        let modes = modes(&config, &bits(n, k, Growth::Append));
        let distance = |x: u128| {
            let differ = |m: &u128| (m ^ x).count_ones();
            modes.iter().map(differ).min().expect("there are modes")
        };
        let distances: Vec<f64> = (0..1 << n).map(|x| f64::from(distance(x))).collect();
        let set = [("n_modes", Value::Int(3)), ("seed", Value::Int(seed as i64))];
        for (reward, unit) in [("hamming", 1.0), ("hamming-per-bit", n as f64)] {
            let expected: f64 = distances.iter().map(|d| (-d / unit).exp()).sum::<f64>().ln();
            let growth = if k == 8 { Growth::Fill } else { Growth::Append };
            let found = native_log_z(&bits(n, k, growth), reward, &set);
            assert!((found - expected).abs() < 1e-12, "{reward} on {n} bits: {found} instead of {expected}");
        }
    }
}

#[test]
fn modes_are_drawn_from_five_blocks() {
    let env = bits(120, 8, Growth::Fill);
    let of_seed = |seed| modes(&drawn(60, seed), &env);
    let all: Vec<u128> = (0..20).flat_map(of_seed).collect();
    let mut counts = [0f64; 5];
    for block in all.iter().flat_map(|m| (0..15).map(move |b| m >> (8 * b) & 0xFF)) {
        let which = [0x00, 0xFF, 0xF0, 0x0F, 0x3C].iter().position(|&h| h == block);
        counts[which.expect("a block of the paper")] += 1.0;
    }
    // χ² on 4 degrees of freedom is above 33 with probability 1.2e-6 over sets of seeds.
    let expected = (20 * 60 * 15 / 5) as f64;
    assert!(counts.iter().map(|c| (c - expected).powi(2) / expected).sum::<f64>() < 33.0, "{counts:?}");
    assert_eq!(of_seed(3), of_seed(3));
    assert_ne!(of_seed(3), of_seed(4));
    // A mode is the same string, whatever its words.
    assert_eq!(of_seed(3), modes(&drawn(60, 3), &bits(120, 3, Growth::Append)));
    // Blocks are cut off at the right.
    let mut short = modes(&drawn(1000, 0), &bits(5, 1, Growth::Append));
    short.sort_unstable();
    short.dedup();
    assert_eq!(short, [0b00000, 0b00001, 0b00111, 0b11110, 0b11111]);
}

/// Σₓ min(qᵃ, qᵇ) over all strings, a and b being the distances to two modes that are `apart` of each other.
fn overlap(n: usize, apart: u32, q: f64) -> f64 {
    let mut choose = 1.0;
    let mut sum = 0.0;
    for j in 0..=apart {
        sum += choose * q.powf(f64::from(j.max(apart - j)));
        choose *= f64::from(apart - j) / f64::from(j + 1);
    }
    sum * (1.0 + q).powf(n as f64 - f64::from(apart))
}

/// 2¹²⁰ strings are not enumerated. The largest term of a sum is at most the sum, and at least the sum less the smaller
/// term of every pair: with R = max over modes of exp(−βd), that brackets Z.
#[test]
fn the_benchmark_of_120_bits_has_its_log_z() {
    let env = bits(120, 8, Growth::Fill);
    let modes = modes(&drawn(60, 0), &env);
    for (beta, expected) in [(2.0, 19.325706), (3.0, 9.924827)] {
        let q = f64::exp(-beta);
        let all = modes.len() as f64 * (1.0 + q).powi(120);
        let mut twice = 0.0;
        for (i, a) in modes.iter().enumerate() {
            for b in &modes[..i] {
                let apart = (a ^ b).count_ones();
                assert!(apart >= 24, "{a:b} and {b:b}");
                twice += overlap(120, apart, q);
            }
        }
        let (least, most) = ((all - twice).ln(), all.ln());
        assert!(most - least < 1e-6, "log Z at β = {beta} is from {least} to {most}");
        assert!((most - expected).abs() < 6e-7, "{most} instead of {expected}");
    }
    // Up to half of 24 bits from a mode, that mode is the nearest one.
    let raw = Hamming::from_config(drawn(60, 0), &env).expect("modes are drawn");
    let per_bit = HammingPerBit::from_config(drawn(60, 0), &env).expect("modes are drawn");
    for (m, mode) in modes.iter().enumerate() {
        let mut x = *mode;
        for j in 0..12u32 {
            let s = env.parse(&format!("{x:0120b}")).expect("a string of 120 bits");
            let d = f64::from((x ^ mode).count_ones());
            assert_eq!((raw.score(&env, &s), per_bit.score(&env, &s)), (-d, -d / 120.0));
            x ^= 1 << Key::new(m as u64).fold(u64::from(j)).below(120);
        }
    }
}
