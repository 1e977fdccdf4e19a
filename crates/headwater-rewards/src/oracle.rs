//! Sources of scores that know no environment, and their registry.

use std::path::Path;

use headwater_core::settings::{Values, choice};
use headwater_core::{Entry, EnvSpec, RewardScale, SettingError, Settings, Simulator};

use crate::expression::{Expression, ExpressionConfig};
use crate::http::{self, HttpConfig};
use crate::onnx::{self, OnnxConfig};
use crate::table::{Table, TableConfig};
use crate::{Asking, Caller, Forms, Listener, Objects, Receipt, RewardError};

choice! {
    /// What becomes of an object that has no score.
    pub enum Missing {
        /// The run stops, and says which object it was.
        Error = "error",
        /// It has the reward `reward.floor`.
        Floor = "floor",
    }
}

/// Facts about all scores there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation, with divisor n.
    pub std: f64,
}

impl Statistics {
    /// Those of `scores`, which are finite; `None` if there are none.
    pub fn of(scores: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let n = scores.clone().count() as f64;
        let mean = scores.clone().sum::<f64>() / n;
        let variance = scores.clone().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
        let (min, max) = scores.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), y| (a.min(y), b.max(y)));
        (n > 0.0).then(|| Self { min, max, mean, std: variance.sqrt() })
    }
}

/// How far an oracle's list of objects goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Objects on the list.
    pub rows: usize,
    /// Those of a batch that are on it.
    pub covered: usize,
}

/// Takes objects with their scores; an error ends the collection.
pub type Keep<'a> = dyn FnMut(&[(String, f64)]) -> Result<(), String> + 'a;

/// Scores objects; knows no environment.
pub trait Oracle: Send {
    /// What it reads of an object.
    fn forms(&self) -> Forms {
        Forms::TEXTS
    }

    /// Writes the scores of `objects` into `out`, which has as many places. A score may be anything but must be
    /// the same for the same object. NaN stands for an object without a score.
    ///
    /// # Errors
    /// If some object has no score and that is an error by [`Oracle::missing`], or the oracle fails. An oracle with an
    /// [`Oracle::identity`] then leaves the scores that it did get in `out`, which arrives filled with NaN.
    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError>;

    /// Is called once before anything is scored, with a simulator of the environment whose objects will be: whatever
    /// can be tried out is tried out now, and not after an hour.
    ///
    /// # Errors
    /// If the oracle does not do what it should.
    fn rehearse(&mut self, sim: &dyn Simulator) -> Result<(), SettingError> {
        let _ = sim;
        Ok(())
    }

    /// The same, aloud: the listener hears of every call and of every score as soon as it is there, so that what was paid
    /// for can be kept before the rest is.
    ///
    /// # Errors
    /// As [`Oracle::score`].
    fn score_in_pieces(
        &mut self,
        objects: &Objects,
        out: &mut [f64],
        listener: &mut dyn Listener,
    ) -> Result<(), RewardError> {
        listener.called(objects.len());
        self.score(objects, out)?;
        listener.scored(0..out.len(), out);
        listener.pause();
        Ok(())
    }

    /// Is the score also defined on unfinished states, wherever the environment's own reward is? Only native scores can
    /// be: everything else knows objects alone.
    fn covers_unfinished(&self) -> bool {
        false
    }

    /// Says who waits for scores from now on.
    fn attend(&mut self, caller: &Caller) {
        let _ = caller;
    }

    /// Says where answers may be written down before they are read, so that they outlive this process, and under which
    /// identity.
    fn shelve(&mut self, dir: &Path, identity: &str) {
        let _ = (dir, identity);
    }

    /// Hands objects with scores that processes which are no more have left there to `keep`, and removes them.
    ///
    /// # Errors
    /// Those of `keep`.
    fn collect(&mut self, keep: &mut Keep<'_>) -> Result<(), String> {
        let _ = keep;
        Ok(())
    }

    /// Says what may be asked from now on, for oracles whose scores are kept.
    fn restrict(&mut self, asking: Asking) {
        let _ = asking;
    }

    /// What was asked and what was known already, for oracles whose scores are kept.
    fn receipt(&self) -> Option<Receipt> {
        None
    }

