//! `headwater check`: does an environment keep the contract?

use headwater_envs::{EnvEntry, Registered, Visitor, visit_all};
use headwater_testkit::conformance::{Finding, Report, check_simulator, check_small};

use crate::args::Check;
use crate::out::{self, Failure};
use crate::{Verdict, task};

/// States up to which a user's instance is checked exhaustively.
const CAP: usize = 50_000;

pub fn run(args: &Check) -> Result<Verdict, Failure> {
    if let Some(target) = args.target.as_deref().filter(|t| task::is_file(t)) {
        let sim = task::simulator(target, &args.sets)?;
        return verdict(&[(target.to_owned(), check_simulator(&*sim, CAP).map(|r| vec![r]))]);
    }
    if let Some(name) = &args.target {
        task::environment(name)?;
    }
    let mut all = All { only: args.target.as_deref(), results: Vec::new() };
    visit_all(&mut all);
    verdict(&all.results)
}

type Outcome = (String, Result<Vec<Report>, Finding>);

struct All<'a> {
    only: Option<&'a str>,
    results: Vec<Outcome>,
}

impl Visitor for All<'_> {
    fn visit<E: Registered>(&mut self, entry: &'static EnvEntry) {
        let name = entry.entry.name;
        if self.only.is_none_or(|only| only == name) {
            self.results.push((name.to_owned(), check_small::<E>(name)));
        }
    }
}

fn verdict(results: &[Outcome]) -> Result<Verdict, Failure> {
    let mut failed = false;
    for (name, result) in results {
        match result {
            Ok(reports) => {
                for report in reports {
                    out::data(&format!("{name}: {report}"))?;
                }
            }
            Err(finding) => {
                failed = true;
                out::data(&format!("{name}: FAILED: {finding}"))?;
            }
        }
    }
    Ok(if failed { Verdict::Findings } else { Verdict::Clean })
}
