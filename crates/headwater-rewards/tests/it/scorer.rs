//! The scorer over native rewards and oracles, and the measured binding of DNA 8-mers.

use std::path::Path;

use headwater_core::settings::{File, Value, defaults};
use headwater_core::{RewardScale, Simulator};
use headwater_envs::find;
use headwater_rewards::{
    Budget, Combination, CombinationConfig, Native, Objects, Oracle, Part, PartConfig, Recorded, RewardError,
    Rule, Scorer, Table, TableConfig, Tally, Transform, TransformConfig,
};

use crate::{config, file_config, table, transform};

/// Strings of length `len` over `alphabet`, with the native reward `reward`, a lane for each of `texts`.
fn strings(alphabet: &str, len: i64, reward: Option<&str>, texts: &[&str]) -> Box<dyn Simulator> {
    let entry = find("strings").expect("registered");
    let mut values = defaults(entry.entry.fields).expect("strings have defaults");
    values.insert("alphabet", Value::Text(alphabet.into()));
    values.insert("max_len", Value::Int(len));
    let rewards = reward.map(|name| {
        let fields = entry.reward(name).expect("registered").entry.fields;
        (name, defaults(fields).expect("the reward has defaults"))
    });
    let mut sim = entry.build(&values, rewards.as_ref().map(|(n, v)| (*n, v))).expect("good settings");
    sim.reset(texts.len());
    for (lane, text) in texts.iter().enumerate() {
        sim.load(lane as u32, text).expect("a string");
    }
    sim
}

#[test]
fn native_scores_and_tables_give_the_same_log_rewards() {
    let texts = ["000", "011", "101", "111"];
    let sim = strings("01", 3, Some("hamming"), &texts);
    let lanes = [3, 1, 0];
    let [mut scores, mut native, mut looked_up] = [[0.0; 3]; 3];
    let mut scorer = Scorer::new(Box::new(Native), Transform::plain(RewardScale::LogReward));
    scorer.score_and_log_reward(&*sim, &lanes, &mut scores, &mut native).expect("native scores are finite");
    assert_eq!((scores, native), ([0.0, -1.0, 0.0], [0.0, -1.0, 0.0]));

    // The same as rewards in a file.
    let table = table("object,score\n000,1\n111,1\n011,0.36787944117144233\n").expect("a table");
    let mut scorer = Scorer::new(Box::new(table), Transform::plain(RewardScale::Reward));
    for _ in 0..3 {
        scorer.log_reward(&*sim, &lanes, &mut looked_up).expect("all are in the table");
    }
    assert!(native.iter().zip(&looked_up).all(|(a, b)| (a - b).abs() < 1e-15), "{looked_up:?}");
    let error = scorer.log_reward(&*sim, &[0, 2], &mut [0.0; 2]).expect_err("101 is not in the table");
    assert!(matches!(error, RewardError::Missing { n: 1, of: 2, example, .. } if example == "101"));
}

#[test]
fn only_native_rewards_that_say_so_cover_unfinished_states() {
    let motifs = strings("01", 3, Some("motifs"), &[]);
    let hamming = strings("01", 3, Some("hamming"), &[]);
    let plain = Transform::plain(RewardScale::LogReward);
    let native = Scorer::new(Box::new(Native), plain);
    assert!(native.covers_unfinished(&*motifs) && !native.covers_unfinished(&*hamming));
    let oracle = Box::new(table("object,score\na,1\n").expect("a table"));
    assert!(!Scorer::new(oracle, plain).covers_unfinished(&*motifs));
}

