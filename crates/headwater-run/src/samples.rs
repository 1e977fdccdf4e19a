//! The final samples of a run, read back.

use crate::{Problem, RunDir};

/// A row of `samples.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// The object's text.
    pub text: String,
    /// Its log R.
    pub log_reward: f64,
    /// log P_F of the trajectory that made it.
    pub log_pf: f64,
    /// log P_B of the same.
    pub log_pb: f64,
}

impl RunDir {
    /// The final samples.
    ///
    /// # Errors
    /// If there are none yet, or a row is damaged.
    pub fn samples(&self) -> Result<Vec<Drawn>, Problem> {
        let path = self.samples_path();
        let bad = |why: String| Problem::new(format!("{}: {why}", path.display()));
        let mut csv =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_path(&path).map_err(|e| bad(e.to_string()))?;
        let mut all = Vec::new();
        for row in csv.records() {
            let row = row.map_err(|e| bad(e.to_string()))?;
            let cell = |i: usize| row.get(i).ok_or_else(|| bad("a row is too short".to_owned()));
            let number = |i: usize| {
                let text = cell(i)?;
                text.parse::<f64>().map_err(|_| bad(format!("`{text}` is no number")))
            };
            let text = cell(0)?.to_owned();
            all.push(Drawn { text, log_reward: number(1)?, log_pf: number(2)?, log_pb: number(3)? });
        }
        Ok(all)
    }
}
