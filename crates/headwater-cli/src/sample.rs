//! `headwater sample`: draws from a trained run.

use std::io::{BufWriter, Write, stdout};

use headwater_run::Samples;
use headwater_run::assemble::{Purpose, key};
use headwater_run::session::load;
use headwater_train::{Behaviour, sample};
use serde_json::json;

use crate::Verdict;
use crate::args::{Format, Sample};
use crate::out::{Failure, fail};

pub fn run(args: &Sample) -> Result<Verdict, Failure> {
    let (checked, mut assembly) = load(&args.run)?;
    let key = match args.seed {
        0 => key(assembly.seed, Purpose::Sample),
        seed => key(assembly.seed, Purpose::Sample).fold(seed),
    };
    let mut out = BufWriter::new(stdout().lock());
    let mut written = Ok(());
    let mut view = assembly.trainer.policy();
    match args.format {
        Format::Csv => {
            let mut list = Samples::new(out, &checked.resolved())?;
            let drawn = sample(&mut view, args.n, Behaviour::ON_POLICY, key, &mut |s| {
                if written.is_ok() {
                    written = list.write(&s.text, s.log_reward, s.log_pf, s.log_pb, "policy");
                }
            });
            drawn.map_err(fail)?;
            written?;
            list.finish()?;
        }
        Format::Jsonl => {
            let drawn = sample(&mut view, args.n, Behaviour::ON_POLICY, key, &mut |s| {
                if written.is_ok() {
                    let row = json!({
                        "text": s.text, "log_reward": s.log_reward, "log_pf": s.log_pf, "log_pb": s.log_pb,
                        "origin": "policy",
                    });
                    written = writeln!(out, "{row}");
                }
            });
            drawn.map_err(fail)?;
            written?;
            out.flush()?;
        }
    }
    Ok(Verdict::Clean)
}
