//! The page as a whole: what comes from outside stays text, nobody is asked for anything, large runs stay small.

use headwater_core::Picture;
use headwater_core::picture::{Anchor, Paint};
use headwater_report::{
    Check, Cloud, Columns, Group, Known, Learned, Point, Report, Run, Shown, Step, Summary, Table,
    Trajectory, Verdict, curves,
};

/// What would run if it were not escaped, in every place where texts come from outside.
const EVIL: &str = "<script>alert(1)</script>\"'`&";

fn picture(text: &str) -> Picture {
    let mut picture = Picture::new(40.0, 20.0);
    picture.text([0.0, 10.0], 10.0, Anchor::Start, Paint::Ink, text);
    picture
}

fn columns(rows: usize) -> (Columns, Columns) {
    let wave = |k: f64| (0..rows).map(|i| 2.0 + (i as f64 * k).sin() / (1.0 + i as f64)).collect::<Vec<_>>();
    let ramp = |k: f64| (0..rows).map(|i| k * (i + 1) as f64).collect::<Vec<_>>();
    let table = |columns: Vec<(&str, Vec<f64>)>| {
        Columns::new(columns.into_iter().map(|(name, values)| (name.to_owned(), values)).collect())
    };
    let steps = ["loss", "log_reward_mean", "entropy", "mean_len", "grad_norm"];
    let metrics =
        ["log_z_learned", "log_z_true", "tv", "jsd", "elbo", "eubo", "pearson", "mean_reward_ratio", "modes"];
    let of = |names: &[&'static str]| {
        let named = names.iter().enumerate().map(|(i, name)| (*name, wave(0.1 * (i + 1) as f64)));
        [("step", ramp(10.0))].into_iter().chain(named).collect::<Vec<_>>()
    };
    let mut evaluated = of(&metrics);
    evaluated.extend([("wall_s", ramp(0.5)), ("transitions", ramp(1000.0))]);
    (table(of(&steps)), table(evaluated))
}

fn cloud(n: usize) -> (Cloud, Vec<Point>) {
    let log_p = |i: usize| -((i * i) as f64 / n as f64).ln_1p() - (n as f64).ln();
    let cloud = Cloud {
        target: vec![1.0 / n as f64; n],
        learned: vec![1.0 / n as f64; n],
        log_reward: (0..n).map(log_p).collect(),
        features: vec!["x0".to_owned(), EVIL.to_owned(), "real".to_owned()],
        values: (0..n).flat_map(|i| [(i % 300) as f64, (i % 7) as f64, log_p(i)]).collect(),
        distinct: n,
        known: Some(Known::Samples { samples: n, effective: 0.5 * n as f64 }),
    };
    let point = |i: usize| {
        let p = log_p(i);
        Point {
            object: format!("{i}{EVIL}"),
            log_reward: p,
            log_p: p + 0.1 * (i as f64).sin(),
            interval: [p - 0.2, p + 0.2],
        }
    };
    (cloud, (0..n).map(point).collect())
}

/// A page with something in every place.
fn report(rows: usize, objects: usize, seeds: usize) -> Report {
    let evil = || EVIL.to_owned();
    let run = || {
        let (steps, metrics) = columns(rows);
        Run { name: evil(), steps, metrics }
    };
    let (cloud, points) = cloud(objects);
    let step =
        |i: usize| Step { state: format!("{i}{EVIL}"), picture: Some(picture(EVIL)), action: evil(), p: 0.5 };
    let shown = |i: usize| Shown {
        object: format!("{i}{EVIL}"),
        score: Some(1.0),
        log_reward: 2.0,
        picture: Some(picture(EVIL)),
    };
    Report {
        title: evil(),
        made_by: evil(),
        summary: Summary { asked: vec![evil()], found: vec![evil()], next: vec![evil()] },
        facts: vec![(evil(), evil())],
        finals: Some(Table { header: vec![evil(), evil()], rows: vec![vec![evil(), evil()]] }),
        checks: vec![Check {
            name: evil(),
            value: evil(),
            threshold: evil(),
            verdict: Verdict::Failed,
            meaning: evil(),
            remedy: evil(),
        }],
        of_checks: vec![evil()],
        curves: curves(&[Group { name: evil(), runs: (0..seeds).map(|_| run()).collect() }]),
        learned: vec![Learned {
            run: evil(),
            figures: cloud.figures("r0-", &points, 0.0),
            source: evil(),
            candidates: (0..24).map(shown).collect(),
            trajectories: vec![Trajectory {
                steps: (0..100).map(step).collect(),
                log_reward: 1.0,
                log_pf: -2.0,
            }],
        }],
        configurations: vec![(evil(), evil())],
        notes: vec![evil()],
    }
}

