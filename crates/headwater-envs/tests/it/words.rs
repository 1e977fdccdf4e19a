//! Words of lists: their trie, their scores, and lists that are refused.

use headwater_core::settings::{File, Value};
use headwater_core::{Environment, SettingError, Stop};
use headwater_envs::words::{Config, Letters, LettersConfig, Words};
use headwater_envs::{EnvEntry, NativeReward, Registered, find};
use headwater_testkit::conformance::check_simulator;

use crate::explore::{env_values, explore, native_log_z, walk};

fn words(text: &str) -> Result<Words, SettingError> {
    Words::from_config(Config { words: Some(File::new("w.txt", text)) })
}

fn scores(scores: &[&str]) -> LettersConfig {
    LettersConfig { scores: Some(scores.iter().map(|&s| s.to_owned()).collect()) }
}

#[test]
fn words_have_the_sizes_and_log_z_of_their_table() {
    let dozen = Words::from_config(Config { words: None }).expect("a dozen");
    let g = explore(&dozen);
    let objects = g.states.iter().filter(|s| dozen.stop(s) != Stop::Never).count();
    assert_eq!((objects, g.states.len(), g.n_edges), (12, 39, 38));
    // flow 10, flows 11, flower 12, head 8, heads 9, water 8, waters 9, river 8, riverbed 14, spring 9, stream 8, streams 9.
    let sum = [10, 11, 12, 8, 9, 8, 9, 8, 14, 9, 8, 9].iter().sum::<i32>();
    assert!((native_log_z(&dozen, "letters", &[]) - f64::from(sum).ln()).abs() < 1e-12);
    let few = words("a\nan\nant\ntan\n").expect("a good list");
    let g = explore(&few);
    assert_eq!((g.states.len(), g.n_edges, few.max_len()), (7, 6, 3));
    // 1 + 2 + 3 + 3.
    assert!((native_log_z(&few, "letters", &[]) - 9f64.ln()).abs() < 1e-12);
    let dear = [("scores", Value::Texts(vec!["t=0.5".into()]))];
    assert!((native_log_z(&few, "letters", &dear) - 8f64.ln()).abs() < 1e-12);
}

#[test]
fn words_are_read_as_they_are_written() {
    // Blank lines, and line ends of other systems.
    let env = words("tan\r\n\r\nant\r\na\r\nan\r\n").expect("a good list");
    assert_eq!(walk(env.clone(), &[0, 1, 2]), ["-", "a", "an", "ant"]);
    for text in ["", "n", "antt", "A", "-a", " a"] {
        assert_eq!(env.parse(text), None, "{text}");
    }
    assert_eq!(env.stop(&env.parse("t").expect("a beginning")), Stop::Never);
    assert_eq!(env.stop(&env.parse("an").expect("a word")), Stop::May);
    assert_eq!(env.stop(&env.parse("tan").expect("a word")), Stop::Must);
}

#[test]
fn capitals_score_as_small_letters_and_other_letters_need_scores() {
    let env = words("Quiz\nquiz\ncafé").expect("a good list");
    let error = Letters::from_config(LettersConfig { scores: None }, &env).expect_err("é has no score");
    assert_eq!(
        (error.field, error.message.as_str()),
        (Some("scores"), "the letter `é` of the list has no score")
    );
    let log_z = native_log_z(&env, "letters", &[("scores", Value::Texts(vec!["é=1.5".into()]))]);
    assert!((log_z - (22f64 + 22.0 + 3.0 + 1.0 + 4.0 + 1.5).ln()).abs() < 1e-12);
    for bad in ["é", "é=", "é=x", "é=-1", "é=0", "é=inf", "ab=1", "=1"] {
        let error = Letters::from_config(scores(&[bad]), &env).expect_err(bad);
        assert_eq!(error.message, format!("`{bad}` is no score of a letter"));
    }
    assert!(Letters::from_config(scores(&["é=1", "==2"]), &env).is_ok());
}

#[test]
fn lists_that_are_no_lists_are_refused() {
    let long = "x".repeat(65);
    for (text, message) in [
        ("", "w.txt has `0` words".to_owned()),
        ("good\nnot good", "w.txt:2:4: ` ` cannot be in a word".to_owned()),
        ("tab\n\tbed", "w.txt:2:1: `\\t` cannot be in a word".to_owned()),
        ("a\nb\n\na", "w.txt:4:1: `a` is there again; it was in line 1".to_owned()),
        ("a\n-", "w.txt:2:1: `-` is not a word".to_owned()),
        (&long, format!("w.txt:1:1: `{}…` is too long", &long[..60])),
    ] {
        let error = words(text).expect_err(text);
        assert_eq!((error.field, error.message), (Some("words"), message));
    }
    let many: String =
        (0..257).filter_map(|i| char::from_u32(0x4E00 + i)).map(|c| format!("{c}\n")).collect();
    let error = words(&many).expect_err("too many letters");
    assert_eq!(error.message, "w.txt:257:1: there are more than `256` different letters");
}

#[test]
fn long_lists_keep_the_contract() {
    // All numbers below 40,000 in base 36, shortest first.
    let digit = |d: u32| char::from_digit(d, 36).expect("a digit");
    let list: String = (0..40_000u32)
        .map(|i| {
            let digits = [i / 46_656 % 36, i / 1296 % 36, i / 36 % 36, i % 36].map(digit);
            String::from_iter(digits) + "\n"
        })
        .collect();
    let entry = find("words").expect("registered");
    let file = [("words", Value::File(File::new("w.txt", list)))];
    let sim = entry.build(&env_values(&EnvEntry::of::<Words>(), &file), None).expect("a good list");
    let report = check_simulator(&*sim, 1000).unwrap_or_else(|finding| panic!("{finding}"));
    assert!(!report.exhaustive, "{report}");
}
