//! Tests of formulas, models, programs, services, tables, transforms and the scorer.

// Helpers are tests too.
#![allow(clippy::unwrap_used)]

mod combination;
#[cfg(unix)]
mod command;
mod expression;
#[cfg(feature = "http")]
mod http;
mod json_lines;
#[cfg(any(unix, feature = "http"))]
mod listening;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(all(feature = "onnx", unix))]
mod onnx_hostile;
#[cfg(feature = "parquet")]
mod parquet;
mod recorded;
mod scorer;
mod settings;
mod table;
mod transform;

use headwater_core::settings::{File, Value, defaults};
use headwater_core::{RewardScale, SettingError, Settings};
use headwater_rewards::{
    Objects, Oracle, RewardError, Table, TableConfig, Transform, TransformConfig, TransformKind,
};

/// An oracle that gives these scores, whatever the objects are.
struct Scores(Vec<f64>);

impl Oracle for Scores {
    fn score(&mut self, _: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        out.copy_from_slice(&self.0);
        Ok(())
    }
}

/// A table of columns `object` and `score` read from `text`.
fn table(text: &str) -> Result<Table, SettingError> {
    Table::new(&table_config(text))
}

fn table_config(text: &str) -> TableConfig {
    file_config(File::new("t.csv", text))
}

/// Settings of a table in which nothing but the file is given.
fn file_config(file: File) -> TableConfig {
    let (path, rest) = TableConfig::FIELDS.split_first().expect("there are settings");
    let mut values = defaults(rest).expect("all but the file may be left out");
    values.insert(path.name, Value::File(file));
    TableConfig::read(&values)
}

/// A configuration in which nothing but the kind is set.
fn config(transform: Option<TransformKind>) -> TransformConfig {
    let plain =
        TransformConfig::read(&defaults(TransformConfig::FIELDS).expect("every field may be left out"));
    TransformConfig { transform, ..plain }
}

fn transform(config: &TransformConfig) -> Transform {
    Transform::new(config, RewardScale::Reward, None).expect("the settings fit together")
}
