//! `headwater flow`: the flow through a graph from a file, solved, checked, sampled, drawn, and compared with a learned
//! one.

mod learned;
mod lists;
mod summary;

use std::io::Write;
use std::path::Path;

use clap::ValueEnum;
use headwater_core::Key;
use headwater_core::settings::File;
use headwater_exact::{Flow as Flows, log_terminating, worst};
use headwater_flow::{
    Choice, Equation, Picture, Residual, Sampler, Solution, backward, dot, read_flow, residuals, soft_rl, svg,
};
use headwater_graph::{Network, ReadError, read};
use headwater_run::{Problem, read_text};
use serde_json::json;

use crate::Verdict;
use crate::args::{Flow, FlowKind};
use crate::out::{self, Failure, fail};
use learned::Learned;

/// Nodes shown whose equations are furthest from true.
const WORST: usize = 10;

pub fn run(args: &Flow) -> Result<Verdict, Failure> {
    let to_stdout = stdout_taken(args)?;
    let network = network(&args.graph, args.rewards.as_deref())?;
    if let Some(path) = &args.check {
        return check(args, &network, path);
    }
    let learned = args.run.as_ref().map(|run| Learned::load(run, &network)).transpose()?;
    // A run may have raised rewards to a floor: then it is compared with the flow of these.
    let network = learned.as_ref().map_or(&network, |learned| &learned.network);
    let solution = solve(args, network, learned.as_ref())?;
    let view = View {
        network,
        solution: &solution,
        learned: learned.as_ref(),
        soft_rl: args.soft_rl.then(|| log_terminating(network.graph(), &soft_rl(network))),
    };
    if let Some(path) = &args.nodes {
        lists::nodes(&mut *out::sink(path)?, &view)?;
    }
    if let Some(path) = &args.edges {
        lists::edges(&mut *out::sink(path)?, &view)?;
    }
    draw(args, &view)?;
    if let Some(n) = args.n {
        let sampler = Sampler::new(network, &solution.forward, Key::new(args.seed));
        lists::trajectories(&sampler, &view, n, args.format)?;
    } else if args.json {
        out::data(&summary::json(&view).to_string())?;
    } else if !to_stdout {
        out::data(&summary::text(&view))?;
    }
    Ok(Verdict::Clean)
}

/// A solved network with what it is compared with.
struct View<'a> {
    network: &'a Network,
    solution: &'a Solution,
    learned: Option<&'a Learned>,
    /// Per node: log p(x) of maximum-entropy reinforcement learning, if asked for.
    soft_rl: Option<Vec<f64>>,
}

/// Does some list go to stdout? An error if two things would.
fn stdout_taken(args: &Flow) -> Result<bool, Failure> {
    let lists = [&args.nodes, &args.edges, &args.dot, &args.svg, &args.png];
    let lists = lists.into_iter().flatten().filter(|path| path.as_os_str() == "-").count();
    if lists + usize::from(args.json) + usize::from(args.n.is_some()) > 1 {
        let problem =
            Problem::new("only one of the lists, pictures, trajectories and `--json` can go to stdout");
        return Err(problem.hint("name a file for the others".to_owned()).into());
    }
    Ok(lists > 0)
}

/// Reads and checks a graph.
fn network(graph: &Path, rewards: Option<&Path>) -> Result<Network, Failure> {
    let file = |path: &Path| -> Result<File, Failure> {
        Ok(File::new(path.display().to_string(), read_text(path)?))
    };
    let rewards = rewards.map(file).transpose()?;
    Ok(read(&file(graph)?, rewards.as_ref()).map_err(|e| refused(&e))?)
}

fn refused(error: &ReadError) -> Problem {
    let hint = match (error.in_rewards, error.message.as_str()) {
        (false, "there are no rewards") => Some(
            "give `--rewards`, a CSV file with the header `node,reward`, or write them into the graph"
                .to_owned(),
        ),
        _ => error.hint.clone(),
    };
    Problem::new(error.to_string()).hint(hint)
}

/// The flow that is asked for.
fn solve(args: &Flow, network: &Network, learned: Option<&Learned>) -> Result<Solution, Failure> {
    let choice = match (args.backward, learned) {
        (None, Some(learned)) => return Ok(Solution::new(network, learned.backward.clone())),
        (None | Some(FlowKind::Uniform), _) => Choice::Uniform,
        (Some(FlowKind::Maxent), _) => Choice::MaxEnt,
        (Some(FlowKind::Given), _) => Choice::Given,
        (Some(FlowKind::Sparse), _) => Choice::Sparse,
        (Some(FlowKind::Cost), _) => Choice::Cost,
        (Some(FlowKind::Capacity), _) => Choice::Capacity,
    };
    let backward =
        backward(network, choice).map_err(|error| Problem::new(error.to_string()).hint(error.hint()))?;
    Ok(Solution::new(network, backward))
}

