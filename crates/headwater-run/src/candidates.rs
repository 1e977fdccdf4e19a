//! The best objects that a run, and every run with the same reward, has ever scored.

use std::collections::HashSet;
use std::path::Path;

use headwater_core::{Encoded, Picture, Simulator};
use headwater_rewards::Asking;
use headwater_rivals::distance;

use crate::door::Reading;
use crate::task::{Task, Use, ledger};
use crate::{Account, Checked, Problem, Problems, RunDir, ScoreFile};

/// An object with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its text.
    pub object: String,
    /// Its score; unknown where only samples are left.
    pub score: Option<f64>,
    /// Its log R, by the transform of the run.
    pub log_reward: f64,
}

/// The candidates of a run, best first, and what they come from.
pub struct Candidates {
    /// What was scored, best first.
    pub all: Vec<Candidate>,
    /// Where it is written down.
    pub source: String,
    /// What a person should know of the run.
    pub cautions: Vec<String>,
    sim: Box<dyn Simulator>,
}

impl Candidates {
    /// Those of the run in the directory `run`: every object of the ledger that its reward keeps, else the run's final
    /// samples.
    ///
    /// # Errors
    /// If it is no run, or neither is there.
    pub fn of(run: &Path, sets: &[String]) -> Result<Self, Problems> {
        let one = |p: Problem| Problems::from(p);
        let mut reading = Reading::with(run, sets).map_err(|e| e.problems())?;
        reading.inspect();
        let Reading { dir, checked, mut cautions } = reading;
        let account = Account::of(&dir).map_err(|e| one(Problem::from(&e)))?;
        let mut task = Task::build_for(&checked, &account, Use::Read).map_err(one)?;
        let (all, source) = match kept(&checked, &mut task).map_err(one)? {
            Some(found) => found,
            None => sampled(&dir).map_err(one)?,
        };
        cautions.extend(account.changes());
        Ok(Self { all, source, cautions, sim: task.sim })
    }

    /// The best `top` of them that are at least `apart` from each other, chosen greedily from the best on: the share of
    /// the encoding in which two differ, from 0 to 1.
    pub fn diverse(&mut self, top: usize, apart: f64) -> Vec<&Candidate> {
        let mut chosen: Vec<&Candidate> = Vec::new();
        let mut rows = Encoded::new(self.sim.spec().encoding, 0);
        self.sim.reset(1);
        for candidate in &self.all {
            if chosen.len() == top {
                break;
            }
            if self.sim.load(0, &candidate.object).is_err() {
                continue;
            }
            let at = chosen.len();
            rows.resize(at + 1);
            self.sim.encode(&[0], &mut rows, at);
            if (0..at).all(|i| distance(&rows, i, at) >= apart) {
                chosen.push(candidate);
            }
        }
        chosen
    }
}

impl Candidates {
    /// How an object looks; `None` where the environment draws none.
    pub fn picture(&mut self, object: &str) -> Option<Picture> {
        self.sim.reset(1);
        self.sim.load(0, object).ok()?;
        self.sim.draw(0)
    }
}

/// Objects scored at a time.
const BATCH: usize = 1024;

/// What the ledger has, if scores are kept: objects that everything paid for has scored, with their score as a whole.
/// Those that have no log R are left out.
fn kept(checked: &Checked, task: &mut Task) -> Result<Option<(Vec<Candidate>, String)>, Problem> {
    let Some(path) = ledger(checked).filter(|_| !task.paid.is_empty()) else { return Ok(None) };
    // What was kept is read, with what killed processes could not keep any more, and nothing is asked for.
    task.scorer.restrict(Asking::Nothing);
    task.scorer.score(&*task.sim, &[], &mut []).map_err(|e| Problem::new(e.to_string()))?;
    let mut known: Option<HashSet<String>> = None;
    for identity in &task.paid {
        let objects = ScoreFile::at(&path, identity, None)?.objects()?.into_iter();
        known = Some(match known {
            None => objects.collect(),
            Some(known) => objects.filter(|object| known.contains(object)).collect(),
        });
    }
    let mut known: Vec<String> = known.into_iter().flatten().collect();
    if known.is_empty() {
        let (place, why) = (
            path.display(),
            if path.exists() { "has no scores of this run's reward" } else { "is not there" },
        );
        let problem = Problem::new(format!("there are no candidates: the ledger `{place}` {why}"));
        return Err(problem.hint(
            "the place is that in the run's `config.toml`: `--set ledger.path=…` names another".to_owned(),
        ));
    }
    known.sort_unstable();
    // An object of the ledger that this environment does not have is another configuration's.
    task.sim.reset(1);
    known.retain(|object| task.sim.load(0, object).is_ok());
    let mut all = Vec::with_capacity(known.len());
    for batch in known.chunks(BATCH) {
        task.sim.reset(batch.len());
        let lanes: Vec<u32> = (0..batch.len() as u32).collect();
        for (&lane, object) in lanes.iter().zip(batch) {
            task.sim.load(lane, object).expect("it was loaded before");
        }
        let mut scores = vec![f64::NAN; batch.len()];
        task.scorer.score(&*task.sim, &lanes, &mut scores).map_err(|e| Problem::new(e.to_string()))?;
        for (object, &score) in batch.iter().zip(&scores) {
            let transform = task.scorer.transform();
            all.extend(transform.log_reward(score).ok().map(|log_reward| Candidate {
                object: object.clone(),
                score: Some(transform.plain_score(score).0),
                log_reward,
            }));
        }
    }
    all.sort_by(|a, b| b.log_reward.total_cmp(&a.log_reward));
    let source = format!("{} scored objects in {}", all.len(), path.display());
    Ok(Some((all, source)))
}

