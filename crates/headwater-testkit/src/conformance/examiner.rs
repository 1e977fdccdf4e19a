//! What can be checked of one lane at a time: its text, its masks, its encoding, its neighbours.

use headwater_core::{Action, BitMatrix, Encoded, Simulator, Stop};

use super::Finding;

/// Edges in each direction that are tried at one state, about.
const NEIGHBOURS: usize = 64;

/// About [`NEIGHBOURS`] of the labels, evenly spaced; another `turn` shifts them.
fn some(labels: &[u32], turn: usize) -> impl Iterator<Item = u32> + '_ {
    let stride = labels.len().div_ceil(NEIGHBOURS).max(1);
    labels.iter().copied().skip(turn % stride).step_by(stride)
}

/// A simulator with some lanes under examination and one spare lane behind them.
pub(super) struct Examiner {
    pub(super) sim: Box<dyn Simulator>,
    spare: u32,
    masks: BitMatrix,
    encoded: Encoded,
    features: Vec<String>,
}

/// Stop rule and masks of a state, as lists of labels.
pub(super) struct Choices {
    pub(super) stop: Stop,
    pub(super) forward: Vec<u32>,
    pub(super) backward: Vec<u32>,
}

/// An encoding as an estimator sees it: the set of active columns and the reals, zeros without sign.
pub(super) type Code = (Vec<u32>, Vec<u32>);

impl Examiner {
    /// Examines `lanes` lanes, all in the initial state, of a simulator over the same environment as `sim`.
    pub(super) fn new(sim: &dyn Simulator, lanes: usize) -> Self {
        let mut fork = sim.fork();
        fork.reset(lanes + 1);
        let spec = sim.spec();
        Self {
            sim: fork,
            spare: lanes as u32,
            masks: BitMatrix::new(2, spec.n_actions),
            encoded: Encoded::new(spec.encoding, 1),
            features: sim.features(),
        }
    }

    /// Adds a lane in the state of `lane` and returns its number.
    pub(super) fn keep(&mut self, lane: u32) -> u32 {
        let kept = self.spare;
        self.spare += 1;
        self.sim.resize(self.spare as usize + 1);
        self.sim.copy(lane, kept);
        kept
    }

    pub(super) fn hash(&self, lane: u32) -> u64 {
        let mut hash = [0];
        self.sim.hashes(&[lane], &mut hash);
        hash[0]
    }

    /// The text: one line, the same on every call and in a copy.
    pub(super) fn text(&mut self, lane: u32) -> Result<String, Finding> {
        let text = self.sim.text(lane);
        let again = self.sim.text(lane);
        if text != again {
            return Err(Finding::at(&text, format!("shown again, the same state reads `{again}`")));
        }
        if text.contains(['\n', '\r']) {
            return Err(Finding::at(&text, "the text is longer than one line"));
        }
        let mut appended = String::from("x");
        self.sim.show(lane, &mut appended);
        if appended.strip_prefix('x') != Some(&text) {
            return Err(Finding::at(&text, "show does not append to what is there"));
        }
        self.sim.copy(lane, self.spare);
        let copied = self.sim.text(self.spare);
        if copied != text {
            return Err(Finding::at(&text, format!("a copy of it is `{copied}`")));
        }
        self.spare_is(lane, || Finding::at(&text, "a copy of it is another state with the same text"))?;
        Ok(text)
    }

    /// `text` is parsed to the state of `lane`.
    pub(super) fn round_trip(&mut self, lane: u32, text: &str) -> Result<(), Finding> {
        if self.sim.load(self.spare, text).is_err() {
            return Err(Finding::at(text, "parse does not accept the text that show wrote"));
        }
        self.spare_is(lane, || Finding::at(text, "parsing the text gives another state")).map_err(|mut f| {
            f.message.push_str(&format!(", `{}`", self.sim.text(self.spare)));
            f
        })
    }

    /// The spare lane equals `lane`, and so do their hashes and features.
    fn spare_is(&self, lane: u32, otherwise: impl FnOnce() -> Finding) -> Result<(), Finding> {
        if !self.sim.same(self.spare, lane) {
            return Err(otherwise());
        }
        if self.hash(self.spare) != self.hash(lane) {
            return Err(Finding::at(&self.sim.text(lane), "equal states have different hashes"));
        }
        let [a, b] = [self.spare, lane].map(|l| measured(&*self.sim, l, self.features.len()));
        if let Some((i, (a, b))) = a.iter().zip(&b).enumerate().find(|(_, (a, b))| a.to_bits() != b.to_bits())
        {
            let message =
                format!("equal states have different features: `{}` is {a} or {b}", self.features[i]);
            return Err(Finding::at(&self.sim.text(lane), message));
        }
        Ok(())
    }

