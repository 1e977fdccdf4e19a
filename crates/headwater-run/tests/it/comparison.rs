//! Comparisons on disk: every curve with its seed, intervals that allow for few seeds, and nothing left of a kill.

use std::sync::atomic::AtomicBool;

use headwater_run::assemble::schema;
use headwater_run::comparison::{Comparison, Entrant, METRICS, News};
use headwater_run::contest::{Budget, Terms, Unit};
use headwater_run::{Input, Problem};

use crate::sample::Temp;

const GRID: &str = "env.kind = \"hypergrid\"\nenv.side = 32\nmethod.kind = \"random\"\ntrain.threads = 1\n";

fn open(dir: &Temp, name: &str, seeds: &[u64]) -> Result<Comparison, Problem> {
    let budget = Budget { unit: Unit::Objects, amount: 64.0 };
    let terms = Terms { budget, points: 2, window: 1000, top: 4, radius: 0.5 };
    let checked = |seed: &u64| {
        (*seed, Input::text("grid.toml", GRID).set([format!("seed={seed}")]).check(&schema()).unwrap())
    };
    let seeds = seeds.iter().map(checked).collect();
    Comparison::open(&dir.path("c"), vec![Entrant { name: name.to_owned(), seeds }], terms)
}

fn played(comparison: &Comparison) {
    assert!(comparison.run(1, &AtomicBool::new(false), &|_: News<'_>| {}).unwrap());
}

/// Column `column` of the rows of a table that begin with `start`.
fn cells(table: &str, start: &str, column: usize) -> Vec<String> {
    let rows = table.lines().filter(|line| line.starts_with(start));
    rows.map(|row| row.split(',').nth(column).unwrap_or_default().to_owned()).collect()
}

#[test]
fn curves_keep_their_seeds_when_some_are_missing() {
    let dir = Temp::new();
    let comparison = open(&dir, "random", &[3, 4, 5]).unwrap();
    played(&comparison);
    let whole = comparison.results();
    comparison.write(&whole).unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.path(&format!("c/{name}"))).unwrap();
    let rows = |seed: u64| {
        let table = read("curves.csv");
        let start = format!("random,{seed},");
        table.lines().filter(|line| line.starts_with(&start)).map(str::to_owned).collect::<Vec<_>>()
    };
    let last = rows(5);
    assert_eq!(last.len(), 2);
    // The first curve is not there, as in a comparison that was interrupted while others were played.
    std::fs::remove_file(dir.path("c/curves/random-3.csv")).unwrap();
    let results = comparison.results();
    assert_eq!(results[0].curves.iter().map(|(seed, _)| *seed).collect::<Vec<_>>(), [4, 5]);
    comparison.write(&results).unwrap();
    assert_eq!((rows(3).len(), rows(4).len(), rows(5)), (0, 2, last));
    assert_eq!(cells(&read("summary.csv"), "random,", 1)[0], "2");
}

#[test]
fn means_come_with_intervals_of_student_and_their_number_of_seeds() {
    let dir = Temp::new();
    let comparison = open(&dir, "random, as it is", &[0, 1, 2]).unwrap();
    played(&comparison);
    let results = comparison.results();
    let metric = METRICS.iter().find(|m| m.name == "top_log_reward").unwrap();
    let values: Vec<f64> = results[0].curves.iter().map(|(_, c)| (metric.of)(&c[1]).unwrap()).collect();
    let mean = values.iter().sum::<f64>() / 3.0;
    let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    assert!(sd > 0.0);
    let over = results[0].at_end(metric).unwrap();
    let (low, high) = over.interval().unwrap();
    let half = 4.302_652_73 * sd / 3f64.sqrt();
    assert_eq!(over.n, 3);
    assert!((over.mean - mean).abs() < 1e-12);
    assert!((low - (mean - half)).abs() < 1e-6 && (high - (mean + half)).abs() < 1e-6, "{over:?}");
    comparison.write(&results).unwrap();
    let summary = std::fs::read_to_string(dir.path("c/summary.csv")).unwrap();
    assert!(summary.contains(&format!("\"random, as it is\",3,top_log_reward,{},{low},{high}\n", over.mean)));
    let picture = std::fs::read_to_string(dir.path("c/top_log_reward.svg")).unwrap();
    assert!(picture.contains("95 % intervals of means over n seeds") && picture.contains("(n = 3)"));
    // One seed has no interval.
    drop(comparison);
    std::fs::remove_dir_all(dir.path("c")).unwrap();
    let comparison = open(&dir, "random", &[0]).unwrap();
    played(&comparison);
    comparison.write(&comparison.results()).unwrap();
    let summary = std::fs::read_to_string(dir.path("c/summary.csv")).unwrap();
    assert!(summary.lines().skip(1).all(|line| line.ends_with(",,")), "{summary}");
}

#[test]
fn a_comparison_is_played_by_one_process_and_nothing_is_left_of_a_killed_one() {
    let dir = Temp::new();
    std::fs::create_dir_all(dir.path("c/curves")).unwrap();
    for name in ["c/.comparison.json.4.0.tmp", "c/curves/.random-0.csv.4.7.tmp"] {
        dir.write(name, "half a fi");
    }
    dir.write("c/.notes.tmp", "of somebody else");
    let comparison = open(&dir, "random", &[0]).unwrap();
    assert_eq!(dir.names("c/curves"), Vec::<String>::new());
    assert!(!dir.names("c").contains(&".comparison.json.4.0.tmp".to_owned()));
    assert!(dir.names("c").contains(&".notes.tmp".to_owned()));
    let Err(problem) = open(&dir, "random", &[0]) else { panic!("two may not play at once") };
    assert!(dir.mask(&problem).contains("`TMP/c` is in use by another process"), "{problem}");
    drop(comparison);
    open(&dir, "random", &[0]).unwrap();
}
