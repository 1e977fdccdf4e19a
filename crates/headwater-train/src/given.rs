//! What trajectories are drawn back from: objects found before, and objects of a file.

use headwater_core::{Key, Simulator, Stop};

use crate::replay::{Kept, Replay};

/// Objects that lanes may start from, and those that the lanes of the current batch did start from.
pub(crate) struct Given {
    /// Objects found before.
    pub replay: Replay,
    /// Slots in it that the first lanes of the current batch started from.
    again: Vec<u32>,
    /// Objects of the file.
    data: Vec<String>,
    /// Which of them the lanes after those started from.
    pub dealt: Vec<u32>,
}

impl Given {
    /// Nothing yet.
    pub fn new(replay: Replay) -> Self {
        Self { replay, again: Vec::new(), data: Vec::new(), dealt: Vec::new() }
    }

    /// Takes the objects of a file.
    ///
    /// # Errors
    /// With the index of the first text that names no object, and why.
    pub fn read(&mut self, sim: &mut dyn Simulator, objects: Vec<String>) -> Result<(), (usize, String)> {
        are_objects(sim, &objects)?;
        self.data = objects;
        Ok(())
    }

    /// Keeps for replay what a checkpoint says; `false` if that is not of this environment and its settings.
    pub fn restore(&mut self, kept: Kept, sim: &mut dyn Simulator) -> bool {
        are_objects(sim, &kept.objects).is_ok() && self.replay.restore(kept)
    }

    /// Puts `replayed` objects found before into the first lanes of `sim`, which are in the initial state, and `given`
    /// objects of the file, drawn uniformly, into those after them. Where there are none of a kind, it has no lanes.
    pub fn deal(&mut self, sim: &mut dyn Simulator, replayed: usize, given: usize, key: Key) {
        self.again.clear();
        self.dealt.clear();
        let replayed = if self.replay.len() == 0 { 0 } else { replayed as u32 };
        let given = if self.data.is_empty() { 0 } else { given as u32 };
        for lane in 0..replayed {
            let slot = self.replay.draw(key.fold(u64::MAX - 1).fold(u64::from(lane)));
            sim.load(lane, self.replay.object(slot).0).expect("the simulator wrote this text itself");
            self.again.push(slot);
        }
        for i in 0..given {
            let place = key.fold(u64::MAX).fold(u64::from(i)).below(self.data.len() as u32);
            sim.load(replayed + i, &self.data[place as usize]).expect("`read` has read every object");
            self.dealt.push(place);
        }
    }

    /// Number of lanes that started from an object found before.
    pub fn replayed(&self) -> usize {
        self.again.len()
    }

    /// log R of the objects that they started from.
    pub fn log_rewards(&self) -> impl Iterator<Item = f64> {
        self.again.iter().map(|&slot| self.replay.object(slot).1)
    }

    /// Number of lanes that started from an object of either kind: the first ones.
    pub fn lanes(&self) -> usize {
        self.again.len() + self.dealt.len()
    }

    /// The object that a lane started from; `None` where it started from the initial state.
    pub fn object(&self, lane: usize) -> Option<&str> {
        match self.again.get(lane) {
            Some(&slot) => Some(self.replay.object(slot).0),
            None => self.dealt.get(lane - self.again.len()).map(|&i| &*self.data[i as usize]),
        }
    }
}

/// Are these texts those of objects? With the index of the first that is not, and why.
fn are_objects(sim: &mut dyn Simulator, texts: &[impl AsRef<str>]) -> Result<(), (usize, String)> {
    sim.reset(1);
    for (i, text) in texts.iter().map(AsRef::as_ref).enumerate() {
        sim.load(0, text).map_err(|e| (i, e.to_string()))?;
        let mut stop = [Stop::Never];
        sim.stops(&[0], &mut stop);
        if stop == [Stop::Never] {
            return Err((i, format!("`{text}` is unfinished: no trajectory may end there")));
        }
    }
    Ok(())
}
