//! Jobs on machines: their numbers, best makespans, and files that are refused.

use headwater_core::settings::{File, Value};
use headwater_core::{Environment, Stop};
use headwater_envs::scheduling::{Config, Scheduling};
use headwater_envs::{EnvEntry, Registered};

use crate::explore::{env_values, explore, native_log_z, walk};

fn config(machines: usize, set: &[(&'static str, Value)]) -> Config {
    let mut set = set.to_vec();
    set.push(("machines", Value::Int(machines as i64)));
    headwater_core::Settings::read(&env_values(&EnvEntry::of::<Scheduling>(), &set))
}

fn scheduling(text: &str, machines: usize, speeds: Option<Vec<f64>>) -> Scheduling {
    let graph = Some(File::new("jobs.dot", text));
    Scheduling::from_config(Config { graph, speeds, ..config(machines, &[]) }).expect("a good file")
}

/// Jobs of these times that wait for nothing.
fn free(times: &[f64], machines: usize, speeds: Option<Vec<f64>>) -> Scheduling {
    let jobs: String = times.iter().enumerate().map(|(i, t)| format!("j{i} [time={t}]; ")).collect();
    scheduling(&format!("digraph {{ {jobs} }}"), machines, speeds)
}

/// The numbers of objects and of states, and the least makespan.
fn facts(env: &Scheduling) -> (usize, usize, f64) {
    let g = explore(env);
    let objects: Vec<_> = g.states.iter().filter(|s| env.stop(s) == Stop::Must).collect();
    let best = objects.iter().map(|s| makespan(env, s)).fold(f64::INFINITY, f64::min);
    (objects.len(), g.states.len(), best)
}

fn makespan<E: Environment>(env: &E, s: &E::State) -> f64 {
    let names = env.features();
    let mut values = vec![0.0; names.len()];
    env.measure(s, &mut values);
    values[names.iter().position(|n| n == "makespan").expect("a feature")]
}

#[track_caller]
fn makespan_of(env: &Scheduling, text: &str) -> f64 {
    makespan(env, &env.parse(text).expect("a schedule"))
}

#[test]
fn schedules_are_as_many_as_one_counts() {
    // Sets of lists: A000262 of the OEIS, and their sums over subsets.
    for (n, objects, states) in [(1, 1, 2), (2, 3, 6), (3, 13, 26), (4, 73, 148)] {
        assert_eq!(facts(&free(&vec![1.0; n], n, None)), (objects, states, 1.0));
    }
    // Lists on numbered machines: 3! times the places of a bar among three jobs; 3! · (5 over 3) on three machines.
    assert_eq!(facts(&free(&[1.0; 3], 1, Some(vec![1.0; 2]))).0, 24);
    assert_eq!(facts(&free(&[1.0; 3], 1, Some(vec![1.0; 3]))).0, 60);
    // A chain has one order on each machine: ways to deal four jobs out to at most two machines, and 1 + 1 + 2 + 4 + 8.
    let chain = "digraph { node [time=1]; a -> b -> c -> d [cost=0.5] }";
    assert_eq!(facts(&scheduling(chain, 2, None)), (8, 16, 4.0));
    // 5! · (1 + 4/2): one list, or two of which neither is the first. Longest jobs first would end at 7.
    assert_eq!(facts(&free(&[3.0, 3.0, 2.0, 2.0, 2.0], 2, None)).0, 360);
    assert_eq!(facts(&free(&[3.0, 3.0, 2.0, 2.0, 2.0], 2, None)).2, 6.0);
}

/// All schedules of a small instance another way: every order of the jobs that respects what waits, dealt out in every
/// way to numbered machines, placed one by one.
#[test]
fn best_makespans_are_those_of_brute_force() {
    let times = [2.0, 3.0, 1.5, 1.0, 2.5];
    let edges = [(0, 1, 1.0), (0, 2, 0.0), (1, 3, 0.5), (2, 3, 0.25), (2, 4, 4.0)];
    let text = "digraph { j0 [time=2]; j1 [time=3]; j2 [time=1.5]; j3 [time=1]; j4 [time=2.5];
        j0 -> j1 [cost=1]; j0 -> j2; j1 -> j3 [cost=0.5]; j2 -> j3 [cost=0.25]; j2 -> j4 [cost=4] }";
    for speeds in [[1.0, 1.0], [1.0, 2.0]] {
        let env = scheduling(text, 1, Some(speeds.to_vec()));
        let mut schedules = std::collections::BTreeMap::new();
        let mut open = vec![(Vec::<(usize, usize)>::new(), [0.0; 2], [0.0; 5])];
        while let Some((placed, free, finish)) = open.pop() {
            if placed.len() == 5 {
                let on = |k| placed.iter().filter(move |p| p.1 == k).map(|p| p.0).collect::<Vec<_>>();
                schedules.insert([on(0), on(1)], f64::max(free[0], free[1]));
            }
            let at = |j: usize| placed.iter().find(|p| p.0 == j).map(|p| p.1);
            for j in (0..5).filter(|&j| at(j).is_none()) {
                let inputs: Vec<_> = edges.iter().filter(|e| e.1 == j).collect();
                for k in (0..2).filter(|_| inputs.iter().all(|e| at(e.0).is_some())) {
                    let way = |e: &&(usize, usize, f64)| if at(e.0) == Some(k) { 0.0 } else { e.2 };
                    let start = inputs.iter().map(|e| finish[e.0] + way(e)).fold(free[k], f64::max);
                    let (mut placed, mut free, mut finish) = (placed.clone(), free, finish);
                    placed.push((j, k));
                    finish[j] = start + times[j] / speeds[k];
                    free[k] = finish[j];
                    open.push((placed, free, finish));
                }
            }
        }
        let best = schedules.values().copied().fold(f64::INFINITY, f64::min);
        let (objects, _, found) = facts(&env);
        assert_eq!((objects, found), (schedules.len(), best));
        let sequential = times.iter().sum::<f64>() / speeds[1];
        let log_z =
            |score: &dyn Fn(f64) -> f64| schedules.values().map(|&c| score(c).exp()).sum::<f64>().ln();
        let ideal = times.iter().sum::<f64>() / (speeds[0] + speeds[1]);
        let difference = native_log_z(&env, "speed-up", &[]) - log_z(&|c| sequential / c);
        assert!(difference.abs() < 1e-9, "{difference}");
        let difference = native_log_z(&env, "makespan", &[]) - log_z(&|c| -c / ideal);
        assert!(difference.abs() < 1e-9, "{difference}");
        let per_nat = [("per_nat", Value::Real(0.5))];
        let difference = native_log_z(&env, "makespan", &per_nat) - log_z(&|c| -c / 0.5);
        assert!(difference.abs() < 1e-9, "{difference}");
    }
}

#[test]
fn examples_have_their_known_makespans() {
    let example = |path: &str, text: &str, machines| {
        let graph = Some(File::new(path, text));
        Scheduling::from_config(Config { graph, ..config(machines, &[]) }).expect("a good file")
    };
    let graham = include_str!("../../../../examples/scheduling/graham.json");
    // The timing anomaly of Graham 1969: a fourth machine makes the same list worse.
    let three = example("graham.json", graham, 3);
    assert_eq!(makespan_of(&three, "T1,T9 | T2,T4,T5,T7 | T3,T6,T8"), 12.0);
    let four = example("graham.json", graham, 4);
    assert_eq!(makespan_of(&four, "T1,T8 | T2,T5,T9 | T3,T6 | T4,T7"), 15.0);
    let fork = example("fork.dot", include_str!("../../../../examples/scheduling/fork.dot"), 2);
    assert_eq!(facts(&fork).2, 11.0);
}

#[test]
fn schedules_are_read_as_they_are_written() {
    let text = "digraph { a [time=1]; b [time=1]; c [time=1]; b -> c }";
    let env = scheduling(text, 2, None);
    // The second machine comes to the front where its first job has the smaller number.
    assert_eq!(walk(env.clone(), &[2, 1, 4]), ["-", "b", "a | b", "a,c | b"]);
    for text in ["", "b | a", "a,b,c | -", "- | a", "c", "a,a", "a, b", "a|b", "a | b | c", "d", "c,b"] {
        assert_eq!(env.parse(text), None, "{text}");
    }
    let env = scheduling(text, 2, Some(vec![1.0, 0.5]));
    assert_eq!(walk(env.clone(), &[3, 0, 5]), ["- | -", "- | b", "a | b", "a | b,c"]);
    assert_eq!(makespan_of(&env, "a | b,c"), 4.0);
    // Across machines jobs could wait for each other for ever.
    let crossed = scheduling("digraph { node [time=1]; a -> b; c -> d }", 2, None);
    assert_eq!(crossed.parse("b,c | d,a"), None);
    assert!(crossed.parse("a,d | c,b").is_some());
}

#[test]
fn drawn_jobs_are_those_of_their_seed() {
    let drawn = |set: &[(&'static str, Value)]| Scheduling::from_config(config(2, set)).expect("in range");
    let shape = |env: &Scheduling| format!("{env:?}");
    assert_eq!(shape(&drawn(&[])), shape(&drawn(&[])));
    assert_ne!(shape(&drawn(&[])), shape(&drawn(&[("seed", Value::Int(1))])));
    let objects = |set: &[(&'static str, Value)]| facts(&drawn(set)).0;
    let four = ("jobs", Value::Int(4));
    assert_eq!(objects(&[four.clone(), ("p", Value::Real(0.0))]), 24 + 24 * 3 / 2);
    // Each job waits for the one before.
    let chain = [four, ("p", Value::Real(1.0)), ("layers", Value::Int(4))];
    assert_eq!(objects(&chain), 8);
}

#[test]
fn jobs_that_cannot_be_scheduled_are_refused() {
    let refused = |path: &str, text: &str| {
        let graph = Some(File::new(path, text));
        let error = Scheduling::from_config(Config { graph, ..config(2, &[]) }).expect_err("a bad file");
        assert_eq!(error.field, Some("graph"));
        error.message
    };
    for (text, message) in [
        ("", "j.json:1:1: the file is empty"),
        ("{\"jobs\": []}", "j.json:1:1: there are no jobs"),
        ("{\"tasks\": []}", "j.json:1:2: unknown key `tasks`"),
        ("{\"jobs\": [{\"name\": \"a\"}]}", "j.json:1:11: a job without `time`"),
        (
            "{\"jobs\": [{\"name\": \"a\", \"time\": \"3\"}]}",
            "j.json:1:25: the time of a job is `\"3\"`, not a number",
        ),
        ("{\"jobs\": [{\"name\": \"a\", \"time\": -3}]}", "j.json:1:12: the time of `a` is `-3`"),
        (
            "{\"jobs\": [{\"name\": \"a\", \"time\": 3},\n {\"name\": \"a\", \"time\": 3}]}",
            "j.json:2:3: a second job `a`",
        ),
        ("{\"jobs\": [{\"name\": \"a,b\", \"time\": 3}]}", "j.json:1:12: `a,b` cannot name a job"),
        (
            "{\"jobs\": [{\"name\": \"a\", \"time\": 3}],\n \"edges\": [{\"from\": \"a\", \"to\": \"b\"}]}",
            "j.json:2:12: there is no job `b` with a time",
        ),
        (
            "{\"jobs\": [{\"name\": \"a\", \"time\": 0}]}",
            "no job takes any time, so that there is nothing to schedule",
        ),
    ] {
        assert_eq!(refused("j.json", text), message, "{text}");
    }
    for (text, message) in [
        ("digraph { a [time=1]; b; }", "j.dot:1:23: there is no job `b` with a time"),
        ("digraph {\n a [time=x] }", "j.dot:2:5: the time is `x`, not a number"),
        ("digraph { a [time=1]; a [time=2] }", "j.dot:1:26: a second job `a`"),
        ("digraph { node [time=1]; a -> b [cost=-1] }", "j.dot:1:26: the cost is `-1`"),
        (
            "digraph { node [time=1];\n a -> b;\n b -> a }",
            "j.dot:3:2: this edge closes the cycle `a` → `b` → `a`",
        ),
        ("digraph { node [time=1]; a -> a }", "j.dot:1:26: the edge from `a` to `a` is a loop"),
        ("digraph { node [time=1]; a -> b; a -> b }", "j.dot:1:34: a second edge from `a` to `b`"),
        ("graph { a -- b }", "j.dot:1:1: the graph is not directed"),
    ] {
        assert_eq!(refused("j.dot", text), message, "{text}");
    }
    assert_eq!(refused("j.csv", "from,to\na,b"), "j.csv:1:1: the file is neither JSON nor DOT");
    let many: String = (0..65).map(|i| format!("j{i} [time=1]; ")).collect();
    let many = refused("j.dot", &format!("digraph {{ {many} }}"));
    assert_eq!(many, "`65` jobs are more than the 64 that a schedule can hold");
    let layers = config(2, &[("jobs", Value::Int(2))]);
    let error = Scheduling::from_config(layers).expect_err("too many layers");
    assert_eq!((error.field, error.message.as_str()), (Some("layers"), "`3` layers are more than 2 jobs"));
    let speeds = config(2, &[("speeds", Value::Reals(vec![]))]);
    assert_eq!(Scheduling::from_config(speeds).expect_err("no machine").field, Some("speeds"));
}

#[test]
fn the_guide_says_what_is() {
    const GUIDE: &str = include_str!("../../../../docs/guides/combinatorial.md");
    let block = |language: &str| {
        let start = format!("```{language}\n");
        GUIDE.split(start.as_str()).nth(1).and_then(|rest| rest.split("```").next()).expect("a block")
    };
    let example = include_str!("../../../../examples/scheduling/fork.dot");
    assert!(example.ends_with(block("dot")), "the guide quotes the example");
    let fork = scheduling(block("dot"), 2, None);
    assert!(fork.parse("load,left,join,save | right,post,mid").is_some());
    let read = |path: &str, text: &str| {
        Scheduling::from_config(Config { graph: Some(File::new(path, text)), ..config(2, &[]) })
    };
    assert!(read("jobs.json", block("json")).is_ok());
    let lift = "{\"jobs\": [{\"name\": \"load\", \"time\": 2}],\n \"edges\": [{\"from\": \"load\", \"to\": \"lift\"}]}";
    let back = "digraph { node [time=1];\n a -> b;\n b -> a }";
    let said = [("my-jobs.json", lift), ("my-jobs.dot", back)]
        .map(|(path, text)| read(path, text).expect_err("a bad file").message + "\n");
    assert_eq!(block("text"), said.concat());
}
