//! `headwater report`: one page of what runs have learned, whatever their objects are called.

use crate::support::Temp;

/// A graph with a node whose name would run in a browser if it were not escaped.
const EVIL: &str = "from,to\nroot,<script>alert(1)</script>\nroot,b\n<script>alert(1)</script>,c\nb,c\nb,d\n";
const REWARDS: &str = "node,reward\n<script>alert(1)</script>,1\nc,2\nd,3\n";

/// Writes `evil.toml`, whose objects have such names.
pub fn evil(dir: &Temp) {
    dir.write("evil.csv", EVIL);
    dir.write("rewards.csv", REWARDS);
    let config = crate::support::DAG
        .replace("graph = \"toy.json\"", "graph = \"evil.csv\"\nrewards = \"rewards.csv\"");
    dir.write("evil.toml", config);
}

#[test]
fn a_run_becomes_a_page_with_all_its_parts() {
    let dir = Temp::with_configs();
    dir.run("train grid.toml --out run -q").ok();
    let ran = dir.run("report run -o page.html --figures figures");
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    assert!(ran.err.starts_with("wrote page.html ("), "{}", ran.err);
    let page = dir.read("page.html");
    for part in
        ["summary", "diagnostics", "curves", "target", "candidates", "trajectories", "configuration", "notes"]
    {
        assert!(page.contains(&format!("<section id=\"{part}\"")), "{part}");
    }
    // A single run needs no table.
    assert!(page.contains("effective-sample") && !page.contains("Final numbers"));
    for said in ["cells of a grid", "total variation", "That is exact", "20 of 20 updates"] {
        assert!(page.contains(said), "{said}");
    }
    let names: Vec<&str> = page.split("<figure id=\"").skip(1).map(|r| &r[..r.find('"').unwrap()]).collect();
    for name in ["log-z", "tv", "jsd", "modes", "speed", "r0-scatter", "r0-grid", "r0-rewards"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    for name in names {
        assert!(dir.read(&format!("figures/{name}.svg")).starts_with("<svg "), "{name}");
        assert!(dir.read(&format!("figures/{name}.csv")).contains('\n'), "{name}");
    }
    let cells = dir.read("figures/r0-grid.csv");
    assert_eq!(cells.lines().count(), 1 + 64);
    let learned: f64 =
        cells.lines().skip(1).map(|l| l.split(',').nth(3).unwrap().parse::<f64>().unwrap()).sum();
    assert!((learned - 1.0).abs() < 1e-4, "the cells are all there is: {learned}");
    // The same run gives the same page.
    dir.run("report run -o again.html").ok();
    assert_eq!(dir.read("again.html"), page);
    assert_eq!(dir.run("report run -o -").ok().trim_end(), page.trim_end());
}

#[test]
fn seeds_are_one_and_configurations_are_compared() {
    let dir = Temp::with_configs();
    for (out, sets) in [("a", "seed=0"), ("b", "seed=1"), ("c", "objective.kind=db")] {
        dir.run(&format!("train grid.toml --set {sets} --out {out} -q")).ok();
    }
    dir.run("report a b --figures seeds").ok();
    let page = dir.read("report.html");
    assert!(
        page.contains("bands reach from the lowest to the highest") && page.contains("mean of the 2 seeds")
    );
    assert!(page.contains("Final numbers"));
    let tv = dir.read("seeds/tv.csv");
    assert!(tv.lines().skip(1).all(|l| l.starts_with("a,") && !l.ends_with(',')), "{tv}");
    assert!(page.contains("95 % of the mean, n = 2"));
    // A run that was stopped is not one of the seeds.
    dir.run("train grid.toml --set seed=2 --out d -q").ok();
    dir.write("d/manifest.json", dir.read("d/manifest.json").replace("\"finished\"", "\"interrupted\""));
    dir.run("report a b d --figures stopped").ok();
    assert_eq!(dir.read("stopped/tv.csv"), tv);
    let page = dir.read("report.html");
    assert!(
        page.contains("<code>d</code> is not among the seeds of curves and means: interrupted."),
        "{page}"
    );
    assert!(page.contains("mean of the 2 seeds"));
    dir.run("report a b c --figures compared").ok();
    let tv = dir.read("compared/tv.csv");
    let lines: std::collections::BTreeSet<&str> =
        tv.lines().skip(1).map(|l| l.split(',').next().unwrap()).collect();
    assert_eq!(lines.into_iter().collect::<Vec<_>>(), ["db", "tb"]);
    assert!(dir.read("report.html").contains("3 runs of 2 configurations are compared"));
}

#[test]
fn objects_are_shown_and_not_run() {
    let dir = Temp::with_configs();
    evil(&dir);
    dir.run("train evil.toml --out <script>alert(1)<script> -q").ok();
    dir.run("report <script>alert(1)<script> --figures figures").ok();
    let page = dir.read("report.html");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "it is shown");
    assert!(!page.contains("<script>alert"), "it is not run");
    assert_eq!(page.matches("<script").count(), 1);
    for word in ["http://", "https://", "src=", "@import", "<link"] {
        assert!(!page.replace("http://www.w3.org/2000/svg", "").contains(word), "{word}");
    }
    assert!(dir.read("figures/r0-scatter.csv").contains("<script>alert(1)</script>"));
}

#[test]
fn large_spaces_are_sampled_and_unfinished_runs_are_said_to_be() {
    let dir = Temp::with_configs();
    dir.run("train grid.toml --set eval.exact_cap=10 --set run.samples=0 --set eval.samples=64 --set eval.objects=16 --out run -q")
        .ok();
    dir.run("report run --figures figures").ok();
    let page = dir.read("report.html");
    for said in ["as far as samples can tell", "95 % intervals", "weighted by R P_B / P_F"] {
        assert!(page.contains(said), "{said}");
    }
    // Without samples there are no candidates, and the page says why.
    assert!(!page.contains("id=\"candidates\"") && page.contains("there are no candidates"));
    let scatter = dir.read("figures/r0-scatter.csv");
    assert!(scatter.lines().count() > 10 && scatter.lines().skip(1).any(|l| !l.ends_with(",,")), "{scatter}");
    let manifest = dir.read("run/manifest.json").replace("\"finished\"", "\"interrupted\"");
    dir.write("run/manifest.json", manifest);
    dir.run("report run").ok();
    assert!(dir.read("report.html").contains("headwater train --resume run"));
    let refused = dir.run("report nowhere").refused();
    assert!(refused.contains("`nowhere`"), "{refused}");
}

/// A page is sent to others: where files lie on this machine is not in it.
#[test]
fn no_path_of_this_machine_is_in_a_page() {
    let dir = Temp::with_configs();
    let root = dir.path("");
    let root = root.to_str().unwrap().trim_end_matches('/');
    let graph = dir.path("toy.json");
    dir.run(&format!("train dag.toml --set env.graph={} --out {root}/run -q", graph.display())).ok();
    assert!(dir.read("run/config.toml").contains(root), "the run knows its files by their paths");
    dir.run(&format!("report {root}/run")).ok();
    let page = dir.read("report.html");
    assert!(!page.contains(root) && page.contains("…/toy.json"), "{root}");
    assert!(page.contains("headwater sample …/run -n 1000") || page.contains("train --resume …/run"));
}