/// Compares a flow from a file with the equations.
fn check(args: &Flow, network: &Network, path: &Path) -> Result<Verdict, Failure> {
    let file = File::new(path.display().to_string(), read_text(path)?);
    let flow = read_flow(network, &file).map_err(|e| refused(&e))?;
    let all = residuals(network, &flow);
    let errors: Vec<f64> = all.iter().map(Residual::relative).collect();
    let broken = errors.iter().filter(|&&e| e > args.tolerance).count();
    let worst: Vec<&Residual> = worst(&errors, WORST).into_iter().map(|(i, _)| &all[i]).collect();
    let largest = worst.first().map_or(0.0, |r| r.relative());
    if args.json {
        let rows = worst.iter().filter(|r| r.relative() > args.tolerance).map(|r| {
            json!({
                "node": network.name(r.node), "equation": equation(r.equation), "relative_error": r.relative(),
                "log_expected": r.expected, "log_found": r.found,
            })
        });
        let rows: Vec<_> = rows.collect();
        out::data(
            &json!({ "equations": all.len(), "broken": broken, "largest_error": largest, "worst": rows })
                .to_string(),
        )?;
    } else if broken == 0 {
        let (n, largest) = (out::count(all.len() as u64), summary::below(largest));
        out::data(&format!("all {n} equations hold, each {largest}"))?;
    } else {
        let (n, of) = (out::count(broken as u64), out::count(all.len() as u64));
        let mut text = format!("{n} of {of} equations do not hold within {:e}; the worst:\n", args.tolerance);
        for r in worst.iter().filter(|r| r.relative() > args.tolerance) {
            let (name, found, expected) = (network.name(r.node), out::exp(r.found), out::exp(r.expected));
            text += &match r.equation {
                Equation::Conservation => format!("  {name}: {expected} flows in, {found} out"),
                Equation::Reward => format!("  {name}: {found} stops there, and the reward is {expected}"),
                Equation::Source => format!("  {name}: {found} flows out of the source, and Z is {expected}"),
            };
            text += "\n";
        }
        out::data(&text)?;
    }
    Ok(if broken == 0 { Verdict::Clean } else { Verdict::Findings })
}

fn equation(equation: Equation) -> &'static str {
    match equation {
        Equation::Conservation => "conservation",
        Equation::Reward => "reward",
        Equation::Source => "source",
    }
}

/// The largest relative error of any flow equation.
fn largest_residual(network: &Network, flow: &Flows) -> f64 {
    residuals(network, flow).iter().map(Residual::relative).fold(0.0, f64::max)
}

/// Writes the pictures that are asked for.
fn draw(args: &Flow, view: &View<'_>) -> Result<(), Failure> {
    let View { network, solution, learned, .. } = view;
    let title = args.graph.file_stem().unwrap_or_default().to_string_lossy();
    let kind = args.backward.and_then(|kind| kind.to_possible_value());
    let kind = match (&kind, learned) {
        (Some(kind), _) => kind.get_name(),
        (None, Some(_)) => "the run’s",
        (None, None) => "uniform",
    };
    let mut title = format!("{title}: {kind} flow");
    if let Some(learned) = learned {
        title += &format!(", and what {} learned", learned.objective.to_uppercase());
    }
    let picture = Picture {
        network,
        flow: &solution.flow,
        // Bars of objects are about the policy that is being judged.
        log_p: learned.map_or(&solution.log_p, |l| &l.log_p),
        learned: learned.map(|l| &l.flow),
        title: &title,
    };
    if let Some(path) = &args.dot {
        out::save(path, &dot(&picture))?;
    }
    if args.svg.is_none() && args.png.is_none() {
        return Ok(());
    }
    let drawn = svg(&picture).map_err(fail)?;
    if let Some(path) = &args.svg {
        out::save(path, &drawn)?;
    }
    if let Some(path) = &args.png {
        let pixels = png(&drawn)?;
        let mut out = out::sink(path)?;
        out.write_all(&pixels)?;
        out.flush()?;
    }
    Ok(())
}

/// Two pixels for each of the picture's, so that it is sharp on most screens.
#[cfg(feature = "png")]
fn png(drawn: &str) -> Result<Vec<u8>, Failure> {
    headwater_flow::png(drawn, 2.0).map_err(fail)
}

#[cfg(not(feature = "png"))]
fn png(_: &str) -> Result<Vec<u8>, Failure> {
    let problem = Problem::new("this program was built without PNG");
    Err(problem.hint("build it with `--features png`, or write SVG".to_owned()).into())
}
