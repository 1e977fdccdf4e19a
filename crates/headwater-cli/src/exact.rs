//! `headwater exact`: the space as it is, enumerated.

use std::io::Write;
use std::path::PathBuf;

use headwater_exact::{
    EnumerateError, Graph, count_trajectories, enumerate, flow, log_terminating, uniform_backward, worst,
};
use headwater_rewards::{Asking, Scorer};
use headwater_run::task::{NotExact, Task};
use headwater_run::{Checked, Problem, memory};
use headwater_train::{EdgePolicies, EvalConfig, Exact as Space, ExactError};
use serde_json::{Value as Json, json};

use crate::Verdict;
use crate::args::Exact;
use crate::door::load;
use crate::out::{self, Failure, count, fail, number, quoted};
use crate::task;

/// States shown that carry the largest flow errors.
const WORST: usize = 10;

pub fn run(args: &Exact) -> Result<Verdict, Failure> {
    let on_stdout = |path: &&PathBuf| path.as_os_str() == "-";
    let to_stdout = [&args.output, &args.flow].into_iter().flatten().filter(on_stdout).count();
    if to_stdout + usize::from(args.json) > 1 {
        let problem = Problem::new("only one of `--output -`, `--flow -` and `--json` can go to stdout");
        return Err(problem.hint("name a file for the others".to_owned()).into());
    }
    let checked = task::read(&args.source.config, &args.source.sets)?;
    let (space, policies) = match &args.run {
        None => (space(&checked, args.calls)?, None),
        Some(run) => {
            let (theirs, mut assembly) = load(run)?;
            let differ = theirs.differences(&checked, &[]);
            if let Some(d) = differ.iter().find(|d| d.key.starts_with("env.") || d.key.starts_with("reward."))
            {
                let problem = Problem::new(format!("the run's `{}` is not that of the configuration", d.key));
                let own = run.join("config.toml");
                return Err(problem.hint(format!("the run's own is `{}`", own.display())).into());
            }
            let why = assembly.not_exact.as_ref().map(NotExact::to_string).unwrap_or_default();
            let space = assembly
                .exact
                .take()
                .ok_or_else(|| fail(format!("the run's space is not enumerated: {why}")))?;
            let policies = space.policies(&mut assembly.trainer.policy());
            (space, Some(policies))
        }
    };
    if let Some(path) = &args.output {
        write_objects(&mut *out::sink(path)?, &space, policies.as_ref())?;
    }
    if let Some(path) = &args.flow {
        write_flow(&mut *out::sink(path)?, &space, policies.as_ref())?;
    }
    if args.json {
        out::data(&summary(&space, policies.as_ref()).to_string())?;
    } else if to_stdout == 0 {
        out::data(&table(&space, policies.as_ref()))?;
    }
    Ok(Verdict::Clean)
}

/// The space of a configuration with its target; `calls` is how many scores may be asked for where they are paid for.
fn space(checked: &Checked, calls: u64) -> Result<Space, Failure> {
    let Task { sim, mut scorer, paid, .. } = task::build(checked)?;
    let eval: EvalConfig = checked.read("eval");
    if let Some(e) = memory::enumeration(sim.spec(), &eval) {
        return Err(checked.blame("eval", &e).into());
    }
    let cap = eval.exact_cap;
    let too_large = |e: EnumerateError| -> Failure {
        Problem::new(e.to_string()).hint("`--set eval.exact_cap=…` allows more".to_owned()).into()
    };
    if !paid.is_empty() {
        let graph = enumerate(&*sim, cap).map_err(too_large)?;
        let (objects, unknown) = (graph.n_objects() as u64, unknown(&graph, &mut scorer)?);
        if unknown > calls {
            let what = format!(
                "this needs the score of every object, and of {} no ledger has {}: that many calls of the reward's program \
                 or service",
                count(objects),
                count(unknown)
            );
            return Err(Problem::new(what).hint(format!("`--calls {unknown}` allows that")).into());
        }
    }
    let space = Space::new(&*sim, &mut scorer, cap).map_err(|e| match e {
        ExactError::Enumerate(e) => too_large(e),
        ExactError::Reward(e) => fail(e),
    })?;
    task::receipt(&mut scorer, !paid.is_empty());
    Ok(space)
}

/// Objects whose scores are not known; nothing is asked for.
fn unknown(graph: &Graph, scorer: &mut Scorer) -> Result<u64, Failure> {
    scorer.restrict(Asking::Nothing);
    let (objects, mut unknown): (Vec<u32>, u64) = (graph.objects().map(|s| s as u32).collect(), 0);
    for chunk in objects.chunks(4096) {
        let mut scores = vec![f64::NAN; chunk.len()];
        scorer.score(graph.sim(), chunk, &mut scores).map_err(fail)?;
        unknown += scores.iter().filter(|y| y.is_nan()).count() as u64;
    }
    scorer.restrict(Asking::All);
    Ok(unknown)
}