/// The distinct objects of the run's final samples.
fn sampled(dir: &RunDir) -> Result<(Vec<Candidate>, String), Problem> {
    let path = dir.samples_path();
    let drawn = dir.samples().map_err(|e| {
        Problem::new(format!("there are no candidates: {}", e.what)).hint(
            "a finished run has its samples there; scores of programs and services are kept in a ledger"
                .to_owned(),
        )
    })?;
    let mut all: Vec<Candidate> = drawn
        .into_iter()
        .map(|s| Candidate { object: s.text, score: None, log_reward: s.log_reward })
        .collect();
    all.sort_by(|a, b| b.log_reward.total_cmp(&a.log_reward).then_with(|| a.object.cmp(&b.object)));
    all.dedup_by(|a, b| a.object == b.object);
    let source = format!("{} objects in {}", all.len(), path.display());
    Ok((all, source))
}

/// Candidates as a Parquet file with the columns `rank` (from 1), `object`, `score` (null where unknown) and `log_reward`.
///
/// # Errors
/// If the program was built without Parquet.
#[cfg(feature = "parquet")]
pub fn to_parquet(chosen: &[&Candidate]) -> Result<Vec<u8>, Problem> {
    write_parquet(chosen).map_err(|e| Problem::new(format!("the candidates cannot be written: {e}")))
}

#[cfg(feature = "parquet")]
fn write_parquet(chosen: &[&Candidate]) -> Result<Vec<u8>, parquet::errors::ParquetError> {
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    const SCHEMA: &str = "message candidates {
        required int64 rank; required binary object (utf8); optional double score; required double log_reward;
    }";
    let (schema, mut out) = (parse_message_type(SCHEMA)?.into(), Vec::new());
    let mut file = SerializedFileWriter::new(&mut out, schema, WriterProperties::builder().build().into())?;
    let mut rows = file.next_row_group()?;
    let ranks: Vec<i64> = (1..=chosen.len() as i64).collect();
    let objects: Vec<ByteArray> = chosen.iter().map(|c| ByteArray::from(c.object.as_str())).collect();
    let known: Vec<i16> = chosen.iter().map(|c| c.score.is_some().into()).collect();
    let scores: Vec<f64> = chosen.iter().filter_map(|c| c.score).collect();
    let log_rewards: Vec<f64> = chosen.iter().map(|c| c.log_reward).collect();
    let mut i = 0;
    while let Some(mut column) = rows.next_column()? {
        match i {
            0 => column.typed::<Int64Type>().write_batch(&ranks, None, None)?,
            1 => column.typed::<ByteArrayType>().write_batch(&objects, None, None)?,
            2 => column.typed::<DoubleType>().write_batch(&scores, Some(&known), None)?,
            _ => column.typed::<DoubleType>().write_batch(&log_rewards, None, None)?,
        };
        column.close()?;
        i += 1;
    }
    rows.close()?;
    file.close()?;
    Ok(out)
}

/// See the version with the feature `parquet`.
///
/// # Errors
/// Always.
#[cfg(not(feature = "parquet"))]
pub fn to_parquet(_: &[&Candidate]) -> Result<Vec<u8>, Problem> {
    let problem = Problem::new("this program was built without Parquet");
    Err(problem.hint("build it with the feature `parquet`, which is in the default build".to_owned()))
}
