//! `headwater logp`: log-probability of given objects under a trained run.

use std::io::Write;

use headwater_exact::log_terminating;
use headwater_rewards::Asking;
use headwater_run::Problem;
use headwater_run::assemble::{Purpose, key};
use headwater_train::{LogProbError, log_prob};

use crate::args::Logp;
use crate::door::load;
use crate::out::{self, Failure, fail};
use crate::{Verdict, task};

pub fn run(args: &Logp) -> Result<Verdict, Failure> {
    let (_, mut assembly) = load(&args.run)?;
    // A probability needs no score.
    assembly.trainer.restrict(if assembly.is_paid { Asking::Nothing } else { Asking::All });
    let objects = task::objects()?;
    let mut out = out::stdout();
    let mut unknown = 0;
    let mut complain = |why: String| {
        unknown += 1;
        out::talk(&Problem::new(why).to_string());
    };
    let samples = args.samples.max(1);
    match assembly.exact.take().filter(|_| !args.sampled) {
        Some(mut space) => {
            let policies = space.policies(&mut assembly.trainer.policy());
            let log_p = log_terminating(space.graph(), &policies.forward);
            writeln!(out, "text,log_p,log_reward,log_target")?;
            for text in &objects {
                match space.graph_mut().find(text) {
                    Ok(Some(s)) if space.graph().is_object(s) => {
                        let (r, t) = (space.log_reward()[s], space.log_target()[s]);
                        writeln!(out, "{},{},{r},{t}", out::quoted(text), log_p[s])?;
                    }
                    Ok(_) => complain(format!("`{text}` is not a finished object")),
                    Err(e) => complain(e.to_string()),
                }
            }
        }
        None => {
            writeln!(out, "text,log_p,low,high,log_reward")?;
            let key = key(assembly.seed, Purpose::Eval).fold(u64::MAX);
            for (i, text) in objects.iter().enumerate() {
                match log_prob(&mut assembly.trainer.policy(), text, samples, key.fold(i as u64)) {
                    Ok(p) => {
                        // Without an interval, there is a lower bound.
                        let (low, high) = match p.log_p.interval {
                            Some([low, high]) => (low, high.to_string()),
                            None => (p.log_p.at_least, String::new()),
                        };
                        let (text, value, known) = (out::quoted(text), p.log_p.value, !p.log_reward.is_nan());
                        let log_reward = if known { p.log_reward.to_string() } else { String::new() };
                        writeln!(out, "{text},{value},{low},{high},{log_reward}")?;
                    }
                    Err(LogProbError::Reward(e)) => return Err(fail(e)),
                    Err(e) => complain(e.to_string()),
                }
            }
        }
    }
    out.flush()?;
    Ok(if unknown > 0 { Verdict::Findings } else { Verdict::Clean })
}