    /// What becomes of objects without a score.
    fn missing(&self) -> Missing {
        Missing::Error
    }

    /// Facts about all scores there are, if the oracle knows them: the defaults of transforms.
    fn statistics(&self) -> Option<Statistics> {
        None
    }

    /// For oracles that have a list of objects: how long it is, and how many of `objects` are on it.
    fn coverage(&self, objects: &Objects) -> Option<Coverage> {
        let _ = objects;
        None
    }

    /// For scores that are dear enough to be kept: everything that they depend on apart from the object, such as the
    /// program that computes them. Scores are shared by runs whose oracles have the same identity.
    fn identity(&self) -> Option<String> {
        None
    }

    /// Takes what the oracle has said on the side since it was last asked, such as a program's standard error.
    fn take_log(&mut self) -> String {
        String::new()
    }
}

/// The environment's own scores as an oracle's.
pub struct Native;

impl Oracle for Native {
    fn forms(&self) -> Forms {
        Forms::NATIVE
    }

    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        out.copy_from_slice(objects.native());
        Ok(())
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

/// What an oracle may know of the environment whose objects it is to score.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The environment's facts.
    pub spec: &'a EnvSpec,
    /// The names of its features.
    pub features: &'a [String],
}

/// The registry's view of a kind of oracle.
#[derive(Clone, Copy, Debug)]
pub struct OracleEntry {
    /// Name, summary, formula, source and fields.
    pub entry: Entry,
    /// What its score means, unless a transform says otherwise.
    pub scale: RewardScale,
    /// Builds one from values that were checked against the fields.
    pub build: Build,
}

/// From checked settings and an environment to an oracle, unless the two do not fit together.
pub type Build = fn(&Values, &World<'_>) -> Result<Box<dyn Oracle>, SettingError>;

/// Every kind of oracle, sorted by name.
pub fn oracles() -> &'static [OracleEntry] {
    ORACLES
}

/// The kind of oracle called `name`.
pub fn find_oracle(name: &str) -> Option<&'static OracleEntry> {
    ORACLES.iter().find(|o| o.entry.name == name)
}

static ORACLES: &[OracleEntry] = &[
    #[cfg(unix)]
    OracleEntry {
        entry: Entry {
            name: "command",
            summary: "scores by a program of yours, objects on its stdin and answers on its stdout",
            formula: "y(x) = what the program answers to the text of x",
            reference: "the program",
            fields: crate::CommandConfig::FIELDS,
        },
        scale: RewardScale::Reward,
        build: |values, _| Ok(Box::new(crate::Command::new(&crate::CommandConfig::read(values))?)),
    },
    OracleEntry {
        entry: Entry {
            name: "expression",
            summary: "a formula over the environment's features, written in the configuration",
            formula: "y(x) = the value of the formula at the features of x",
            reference: "the formula",
            fields: ExpressionConfig::FIELDS,
        },
        scale: RewardScale::Reward,
        build: |values, world| Ok(Box::new(Expression::new(&ExpressionConfig::read(values), world)?)),
    },
    OracleEntry {
        entry: Entry {
            name: "http",
            summary: "scores by a service, batches of objects in JSON over HTTP",
            formula: "y(x) = what the service answers to the text of x",
            reference: "the service",
            fields: HttpConfig::FIELDS,
        },
        scale: RewardScale::Reward,
        build: |values, _| http::build(&HttpConfig::read(values)),
    },
    OracleEntry {
        entry: Entry {
            name: "onnx",
            summary: "scores by a trained model in an ONNX file, tested before anything is trained",
            formula: "y(x) = the model's output for the encoding of x",
            reference: "the file; ONNX, onnx.ai",
            fields: OnnxConfig::FIELDS,
        },
        scale: RewardScale::Reward,
        build: |values, world| onnx::build(&OnnxConfig::read(values), world),
    },
    OracleEntry {
        entry: Entry {
            name: "table",
            summary: "scores looked up in a file: CSV, TSV, JSON lines or Parquet",
            formula: "y(x) = the number beside the text of x",
            reference: "the file",
            fields: TableConfig::FIELDS,
        },
        scale: RewardScale::Reward,
        build: |values, _| Ok(Box::new(Table::new(&TableConfig::read(values))?)),
    },
];
