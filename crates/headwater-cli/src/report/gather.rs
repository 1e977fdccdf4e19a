//! What a trained policy makes of its target: distributions, candidates, trajectories.

use headwater_core::{Action, Key, Simulator};
use headwater_exact::{log_sum_exp, log_terminating};
use headwater_report::{Cloud, Known, Learned, Point, Shown, Step, Trajectory};
use headwater_rewards::RewardError;
use headwater_run::assemble::{Assembly, Purpose, key};
use headwater_run::candidates::{Candidate, Candidates};
use headwater_run::door::Reading;
use headwater_run::evaluation::{Evaluation, evaluate};
use headwater_run::{Drawn, Problems};
use headwater_train::{Behaviour, Exact, Experience, LogMean, LogProbError, Looks, log_prob, sample};

use super::runs::Member;
use crate::out::{Failure, fail};

/// States up to which the page is exact.
const EXACT: usize = 200_000;
/// Samples that are drawn where the run has none.
const SAMPLES: usize = 2000;
/// Objects whose log p is estimated: as many of the policy, and of uniform play.
const ESTIMATED: usize = 100;
/// Backward trajectories for each, at least.
const BACKWARD: usize = 100;
/// Candidates that are shown.
const CANDIDATES: usize = 24;
/// The share of their encodings in which two of them differ, where there are enough that do.
const APART: f64 = 0.25;
/// Trajectories that are shown.
const TRAJECTORIES: u64 = 5;

