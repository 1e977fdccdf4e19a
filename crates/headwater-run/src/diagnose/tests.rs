//! Checks on facts made by hand: each trips by its own number, and says so.

use headwater_report::Columns;
use headwater_train::{Estimate, LogMean, SampledReport};

use super::{Acting, Diagnosis, Draw, Facts, judge, names};
use crate::Status;

const COLUMNS: &[&str] =
    &["step", "loss", "residual_rms", "log_z_learned", "mean_len", "log_reward_mean", "entropy", "grad_norm"];

/// Two kinds of objects, made as often as they should be, by a run of a hundred logged updates.
fn healthy() -> Facts {
    let half = 0.5f64.ln();
    let draws = (0..200)
        .map(|i| Draw {
            text: format!("{}", i % 50),
            log_reward: f64::from(i % 2),
            log_pf: f64::from(i % 2) + 2.0 * half,
            log_pb: half,
            len: Some(3 + i as usize % 2),
            log_p: None,
        })
        .collect();
    let tight = |value: f64| Estimate { value, low: value - 0.01, high: value + 0.01 };
    let constants = [0.1, 0.2, -half, 3.0, 1.0, 0.5, 1.0].map(|x| vec![x; 100]);
    let columns = [(1..=100).map(f64::from).collect()].into_iter().chain(constants);
    Facts {
        cautions: Vec::new(),
        run: "run".to_owned(),
        status: Status::Finished,
        reason: None,
        dead: false,
        total: 100,
        steps: Columns::new(COLUMNS.iter().map(|&name| name.to_owned()).zip(columns).collect()),
        ess: None,
        acting: Ok(Acting { epsilon: 0.0, temperature: 1.0, power: 1.0, lag: 0, given: 0.0 }),
        log_floor: Some(-5.0),
        is_oracle: true,
        is_unasked: false,
        draws: Ok(draws),
        unscored: Ok((0, 50)),
        paths: Ok(vec![vec![0.0; 4]; 10]),
        sampled: Ok(SampledReport {
            log_z_learned: Some(-half),
            log_z: LogMean {
                value: -half,
                interval: Some([-half - 0.01, -half + 0.01]),
                at_least: -half - 1.0,
                ess: 1.0,
            },
            elbo: tight(-half),
            ess: 1.0,
            pearson: Some(tight(0.9)),
            spearman: Some(tight(0.9)),
            samples: 100,
            objects: 50,
        }),
        truth: None,
        target_entropy: None,
    }
}

#[track_caller]
fn trips(expected: &[&str], change: impl FnOnce(&mut Facts)) {
    let mut facts = healthy();
    change(&mut facts);
    let said = judge(&facts);
    assert_eq!(said.tripped().map(|c| c.name).collect::<Vec<_>>(), expected, "{said:#?}");
    assert_eq!(said.is_satisfactory(), expected.is_empty());
}

fn each(facts: &mut Facts, change: impl Fn(usize, &mut Draw)) {
    facts.draws.as_mut().unwrap().iter_mut().enumerate().for_each(|(i, draw)| change(i, draw));
}

fn column(facts: &mut Facts, name: &str, value: impl Fn(usize) -> f64) {
    let changed = |column: &[f64]| (0..column.len()).map(&value).collect();
    let columns = facts.steps.iter();
    let columns = columns.map(|(n, old)| (n.to_owned(), if n == name { changed(old) } else { old.to_vec() }));
    facts.steps = Columns::new(columns.collect());
}