#[test]
fn what_comes_from_outside_stays_text() {
    let report = report(20, 100, 2);
    let page = report.page();
    assert!(!page.contains("<script>alert") && !page.contains("alert(1)</script>"), "it would run");
    // In attributes, a quote would end the value: every tag of the page is one that the page itself writes.
    for tag in page.split('<').skip(1) {
        let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
        assert!(!tag.contains("alert(1)") || tag.contains("alert(1)%3C"), "{tag}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;"));
    // The page has one script, its own.
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (1, 1));
    for figure in report.figures() {
        let svg = figure.svg();
        assert!(!svg.contains("<script"), "{}", figure.id);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.id);
        assert!(svg.contains("<title id=") && svg.contains("<desc id="));
        assert!(figure.csv().lines().count() > 2, "{}", figure.id);
    }
}

#[test]
fn nobody_is_asked_for_anything() {
    let page = report(20, 100, 1).page();
    let without_names = page.replace("http://www.w3.org/2000/svg", "");
    for word in [
        "http://", "https://", "//cdn", "@import", "url(", "<link", "<img", "<iframe", "fetch(", "XMLHttp",
        "src=", "eval(",
    ] {
        assert!(!without_names.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"));
    for tag in without_names.split('<').filter(|tag| tag.starts_with("a ")) {
        let href = tag.split("href=\"").nth(1).unwrap();
        assert!(href.starts_with('#') || href.starts_with("data:text/csv"), "{tag}");
    }
}

#[test]
fn every_name_is_there_once_and_every_picture_has_words() {
    let page = report(20, 100, 1).page();
    let mut names: Vec<&str> =
        page.split(" id=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "a name is there twice");
    for referred in
        page.split("aria-labelledby=\"").skip(1).flat_map(|r| r[..r.find('"').unwrap()].split(' '))
    {
        assert!(names.binary_search(&referred).is_ok(), "{referred}");
    }
    assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\"").count());
    for tag in ["section", "figure", "ol", "table", "button", "details", "svg", "dl"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(page.matches(&format!("</{tag}>")).count(), opened, "{tag}");
    }
}

#[test]
fn large_runs_stay_small() {
    // A million rows of metrics, a hundred thousand samples.
    let large = report(1_000_000, 100_000, 1);
    let page = large.page();
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    assert!(page.contains("Thinned from 1000000 points"), "the page says so");
    assert!(page.contains("of 100000 objects are drawn"), "the page says so");
    for figure in large.figures() {
        assert!(figure.svg().len() < 400_000 && figure.csv().len() < 400_000, "{}", figure.id);
    }
    let seeds = report(100_000, 100, 10);
    assert!(seeds.page().len() < 5_000_000);
}

#[test]
fn many_configurations_stay_small_and_pictures_have_a_limit() {
    let (steps, metrics) = columns(5000);
    let group = |i: usize| Group {
        name: format!("configuration {i}"),
        runs: vec![Run { name: String::new(), steps: steps.clone(), metrics: metrics.clone() }],
    };
    let groups: Vec<Group> = (0..20).map(group).collect();
    let mut wide = Picture::new(100.0, 100.0);
    (0..2000).for_each(|i| wide.rect([f64::from(i), 0.0], [1.0, 1.0], Paint::Category(1)));
    let step = Step { state: "x".repeat(10_000), picture: Some(wide), action: "on".to_owned(), p: 0.1 };
    let long = Trajectory { steps: vec![step; 1000], log_reward: 0.0, log_pf: 0.0 };
    let learned = Learned { trajectories: vec![long; 5], ..Learned::default() };
    let report = Report { curves: curves(&groups), learned: vec![learned], ..Report::default() };
    let page = report.page();
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    assert!(page.contains("940 states are left out"));
}

#[test]
fn an_empty_report_is_a_page() {
    let page = Report::default().page();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
}

#[test]
fn grids_are_found_by_their_features() {
    let side = 8;
    let n = side * side;
    let mut cloud = cloud(n).0;
    cloud.features = ["x0", "x1", "sum"].map(str::to_owned).to_vec();
    cloud.values =
        (0..n).flat_map(|i| [(i % side) as f64, (i / side) as f64, (i % side + i / side) as f64]).collect();
    let names = |cloud: &Cloud| cloud.figures("", &[], 0.0).into_iter().map(|f| f.id).collect::<Vec<_>>();
    assert_eq!(names(&cloud), ["grid", "rewards"]);
    // One more object in a place where there is one already: features no longer tell all apart.
    cloud.distinct = n + 1;
    cloud.values.extend([0.0, 0.0, 0.0]);
    [&mut cloud.target, &mut cloud.learned, &mut cloud.log_reward].into_iter().for_each(|v| v.push(0.0));
    assert_eq!(names(&cloud), ["rewards", "feature-0", "feature-1", "feature-2"]);
    let total: f64 = cloud.figures("", &[], 0.0)[1]
        .csv()
        .lines()
        .skip(1)
        .map(|l| l.split(',').nth(1).unwrap().parse::<f64>().unwrap())
        .sum();
    assert!((total - 1.0).abs() < 1e-6);
}
