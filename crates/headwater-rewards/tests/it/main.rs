//! Tests of formulas, tables, transforms and the scorer.

// Helpers are tests too.
#![allow(clippy::unwrap_used)]

mod combination;
#[cfg(unix)]
mod command;
mod expression;
mod recorded;
mod scorer;
mod settings;
mod table;
mod transform;

use headwater_core::settings::{File, defaults};
use headwater_core::{RewardScale, SettingError, Settings};
use headwater_rewards::{Table, TableConfig, Transform, TransformConfig, TransformKind};

/// A table of columns `object` and `score` read from `text`.
fn table(text: &str) -> Result<Table, SettingError> {
    Table::new(&table_config(text))
}

fn table_config(text: &str) -> TableConfig {
    TableConfig {
        path: File::new("t.csv", text),
        object: "object".to_owned(),
        score: "score".to_owned(),
        delimiter: ",".to_owned(),
    }
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
