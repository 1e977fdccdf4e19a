//! A small schema with everything a schema can have, and temporary directories.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_core::Settings;
use headwater_core::settings::{AutoReal, File, Schedule, choice, settings};
use headwater_run::{Checked, Input, KindSpec, Kinds, Menu, Problems, Schema, SectionSpec};

choice! {
    /// What a wall does.
    pub enum Wall {
        /// It stops the axis.
        Mask = "mask",
        /// It ends the trajectory.
        Terminate = "terminate",
    }
}

settings! {
    /// The top level.
    pub struct Top {
        /// The seed of everything random.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

settings! {
    /// A grid.
    pub struct Grid {
        /// Number of dimensions.
        dim: usize = "2", Kind::Int { min: 1, max: 16 };
        /// Cells along each axis.
        side: usize = "8", Kind::Int { min: 2, max: 256 };
        /// What happens at the wall.
        wall: Wall = "\"mask\"", Kind::Choice(Wall::NAMES);
    }
}

settings! {
    /// A graph from a file.
    pub struct Dag {
        /// The file of edges.
        path: File, Kind::File;
        /// A name for reports.
        label: Option<String>, Kind::Text;
    }
}

settings! {
    /// Strings.
    pub struct Strings {
        /// The letters.
        alphabet: String = "\"ACGT\"", Kind::Text;
        /// Weights of the letters.
        weights: Vec<f64> = "[1.0, 0.5]", Kind::Reals { min: 0.0, max: 1.0 };
    }
}

settings! {
    /// The usual corner reward.
    pub struct Original {
        /// Reward far from the corners.
        r0: f64 = "0.1", Kind::Real { min: f64::MIN_POSITIVE, max: 10.0 };
    }
}

settings! {
    /// Rewards of every kind.
    pub struct Transform {
        /// Exponent, also called the inverse temperature: the reward is the score to this power, so that a greater value
        /// makes the sampler greedier.
        beta: f64 = "1.0", Kind::Real { min: 0.0, max: f64::INFINITY };
    }
}

settings! {
    /// Training.
    pub struct Train {
        /// Steps of training.
        steps: u64 = "2000", Kind::Int { min: 1, max: i64::MAX };
        /// Trajectories per step.
        batch: usize, Kind::Int { min: 1, max: 65536 };
        /// Chance of a uniform action.
        epsilon: Schedule = "{ from = 0.5, to = 0.0, steps = 100 }", Kind::Schedule { min: 0.0, max: 1.0 };
        /// First value of log Z.
        log_z: AutoReal = "\"auto\"", Kind::AutoReal;
        /// Evaluate exactly?
        exact: bool = "true", Kind::Bool;
    }
}

fn kind<T: Settings>(name: &'static str, summary: &'static str) -> KindSpec {
    KindSpec { name, summary, fields: T::FIELDS.to_vec() }
}

fn environments(_: &str) -> Menu {
    let kinds = vec![
        kind::<Dag>("dag", "a graph from a file"),
        kind::<Grid>("hypergrid", "a grid with rewards in its corners"),
        kind::<Strings>("sequence", "strings over an alphabet"),
    ];
    Menu { kinds, default: None }
}

fn rewards(env: &str) -> Menu {
    use headwater_core::settings::NoSettings;
    let table = kind::<Dag>("table", "scores from a file");
    match env {
        "hypergrid" => Menu {
            kinds: vec![
                kind::<Original>("original", "high corners"),
                kind::<NoSettings>("cosine", "waves"),
                table,
            ],
            default: Some("original"),
        },
        _ => Menu { kinds: vec![table], default: None },
    }
}

fn backups(_: &str) -> Menu {
    Menu { kinds: vec![kind::<Original>("tape", "slow")], default: None }
}

/// The schema of these tests.
pub fn schema() -> Schema {
    let env = Kinds {
        noun: "environment",
        list: Some("headwater list envs"),
        required: true,
        after: None,
        menu: environments,
    };
    let reward = Kinds { noun: "reward", list: None, required: true, after: Some("env"), menu: rewards };
    let backup = Kinds { noun: "backup", list: None, required: false, after: None, menu: backups };
    Schema {
        sections: vec![
            SectionSpec::plain("", "What holds for all.", Top::FIELDS),
            SectionSpec { kinds: Some(env), ..SectionSpec::plain("env", "The objects.", &[]) },
            SectionSpec {
                kinds: Some(reward),
                ..SectionSpec::plain("reward", "Their scores.", Transform::FIELDS)
            },
            SectionSpec::plain("train", "How long and how.", Train::FIELDS),
            SectionSpec { kinds: Some(backup), ..SectionSpec::plain("backup", "Nothing anyone needs.", &[]) },
        ],
    }
}

/// A configuration with nothing wrong, for faults to be added to.
pub const GOOD: &str = "[env]\nkind = \"hypergrid\"\n\n[train]\nbatch = 16\n";

/// Checks a text called `grid.toml`.
pub fn check(text: &str, sets: &[&str]) -> Result<Checked, Problems> {
    Input::text("grid.toml", text).set(sets.iter().copied()).check(&schema())
}

/// A directory of this process and this test; removed in the end.
pub struct Temp(pub PathBuf);

impl Temp {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let unique = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("headwater-run-{}-{unique}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A message with this directory's name taken out.
    #[allow(clippy::needless_pass_by_value)]
    pub fn mask(&self, message: impl ToString) -> String {
        message.to_string().replace(&self.0.display().to_string(), "TMP")
    }

    /// Names in a directory under this one, in order.
    pub fn names(&self, dir: &str) -> Vec<String> {
        names(&self.path(dir))
    }
}

pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
