//! Detailed balance of the kernels, checked entry by entry.

use crate::gibbs::log_weight;
use crate::leg::{Law, Leg, accepts, log_alpha};

use super::space::Space;

/// A square matrix, row by row.
pub struct Kernel {
    pub n: usize,
    pub p: Vec<f64>,
}

impl Kernel {
    pub fn new(n: usize) -> Self {
        Self { n, p: vec![0.0; n * n] }
    }

    pub fn row(&self, x: usize) -> &[f64] {
        &self.p[x * self.n..(x + 1) * self.n]
    }

    /// What is missing from a row stays where it is.
    pub fn rest(mut self) -> Self {
        for x in 0..self.n {
            let moved: f64 = self.row(x).iter().sum();
            self.p[x * self.n + x] += 1.0 - moved;
        }
        self
    }

    /// Every object can be reached from every other in one step, and some step stays.
    pub fn is_ergodic(&self) -> bool {
        let entry = |x: usize, y: usize| self.row(x)[y];
        let n = self.n;
        (0..n).all(|x| (0..n).all(|y| x == y || entry(x, y) > 0.0)) && (0..n).any(|x| entry(x, x) > 0.0)
    }

    /// The largest |π(x) K(x, y) − π(y) K(y, x)|.
    pub fn imbalance(&self, target: &[f64]) -> f64 {
        let pair = |x: usize, y: usize| target[x] * self.row(x)[y] - target[y] * self.row(y)[x];
        (0..self.n).flat_map(|x| (0..x).map(move |y| pair(x, y).abs())).fold(0.0, f64::max)
    }
}

/// What a chain takes for the log of how much more probable the reverse of a move is.
type Correction = fn(&Law, &Leg, &Leg, bool) -> f64;

/// The kernel of a Metropolis–Hastings move, and Σ over its proposals per object.
pub fn metropolis(
    space: &Space,
    legs: &[Vec<(usize, Leg)>],
    law: &Law,
    beta: f64,
    correction: Correction,
) -> (Kernel, Vec<f64>) {
    let log_reward = space.log_reward();
    let source = space.exact.graph().source();
    let mut kernel = Kernel::new(log_reward.len());
    let mut mass = vec![0.0; log_reward.len()];
    for (s, legs) in legs.iter().enumerate() {
        for (x, a) in legs {
            for (y, b) in legs {
                let p = law.log_path(a, b, s == source).exp();
                let log_reverse = correction(law, a, b, s == source);
                mass[*x] += p;
                if x != y && p > 0.0 {
                    let alpha = log_alpha(log_reward[*x], log_reward[*y], beta, log_reverse).exp();
                    kernel.p[x * kernel.n + y] += p * alpha;
                }
            }
        }
    }
    (kernel.rest(), mass)
}

fn laws(space: &Space) -> [Law; 3] {
    [0.2, 1.0, 6.0].map(|mean| Law::new(mean, space.sim.spec().max_len))
}

#[test]
fn the_move_is_in_detailed_balance_with_the_target() {
    let mut seen = std::collections::BTreeMap::new();
    for space in Space::all() {
        let Some(legs) = space.all_legs() else { continue };
        *seen.entry(space.name).or_insert(0) += 1;
        for law in laws(&space) {
            let (kernel, mass) = metropolis(&space, &legs, &law, 1.0, Law::log_reverse);
            for m in mass {
                assert!((m - 1.0).abs() < 1e-12, "{}: proposals sum to {m}", space.name);
            }
            let imbalance = kernel.imbalance(&space.target());
            assert!(imbalance < 1e-12, "{}: {imbalance}", space.name);
            assert!(kernel.is_ergodic(), "{}: an object cannot be reached, or only in time", space.name);
        }
    }
    let names: Vec<_> = headwater_envs::registry().iter().map(|e| e.entry.name).collect();
    assert_eq!(
        seen.keys().copied().collect::<Vec<_>>(),
        names,
        "every environment has a space that is small enough"
    );
    assert!(seen.values().sum::<i32>() >= 20, "{seen:?}");
}

#[test]
fn tempered_moves_are_in_detailed_balance_with_powers_of_the_reward() {
    for space in Space::all() {
        let Some(legs) = space.all_legs() else { continue };
        let law = Law::new(1.0, space.sim.spec().max_len);
        let (kernel, _) = metropolis(&space, &legs, &law, 0.3, Law::log_reverse);
        let powers: Vec<f64> = space.target().iter().map(|p| p.powf(0.3)).collect();
        let sum: f64 = powers.iter().sum();
        let target: Vec<f64> = powers.iter().map(|p| p / sum).collect();
        assert!(kernel.imbalance(&target) < 1e-12, "{}", space.name);
    }
}