    /// Stop rule and masks, which agree with each other and stay within `n_actions`.
    pub(super) fn choices(&mut self, lane: u32, text: &str) -> Result<Choices, Finding> {
        let mut stop = [Stop::Never];
        self.sim.stops(&[lane], &mut stop);
        self.sim.forward_masks(&[lane], &mut self.masks, 0);
        self.sim.backward_masks(&[lane], &mut self.masks, 1);
        let n = self.sim.spec().n_actions;
        for (row, name) in ["forward", "backward"].into_iter().enumerate() {
            if let Some(a) = self.masks.ones(row).find(|&a| a >= n) {
                let message = format!("{name} mask has bit {a}, but there are only {n} actions");
                return Err(Finding::at(text, message));
            }
        }
        let labels = |row| Vec::from_iter(self.masks.ones(row).map(|a| a as u32));
        let (stop, forward, backward) = (stop[0], labels(0), labels(1));
        let message = match (stop, forward.is_empty()) {
            (Stop::Must, false) => format!("must stop, yet edges {forward:?} leave it"),
            (Stop::Never, true) => "dead end: no edge leaves it and it may not stop".to_owned(),
            (Stop::May, true) => "may stop, but no edge leaves it: it must stop".to_owned(),
            _ => return Ok(Choices { stop, forward, backward }),
        };
        Err(Finding::at(text, message))
    }

    /// The encoding: every slot written, columns in range and distinct, reals finite, the same on every call.
    pub(super) fn code(&mut self, lane: u32, text: &str) -> Result<Code, Finding> {
        let first = self.encode(lane);
        let columns = self.encoded.encoding().columns;
        let err = |message: String| Err(Finding::at(text, message));
        for (slot, &i) in first.0.iter().enumerate() {
            if i == u32::MAX {
                return err(format!("encoding leaves index slot {slot} unset"));
            }
            if i as usize >= columns {
                return err(format!("encoding has column {i}, but there are only {columns}"));
            }
            if first.0[..slot].contains(&i) {
                return err(format!("encoding has column {i} twice"));
            }
        }
        if let Some(slot) = first.1.iter().position(|x| !x.is_finite()) {
            return match first.1[slot] {
                x if x.is_nan() => err(format!("encoding leaves real slot {slot} unset, or NaN")),
                x => err(format!("encoding has {x} in real slot {slot}")),
            };
        }
        let bits = |reals: &[f32]| Vec::from_iter(reals.iter().map(|x| (x + 0.0).to_bits()));
        let second = self.encode(lane);
        if first.0 != second.0 || bits(&first.1) != bits(&second.1) {
            return err("encoded again, the same state has another row".to_owned());
        }
        let mut columns = first.0;
        columns.sort_unstable();
        Ok((columns, bits(&first.1)))
    }

    /// Encodes over poison, so that slots left unset show.
    fn encode(&mut self, lane: u32) -> (Vec<u32>, Vec<f32>) {
        let row = self.encoded.row_mut(0);
        row.indices.fill(u32::MAX);
        row.reals.fill(f32::NAN);
        self.sim.encode(&[lane], &mut self.encoded, 0);
        (self.encoded.indices(0).to_vec(), self.encoded.reals(0).to_vec())
    }

