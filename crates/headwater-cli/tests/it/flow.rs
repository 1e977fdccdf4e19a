//! `headwater flow` and training on the file of a graph.

use expect_test::expect;

use crate::support::Temp;

/// A directory with the toy network.
fn toy() -> Temp {
    Temp::with_configs()
}

#[test]
fn the_summary_has_the_distribution_and_the_residual() {
    let dir = toy();
    let text = dir.run("flow toy.json --backward maxent --soft-rl").ok();
    expect![[r#"
        nodes         11
        edges         13, of which 13 carry flow
        objects       6
        trajectories  13
        longest       5 edges
        Z             112.00, log Z 4.718499
        entropy       2.3601 nats, of the trajectories
        equations     hold within 1e-12
        soft RL       total variation 0.28116

        object  reward      R/Z     p(x)  soft RL  trajectories
        3           30  0.26786  0.26786  0.21277             2
        9           30  0.26786  0.26786  0.53191             5
        6           23  0.20536  0.20536  0.08156             1
        4           14  0.12500  0.12500  0.04965             1
        8           10  0.08929  0.08929  0.10638             3
        10           5  0.04464  0.04464  0.01773             1
    "#]]
    .assert_eq(&text);
    let json = dir.run("flow toy.json --json").json();
    assert_eq!((json["n_nodes"].as_u64(), json["n_trajectories"].as_str()), (Some(11), Some("13")));
    assert!(json["largest_residual"].as_f64().unwrap() < 1e-12, "{json}");
    assert!((json["log_z"].as_f64().unwrap() - 112f64.ln()).abs() < 1e-12, "{json}");
}

#[test]
fn every_file_format_gives_the_same_flow() {
    let dir = toy();
    for name in ["toy-edges.csv", "toy-rewards.csv"] {
        std::fs::copy(crate::support::root().join("examples").join(name), dir.path(name)).unwrap();
    }
    let from_json = dir.run("flow toy.json --nodes -").ok();
    assert_eq!(dir.run("flow toy-edges.csv --rewards toy-rewards.csv --nodes -").ok(), from_json);
}

#[test]
fn flows_that_are_written_pass_the_check_and_spoiled_ones_do_not() {
    let dir = toy();
    dir.run("flow toy.json --edges flow.csv").ok();
    let checked = dir.run("flow toy.json --check flow.csv");
    assert_eq!(checked.code, Some(0));
    assert_eq!(
        checked.out,
        "all 17 equations hold, each within 1e-12
"
    );
    let spoiled = "from,to,flow\n0,1,28\n0,2,84\n1,3,28\n2,3,28\n2,4,56\n3,5,26\n4,6,42\n5,7,13\n5,8,13\n6,8,10\n6,10,5\n\
                   7,9,13\n8,9,13\n";
    dir.write("mine.csv", spoiled);
    let checked = dir.run("flow toy.json --check mine.csv");
    assert_eq!(checked.code, Some(1));
    expect![[r#"
        2 of 17 equations do not hold within 1e-6; the worst:
          9: 26.000 flows in, 30.000 out
          6: 42.000 flows in, 38.000 out
    "#]]
    .assert_eq(&checked.out);
    let json = dir.run("flow toy.json --check mine.csv --json");
    assert_eq!(json.code, Some(1));
    assert!(json.out.contains(r#""node":"9","equation":"conservation""#), "{}", json.out);
    dir.write("wrong.csv", "from,to,flow\n0,1,3\n0,9,1\n");
    expect![[r#"
        error: wrong.csv:3: the graph has no edge from `0` to `9`
    "#]]
    .assert_eq(&dir.run("flow toy.json --check wrong.csv").refused());
}

#[test]
fn trajectories_are_drawn_from_the_source_to_objects_and_are_the_same_every_time() {
    let dir = toy();
    let drawn = dir.run("flow toy.json -n 3").ok();
    assert_eq!(drawn.lines().next(), Some("object,reward,log_p,log_pf,trajectory"));
    assert_eq!(drawn.lines().count(), 4);
    assert_eq!(dir.run("flow toy.json -n 3").ok(), drawn);
    assert_ne!(dir.run("flow toy.json -n 3 --seed 1").ok(), drawn);
    for line in dir.run("flow toy.json -n 50 --format jsonl").ok().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let trajectory = row["trajectory"].as_array().unwrap();
        assert_eq!((&trajectory[0], trajectory.last().unwrap()), (&"0".into(), &row["object"]));
    }
}

#[test]
fn a_graph_is_trained_on_and_its_learned_flow_lies_on_the_exact_one() {
    let dir = toy();
    let args =
        "train toy.json --set train.steps=400 --set objective.kind=fm --set eval.every=400 --out run -q";
    dir.run(args).ok();
    let text = dir.run("flow toy.json --run run").ok();
    assert!(text.contains("learned       fm, total variation "), "{text}");
    assert!(text.contains("edges on which the learned flow differs most, as shares of Z:\n"), "{text}");
    let json = dir.run("flow toy.json --run run --json").json();
    assert!(json["tv_run"].as_f64().unwrap() < 1e-3, "{json}");
    let edges = dir.run("flow toy.json --run run --backward uniform --edges -").ok();
    assert!(
        edges.starts_with("from,to,flow,log_flow,log_p_forward,log_p_backward,log_flow_run\n"),
        "{edges}"
    );
    dir.write("other.json", r#"{"edges": [["a", "b"]], "rewards": {"b": 1}}"#);
    expect![[r#"
        error: the run `run` is not of this graph: it has 11 nodes and 13 edges instead of 2 and 1

        hint: train on it first: `headwater train GRAPH`
    "#]]
    .assert_eq(&dir.run("flow other.json --run run").refused());
}

#[test]
fn what_is_no_network_is_refused_with_its_line_and_a_hint() {
    let dir = toy();
    dir.write("cycle.csv", "from,to\na,b\nb,c\nc,b\n");
    dir.write("rewards.csv", "node,reward\nc,1\n");
    expect![[r#"
        error: cycle.csv:4: this edge closes the cycle `b` → `c` → `b`

        hint: objects are built step by step: no edge may lead back
    "#]]
    .assert_eq(&dir.run("flow cycle.csv --rewards rewards.csv").refused());
    expect![[r#"
        error: cycle.csv:1: there are no rewards

        hint: give `--rewards`, a CSV file with the header `node,reward`, or write them into the graph
    "#]]
    .assert_eq(&dir.run("flow cycle.csv").refused());
    expect![[r#"
        error: cannot read `nothing.json`: there is no such file or directory
    "#]]
    .assert_eq(&dir.run("flow nothing.json").refused());
    dir.write("bytes.json", b"{\n\xff");
    expect![[r#"
        error: cannot read `bytes.json`: byte 2, in line 2, is not text in UTF-8
    "#]]
    .assert_eq(&dir.run("flow bytes.json").refused());
    expect![[r#"
        error: no edge has a weight

        hint: add the attribute `weight` to the edges of the graph
    "#]]
    .assert_eq(&dir.run("flow toy.json --backward given").refused());
    expect![[r#"
        error: only one of the lists, pictures, trajectories and `--json` can go to stdout

        hint: name a file for the others
    "#]]
    .assert_eq(&dir.run("flow toy.json --edges - --nodes -").refused());
}

#[test]
fn costs_and_capacities_choose_flows_and_a_cut_that_is_too_narrow_is_named() {
    let dir = toy();
    // Two ways to `t`, the short one dear, and each too narrow for all of it.
    let pipes = |wide: f64| {
        format!(
            r#"{{"edges": [{{"from": "s", "to": "a", "cost": 1, "capacity": {wide}}},
                           {{"from": "s", "to": "b", "cost": 3, "capacity": 4}}, ["a", "t"], ["b", "t"]],
                 "rewards": {{"t": 6}}}}"#
        )
    };
    dir.write("pipes.json", pipes(5.0));
    let cost = dir.run("flow pipes.json --backward cost --json").json();
    // 5 of 6 go over the cheap edge: (5 · 1 + 1 · 3) / 6.
    assert!((cost["mean_cost"].as_f64().unwrap() - 8.0 / 6.0).abs() < 1e-9, "{cost}");
    let even = dir.run("flow pipes.json --backward capacity --json").json();
    // Both edges are used to 6 / 9 of what they can carry.
    assert!((even["largest_used_share"].as_f64().unwrap() - 6.0 / 9.0).abs() < 1e-9, "{even}");
    assert!((even["log_z"].as_f64().unwrap() - 6f64.ln()).abs() < 1e-12, "{even}");
    dir.write("pipes.json", pipes(1.0));
    expect![[r#"
        error: no flow fits: the edges `s` → `a`, `s` → `b` can carry 5, and the rewards behind them need 6

        hint: raise capacities there, or lower the rewards
    "#]]
    .assert_eq(&dir.run("flow pipes.json --backward capacity").refused());
    expect![[r#"
        error: no edge has a cost

        hint: add the attribute `cost` to the edges of the graph
    "#]]
    .assert_eq(&dir.run("flow toy.json --backward cost").refused());
}

#[test]
fn pictures_are_written_and_are_the_same_every_time() {
    let dir = toy();
    dir.run("flow toy.json --svg a.svg --dot a.dot").ok();
    let svg = dir.read("a.svg");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(dir.run("flow toy.json --svg -").ok() == svg);
    // What is written for other tools can be read back: P_B is the weight.
    let again = dir.run("flow a.dot --backward given --json").json();
    assert!((again["log_z"].as_f64().unwrap() - 112f64.ln()).abs() < 1e-9, "{again}");
    let entropy = dir.run("flow toy.json --json").json()["entropy"].as_f64().unwrap();
    assert!((again["entropy"].as_f64().unwrap() - entropy).abs() < 1e-6, "{again}");
    let png = dir.run("flow toy.json --png a.png");
    if !cfg!(feature = "png") {
        expect![[r#"
            error: this program was built without PNG

            hint: build it with `--features png`, or write SVG
        "#]]
        .assert_eq(&png.refused());
    } else if png.code == Some(0) {
        assert_eq!(std::fs::read(dir.path("a.png")).unwrap()[..8], *b"\x89PNG\r\n\x1a\n");
    } else {
        // A machine without fonts says so; any other writes a picture.
        assert!(png.refused().contains("no fonts are installed"));
    }
}

/// Numbers beyond what an f64 holds, and mantissas that round to ten.
#[test]
fn huge_flows_are_shown_as_numbers() {
    let dir = Temp::new();
    dir.write("edges.csv", "from,to,capacity\ns,a,1e-300\ns,b,5\na,x,1\nb,x,0\n");
    dir.write("rewards.csv", "node,reward\nx,1e299\n");
    let text = dir.run("flow edges.csv --rewards rewards.csv").ok();
    let row = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(row("Z ").contains(" 1.0000e299,"), "{text}");
    assert!(row("capacity").ends_with("an edge of capacity 0 carries flow"), "{text}");
    dir.write("edges.csv", "from,to,capacity\ns,a,1e-300\ns,b,5\na,x,1\nb,x,2\n");
    let text = dir.run("flow edges.csv --rewards rewards.csv").ok();
    let row = text.lines().find(|line| line.starts_with("capacity")).unwrap();
    assert!(row.contains("exceeded: an edge carries 5.0000e598 times its capacity"), "{text}");
    assert!(!text.contains("inf"), "{text}");
}

/// A node of reward 0 is not an object, whether it leads on or is an end: every command has a way through.
#[test]
fn nodes_without_a_reward_to_speak_of_are_no_objects_for_any_command() {
    let dir = Temp::new();
    let graph = r#"{"edges": [["s", "a"], ["s", "b"], ["a", "x"], ["b", "x"], ["b", "dead"], ["a", "end"], ["s", "dead"]],
                    "rewards": {"a": 0, "x": 2, "dead": 0, "end": 1}}"#;
    dir.write("g.json", graph);
    let exact = dir.run("flow g.json --json").json();
    assert!((exact["log_z"].as_f64().unwrap() - 3f64.ln()).abs() < 1e-12, "{exact}");
    for backward in ["uniform", "learned"] {
        let run = format!("run-{backward}");
        let sets = format!("--set train.steps=600 --set policy.backward={backward}");
        let trained = dir.run(&format!("train g.json --out {run} -q --json {sets}")).json();
        assert!(trained["tv"].as_f64().unwrap() < 0.02, "{trained}");
        let flow = dir.run(&format!("flow g.json --run {run} --json")).json();
        assert!(flow["tv_run"].as_f64().unwrap() < 0.02, "{flow}");
        let text = dir.run(&format!("flow g.json --run {run}")).ok();
        assert!(!text.contains("NaN"), "{text}");
        let edges = dir.run(&format!("flow g.json --run {run} --edges -")).ok();
        assert!(edges.contains("\nb,dead,0,-inf,"), "{edges}");
    }
    let space = dir.run("exact g.json").ok();
    assert!(!space.contains("dead"), "{space}");
    // With a floor, all that have a reward are objects, and the flow is that of the floored rewards.
    let floored = "train g.json --out floored -q --json --set train.steps=600 --set reward.floor=0.5";
    assert!(dir.run(floored).json()["tv"].as_f64().unwrap() < 0.02);
    let flow = dir.run("flow g.json --run floored --json").json();
    assert!((flow["log_z"].as_f64().unwrap() - 4f64.ln()).abs() < 1e-9, "{flow}");
    assert!(flow["tv_run"].as_f64().unwrap() < 0.02, "{flow}");
    // Still, another graph is refused.
    dir.write("other.json", graph.replace("\"x\": 2", "\"x\": 2.5"));
    let refused = dir.run("flow other.json --run run-uniform").refused();
    assert!(refused.contains("its reward of `x` is 2 instead of 2.5"), "{refused}");
}
