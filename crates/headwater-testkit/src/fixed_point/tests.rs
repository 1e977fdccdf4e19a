use headwater_core::settings::{Value, Values};
use headwater_core::{
    Action, EncodedRow, Encoding, Environment, Grads, Key, Lanes, LossReport, MaskRow, Needs, Objective,
    Regression, Scored, Stop,
};
use headwater_exact::{Graph, enumerate};
use headwater_objectives::{find, registry};

use super::{check, check_objective};

/// A small graph: subsets, cells of a grid or words, told apart by how an item enters and when one may stop.
#[derive(Clone, Debug)]
enum Toy {
    /// Subsets of `0..n` with at most `k` items; may stop from `min` on.
    Subsets { n: u8, k: usize, min: usize },
    /// Cells of a plane with this side; may stop everywhere, must in the last corner.
    Grid { side: u8 },
    /// Words over two letters that grow at both ends up to a length; must stop there, or may everywhere.
    Words { len: usize, early: bool },
}

impl Toy {
    fn grow(&self, s: &mut Vec<u8>, a: u8) {
        match self {
            Toy::Subsets { .. } => {
                s.push(a);
                s.sort_unstable();
            }
            Toy::Grid { .. } => s[usize::from(a)] += 1,
            Toy::Words { .. } if a < 2 => s.push(a),
            Toy::Words { .. } => s.insert(0, a - 2),
        }
    }
}

impl Environment for Toy {
    type State = Vec<u8>;

    fn initial(&self) -> Vec<u8> {
        if let Toy::Grid { .. } = self { vec![0; 2] } else { Vec::new() }
    }
    fn n_actions(&self) -> usize {
        match self {
            Toy::Subsets { n, .. } => usize::from(*n),
            Toy::Grid { .. } => 2,
            Toy::Words { .. } => 4,
        }
    }
    fn max_len(&self) -> usize {
        match self {
            Toy::Subsets { k, .. } => *k,
            Toy::Grid { side } => 2 * (usize::from(*side) - 1),
            Toy::Words { len, .. } => *len,
        }
    }
    fn stop(&self, s: &Vec<u8>) -> Stop {
        let (done, may) = match self {
            Toy::Subsets { k, min, .. } => (s.len() == *k, s.len() >= *min),
            Toy::Grid { side } => (s.iter().all(|x| x + 1 == *side), true),
            Toy::Words { len, early } => (s.len() == *len, *early),
        };
        if done {
            Stop::Must
        } else if may {
            Stop::May
        } else {
            Stop::Never
        }
    }
    fn forward_mask(&self, s: &Vec<u8>, mask: &mut MaskRow<'_>) {
        for a in (0..self.n_actions()).filter(|_| self.stop(s) != Stop::Must) {
            let free = match self {
                Toy::Subsets { .. } => !s.contains(&(a as u8)),
                Toy::Grid { side } => s[a] + 1 < *side,
                Toy::Words { .. } => !s.is_empty() || a < 2,
            };
            if free {
                mask.set(a);
            }
        }
    }
    fn backward_mask(&self, s: &Vec<u8>, mask: &mut MaskRow<'_>) {
        match self {
            Toy::Subsets { .. } => s.iter().for_each(|&a| mask.set(usize::from(a))),
            Toy::Grid { .. } => (0..2).filter(|&a| s[a] > 0).for_each(|a| mask.set(a)),
            Toy::Words { .. } => {
                s.last().iter().for_each(|&&a| mask.set(usize::from(a)));
                s.first().iter().filter(|_| s.len() > 1).for_each(|&&a| mask.set(usize::from(a) + 2));
            }
        }
    }
    fn step(&self, s: &mut Vec<u8>, a: Action) {
        self.grow(s, a.0 as u8);
    }
    fn unstep(&self, s: &mut Vec<u8>, a: Action) {
        match self {
            Toy::Subsets { .. } => s.retain(|&x| u32::from(x) != a.0),
            Toy::Grid { .. } => s[a.index()] -= 1,
            Toy::Words { .. } => drop(s.remove(if a.0 < 2 { s.len() - 1 } else { 0 })),
        }
    }
    fn encoding(&self) -> Encoding {
        Encoding::dense(1)
    }
    fn encode(&self, s: &Vec<u8>, row: EncodedRow<'_>) {
        row.reals[0] = s.iter().fold(1.0, |code, &x| code * 8.0 + f32::from(x));
    }
    fn show(&self, s: &Vec<u8>, out: &mut String) {
        s.iter().for_each(|&x| out.push(char::from(b'0' + x)));
    }
    fn parse(&self, text: &str) -> Option<Vec<u8>> {
        text.bytes().map(|c| c.checked_sub(b'0')).collect()
    }
    fn small() -> Vec<Self> {
        vec![
            Toy::Subsets { n: 5, k: 3, min: 1 },
            Toy::Subsets { n: 5, k: 2, min: 2 },
            Toy::Grid { side: 4 },
            Toy::Words { len: 4, early: false },
            Toy::Words { len: 3, early: true },
        ]
    }
}

