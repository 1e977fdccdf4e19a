//! `headwater sample`: draws from a trained run.

use std::io::{self, Write};
use std::ops::ControlFlow;

use headwater_rewards::Asking;
use headwater_run::Samples;
use headwater_run::assemble::{Purpose, key};
use headwater_train::{Behaviour, Sampler};
use serde_json::json;

use crate::Verdict;
use crate::args::{Format, Sample};
use crate::door::load;
use crate::out::{self, Failure, fail};

pub fn run(args: &Sample) -> Result<Verdict, Failure> {
    let (checked, mut assembly) = load(&args.run)?;
    // A draw needs no score.
    assembly.trainer.restrict(match (assembly.is_paid, args.score) {
        (false, _) => Asking::All,
        (true, true) => Asking::Affordable,
        (true, false) => Asking::Nothing,
    });
    let mut unscored = 0;
    let key = match args.seed {
        0 => key(assembly.seed, Purpose::Sample),
        seed => key(assembly.seed, Purpose::Sample).fold(seed),
    };
    let mut list = match args.format {
        Format::Csv => List::Csv(Samples::new(out::stdout(), &checked.resolved())?.guard(args.spreadsheet)),
        Format::Jsonl => List::Jsonl(out::stdout()),
    };
    list.flush()?;
    let mut written = Ok(());
    let mut view = assembly.trainer.policy();
    let drawn = Sampler::new(&view).draw_while(&mut view, args.n, Behaviour::ON_POLICY, key, &mut |batch| {
        written = list.write_all(&mut batch.inspect(|s| unscored += usize::from(s.log_reward.is_nan())));
        // What nobody would read is not drawn.
        if written.is_err() || out::is_closed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drawn.map_err(fail)?;
    written?;
    if unscored > 0 {
        let why = if args.score {
            "the budget is spent: `headwater train --resume` takes `--set ledger.max_calls=…`"
        } else {
            "`--score` asks for them"
        };
        out::talk(&format!("{unscored} of {} objects have no score yet, and no log R; {why}", args.n));
    }
    Ok(Verdict::Clean)
}

/// Samples on their way to stdout, in one of the formats.
enum List {
    Csv(Samples<Box<dyn Write>>),
    Jsonl(Box<dyn Write>),
}

impl List {
    fn write(&mut self, s: &headwater_train::Sample) -> io::Result<()> {
        match self {
            Self::Csv(list) => list.write(&s.text, s.log_reward, s.log_pf, s.log_pb, "policy"),
            Self::Jsonl(out) => {
                let row = json!({
                    "text": s.text, "log_reward": s.log_reward, "log_pf": s.log_pf, "log_pb": s.log_pb,
                    "origin": "policy",
                });
                writeln!(out, "{row}")
            }
        }
    }

    fn write_all(&mut self, samples: &mut dyn Iterator<Item = headwater_train::Sample>) -> io::Result<()> {
        for sample in samples {
            self.write(&sample)?;
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(list) => list.flush(),
            Self::Jsonl(out) => out.flush(),
        }
    }
}