#[test]
fn each_check_trips_by_its_own_number() {
    trips(&[], |_| {});
    trips(&["ended"], |f| (f.status, f.reason) = (Status::Failed, Some("the disk is full".to_owned())));
    trips(&["ended"], |f| f.dead = true);
    let nan = "the score of `a` is NaN, which has no finite log R";
    trips(&["finite"], |f| (f.status, f.reason) = (Status::Failed, Some(nan.to_owned())));
    trips(&["finite"], |f| column(f, "grad_norm", |i| if i == 7 { f64::INFINITY } else { 1.0 }));
    trips(&["missing"], |f| f.unscored = Ok((1, 50)));
    trips(&["floor"], |f| f.log_floor = Some(1.0));
    // 60 % of the objects share a reward; the rest have one each.
    trips(&["repeated"], |f| {
        each(f, |i, d| {
            let r = if i % 50 < 30 { 1.0 } else { 1.0 + (i % 50) as f64 / 100.0 };
            (d.log_pf, d.log_reward) = (d.log_pf - d.log_reward + r, r);
        });
    });
    trips(&["target"], |f| f.acting.as_mut().unwrap().power = 0.5);
    trips(&["exploration"], |f| f.acting.as_mut().unwrap().epsilon = 0.3);
    trips(&["exploration"], |f| f.acting.as_mut().unwrap().temperature = 0.5);
    trips(&["staleness"], |f| f.acting.as_mut().unwrap().lag = 10);
    trips(&["staleness"], |f| f.acting.as_mut().unwrap().given = 1.0);
    trips(&["settled"], |f| {
        column(f, "residual_rms", |_| 2.0);
        column(f, "loss", |i| (-0.05 * i as f64).exp());
    });
    trips(&["settled"], |f| {
        column(f, "residual_rms", |_| 2.0);
        column(f, "loss", |i| (0.05 * i as f64).exp());
    });
    trips(&["entropy"], |f| column(f, "entropy", |i| if i < 50 { 1.0 } else { 0.0 }));
    trips(&["log-z"], |f| f.sampled.as_mut().unwrap().log_z_learned = Some(0.0));
    // One weight of two hundred is all that counts; it is that of a rare length, too rare to matter.
    trips(&["effective-sample"], |f| {
        each(f, |i, d| d.log_pf -= if i == 0 { 9.0 } else { 0.0 });
        each(f, |i, d| d.len = Some(if i == 0 { 9 } else { 3 }));
    });
    trips(&["backward-policy"], |f| {
        f.paths = Ok(vec![vec![-1.2, 1.2]; 10]);
        each(f, |i, d| d.log_pb += if i % 4 < 2 { 1.2 } else { -1.2 });
    });
    trips(&["length"], |f| each(f, |i, d| d.log_pf += if i % 2 == 0 { 1.2 } else { -1.2 }));
    trips(&["correlation"], |f| {
        f.sampled.as_mut().unwrap().pearson = Some(Estimate { value: 0.1, low: 0.0, high: 0.2 });
    });
}

/// Where few weights decide there is a lower bound and nothing else: a learned log Z above it is neither right nor wrong.
#[test]
fn log_z_is_not_satisfactory_without_support() {
    let with = |learned: Option<f64>| {
        let mut facts = healthy();
        let sampled = facts.sampled.as_mut().unwrap();
        sampled.log_z = LogMean { value: 9.0, interval: None, at_least: 7.2, ess: 0.012 };
        (sampled.log_z_learned, sampled.ess) = (learned, 0.012);
        judge(&facts)
    };
    let why = |d: &Diagnosis| {
        d.skipped.iter().find(|s| s.name == "log-z").map(|s| s.why.clone()).unwrap_or_default()
    };
    assert_eq!(
        why(&with(Some(8.95))),
        "the learned log Z is 8.950, and all that is known of log Z is that it is at least 7.200: the effective sample is \
         1.20 %, too small for an estimate"
    );
    assert_eq!(why(&with(None)), "the objective learns no log Z");
    let below = with(Some(-4784.0));
    let check = below.tripped().find(|c| c.name == "log-z").expect("it is below the bound");
    assert!(
        check.value.contains("-4784.000, outside what it is at least (with 95 % confidence), 7.200"),
        "{check:?}"
    );
    assert!(check.meaning.contains("a factor of e^4791,"), "{check:?}");
}

/// A policy that is sure of itself is right where the target is as sharp, and wrong where it is not.
#[test]
fn a_sharp_target_does_not_trip_entropy() {
    for (target, passes) in [(Some(0.0), true), (Some(0.004), true), (Some(0.3), false), (None, false)] {
        let mut facts = healthy();
        column(&mut facts, "entropy", |i| if i < 50 { 1.0 } else { 1e-5 });
        facts.target_entropy = target;
        let said = judge(&facts);
        assert_eq!(said.tripped().all(|c| c.name != "entropy"), passes, "{target:?}");
    }
}

#[test]
fn what_is_not_known_is_not_judged() {
    let mut facts = healthy();
    facts.draws = Err("no policy".to_owned());
    facts.unscored = Err("no policy".to_owned());
    facts.paths = Err("no policy".to_owned());
    facts.sampled = Err("no policy".to_owned());
    facts.steps = Columns::default();
    let said = judge(&facts);
    let done: Vec<&str> = said.checks.iter().map(|c| c.name).collect();
    assert_eq!(done, ["ended", "finite", "staleness"]);
    assert_eq!(done.len() + said.skipped.len(), names().count());
    assert!(said.is_satisfactory() && said.skipped.iter().all(|s| !s.why.is_empty()));
}

#[test]
fn names_are_unique_and_those_of_the_checks() {
    let said = judge(&healthy());
    let found: Vec<&str> = said.checks.iter().map(|c| c.name).collect();
    assert_eq!(found, names().collect::<Vec<_>>());
    assert!(said.checks.iter().all(|c| {
        let texts = [&c.value, &c.threshold, &c.meaning, &c.remedy];
        texts.iter().all(|t| !t.is_empty() && !t.ends_with('.'))
    }));
}