/// The graph with log rewards spread over ten nats, NaN at unfinished states.
fn problem(toy: Toy) -> (Graph, Vec<f64>) {
    let g = enumerate(&Lanes::new("toy", toy), 1000).unwrap();
    let reward =
        |s: usize| if g.is_object(s) { 10.0 * Key::new(1).fold(s as u64).unit() - 5.0 } else { f64::NAN };
    let log_reward = (0..g.n_states()).map(reward).collect();
    (g, log_reward)
}

#[test]
fn every_objective_has_its_fixed_point_on_every_graph() {
    for toy in Toy::small() {
        let (g, log_reward) = problem(toy.clone());
        check(&g, &log_reward).unwrap_or_else(|e| panic!("{toy:?}: {e}"));
    }
}

#[test]
fn the_fixed_point_holds_for_any_weight_of_pieces() {
    let (g, log_reward) = problem(Toy::Grid { side: 4 });
    for lambda in [1e-6, 1.0, 10.0] {
        let values = Values::from([("lambda", Value::Real(lambda))]);
        for name in ["subtb", "fl-subtb"] {
            let objective = (find(name).unwrap().build)(&values);
            check_objective(&g, &log_reward, name, &*objective)
                .unwrap_or_else(|e| panic!("λ = {lambda}: {e}"));
        }
    }
}

#[test]
fn objects_without_reward_are_refused() {
    let (g, mut log_reward) = problem(Toy::Grid { side: 3 });
    log_reward[4] = f64::NEG_INFINITY;
    let error = check(&g, &log_reward).unwrap_err();
    assert_eq!(error, "object `11` has log reward `-inf`; fixed points need finite ones");
}

/// A registered objective that is handed altered rows, or hands back altered gradients.
struct Mutant {
    of: Box<dyn Objective>,
    rows: fn(&mut Scored),
    grads: fn(&mut Grads),
    declared: fn(&mut Needs),
}

impl Objective for Mutant {
    fn needs(&self) -> Needs {
        let mut needs = self.of.needs();
        (self.declared)(&mut needs);
        needs
    }
    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        let mut altered = rows.clone();
        (self.rows)(&mut altered);
        let report = self.of.loss(&altered, g, grads);
        (self.grads)(grads);
        report
    }
}

fn same<T>(_: &mut T) {}

fn zero(values: &mut [f64]) {
    values.fill(0.0);
}

/// Lets every trajectory end where its last row begins; what is left of it never meets the reward.
fn without_last_pieces(rows: &mut Scored) {
    for b in (0..rows.trajectories()).rev() {
        let Some(last) = rows.range(b).next_back() else { continue };
        rows.log_reward[b] = rows.log_flow[last];
        for field in [&mut rows.logit, &mut rows.lse, &mut rows.log_pb] {
            field[last] = 0.0;
        }
    }
}

fn turn(values: &mut [f64]) {
    values.iter_mut().for_each(|x| *x = -*x);
}

// What the suite says when it rejects.
const NONZERO: &str = "expected zero";
const UNNOTICED: &str = "wrong by one nat";
const GRADIENT: &str = "by finite differences";

