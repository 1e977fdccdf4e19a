//! Where scores come from, and how they become log R.
//!
//! A score is native (typed, computed by the environment's own file) or an [`Oracle`]'s, which knows no
//! environment. A [`Transform`] turns it into log R; the [`Scorer`] does both for a batch of lanes.

mod ahead;
mod asking;
mod combination;
#[cfg(unix)]
mod command;
mod error;
mod expression;
mod http;
mod objects;
mod onnx;
mod oracle;
mod recorded;
mod scorer;
mod signed;
mod table;
mod transform;

pub use ahead::{Ahead, Ticket};
pub use asking::{Asking, Caller, Deaf, Listener, Receipt};
pub use combination::{COMBINATION, Combination, CombinationConfig, Part, PartConfig, Rule};
#[cfg(unix)]
pub use command::{Command, CommandConfig, Protocol};
pub use error::RewardError;
pub use expression::{Expression, ExpressionConfig};
#[cfg(feature = "http")]
pub use http::Http;
pub use http::HttpConfig;
pub use objects::{Forms, Objects, Texts};
#[cfg(feature = "onnx")]
pub use onnx::Onnx;
pub use onnx::{InputForm, OnnxConfig};
#[cfg(all(feature = "onnx", unix))]
pub use onnx::{run_models_with, serve_model};
pub use oracle::{
    Build, Coverage, Keep, Missing, Native, Oracle, OracleEntry, Statistics, World, find_oracle, oracles,
};
pub use recorded::{Budget, Ledger, Meter, Recorded, Tally};
pub use scorer::{Posted, Scorer};
pub use table::{Format, Table, TableConfig};
pub use transform::{Transform, TransformConfig, TransformKind, Unusable};

/// The beginning of the first line of what a program or a service says, for a message.
#[cfg(any(unix, feature = "http"))]
fn excerpt(line: &[u8]) -> String {
    const LONGEST: usize = 80;
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * LONGEST)]);
    let text = text.trim_start().lines().next().unwrap_or_default().trim_end();
    // A terminal would obey them.
    let text = text.replace(char::is_control, " ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(all(test, any(unix, feature = "http")))]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_one_short_line() {
        assert_eq!(excerpt(b"\n  0.5 \nmore"), "0.5");
        assert_eq!(excerpt(b"a\x1b[2J\tb"), "a [2J b");
        let long = "é".repeat(200);
        assert_eq!(excerpt(long.as_bytes()), format!("{}…", "é".repeat(80)));
    }
}
