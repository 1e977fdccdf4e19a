use headwater_core::settings::{Value, Values};
use headwater_core::{Grads, InFlow, Key, LossReport, Needs, Objective, Regression, Scored};
use headwater_testkit::fixed_point::gradients;

use crate::subtb::SubTb;
use crate::{Capabilities, FlowHead, find, registry, unmet};

fn build(name: &str, lambda: f64) -> Box<dyn Objective> {
    (find(name).unwrap().build)(&Values::from([("lambda", Value::Real(lambda))]))
}

fn evaluate(objective: &dyn Objective, g: Regression, rows: &Scored) -> (LossReport, Grads) {
    let mut grads = Grads::default();
    grads.zero_like(rows);
    (objective.loss(rows, g, &mut grads), grads)
}

/// Two trajectories of two rows: s₀→s₁→stop with log R = 0.5, and s₀→s₂→x with x complete and log R = 1.
///
/// | row | log P_F = logit − lse | log P_F − log P_B | log F | log R̃ | log P_F(⊤) = stop − lse |
/// |-----|-----------------------|-------------------|-------|-------|-------------------------|
/// | 0   | −0.5                  | 0                 | 2     | 0.25  | −1                      |
/// | 1   | −0.5                  | −0.5              | 1.5   | 0.5   | −0.5                    |
/// | 2   | −1                    | −0.75             | 2     | 0.25  | −1                      |
/// | 3   | −0.5                  | 0.5               | 1.25  | −0.25 | −1.25                   |
fn two_by_two() -> Scored {
    Scored {
        offsets: vec![0, 2, 4],
        logit: vec![1.0, 0.75, 0.5, 0.25],
        lse: vec![1.5, 1.25, 1.5, 0.75],
        log_pb: vec![-0.5, 0.0, -0.25, -1.0],
        log_flow: vec![2.0, 1.5, 2.0, 1.25],
        stop_logit: vec![0.5, 0.75, 0.5, -0.5],
        state_log_reward: vec![0.25, 0.5, 0.25, -0.25],
        log_reward: vec![0.5, 1.0],
        complete: vec![false, true],
        log_z: 2.25,
        inflow: InFlow { offsets: vec![0, 2, 2, 3, 5], logit: vec![0.0, 0.0, 1.0, -0.25, -0.25] },
    }
}

/// A name, residuals with their weights, and the squared loss.
type Case = (&'static str, &'static [(f64, f64)], f64);

/// Residuals with their weights, worked out by hand from the table above, and the squared loss.
#[test]
fn residuals_are_those_of_the_formulas() {
    const LN_2: f64 = std::f64::consts::LN_2;
    let cases: [Case; 8] = [
        // log F + ratio − next log F: 2+0−1.5, 1.5−0.5−R 0.5, 2−0.75−1.25, 1.25+0.5−R 1; a mean over four rows.
        ("db", &[(0.5, 0.25), (0.5, 0.25), (0.0, 0.25), (0.75, 0.25)], 0.265625),
        // The same with log F + log R̃ = 2.25, 2, 2.25, 1.
        ("fl-db", &[(0.25, 0.25), (1.0, 0.25), (0.5, 0.25), (0.5, 0.25)], 0.390625),
        // Pieces 01, 12, 02 with weights ½, ½, ¼ of 1¼, and two trajectories: 0.2, 0.2, 0.1. A longer piece's residual
        // is the sum of its edges'.
        ("subtb", &[(0.5, 0.2), (0.5, 0.2), (1.0, 0.1), (0.0, 0.2), (0.75, 0.2), (0.75, 0.1)], 0.36875),
        ("fl-subtb", &[(0.25, 0.2), (1.0, 0.2), (1.25, 0.1), (0.5, 0.2), (0.5, 0.2), (1.0, 0.1)], 0.56875),
        // log Z + ratios − log R: 2.25+0−0.5−0.5, 2.25−0.75+0.5−1.
        ("tb", &[(1.25, 0.5), (1.0, 0.5)], 1.28125),
        // ζ = −1, −1.25, with mean −1.125.
        ("vargrad", &[(0.125, 0.5), (-0.125, 0.5)], 0.015625),
        // log R(s) − log P_F(⊤∣s) + ratio − (log R(s′) − log P_F(⊤∣s′)):
        // 0.25+1+0−(0.5+0.5), 0.25+1−0.75−(−0.25+1.25), −0.25+1.25+0.5−(1+0). The stop row has none.
        ("mdb", &[(0.25, 1.0 / 3.0), (-0.5, 1.0 / 3.0), (0.5, 1.0 / 3.0)], 0.1875),
        // In-flow less out-flow: ln(1+1)−1.25, 1−0.75, ln 2−0.25−R 1; stop edge less reward: 0.75−0.5.
        (
            "fm",
            &[(LN_2 - 1.25, 0.25), (0.25, 0.25), (0.25, 0.25), (LN_2 - 1.25, 0.25)],
            0.186_292_531_259_169_1,
        ),
    ];
    for (name, residuals, squared) in cases {
        let objective = build(name, 0.5);
        for g in Regression::ALL {
            let (report, _) = evaluate(&*objective, g, &two_by_two());
            let loss: f64 = residuals.iter().map(|(t, w)| w * g.at(*t).0).sum();
            assert!((report.loss - loss).abs() < 1e-14, "{name} {g:?}: {} is not {loss}", report.loss);
            let rms: f64 = residuals.iter().map(|(t, w)| w * t * t).sum::<f64>().sqrt();
            assert!(
                (report.residual_rms - rms).abs() < 1e-14,
                "{name}: {} is not {rms}",
                report.residual_rms
            );
        }
        let (report, _) = evaluate(&*objective, Regression::Squared, &two_by_two());
        assert!((report.loss - squared).abs() < 1e-14, "{name}: {} is not {squared}", report.loss);
    }
}