/// A wrong objective: its name, the objective that is altered, how, and what the suite must say of it.
type Seeded = (&'static str, &'static str, fn(&mut Scored), fn(&mut Grads), fn(&mut Needs), &'static str);

const MUTANTS: &[Seeded] = &[
    ("tb without log P_B", "tb", |r| zero(&mut r.log_pb), |g| zero(&mut g.log_pb), same, NONZERO),
    ("tb without log Z", "tb", |r| r.log_z = 0.0, |g| g.log_z = 0.0, same, NONZERO),
    ("tb that does not train log Z", "tb", same, |g| g.log_z = 0.0, same, GRADIENT),
    ("tb with a logit for log P_F", "tb", |r| zero(&mut r.lse), |g| zero(&mut g.lse), same, NONZERO),
    ("tb that does not declare P_B", "tb", same, same, |n| n.backward = false, NONZERO),
    ("db with log P_B added", "db", |r| turn(&mut r.log_pb), |g| turn(&mut g.log_pb), same, NONZERO),
    ("db with a gradient turned", "db", same, |g| turn(&mut g.lse), same, GRADIENT),
    ("db with the next state's flow", "db", |r| r.log_flow.rotate_left(1), same, same, NONZERO),
    ("subtb without pieces up to the object", "subtb", without_last_pieces, same, same, UNNOTICED),
    ("subtb without gradients of flows", "subtb", same, |g| zero(&mut g.log_flow), same, GRADIENT),
    ("vargrad with half a gradient", "vargrad", same, |g| g.logit[0] *= 0.5, same, GRADIENT),
    ("fl-db without R̃", "fl-db", |r| zero(&mut r.state_log_reward), same, same, NONZERO),
    (
        "mdb without stop edges",
        "mdb",
        |r| zero(&mut r.stop_logit),
        |g| zero(&mut g.stop_logit),
        same,
        NONZERO,
    ),
    ("fm that trains no entering edge", "fm", same, |g| zero(&mut g.inflow), same, GRADIENT),
];

/// Flow matching that never looks at stop edges, and so at no reward but those of complete objects.
struct BlindToStop(Box<dyn Objective>);

impl Objective for BlindToStop {
    fn needs(&self) -> Needs {
        self.0.needs()
    }
    fn loss(&self, rows: &Scored, g: Regression, grads: &mut Grads) -> LossReport {
        let mut blind = rows.clone();
        for b in (0..rows.trajectories()).filter(|&b| !rows.complete[b]) {
            blind.log_reward[b] = rows.logit[rows.range(b).end - 1];
        }
        let report = self.0.loss(&blind, g, grads);
        for b in (0..rows.trajectories()).filter(|&b| !rows.complete[b]) {
            grads.logit[rows.range(b).end - 1] = 0.0;
        }
        report
    }
}

/// An objective that is always content.
struct Content;

impl Objective for Content {
    fn needs(&self) -> Needs {
        Needs::default()
    }
    fn loss(&self, _: &Scored, _: Regression, _: &mut Grads) -> LossReport {
        LossReport::default()
    }
}

#[test]
fn wrong_objectives_are_rejected() {
    let (g, log_reward) = problem(Toy::Grid { side: 4 });
    let build = |name: &str| (find(name).unwrap().build)(&Values::from([("lambda", Value::Real(0.9))]));
    let mut mutants: Vec<(&str, Box<dyn Objective>, &str)> = vec![
        ("fm that ignores stop edges", Box::new(BlindToStop(build("fm"))), UNNOTICED),
        ("nothing at all", Box::new(Content), UNNOTICED),
    ];
    for &(name, of, rows, grads, declared, says) in MUTANTS {
        mutants.push((name, Box::new(Mutant { of: build(of), rows, grads, declared }), says));
    }
    for (name, mutant, says) in mutants {
        match check_objective(&g, &log_reward, name, &*mutant) {
            Ok(()) => panic!("the suite let `{name}` pass"),
            Err(e) => assert!(e.contains(says), "`{name}` was to fail as `{says}`: {e}"),
        }
    }
    // Unaltered, the same wrapper passes everywhere: what is rejected is the alteration.
    for entry in registry() {
        let of = build(entry.entry.name);
        let mutant = Mutant { of, rows: same, grads: same, declared: same };
        check_objective(&g, &log_reward, entry.entry.name, &mutant).unwrap();
    }
}
