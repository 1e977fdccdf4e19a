//! Walks are drawn as the arithmetic of their legs says.

use headwater_core::Key;

use crate::Arena;
use crate::chains::Chains;
use crate::gibbs::{Bath, log_weight};
use crate::leg::{Law, Leg};

use super::balance::{bath, metropolis};
use super::space::Space;

/// How many standard deviations a χ² of `counts` against `p` is above its mean, by the cube root of Wilson and Hilferty.
/// Cells that expect fewer than eight are one; if that expects fewer too, another takes it in, since the χ² of a cell of
/// which nothing is expected has a long tail.
pub fn chi_squared(counts: &[u64], p: &[f64]) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    let of = |(&count, &p): (&u64, &f64)| {
        assert!(p > 0.0 || count == 0, "what is impossible happened {count} times");
        (count as f64, n * p)
    };
    let (mut cells, few): (Vec<_>, Vec<_>) = counts.iter().zip(p).map(of).partition(|&(_, due)| due >= 8.0);
    let rest = few.iter().fold((0.0, 0.0), |rest, cell| (rest.0 + cell.0, rest.1 + cell.1));
    match cells.last_mut() {
        Some(last) if rest.1 < 8.0 => *last = (last.0 + rest.0, last.1 + rest.1),
        _ => cells.push(rest),
    }
    if cells.len() < 2 {
        return 0.0;
    }
    let free = (cells.len() - 1) as f64;
    let sum: f64 = cells.iter().map(|(seen, due)| (seen - due).powi(2) / due).sum();
    let v = 2.0 / (9.0 * free);
    ((sum / free).cbrt() - 1.0 + v) / v.sqrt()
}

/// Many chains at object `x`.
fn chains_at(space: &Space, x: usize) -> (Arena, Chains) {
    let mut arena = space.arena(Key::new(1));
    let mut chains = Chains::new(space.sim.spec(), 1 << 14, STEPS);
    chains.advance(&mut arena, Key::new(2), |_| 1.0).unwrap();
    for &lane in &chains.lanes {
        space.put(&mut *arena.sim, lane, x);
    }
    chains.log_reward.fill(space.log_reward()[x]);
    (arena, chains)
}

/// Is where chains from object `x` are now what the row of a kernel says? A row fails by chance once in 10⁹ times.
fn assert_row(space: &Space, x: usize, arena: &Arena, chains: &Chains, row: &[f64]) {
    let mut counts = vec![0; row.len()];
    let log_reward = space.log_reward();
    for (&lane, &r) in chains.lanes.iter().zip(&chains.log_reward) {
        let y = space.at(&*arena.sim, lane);
        assert!((r - log_reward[y]).abs() < 1e-12, "{}: log R goes with the object", space.name);
        counts[y] += 1;
    }
    let z = chi_squared(&counts, row);
    assert!(z < 6.0, "{}: from object {x} {z:.1} deviations", space.name);
}

const STEPS: f64 = 1.5;

#[test]
fn one_move_has_the_distribution_that_the_kernel_says() {
    for space in Space::all() {
        let Some(legs) = space.all_legs() else { continue };
        let law = Law::new(STEPS, space.sim.spec().max_len);
        let (kernel, _) = metropolis(&space, &legs, &law, 1.0, Law::log_reverse);
        let n = space.objects.len();
        for x in [0, n / 2, n - 1] {
            let (mut arena, mut chains) = chains_at(&space, x);
            chains.advance(&mut arena, Key::new(3).fold(x as u64), |_| 1.0).unwrap();
            assert_row(&space, x, &arena, &chains, kernel.row(x));
        }
    }
}

#[test]
fn one_heat_bath_has_the_distribution_that_the_kernel_says() {
    for space in Space::all().into_iter().filter(|s| s.objects.len() < 300) {
        let kernel = bath(&space, log_weight);
        let n = space.objects.len();
        for x in [0, n / 2, n - 1] {
            let (mut arena, mut chains) = chains_at(&space, x);
            let mut baths = Bath::new(space.sim.spec());
            baths.step(&mut arena, &mut chains, Key::new(4).fold(x as u64)).unwrap();
            assert_row(&space, x, &arena, &chains, kernel.row(x));
        }
    }
}

#[test]
fn a_leg_is_the_same_from_either_end() {
    // From the turn: an unfinished state, an object, an unfinished state, and the object at the end.
    let edges = [(-0.1, -1.0, false), (-0.2, -2.0, true), (-0.3, -3.0, false)];
    let mut forth = Leg::new(true);
    edges.iter().for_each(|&(back, forward, object)| forth.extend_forth(back, forward, object));
    let mut back = Leg::new(true);
    edges.iter().rev().for_each(|&(b, f, object)| back.extend_back(b, f, object));
    assert_eq!((forth.edges, forth.open), (3, 2));
    assert_eq!((back.edges, back.open), (3, 2));
    assert!(
        (forth.log_back - back.log_back).abs() < 1e-12 && (forth.log_forth - back.log_forth).abs() < 1e-12
    );
    let mut none = Leg::new(false);
    (0..4).for_each(|_| none.extend_back(0.0, 0.0, false));
    assert_eq!(none.open, 5);
}

/// Fails by chance once in 10⁹ times per law.
#[test]
fn numbers_of_edges_have_their_law() {
    for (mean, most, least) in [(0.5, 6, 0), (2.0, 3, 1), (30.0, 9, 0), (1.0, 1, 1), (1.0, 0, 0)] {
        let law = Law::new(mean, most);
        let mut counts = vec![0; most + 1];
        (0..20_000).for_each(|i| counts[law.draw(least, Key::new(5).fold(i)) as usize] += 1);
        let ratio: f64 = mean / (1.0 + mean);
        let weight = |k: usize| if k < least as usize { 0.0 } else { ratio.powi(k as i32) };
        let sum: f64 = (0..=most).map(weight).sum();
        let p: Vec<f64> = (0..=most).map(|k| weight(k) / sum).collect();
        assert!(chi_squared(&counts, &p) < 6.0, "{counts:?} {p:?}");
    }
}
