//! The contract along random trajectories, for instances too large to enumerate.

use std::collections::HashMap;

use headwater_core::{Action, Key, Simulator, Stop};

use super::examiner::{Choices, Code, Examiner, labels};
use super::{Finding, Report, batch};

/// Plays `trajectories` random trajectories forward, and from each one's end one backward, checking the states on the
/// way: stop rules and masks everywhere; texts, encodings, scores and neighbours in both directions (all, or a share of
/// very many) at positions 0, 1, 2, 4, 8, … of a trajectory and at its end.
///
/// What only a full enumeration can show (that the horizon is reached, that no edge enters from a parent nobody
/// visited) is not checked.
///
/// # Errors
/// The first sentence of the contract that does not hold.
pub fn random_play(sim: &dyn Simulator, trajectories: usize, key: Key) -> Result<Report, Finding> {
    labels(sim)?;
    let mut player = Player {
        exam: Examiner::new(sim, 2),
        max_len: sim.spec().max_len,
        by_text: HashMap::new(),
        by_code: HashMap::new(),
        report: Report { trajectories, ..Report::default() },
    };
    for t in 0..trajectories as u64 {
        player.forward(key.fold(2 * t))?;
        player.backward(key.fold(2 * t + 1))?;
    }
    let mut texts = Vec::from_iter(player.by_text.into_keys());
    // The order of a hash map is another in every process.
    texts.sort_unstable();
    batch::check(sim, &texts, key.fold(u64::MAX))?;
    Ok(player.report)
}

/// Lane that stays in the initial state, and lane that plays.
const INITIAL: u32 = 0;
const WALKER: u32 = 1;

struct Player {
    exam: Examiner,
    max_len: usize,
    /// Lanes that keep the states looked at closely, by text and by encoding.
    by_text: HashMap<String, u32>,
    by_code: HashMap<Code, u32>,
    report: Report,
}

impl Player {
    fn forward(&mut self, key: Key) -> Result<(), Finding> {
        self.exam.sim.copy(INITIAL, WALKER);
        let mut taken = Vec::new();
        loop {
            let choices = self.visit(taken.len()).map_err(|f| along(f, "forward along", &taken))?;
            let options = choices.forward.len() + usize::from(choices.stop == Stop::May);
            let choice = key.fold(taken.len() as u64).below(options.max(1) as u32) as usize;
            let Some(&a) = choices.forward.get(choice) else { break };
            if taken.len() == self.max_len {
                let message = format!("a trajectory goes on after max_len() = {} edges", self.max_len);
                return Err(along(Finding::at(&self.text(), message), "forward along", &taken));
            }
            self.exam.sim.step(&[WALKER], &[Action(a)]);
            taken.push(a);
        }
        self.report.objects += 1;
        self.look(&taken, "forward along")?;
        self.finish(taken.len());
        Ok(())
    }

    /// From the object where the walker is to the initial state.
    fn backward(&mut self, key: Key) -> Result<(), Finding> {
        let mut undone = Vec::new();
        loop {
            let choices = self.visit(undone.len()).map_err(|f| along(f, "backward along", &undone))?;
            if choices.backward.is_empty() {
                break;
            }
            if undone.len() == self.max_len {
                let message = format!("edges enter it {} edges before an object", self.max_len);
                return Err(along(Finding::at(&self.text(), message), "backward along", &undone));
            }
            let choice = key.fold(undone.len() as u64).below(choices.backward.len() as u32);
            let a = choices.backward[choice as usize];
            self.exam.sim.unstep(&[WALKER], &[Action(a)]);
            undone.push(a);
        }
        if !self.exam.sim.same(WALKER, INITIAL) {
            let message = "no edge enters it, yet it is not the initial state";
            return Err(along(Finding::at(&self.text(), message), "backward along", &undone));
        }
        self.finish(undone.len());
        Ok(())
    }

    fn text(&self) -> String {
        self.exam.sim.text(WALKER)
    }

    fn finish(&mut self, edges: usize) {
        self.report.edges += edges;
        self.report.longest = self.report.longest.max(edges);
    }

    /// Checks the walker's state, closely if its position is a power of two.
    fn visit(&mut self, position: usize) -> Result<Choices, Finding> {
        self.report.states += 1;
        if position == 0 || position.is_power_of_two() {
            return self.close();
        }
        let text = self.text();
        self.exam.choices(WALKER, &text)
    }

    fn look(&mut self, taken: &[u32], direction: &str) -> Result<(), Finding> {
        self.close().map(|_| ()).map_err(|f| along(f, direction, taken))
    }

    fn close(&mut self) -> Result<Choices, Finding> {
        let text = self.exam.text(WALKER)?;
        self.exam.round_trip(WALKER, &text)?;
        let choices = self.exam.choices(WALKER, &text)?;
        self.exam.score(WALKER, choices.stop, &text)?;
        self.exam.features(WALKER, &text)?;
        self.exam.neighbours(WALKER, &text, &choices, self.report.states)?;
        self.exam.near_misses(&text, &mut |_| Ok(()))?;
        let code = self.exam.code(WALKER, &text)?;
        let known = (self.by_text.get(&text).copied(), self.by_code.get(&code).copied());
        for (lane, what) in [(known.0, "text"), (known.1, "encoding")] {
            if let Some(lane) = lane.filter(|&l| !self.exam.sim.same(l, WALKER)) {
                let message = format!("has the same {what} as `{}`, another state", self.exam.sim.text(lane));
                return Err(Finding::at(&text, message));
            }
        }
        if known == (None, None) {
            let lane = self.exam.keep(WALKER);
            self.by_text.insert(text, lane);
            self.by_code.insert(code, lane);
        }
        Ok(choices)
    }
}

/// Adds how to get there.
fn along(finding: Finding, direction: &str, labels: &[u32]) -> Finding {
    Finding { message: format!("{} ({direction} {labels:?})", finding.message), ..finding }
}