/// What a run has learned.
pub struct Gathered {
    pub learned: Learned,
    /// The evaluation of its last checkpoint; `None` if scores are paid for and none are to be spent.
    pub evaluation: Option<Evaluation>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// Loads a run and looks at it; `Ok(Err(_))` says why it cannot be loaded.
pub fn gather(member: &Member, prefix: &str) -> Result<Result<Gathered, String>, Failure> {
    let mut assembly = match Reading::open(&member.path).and_then(|mut run| run.load()) {
        Ok(assembly) => assembly,
        Err(e) => return Ok(Err(first_line(&e.problems()))),
    };
    // Scores that are paid for are not asked for without need, see `assemble`.
    let free = assembly.exact.is_some() || assembly.eval.samples > 0;
    let key = key(assembly.seed, Purpose::Eval).fold(assembly.trainer.steps());
    let mut learned = Learned { run: member.name.clone(), ..Learned::default() };
    let mut notes = Vec::new();
    let evaluation = if free { Some(evaluate(&mut assembly, f64::NAN, key).map_err(fail)?) } else { None };
    let small = assembly.exact.as_ref().is_some_and(|e| e.graph().n_states() <= EXACT);
    if small {
        let space = assembly.exact.take().expect("it was there");
        let (cloud, points) = exactly(&space, &mut assembly);
        learned.figures = cloud.figures(prefix, &points, space.log_z());
        assembly.exact = Some(space);
    } else {
        let drawn = drawn(member, &mut assembly, free, key.fold(1))?;
        if drawn.is_empty() {
            notes.push(format!(
                "`{}` has no samples yet, and scores are paid for: none were drawn.",
                member.name
            ));
        } else {
            let points = if free { estimates(&drawn, &mut assembly, key.fold(2))? } else { Vec::new() };
            let (cloud, log_z) = weighed(&drawn, &mut assembly);
            let log_z = evaluation.as_ref().and_then(best_log_z).unwrap_or(log_z);
            learned.figures = cloud.figures(prefix, &points, log_z);
        }
    }
    match candidates(member) {
        Ok((shown, source)) => (learned.candidates, learned.source) = (shown, source),
        Err(problems) => notes.push(first_line(&problems)),
    }
    if free {
        learned.trajectories = trajectories(&mut assembly, key.fold(3)).map_err(fail)?;
    }
    Ok(Ok(Gathered { learned, evaluation, notes }))
}

/// log Z: the true one if it is known, else the estimate, if there is one.
fn best_log_z(e: &Evaluation) -> Option<f64> {
    e.exact.map(|x| x.log_z_true).or_else(|| Some(e.sampled?.log_z.estimate()?.value))
}

fn first_line(problems: &Problems) -> String {
    let text = problems.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// Both distributions on every object.
fn exactly(space: &Exact, assembly: &mut Assembly) -> (Cloud, Vec<Point>) {
    let g = space.graph();
    let policies = space.policies(&mut assembly.trainer.policy());
    let log_p = log_terminating(g, &policies.forward);
    let objects: Vec<u32> = g.objects().map(|s| s as u32).collect();
    let (features, values) = measured(g.sim(), &objects);
    let of = |values: &[f64], s: u32| values[s as usize];
    let point = |&s: &u32| {
        let log_p = of(&log_p, s);
        Point { object: g.sim().text(s), log_reward: of(space.log_reward(), s), log_p, interval: [log_p; 2] }
    };
    let cloud = Cloud {
        target: objects.iter().map(|&s| of(space.log_target(), s).exp()).collect(),
        learned: objects.iter().map(|&s| of(&log_p, s).exp()).collect(),
        log_reward: objects.iter().map(|&s| of(space.log_reward(), s)).collect(),
        features,
        values,
        distinct: objects.len(),
        known: Some(Known::Exactly),
    };
    (cloud, objects.iter().map(point).collect())
}

/// Names of the features, and their values in these lanes.
fn measured(sim: &dyn Simulator, lanes: &[u32]) -> (Vec<String>, Vec<f64>) {
    let features = sim.features();
    let mut values = vec![0.0; lanes.len() * features.len()];
    if !features.is_empty() {
        for (lanes, values) in lanes.chunks(4096).zip(values.chunks_mut(4096 * features.len())) {
            sim.measure(lanes, values);
        }
    }
    (features, values)
}

/// The run's final samples, or new ones if it has none and they cost nothing.
fn drawn(member: &Member, assembly: &mut Assembly, free: bool, key: Key) -> Result<Vec<Drawn>, Failure> {
    if member.dir.samples_path().exists() {
        return Ok(member.dir.samples()?);
    }
    let mut drawn = Vec::new();
    if free {
        sample(&mut assembly.trainer.policy(), SAMPLES, Behaviour::ON_POLICY, key, &mut |s| {
            drawn.push(Drawn { text: s.text, log_reward: s.log_reward, log_pf: s.log_pf, log_pb: s.log_pb });
        })
        .map_err(fail)?;
    }
    Ok(drawn)
}

/// Both distributions from samples, and the estimate of log Z that they give; NaN if they give none.
fn weighed(drawn: &[Drawn], assembly: &mut Assembly) -> (Cloud, f64) {
    let mut sim = assembly.trainer.simulator();
    sim.reset(drawn.len());
    // A text that is no object any more (of another configuration) stays in the initial state.
    let lanes: Vec<u32> =
        (0..).zip(drawn).filter_map(|(lane, s)| sim.load(lane, &s.text).is_ok().then_some(lane)).collect();
    let kept = || lanes.iter().map(|&lane| &drawn[lane as usize]);
    let (features, values) = measured(&*sim, &lanes);
    let weights: Vec<f64> = kept().map(|s| s.log_reward + s.log_pb - s.log_pf).collect();
    let total = log_sum_exp(weights.iter().copied());
    let target: Vec<f64> = weights.iter().map(|w| (w - total).exp()).collect();
    let effective = 1.0 / target.iter().map(|w| w * w).sum::<f64>();
    let mut texts: Vec<&str> = kept().map(|s| s.text.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    let samples = lanes.len();
    let cloud = Cloud {
        learned: vec![1.0 / samples as f64; samples],
        log_reward: kept().map(|s| s.log_reward).collect(),
        target,
        features,
        values,
        distinct: texts.len(),
        known: Some(Known::Samples { samples, effective }),
    };
    let log_z = (samples > 0).then(|| LogMean::new(&weights)).and_then(|z| z.estimate());
    (cloud, log_z.map_or(f64::NAN, |e| e.value))
}

/// log p of objects of the policy, spread over their rewards, and of uniform play, with intervals.
fn estimates(drawn: &[Drawn], assembly: &mut Assembly, key: Key) -> Result<Vec<Point>, Failure> {
    let mut ordered: Vec<&Drawn> = drawn.iter().collect();
    ordered.sort_by(|a, b| a.log_reward.total_cmp(&b.log_reward).then_with(|| a.text.cmp(&b.text)));
    ordered.dedup_by(|a, b| a.text == b.text);
    let n = ordered.len();
    let mut texts: Vec<String> = if n <= ESTIMATED {
        ordered.iter().map(|s| s.text.clone()).collect()
    } else {
        (0..ESTIMATED).map(|i| ordered[i * (n - 1) / (ESTIMATED - 1)].text.clone()).collect()
    };
    let uniform = Behaviour { epsilon: 1.0, ..Behaviour::ON_POLICY };
    sample(&mut assembly.trainer.policy(), ESTIMATED, uniform, key, &mut |s| texts.push(s.text))
        .map_err(fail)?;
    let mut seen = std::collections::HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    let repeats = assembly.eval.backward_samples.max(BACKWARD);
    let mut points = Vec::with_capacity(texts.len());
    for (i, text) in texts.into_iter().enumerate() {
        match log_prob(&mut assembly.trainer.policy(), &text, repeats, key.fold(i as u64)) {
            Ok(p) => points.push(Point {
                object: text,
                log_reward: p.log_reward,
                log_p: p.log_p.value,
                // Where too few trajectories decide, log p is known to be at least something, and at most 0.
                interval: p.log_p.interval.unwrap_or([p.log_p.at_least, 0.0]),
            }),
            Err(LogProbError::Reward(e)) => return Err(fail(e)),
            Err(LogProbError::Parse(_)) => {}
        }
    }
    Ok(points)
}

/// The best objects that are unlike each other, with their pictures, and where they come from.
fn candidates(member: &Member) -> Result<(Vec<Shown>, String), Problems> {
    let mut all = Candidates::of(&member.path, &[])?;
    let diverse = |all: &mut Candidates, apart| -> Vec<Candidate> {
        all.diverse(CANDIDATES, apart).into_iter().cloned().collect()
    };
    let mut chosen = diverse(&mut all, APART);
    let mut how =
        format!("each differing from those before it in at least {} % of its encoding", 100.0 * APART);
    if chosen.len() < CANDIDATES / 3 {
        chosen = diverse(&mut all, 0.0);
        "alike or not".clone_into(&mut how);
    }
    let source = format!("The {} best of {}, {how}.", chosen.len(), all.source);
    let shown = |c: Candidate| Shown {
        picture: all.picture(&c.object),
        score: c.score,
        log_reward: c.log_reward,
        object: c.object,
    };
    Ok((chosen.into_iter().map(shown).collect(), source))
}

/// A few trajectories of the policy.
fn trajectories(assembly: &mut Assembly, key: Key) -> Result<Vec<Trajectory>, RewardError> {
    let mut sim = assembly.trainer.simulator();
    let mut batch = Experience::new(sim.spec(), Looks::default());
    batch.roll(&mut assembly.trainer.policy(), 0..TRAJECTORIES, Behaviour::ON_POLICY, key)?;
    let stop = Action(sim.spec().n_actions as u32);
    let rows = batch.rows();
    let mut out = Vec::new();
    for b in 0..TRAJECTORIES as usize {
        let log_p: Vec<f64> = rows.range(b).map(|r| rows.logit[r] - rows.lse[r]).collect();
        sim.reset(1);
        let mut steps = Vec::new();
        for (i, &(_, action)) in batch.trajectory(b).iter().enumerate() {
            let action_name = if action == stop { "stop".to_owned() } else { sim.describe(action) };
            // A stop that is forced has no row.
            let p = log_p.get(i).map_or(1.0, |p| p.exp());
            steps.push(Step { state: sim.text(0), picture: sim.draw(0), action: action_name, p });
            if action != stop {
                sim.step(&[0], &[action]);
            }
        }
        out.push(Trajectory { steps, log_reward: rows.log_reward[b], log_pf: log_p.iter().sum() });
    }
    Ok(out)
}
