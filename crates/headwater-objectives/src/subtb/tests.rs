use headwater_core::Key;
use headwater_testkit::fixed_point::gradients;

use super::*;

/// Trajectories of these lengths, with random numbers.
fn random(lengths: &[usize]) -> Scored {
    let n = lengths.iter().sum::<usize>() as u64;
    let draw = |i: u64| Vec::from_iter((0..n).map(|r| Key::new(7).fold(i).fold(r).normal()));
    let mut offsets = vec![0];
    lengths.iter().for_each(|n| offsets.push(offsets[offsets.len() - 1] + *n as u32));
    Scored {
        offsets,
        logit: draw(0),
        lse: draw(1),
        log_pb: draw(2),
        log_flow: draw(3),
        state_log_reward: draw(4),
        log_reward: (0..lengths.len() as u64).map(|b| Key::new(8).fold(b).normal()).collect(),
        complete: (0..lengths.len()).map(|b| b % 2 == 0).collect(),
        ..Scored::default()
    }
}

/// The loss and the gradient by flows, with one way to go over the pieces for all trajectories.
fn by(
    way: impl Fn(&SubTb, &Scored, usize, &mut Tally, &mut Grads),
    subtb: SubTb,
    g: Regression,
    rows: &Scored,
) -> (f64, Vec<f64>) {
    let (mut tally, mut grads) = (Tally::new(g), Grads::default());
    grads.zero_like(rows);
    (0..rows.trajectories()).for_each(|b| way(&subtb, rows, b, &mut tally, &mut grads));
    (tally.report().loss, grads.log_flow)
}

#[test]
fn running_sums_are_those_over_all_pieces() {
    let rows = random(&[1, 2, 7, 300, 900]);
    for head in [FlowHead::Plain, FlowHead::ForwardLooking] {
        for lambda in [1e-6, 0.1, 0.9, 0.999, 1.0, 1.001, 1.9, 10.0] {
            let subtb = SubTb { lambda, head };
            let (slow, slow_grads) = by(SubTb::each_piece, subtb, Regression::Squared, &rows);
            let (fast, fast_grads) = by(SubTb::squared, subtb, Regression::Squared, &rows);
            assert!((slow - fast).abs() < 1e-11 * slow, "λ = {lambda}: {fast} instead of {slow}");
            let largest = slow_grads.iter().fold(0.0f64, |m, g| m.max(g.abs()));
            for (r, (slow, fast)) in slow_grads.iter().zip(&fast_grads).enumerate() {
                assert!((slow - fast).abs() < 1e-11 * largest, "λ = {lambda}, row {r}: {fast}, not {slow}");
            }
        }
    }
}

#[test]
fn a_long_trajectory_has_few_lengths_that_stand_for_all() {
    for n in [MAX_EACH + 1, 1000, 4000, 100_000] {
        let runs: Vec<Range<usize>> = lengths(n).collect();
        assert!(runs.windows(2).all(|w| w[0].end == w[1].start), "each length is in one run");
        assert!(runs[..DENSE].iter().all(|run| run.len() == 1));
        assert_eq!((runs[0].start, runs[runs.len() - 1].clone()), (1, n..n + 1));
        let bound = DENSE as f64 + 20.0 * (n as f64).ln();
        assert!((runs.len() as f64) < bound, "{n} edges: {} lengths", runs.len());
    }
}

/// The pieces looked at are a sample of all by their lengths: the losses agree within a few per cent, and short and whole
/// trajectories count as they do among all.
#[test]
fn some_lengths_weigh_as_much_as_all() {
    let rows = random(&[700, 400]);
    for lambda in [0.5, 0.9, 1.0, 1.1] {
        for g in Regression::ALL {
            let subtb = SubTb { lambda, head: FlowHead::Plain };
            let (all, _) = by(SubTb::each_piece, subtb, g, &rows);
            let (some, _) = by(SubTb::some_lengths, subtb, g, &rows);
            assert!((some / all - 1.0).abs() < 0.1, "λ = {lambda}, {g:?}: {some} for {all}");
        }
    }
    for g in Regression::ALL {
        gradients(&SubTb { lambda: 0.95, head: FlowHead::Plain }, g, &random(&[300])).unwrap();
    }
}
