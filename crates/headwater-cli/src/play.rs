//! `headwater play`: one random trajectory, with all that can be seen of it.

use headwater_core::Key;
use headwater_testkit::playthrough::transcript;

use crate::args::Play;
use crate::out::{self, Failure};
use crate::{Verdict, task};

pub fn run(args: &Play) -> Result<Verdict, Failure> {
    let sim = task::simulator(&args.target, &args.sets)?;
    out::data(&transcript(&*sim, Key::new(args.seed)))?;
    Ok(Verdict::Clean)
}