    /// The features: every place written, finite.
    pub(super) fn features(&self, lane: u32, text: &str) -> Result<(), Finding> {
        let features = measured(&*self.sim, lane, self.features.len());
        match features.iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(i) if features[i].is_nan() => {
                Err(Finding::at(text, format!("measure leaves `{}` unset, or NaN", self.features[i])))
            }
            Some(i) => Err(Finding::at(text, format!("feature `{}` is {}", self.features[i], features[i]))),
        }
    }

    /// The native score, where there is one and it is defined: neither NaN nor +∞.
    pub(super) fn score(&self, lane: u32, stop: Stop, text: &str) -> Result<(), Finding> {
        if !self.sim.has_score() || (stop == Stop::Never && !self.sim.scores_unfinished()) {
            return Ok(());
        }
        let mut score = [f64::NAN];
        self.sim.score(&[lane], &mut score);
        match score[0] {
            x if x.is_nan() || x == f64::INFINITY => {
                Err(Finding::at(text, format!("the native score is {x}")))
            }
            _ => Ok(()),
        }
    }

    /// Undoing `a` at `lane` gives the state of `parent`, and redoing it `lane` again.
    pub(super) fn undo(&mut self, lane: u32, a: u32, parent: u32) -> Result<(), Finding> {
        self.sim.copy(lane, self.spare);
        self.sim.unstep(&[self.spare], &[Action(a)]);
        let text = |l| self.sim.text(l);
        self.spare_is(parent, || {
            let message = format!("undoing {a} gives `{}` instead of `{}`", text(self.spare), text(parent));
            Finding::at(&text(lane), message)
        })?;
        self.sim.step(&[self.spare], &[Action(a)]);
        let text = |l| self.sim.text(l);
        self.spare_is(lane, || {
            Finding::at(&text(lane), format!("undoing and redoing {a} gives `{}`", text(self.spare)))
        })
    }

    /// Every edge that leaves `lane` is in the backward mask of its target and is undone there; every label of the
    /// backward mask leads to a parent that has that edge, which leads back.
    ///
    /// Of more than [`NEIGHBOURS`] labels some are tried, other ones on another `turn`.
    pub(super) fn neighbours(
        &mut self,
        lane: u32,
        text: &str,
        choices: &Choices,
        turn: usize,
    ) -> Result<(), Finding> {
        let spare = self.spare;
        for a in some(&choices.forward, turn) {
            self.sim.copy(lane, spare);
            self.sim.step(&[spare], &[Action(a)]);
            let child = self.sim.text(spare);
            let backward = self.choices(spare, &child)?.backward;
            if !backward.contains(&a) {
                let message = format!("backward mask {backward:?} but edge {a} enters from `{text}`");
                return Err(Finding::at(&child, message));
            }
            self.sim.unstep(&[spare], &[Action(a)]);
            self.spare_is(lane, || {
                let message = format!("undoing {a} gives `{}` instead of `{text}`", self.sim.text(spare));
                Finding::at(&child, message)
            })?;
        }
        for a in some(&choices.backward, turn) {
            self.sim.copy(lane, spare);
            self.sim.unstep(&[spare], &[Action(a)]);
            let parent = self.sim.text(spare);
            let forward = self.choices(spare, &parent)?.forward;
            if !forward.contains(&a) {
                let message = format!(
                    "backward mask has {a}, but edges {forward:?} leave `{parent}`, where undoing it leads"
                );
                return Err(Finding::at(text, message));
            }
            self.sim.step(&[spare], &[Action(a)]);
            self.spare_is(lane, || {
                let gives = self.sim.text(spare);
                Finding::at(
                    text,
                    format!("backward mask has {a}, but undoing and redoing it gives `{gives}`"),
                )
            })?;
        }
        Ok(())
    }

    /// Texts that are near a real one and mostly no state's: each is refused or names a state with a text of its own.
    /// Calls `reached` with every state that was named, in the spare lane.
    pub(super) fn near_misses(
        &mut self,
        text: &str,
        reached: &mut dyn FnMut(&str) -> Result<(), Finding>,
    ) -> Result<(), Finding> {
        let mut near = vec![format!("{text}!"), format!("{text}0"), format!("{text},"), format!("-{text}")];
        near.extend(text.char_indices().next_back().map(|(i, _)| text[..i].to_owned()));
        near.extend(["", " ", "\u{e9}", "99999999999999999999999", "NaN"].map(str::to_owned));
        for near in &near {
            self.sim.load(self.spare, text).map_err(|e| Finding::new(e.to_string()))?;
            if self.sim.load(self.spare, near).is_ok() {
                let named = self.sim.text(self.spare);
                reached(&named).map_err(|f| Finding {
                    message: format!("{}, which `{}` is parsed to", f.message, near.escape_debug()),
                    ..f
                })?;
            } else if self.sim.text(self.spare) != text {
                return Err(Finding::at(
                    text,
                    format!("a lane is changed by refusing `{}`", near.escape_debug()),
                ));
            }
        }
        Ok(())
    }
}

/// The features of a lane, measured over poison, so that places left unset show.
fn measured(sim: &dyn Simulator, lane: u32, n_features: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; n_features];
    sim.measure(&[lane], &mut out);
    out
}

/// Descriptions of edges are one line each; features have names, each an identifier and another.
pub(super) fn labels(sim: &dyn Simulator) -> Result<(), Finding> {
    let features = sim.features();
    for (i, name) in features.iter().enumerate() {
        let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
        if !name.starts_with(letter) || !name.chars().all(|c| letter(c) || c.is_ascii_digit()) {
            let message =
                "is no identifier: names begin with a letter and go on with letters, digits and `_`";
            return Err(Finding::new(format!("feature {i}, `{}`, {message}", name.escape_debug())));
        }
        if features[..i].contains(name) {
            return Err(Finding::new(format!("two features are called `{name}`")));
        }
    }
    for a in 0..sim.spec().n_actions {
        let text = sim.describe(Action(a as u32));
        if text.is_empty() || text.contains(['\n', '\r']) {
            return Err(Finding::new(format!(
                "edge {a} is described as `{}`, not in one line",
                text.escape_debug()
            )));
        }
    }
    Ok(())
}