/// Rows of random numbers: trajectories of 1 to 7 rows, every third complete, and one that is complete at once.
fn random_rows(key: Key) -> Scored {
    let mut rows = Scored { offsets: vec![0], log_z: key.fold(0).normal(), ..Scored::default() };
    rows.inflow.offsets.push(0);
    for b in 0..8 {
        let key = key.fold(1 + b);
        let complete = b % 3 == 0;
        for r in 0..if b == 6 { 0 } else { 1 + u64::from(key.below(7)) } {
            let draw = |i: u64| key.fold(r).fold(i).normal();
            let fields = [&mut rows.logit, &mut rows.lse, &mut rows.log_pb, &mut rows.log_flow];
            let more = [&mut rows.stop_logit, &mut rows.state_log_reward];
            for (i, field) in fields.into_iter().chain(more).enumerate() {
                field.push(draw(i as u64));
            }
            rows.inflow.logit.extend((0..1 + key.fold(r).below(3)).map(|i| draw(100 + u64::from(i))));
            rows.inflow.offsets.push(rows.inflow.logit.len() as u32);
        }
        rows.offsets.push(rows.logit.len() as u32);
        rows.log_reward.push(key.fold(99).normal());
        rows.complete.push(complete);
    }
    rows
}

#[test]
fn gradients_match_finite_differences() {
    for entry in registry() {
        for lambda in [0.3, 1.7] {
            let objective = build(entry.entry.name, lambda);
            for (seed, g) in (0..).zip(Regression::ALL) {
                gradients(&*objective, g, &random_rows(Key::new(seed)))
                    .unwrap_or_else(|e| panic!("{} {g:?}: {e}", entry.entry.name));
            }
        }
    }
}

/// The squared loss of all pieces of all trajectories, each summed from scratch: cubic time.
fn naive_subtb(rows: &Scored, lambda: f64, head: FlowHead) -> f64 {
    let mut mean = 0.0;
    for b in 0..rows.trajectories() {
        let range = rows.range(b);
        let flow = |i: usize| match head {
            _ if i == range.end => rows.log_reward[b],
            FlowHead::Plain => rows.log_flow[i],
            FlowHead::ForwardLooking => rows.log_flow[i] + rows.state_log_reward[i],
        };
        let (mut sum, mut total) = (0.0, 0.0);
        for i in range.clone() {
            for j in i + 1..=range.end {
                let log_pf: f64 = (i..j).map(|r| rows.logit[r] - rows.lse[r]).sum();
                let log_pb: f64 = rows.log_pb[i..j].iter().sum();
                let weight = lambda.powf((j - i) as f64);
                sum += weight * (flow(i) + log_pf - flow(j) - log_pb).powi(2);
                total += weight;
            }
        }
        mean += if total > 0.0 { sum / total / rows.trajectories() as f64 } else { 0.0 };
    }
    mean
}

#[test]
fn subtb_is_the_weighted_mean_over_all_pieces() {
    let rows = random_rows(Key::new(4));
    for head in [FlowHead::Plain, FlowHead::ForwardLooking] {
        for lambda in [0.1, 0.9, 1.0, 1.9, 10.0] {
            let (report, _) = evaluate(&SubTb { lambda, head }, Regression::Squared, &rows);
            let naive = naive_subtb(&rows, lambda, head);
            assert!(
                (report.loss - naive).abs() < 1e-12 * naive,
                "λ = {lambda}: {} is not {naive}",
                report.loss
            );
        }
    }
}

/// `n` edges in one trajectory.
fn one_trajectory(n: usize) -> Scored {
    let draw = |i: u64| Vec::from_iter((0..n as u64).map(|r| Key::new(5).fold(i).fold(r).normal()));
    let mut rows = Scored {
        offsets: vec![0, n as u32],
        logit: draw(0),
        lse: draw(1),
        log_pb: draw(2),
        log_flow: draw(3),
        log_reward: vec![0.5],
        complete: vec![true],
        ..Scored::default()
    };
    rows.log_z = rows.log_flow[0];
    rows
}