fn summary(space: &Space, policies: Option<&EdgePolicies>) -> Json {
    let g = space.graph();
    let mut json = json!({
        "n_states": g.n_states(),
        "n_edges": g.n_edges(),
        "n_objects": g.n_objects(),
        "n_trajectories": count_trajectories(g).map(|n| n.to_string()),
        "max_len": g.longest(),
        "log_z": space.log_z(),
    });
    if let Some(policies) = policies {
        let report = space.compare(policies);
        json["tv"] = json!(report.divergence.tv);
        json["jsd"] = json!(report.divergence.jsd);
        json["flow_errors"] = worst_states(space, policies)
            .into_iter()
            .map(|(state, error)| json!({"state": state, "error": error}))
            .collect();
    }
    json
}

fn worst_states(space: &Space, policies: &EdgePolicies) -> Vec<(String, f64)> {
    let (_, errors) = space.flow_errors(policies);
    let show = |(s, error): (usize, f64)| (space.graph().sim().text(s as u32), error);
    worst(&errors, WORST).into_iter().map(show).collect()
}

fn table(space: &Space, policies: Option<&EdgePolicies>) -> String {
    let g = space.graph();
    let trajectories =
        count_trajectories(g).map_or("more than 2^128".to_owned(), |n| match u64::try_from(n) {
            Ok(n) => count(n),
            Err(_) => format!("{:.4e}", n as f64),
        });
    let mut rows = vec![
        ("states", count(g.n_states() as u64)),
        ("edges", count(g.n_edges() as u64)),
        ("objects", count(g.n_objects() as u64)),
        ("trajectories", trajectories),
        ("longest", format!("{} edges", g.longest())),
        ("log Z", format!("{:.6}", space.log_z())),
    ];
    let mut text = String::new();
    if let Some(policies) = policies {
        let report = space.compare(policies);
        rows.push(("total variation", number(report.divergence.tv)));
        rows.push(("JSD", format!("{} nats", number(report.divergence.jsd))));
        text.push_str("\nstates that carry the flow error, |P(visit) − F(s)/Z| under the run's own P_B:\n");
        for (state, error) in worst_states(space, policies) {
            text.push_str(&format!("  {:<12} {state}\n", number(error)));
        }
    }
    out::table(&rows) + &text
}

fn write_objects(out: &mut dyn Write, space: &Space, policies: Option<&EdgePolicies>) -> Result<(), Failure> {
    let g = space.graph();
    let log_p = policies.map(|p| log_terminating(g, &p.forward));
    writeln!(out, "text,log_reward,log_target{}", if log_p.is_some() { ",log_p" } else { "" })?;
    for s in g.objects() {
        let text = quoted(&g.sim().text(s as u32));
        write!(out, "{text},{},{}", space.log_reward()[s], space.log_target()[s])?;
        match &log_p {
            Some(log_p) => writeln!(out, ",{}", log_p[s])?,
            None => writeln!(out)?,
        }
    }
    Ok(out.flush()?)
}

fn write_flow(out: &mut dyn Write, space: &Space, policies: Option<&EdgePolicies>) -> Result<(), Failure> {
    let g = space.graph();
    let uniform;
    let backward = match policies {
        Some(p) => &p.backward,
        None => {
            uniform = uniform_backward(g);
            &uniform
        }
    };
    let exact = flow(g, space.log_reward(), backward);
    let visits = policies.map(|p| headwater_exact::log_visits(g, &p.forward));
    writeln!(out, "from,to,action,log_flow{}", if policies.is_some() { ",log_flow_run" } else { "" })?;
    let mut row =
        |from: &str, to: &str, action: &str, log_flow: f64, run: Option<f64>| -> Result<(), Failure> {
            write!(out, "{},{},{},{log_flow}", quoted(from), quoted(to), quoted(action))?;
            match run {
                Some(run) => writeln!(out, ",{run}")?,
                None => writeln!(out)?,
            }
            Ok(())
        };
    for s in 0..g.n_states() {
        let from = g.sim().text(s as u32);
        let visit = visits.as_ref().map(|v| v[s] + space.log_z());
        for e in g.out(s) {
            let run = policies.zip(visit).map(|(p, v)| v + p.forward.edge[e]);
            row(&from, &g.sim().text(g.to(e) as u32), &g.sim().describe(g.action(e)), exact.edge[e], run)?;
        }
        if g.is_object(s) {
            let run = policies.zip(visit).map(|(p, v)| v + p.forward.stop[s]);
            row(&from, "", "stop", exact.stop[s], run)?;
        }
    }
    Ok(out.flush()?)
}