#[test]
fn a_native_reward_stays_one_behind_a_budget_a_thread_and_a_combination() {
    let motifs = strings("01", 3, Some("motifs"), &[]);
    let plain = Transform::plain(RewardScale::LogReward);
    let budget = || Budget { max_calls: Some(100), max_seconds: None };
    let recorded = || Box::new(Recorded::new(Box::new(Native), None, Box::new(Tally::default()), budget()));
    let part = |oracle: Box<dyn Oracle>| Part {
        name: "one".to_owned(),
        oracle,
        transform: Transform::plain(RewardScale::LogReward),
        config: PartConfig { weight: 1.0, at_most: None, at_least: None, softness: 1.0 },
    };
    let combined = |oracle| {
        let combination = Combination::new(&CombinationConfig { rule: Rule::Sum }, vec![part(oracle)]);
        Box::new(combination.expect("a combination"))
    };
    let scorers = [
        Scorer::new(recorded(), plain),
        Scorer::new(recorded(), plain).ahead(),
        Scorer::new(combined(recorded()), plain),
    ];
    for mut scorer in scorers {
        assert!(scorer.covers_unfinished(&*motifs));
        let mut sim = motifs.fork();
        sim.reset(2);
        scorer.score(&*sim, &[0, 1], &mut [0.0; 2]).expect("the empty string is unfinished, and has a score");
    }
    let table = || Box::new(table("object,score\na,1\n").expect("a table"));
    assert!(
        !Scorer::new(Box::new(Recorded::new(table(), None, Box::new(Tally::default()), budget())), plain)
            .covers_unfinished(&*motifs)
    );
    assert!(!Scorer::new(combined(table()), plain).covers_unfinished(&*motifs));
}

/// Gives back the number that a text is, if it is one.
struct Echo;

impl Oracle for Echo {
    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        for (text, y) in objects.texts().iter().zip(out) {
            *y = text.parse().unwrap_or(f64::NAN);
        }
        Ok(())
    }
}

#[test]
fn objects_without_a_log_reward_are_named() {
    let sim = strings("013x", 2, None, &["13", "00", "3x"]);
    let mut scorer = Scorer::new(Box::new(Echo), Transform::plain(RewardScale::Reward));
    let mut out = [0.0; 3];
    let mut error = |lanes: &[u32]| {
        scorer.log_reward(&*sim, lanes, &mut out[..lanes.len()]).expect_err("no log R").to_string()
    };
    assert_eq!(
        error(&[0, 1]),
        "the reward of `00` is 0 (its score is 0), and log 0 is not finite: set reward.floor"
    );
    assert_eq!(error(&[0, 2, 1]), "the score of `3x` is NaN, which has no finite log R");
    let floor = transform(&TransformConfig { floor: Some(1.0), ..config(None) });
    let mut scorer = Scorer::new(Box::new(Echo), floor);
    scorer.log_reward(&*sim, &[1, 0], &mut out[..2]).expect("the floor is positive");
    assert_eq!(out[..2], [0.0, 13f64.ln()]);
}

/// SIX6 binding of all DNA 8-mers: min-max score cubed, scaled to 10, floored at 0.001.
#[test]
fn measured_binding_of_all_dna_8_mers_has_the_log_z_of_the_literature() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/tfbind8/six6_ref_r1.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: there is no {}", path.display());
        return;
    };
    let table = Table::new(&TableConfig {
        object: "sequence".into(),
        score: "binding".into(),
        ..file_config(File::new("six6_ref_r1.csv", text))
    })
    .expect("a table");
    assert_eq!((table.len(), table.statistics().map(|s| (s.min, s.max))), (65_536, Some((0.0, 1.0))));
    let texts: Vec<String> = table.iter().map(|(object, _)| object.to_owned()).collect();
    let sim = strings("ACGT", 8, None, &texts.iter().map(String::as_str).collect::<Vec<_>>());
    let settings = TransformConfig { beta: 3.0, scale: 10.0, floor: Some(1e-3), ..config(None) };
    let mut scorer = Scorer::new(Box::new(table), transform(&settings));
    let lanes: Vec<u32> = (0..65_536).collect();
    let mut log_rewards = vec![0.0; lanes.len()];
    scorer.log_reward(&*sim, &lanes, &mut log_rewards).expect("every 8-mer is in the table");
    let z: f64 = log_rewards.iter().map(|r| r.exp()).sum();
    assert!((z.ln() - 11.462147).abs() < 6e-7, "log Z = {}", z.ln());
    let mean = log_rewards.iter().map(|r| (2.0 * r).exp()).sum::<f64>() / z;
    assert!((mean - 3.319955).abs() < 6e-7, "target mean of R = {mean}");
}
