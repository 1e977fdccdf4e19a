//! `headwater score`: the reward alone, the way to test one.

use std::io::Write;

use headwater_core::{Simulator, Stop};
use headwater_rewards::Scorer;
use headwater_run::Problem;
use headwater_run::task::Task;

use crate::args::Score;
use crate::out::{self, Failure};
use crate::{Verdict, task};

/// Objects scored at a time.
const BATCH: usize = 256;

/// A score with what the transform makes of it, t(y) and log R, the first two as texts.
type Scored = Result<(String, String, f64), String>;

pub fn run(args: &Score) -> Result<Verdict, Failure> {
    let checked = task::read(&args.source.config, &args.source.sets)?;
    let Task { mut sim, mut scorer, paid, .. } = task::build(&checked)?;
    let objects = task::objects()?;
    let mut out = out::stdout();
    writeln!(out, "text,score,transformed,log_reward")?;
    let mut findings = false;
    for batch in objects.chunks(BATCH) {
        for (text, scored) in batch.iter().zip(score(&mut *sim, &mut scorer, batch)) {
            match scored {
                Ok((score, transformed, log_reward)) => {
                    writeln!(out, "{},{score},{transformed},{log_reward}", out::quoted(text))?;
                }
                Err(why) => {
                    findings = true;
                    out::talk(&Problem::new(why).to_string());
                }
            }
        }
        out.flush()?;
    }
    task::receipt(&mut scorer, !paid.is_empty());
    Ok(if findings { Verdict::Findings } else { Verdict::Clean })
}

/// Scores objects together, and one by one only if that fails.
fn score(sim: &mut dyn Simulator, scorer: &mut Scorer, texts: &[String]) -> Vec<Scored> {
    sim.reset(texts.len());
    let loaded: Vec<Result<(), String>> =
        texts.iter().enumerate().map(|(lane, text)| load(sim, scorer, lane as u32, text)).collect();
    let lanes: Vec<u32> = (0..).zip(&loaded).filter(|(_, l)| l.is_ok()).map(|(lane, _)| lane).collect();
    let mut scores = vec![(f64::NAN, f64::NAN); texts.len()];
    let mut refused = vec![None; texts.len()];
    let together = ask(sim, scorer, &lanes, &mut scores);
    if together.is_err() {
        for &lane in &lanes {
            refused[lane as usize] = ask(sim, scorer, &[lane], &mut scores).err();
        }
    }
    let transform = *scorer.transform();
    let result = |((loaded, refused), (score, log_reward)): ((Result<(), String>, Option<String>), _)| {
        loaded?;
        if let Some(why) = refused {
            return Err(why);
        }
        let (y, log_y) = transform.plain_score(score);
        let t = shown(transform.t(score), Some(transform.log_t(score)));
        Ok((shown(y, log_y), t, log_reward))
    };
    loaded.into_iter().zip(refused).zip(scores).map(result).collect()
}

/// A number in full; by its logarithm where it is too small or too large for a float.
fn shown(x: f64, log: Option<f64>) -> String {
    match log {
        Some(log) if log.is_finite() && (x == 0.0 || x.is_infinite()) => {
            let log10 = log / std::f64::consts::LN_10;
            format!("{:.6}e{}", 10f64.powf(log10 - log10.floor()), log10.floor())
        }
        _ => x.to_string(),
    }
}

fn load(sim: &mut dyn Simulator, scorer: &Scorer, lane: u32, text: &str) -> Result<(), String> {
    sim.load(lane, text).map_err(|e| e.to_string())?;
    let mut stop = [Stop::Never];
    sim.stops(&[lane], &mut stop);
    if stop[0] == Stop::Never && !scorer.covers_unfinished(sim) {
        return Err(format!("`{text}` is not finished, and the reward is of finished objects"));
    }
    Ok(())
}

/// Writes the score and log R of each lane into its place of `out`.
fn ask(
    sim: &dyn Simulator,
    scorer: &mut Scorer,
    lanes: &[u32],
    out: &mut [(f64, f64)],
) -> Result<(), String> {
    let (mut scores, mut log_rewards) = (vec![0.0; lanes.len()], vec![0.0; lanes.len()]);
    scorer.score_and_log_reward(sim, lanes, &mut scores, &mut log_rewards).map_err(|e| e.to_string())?;
    for (&lane, pair) in lanes.iter().zip(scores.into_iter().zip(log_rewards)) {
        out[lane as usize] = pair;
    }
    Ok(())
}
