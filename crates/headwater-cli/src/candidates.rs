//! `headwater candidates`: the best distinct objects that were ever scored.

use std::io::Write;

use headwater_core::picture::escape;
use headwater_run::candidates::{Candidate, Candidates, to_parquet};
use headwater_run::guarded;
use serde_json::json;

use crate::args::{self, CandidateFormat};
use crate::out::{self, Failure, quoted};
use crate::{Verdict, door};

pub fn run(args: &args::Candidates) -> Result<Verdict, Failure> {
    let mut candidates = Candidates::of(&args.run, &args.sets)?;
    door::warn(&candidates.cautions);
    let source = candidates.source.clone();
    let chosen = candidates.diverse(args.top, args.diverse);
    let mut out = out::sink(&args.output)?;
    match args.format {
        CandidateFormat::Csv => {
            writeln!(out, "rank,object,score,log_reward")?;
            for (i, c) in chosen.iter().enumerate() {
                let score = c.score.map_or_else(String::new, |y| y.to_string());
                let object = if args.spreadsheet { guarded(&c.object) } else { c.object.as_str().into() };
                writeln!(out, "{},{},{score},{}", i + 1, quoted(&object), c.log_reward)?;
            }
        }
        CandidateFormat::Jsonl => {
            for (i, c) in chosen.iter().enumerate() {
                let row =
                    json!({"rank": i + 1, "object": c.object, "score": c.score, "log_reward": c.log_reward});
                writeln!(out, "{row}")?;
            }
        }
        CandidateFormat::Parquet => out.write_all(&to_parquet(&chosen)?)?,
        CandidateFormat::Html => out.write_all(page(&chosen, &source, args.diverse).as_bytes())?,
    }
    out.flush()?;
    let apart = if args.diverse > 0.0 { format!(", at least {} apart", args.diverse) } else { String::new() };
    out::talk(&format!("{} of {source}{apart}", chosen.len()));
    Ok(Verdict::Clean)
}

/// One self-contained page: what was chosen, and a table.
fn page(chosen: &[&Candidate], source: &str, apart: f64) -> String {
    let row = |(i, c): (usize, &&Candidate)| {
        let score = c.score.map_or_else(|| "–".to_owned(), out::number);
        let (object, log_reward) = (escape(&c.object), out::number(c.log_reward));
        format!("<tr><td>{}<td><code>{object}</code><td>{score}<td>{log_reward}\n", i + 1)
    };
    let rows: String = chosen.iter().enumerate().map(row).collect();
    let (n, source) = (chosen.len(), escape(source));
    let apart = if apart > 0.0 {
        format!(", each differing from those before it in at least {apart} of its encoding")
    } else {
        String::new()
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Candidates</title>\n\
         <style>\n\
         :root {{ color-scheme: light dark }}\n\
         body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}\n\
         table {{ border-collapse: collapse; width: 100% }}\n\
         th, td {{ text-align: right; padding: .25rem .75rem; border-bottom: 1px solid #8886 }}\n\
         th:nth-child(2), td:nth-child(2) {{ text-align: left; overflow-wrap: anywhere }}\n\
         td {{ font-variant-numeric: tabular-nums }}\n\
         </style>\n<h1>Candidates</h1>\n\
         <p>The {n} best of {source}{apart}.\n\
         <table>\n<thead><tr><th scope=\"col\">rank<th scope=\"col\">object<th scope=\"col\">score\
         <th scope=\"col\">log R\n<tbody>\n{rows}</table>\n</html>\n"
    )
}
