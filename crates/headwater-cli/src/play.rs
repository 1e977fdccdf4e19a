//! `headwater play`: one random trajectory, with all that can be seen of it.

use headwater_core::Key;
use headwater_testkit::playthrough::play;

use crate::args::Play;
use crate::out::{self, Failure};
use crate::{Verdict, task};

pub fn run(args: &Play) -> Result<Verdict, Failure> {
    let sim = task::simulator(&args.target, &args.sets)?;
    let (transcript, ended) = play(&*sim, Key::new(args.seed));
    if let Some(path) = &args.svg {
        let Some(picture) = ended.draw(0) else {
            let message = format!("`{}` has no pictures of its objects", sim.spec().name);
            return Err(out::fail(message));
        };
        out::save(path, &picture.svg(&ended.text(0)))?;
    }
    out::data(&transcript)?;
    Ok(Verdict::Clean)
}