#[test]
fn subtb_lies_between_detailed_and_trajectory_balance() {
    // Long enough for λⁿ to leave the range of f64.
    let rows = one_trajectory(500);
    let limits = [("db", 1e-6, 1e-4), ("tb", 1e6, 1e-4)];
    for (name, lambda, accuracy) in limits {
        let (limit, limit_grads) = evaluate(&*build(name, lambda), Regression::Squared, &rows);
        let (subtb, grads) = evaluate(&SubTb { lambda, head: FlowHead::Plain }, Regression::Squared, &rows);
        assert!((subtb.loss / limit.loss - 1.0).abs() < accuracy, "{name}: {subtb:?} {limit:?}");
        assert!((grads.logit[250] / limit_grads.logit[250] - 1.0).abs() < 0.01, "{name}");
        // Where trajectory balance has log Z, there is the flow of the initial state.
        if name == "tb" {
            assert!((grads.log_flow[0] / limit_grads.log_z - 1.0).abs() < accuracy);
        }
    }
}

#[test]
fn batches_without_residuals_have_no_loss() {
    let empty = Scored {
        offsets: vec![0],
        inflow: InFlow { offsets: vec![0], ..InFlow::default() },
        ..Scored::default()
    };
    // One trajectory that stops at once, with the stop edge for its only row.
    let stopped = Scored { complete: vec![false], ..one_trajectory(1) };
    for entry in registry() {
        let (report, _) = evaluate(&*build(entry.entry.name, 0.9), Regression::Linex, &empty);
        assert_eq!(report, LossReport::default(), "{}", entry.entry.name);
    }
    for name in ["mdb", "vargrad"] {
        let rows = Scored { state_log_reward: vec![0.5], stop_logit: vec![0.0], ..stopped.clone() };
        let (report, grads) = evaluate(&*build(name, 0.9), Regression::Squared, &rows);
        assert_eq!((report, grads.logit[0]), (LossReport::default(), 0.0), "{name}");
    }
}

#[test]
fn fields_that_are_not_needed_may_be_empty() {
    for entry in registry() {
        let objective = build(entry.entry.name, 0.9);
        let Needs { flow, backward, state_reward, inflow, log_z, .. } = objective.needs();
        let mut rows = random_rows(Key::new(6));
        let fields = [
            (flow, &mut rows.log_flow),
            (state_reward, &mut rows.state_log_reward),
            (inflow, &mut rows.inflow.logit),
        ];
        for (_, field) in fields.into_iter().filter(|(needed, _)| !needed) {
            field.clear();
        }
        if !inflow {
            rows.inflow.offsets.clear();
        }
        if !backward {
            rows.log_pb.fill(f64::NAN);
        }
        if !log_z {
            rows.log_z = f64::NAN;
        }
        let (report, _) = evaluate(&*objective, Regression::Squared, &rows);
        assert!(report.loss > 0.0 && report.loss.is_finite(), "{}: {report:?}", entry.entry.name);
    }
}

#[test]
fn unmet_needs_are_sentences() {
    let tfbind =
        Capabilities { env: "tfbind8", stop_everywhere: false, reward: "table", state_reward: false };
    let grid = Capabilities { env: "hypergrid", stop_everywhere: true, ..tfbind };
    let scored = Capabilities { reward: "hamming", state_reward: true, ..tfbind };
    let reasons = |name: &str, have| unmet(name, build(name, 0.9).needs(), have);
    assert_eq!(
        reasons("mdb", &scored),
        ["`mdb` needs every state to be able to stop; `tfbind8` has states that may not"]
    );
    assert_eq!(
        reasons("fl-db", &tfbind),
        ["`fl-db` needs a reward that is defined on unfinished states; `table` is not"]
    );
    assert_eq!(reasons("mdb", &tfbind).len(), 2);
    for entry in registry() {
        assert!(reasons(entry.entry.name, &grid).is_empty(), "{}", entry.entry.name);
    }
}

#[test]
fn the_registry_is_sorted_and_documented() {
    let names = Vec::from_iter(registry().iter().map(|e| e.entry.name));
    assert_eq!(names, ["db", "fl-db", "fl-subtb", "fm", "mdb", "subtb", "tb", "vargrad"]);
    for entry in registry().iter().map(|e| e.entry) {
        assert!(!entry.summary.is_empty() && !entry.summary.ends_with('.'), "{}", entry.name);
        assert!(!entry.formula.is_empty() && entry.reference.contains("arXiv:"), "{}", entry.name);
        assert!(entry.fields.iter().all(|f| !f.doc().is_empty() && f.default.is_some()), "{}", entry.name);
    }
    assert!(find("subtb").is_some() && find("sub-tb").is_none());
}
