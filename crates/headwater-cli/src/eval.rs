//! `headwater eval`: evaluates a trained run again.

use headwater_run::assemble::{Purpose, key};
use headwater_run::evaluation::{evaluate, sampled};
use headwater_train::sampled_l1;
use serde_json::json;

use crate::args::Eval;
use crate::out::{self, Failure, count, fail, number};
use crate::train::rows;
use crate::{Verdict, door};

pub fn run(args: &Eval) -> Result<Verdict, Failure> {
    let (reading, mut assembly) = door::enter(&args.run)?;
    let step = assembly.trainer.steps();
    let key = key(assembly.seed, Purpose::Eval).fold(step);
    if let Some(samples) = args.samples {
        assembly.eval.samples = samples.max(2);
    }
    let mut evaluation = evaluate(&mut assembly, f64::NAN, key).map_err(fail)?;
    if args.samples.is_some() && evaluation.sampled.is_none() {
        evaluation.sampled = Some(sampled(&mut assembly, key).map_err(fail)?);
    }
    let samples = assembly.eval.samples;
    let l1 = match &assembly.exact {
        Some(exact) if args.samples.is_some() => {
            Some(sampled_l1(&mut assembly.trainer.policy(), exact, samples, key.fold(1)).map_err(fail)?)
        }
        _ => None,
    };
    if args.json {
        let mut json = evaluation.to_json();
        if let Some((l1, perfect)) = l1 {
            json["sampled_l1"] = json!(l1);
            json["perfect_sampler_l1"] = json!(perfect);
        }
        json["cautions"] = json!(reading.cautions);
        json["run"] = json!(args.run.display().to_string());
        out::data(&json.to_string())?;
        return Ok(Verdict::Clean);
    }
    let mut rows = rows(&evaluation);
    if let Some((l1, perfect)) = l1 {
        let text = format!(
            "{} from {} samples; a perfect sampler shows {}",
            number(l1),
            count(samples as u64),
            number(perfect)
        );
        rows.push(("sampled L1", text));
    }
    out::data(&out::table(&rows))?;
    Ok(Verdict::Clean)
}