#[test]
fn a_move_without_one_of_its_corrections_is_noticed() {
    let mutants: [(&str, Correction); 6] = [
        ("numbers of edges", |_, a, b, _| a.log_forth + b.log_back - a.log_back - b.log_forth),
        ("choices", |law, a, b, source| {
            let plain = |l: &Leg| Leg { log_back: 0.0, log_forth: 0.0, ..*l };
            law.log_reverse(&plain(a), &plain(b), source)
        }),
        ("choices of the way back", |law, a, b, source| {
            let plain = |l: &Leg| Leg { log_back: 0.0, ..*l };
            law.log_reverse(&plain(a), &plain(b), source)
        }),
        ("ways that the source cuts short", |law, a, b, _| law.log_reverse(a, b, false)),
        ("objects on the way", |law, a, b, source| {
            let plain = |l: &Leg| Leg { open: l.open.min(1), ..*l };
            law.log_reverse(&plain(a), &plain(b), source)
        }),
        ("completeness", |law, a, b, source| {
            let plain = |l: &Leg| Leg { complete: false, ..*l };
            law.log_reverse(&plain(a), &plain(b), source)
        }),
    ];
    for (name, mutant) in mutants {
        let noticed = Space::all().iter().any(|space| {
            let Some(legs) = space.all_legs() else { return false };
            let law = Law::new(1.0, space.sim.spec().max_len);
            let (kernel, _) = metropolis(space, &legs, &law, 1.0, mutant);
            kernel.imbalance(&space.target()) > 1e-6
        });
        assert!(noticed, "a move without {name} passes");
    }
}

#[test]
fn a_chain_without_reward_goes_anywhere_and_never_back() {
    let none = f64::NEG_INFINITY;
    assert!(accepts(none, none, 1.0, -50.0, 0.999));
    assert!(accepts(none, 0.0, 1.0, -50.0, 0.999));
    assert!(!accepts(0.0, none, 1.0, 50.0, 0.0));
    assert!(accepts(0.0, 0.0, 1.0, 0.0, 0.999_999));
    assert!(accepts(0.0, -1.0, 0.0, 0.0, 0.999_999), "at infinite temperature rewards do not matter");
    assert!(!accepts(0.0, none, 0.0, 0.0, 0.0), "but zero does");
}

/// The kernel of a heat bath whose candidates have the weights that `log_weight` makes of log R and the number of parents.
pub fn bath(space: &Space, log_weight: fn(f64, u32) -> f64) -> Kernel {
    let g = space.exact.graph();
    let parents = |s: usize| g.entering(s).len();
    let weight = |s: usize| {
        let log_reward = if g.is_object(s) { space.exact.log_reward()[s] } else { f64::NEG_INFINITY };
        log_weight(log_reward, parents(s) as u32).exp()
    };
    let mut kernel = Kernel::new(space.objects.len());
    for (x, &object) in space.objects.iter().enumerate() {
        for &e in g.entering(object) {
            let siblings = g.out(g.from(e as usize)).map(|e| g.to(e));
            let sum: f64 = siblings.clone().map(weight).sum();
            for y in siblings.filter(|&y| g.is_object(y)) {
                kernel.p[x * kernel.n + space.index(y)] += weight(y) / sum / parents(object) as f64;
            }
        }
    }
    kernel.rest()
}

#[test]
fn the_heat_bath_is_in_detailed_balance_with_the_target() {
    for space in Space::all() {
        let kernel = bath(&space, log_weight);
        let imbalance = kernel.imbalance(&space.target());
        assert!(imbalance < 1e-12, "{}: {imbalance}", space.name);
        for (x, &s) in space.objects.iter().enumerate() {
            assert!(kernel.row(x).iter().all(|&p| p > -1e-12));
            assert!(s != space.exact.graph().source() || kernel.row(x)[x] == 1.0, "the source stays");
        }
    }
}

#[test]
fn a_heat_bath_with_other_weights_is_noticed() {
    let mutants: [fn(f64, u32) -> f64; 3] =
        [|r, _| r, |_, n| -f64::from(n).ln(), |r, n| r + f64::from(n).ln()];
    for mutant in mutants {
        let imbalance = |space: &Space| bath(space, mutant).imbalance(&space.target());
        assert!(Space::all().iter().any(|space| imbalance(space) > 1e-6));
    }
}
