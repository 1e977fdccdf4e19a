//! `headwater score`: the reward alone, the way to test one.

use std::io::{BufWriter, Write, stdout};

use headwater_core::{Simulator, Stop};
use headwater_run::Problem;
use headwater_run::assemble::Task;

use crate::args::Score;
use crate::out::{self, Failure};
use crate::{Verdict, task};

pub fn run(args: &Score) -> Result<Verdict, Failure> {
    let checked = task::read(&args.source.config, &args.source.sets)?;
    let Task { mut sim, mut scorer } = Task::build(&checked)?;
    let objects = task::objects()?;
    let mut out = BufWriter::new(stdout().lock());
    writeln!(out, "text,score,log_reward")?;
    sim.reset(1);
    let mut findings = false;
    for text in &objects {
        match one(&mut *sim, &mut scorer, text) {
            Ok((score, log_reward)) => writeln!(out, "{},{score},{log_reward}", out::quoted(text))?,
            Err(why) => {
                findings = true;
                out::talk(&Problem::new(why).to_string());
            }
        }
    }
    out.flush()?;
    Ok(if findings { Verdict::Findings } else { Verdict::Clean })
}

fn one(
    sim: &mut dyn Simulator,
    scorer: &mut headwater_rewards::Scorer,
    text: &str,
) -> Result<(f64, f64), String> {
    sim.load(0, text).map_err(|e| e.to_string())?;
    let mut stop = [Stop::Never];
    sim.stops(&[0], &mut stop);
    if stop[0] == Stop::Never && !scorer.covers_unfinished(sim) {
        return Err(format!("`{text}` is not finished, and the reward is of finished objects"));
    }
    let (mut score, mut log_reward) = ([0.0], [0.0]);
    scorer.score_and_log_reward(sim, &[0], &mut score, &mut log_reward).map_err(|e| e.to_string())?;
    Ok((score[0], log_reward[0]))
}
