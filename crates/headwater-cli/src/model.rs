//! `headwater serve-model`, which nobody types: models in ONNX files run in processes of their own.

use std::path::PathBuf;

use headwater_run::Problem;

use crate::Verdict;
use crate::out::Failure;

/// From now on, rewards by models start this program again for each.
pub fn run_apart() {
    // The link leads to this very program, even if another one has been installed in its place since.
    let link = cfg!(target_os = "linux").then(|| PathBuf::from("/proc/self/exe"));
    if let Some(path) = link.or_else(|| std::env::current_exe().ok()) {
        headwater_rewards::run_models_with(path, vec!["serve-model".into()]);
    }
}

/// Serves the process that has started this one.
pub fn serve() -> Result<Verdict, Failure> {
    if headwater_rewards::serve_model() {
        return Ok(Verdict::Clean);
    }
    Err(Problem::new("`serve-model` is for `headwater` itself: stdin is not a socket to another one").into())
}
