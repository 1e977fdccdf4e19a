//! `headwater config`: configurations to start from, resolved, and described.

use headwater_run::assemble::schema;
use headwater_run::{Problem, json_schema, starter};

use crate::args::{Config, ConfigCommand};
use crate::out::{self, Failure};
use crate::{Verdict, task};

pub fn run(args: &Config) -> Result<Verdict, Failure> {
    match &args.command {
        ConfigCommand::Init { kinds } => {
            let split = |kind: &String| {
                kind.split_once('=').map(|(section, kind)| (section.to_owned(), kind.to_owned())).ok_or_else(
                    || {
                        Failure::from(
                            Problem::new(format!("`{kind}` is no choice"))
                                .detail(", expected a section and its kind, such as `env=hypergrid`"),
                        )
                    },
                )
            };
            let kinds = kinds.iter().map(split).collect::<Result<Vec<_>, _>>()?;
            let kinds: Vec<(&str, &str)> = kinds.iter().map(|(s, k)| (s.as_str(), k.as_str())).collect();
            out::data(&starter(&schema(), &kinds)?)?;
        }
        ConfigCommand::Resolve { source } => {
            let checked = task::read(&source.config, &source.sets)?;
            out::warn(&checked.warnings());
            out::data(&checked.resolved())?;
        }
        ConfigCommand::Schema => out::data(&format!("{:#}", json_schema(&schema())))?,
    }
    Ok(Verdict::Clean)
}
