//! Several environments as one: built one after the other, or side by side in any order.
//!
//! **Objects.** One object of every part, written as their texts with ` ; ` between them, as in `left ; 0110`; a `;` or
//! `\` within a text has a `\` before it.
//!
//! **DAG.** With `order = "any"` it is the product of the parts' DAGs: every edge moves one part, and a trajectory may end
//! where each part may and must where each must. With `order = "stack"` parts are built in the order in which they are
//! named. A part that must stop gives way to the next at once; one that may stop has one edge more, `finish`, to do so.
//! Labels are those of the parts one after the other, then the finishing ones. Parents are exact, since a part's are.
//!
//! **Constraints.** In a stack a part may depend on an earlier part that is a `choice`: with `when = "shape"` and
//! `is = ["ball", "cube"]` it is built only if one of these options was chosen, and otherwise passed over, shown as the
//! text of its initial state. What is chosen so decides what can be built, and there are no dead ends.
//!
//! **Reward.** `uniform`: log R = 0. Any other reads features, which are those of the parts with their names before
//! them, as in `shape_is_0`, or texts.
//!
//! **Source.** Sets and stacks of environments as in alexhernandezgarcia/gflownet, which builds crystals so (Mila AI4Science
//! et al. 2023, arXiv:2310.04925). States are of a type that only the part knows: a call on one is virtual, which costs a
//! composite some of its speed and no other environment anything.
//!
//! | instance | states | edges | log Z, uniform |
//! |---|---|---|---|
//! | `any`: two grids of m and n cells in a row | mn | 2mn − m − n | ln mn |
//! | `stack`: a choice of two, then two bits | 15 | 14 | ln 8 |
//! | `stack`: a choice of two, two bits if it is `a` | 9 | 8 | ln 5 |

mod guard;
mod part;
mod small;
mod text;

use headwater_core::settings::{NoSettings, choice, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Picture, Reward, RewardScale, SettingError,
    Settings, Stop,
};

pub use part::{AnyEnv, Slot};

use guard::Guard;

use crate::choice::Choice;
use crate::registry::rewards;
use crate::{Feature, NativeReward, Registered, RewardEntry};

/// The largest number of labels of a part.
pub const MAX_LABELS: usize = 4096;

/// The largest number of ways in which choices can decide what is built.
const MAX_WAYS: usize = 100_000;

/// What stands between the texts of two parts.
const BETWEEN: &str = " ; ";

choice! {
    /// In which order parts are built.
    pub enum Order {
        /// One after the other, as they are named.
        Stack = "stack",
        /// All at once, an edge here and an edge there.
        Any = "any",
    }
}

settings! {
    /// Settings of a composite.
    pub struct Config {
        /// `stack` (parts are built one after the other, as they are named) or `any` (edges of all parts in any order).
        order: Order = "\"stack\"", Kind::Choice(Order::NAMES);
    }
}

settings! {
    /// Settings of a part, besides those of its environment.
    pub struct PartConfig {
        /// In a stack: an earlier part of kind `choice` that decides whether this one is built.
        when: Option<String>, Kind::Text;
        /// The options of `when` with which this part is built.
        is: Option<Vec<String>>, Kind::Texts;
    }
}

/// A part that is still to be put into a composite.
#[derive(Clone, Debug)]
pub struct NamedPart {
    /// Its name, an identifier.
    pub name: String,
    /// What is built.
    pub env: AnyEnv,
    /// When it is built.
    pub config: PartConfig,
}

/// Why parts do not make a composite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartError {
    /// The part to point at, by its place in the list; `None` if it is the whole.
    pub part: Option<usize>,
    /// What is wrong.
    pub error: SettingError,
}

/// Several environments as one; see the module.
#[derive(Clone, Debug)]
pub struct Composite {
    order: Order,
    parts: Vec<Part>,
    n_actions: usize,
    max_len: usize,
}

#[derive(Clone, Debug)]
struct Part {
    name: String,
    env: AnyEnv,
    initial: Slot,
    /// Its first label.
    first: usize,
    n_labels: usize,
    n_features: usize,
    encoding: Encoding,
    guard: Option<Guard>,
}

/// A state of every part, and in a stack the part that is being built; in any other order that number is 0.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Whole {
    stage: usize,
    parts: Vec<Slot>,
}

impl Clone for Whole {
    fn clone(&self) -> Self {
        Self { stage: self.stage, parts: self.parts.clone() }
    }

    fn clone_from(&mut self, other: &Self) {
        self.stage = other.stage;
        self.parts.clone_from(&other.parts);
    }
}

/// What a label means.
enum Edge {
    Of(usize, Action),
    Finish(usize),
}

impl Composite {
    /// A composite of these parts.
    ///
    /// # Errors
    /// If there are none, a name is no identifier or is there twice, a part has too many labels, or what it depends on is
    /// no earlier choice or lacks an option.
    pub fn new(order: Order, named: Vec<NamedPart>) -> Result<Self, PartError> {
        if named.is_empty() {
            let error = SettingError { field: None, message: "a composite has no parts".into(), hint: None };
            let hint = "name them, each in a section of its own, such as `[env.shape]` with a `kind`";
            return Err(PartError { part: None, error: error.hint(hint) });
        }
        let mut parts: Vec<Part> = Vec::new();
        for (i, part) in named.into_iter().enumerate() {
            let part = Part::new(order, part, &parts).map_err(|error| PartError { part: Some(i), error })?;
            parts.push(part);
        }
        let labels: usize = parts.iter().map(|part| part.n_labels).sum();
        let finishing = if order == Order::Stack { parts.len() - 1 } else { 0 };
        let mut new = Self { order, parts, n_actions: labels + finishing, max_len: 0 };
        new.max_len = new.longest().map_err(|error| PartError { part: None, error })?;
        let mut features = Environment::features(&new);
        features.sort_unstable();
        if let Some(twice) = features.windows(2).find(|pair| pair[0] == pair[1]) {
            let message = format!("two parts have a feature `{}`", twice[0]);
            let error = SettingError { field: None, message, hint: Some("rename a part".into()) };
            return Err(PartError { part: None, error });
        }
        Ok(new)
    }

    /// Edges of the longest trajectory: over all that choices can decide, those of the parts that are built. A part that
    /// is finished by an edge of its own could have gone on instead, so that finishing makes no trajectory longer.
    fn longest(&self) -> Result<usize, SettingError> {
        let deciding =
            |k: &usize| self.parts.iter().any(|p| p.guard.as_ref().is_some_and(|g| g.choice == *k));
        let choices: Vec<usize> = (0..self.parts.len()).filter(deciding).collect();
        let ways = choices.iter().try_fold(1usize, |ways, &k| ways.checked_mul(self.parts[k].n_labels));
        if ways.is_none_or(|ways| ways > MAX_WAYS) {
            let message = format!("choices decide in more than {MAX_WAYS} ways what is built");
            return Err(SettingError { field: None, message, hint: None });
        }
        let mut chosen = vec![0; self.parts.len()];
        Ok(self.longest_from(&choices, &mut chosen))
    }

    fn longest_from(&self, open: &[usize], chosen: &mut Vec<usize>) -> usize {
        let Some((&k, rest)) = open.split_first() else {
            let built = |k: &usize| self.is_built(*k, &|j| Some(chosen[j]));
            let parts = (0..self.parts.len()).filter(built);
            return parts.map(|k| self.parts[k].env.max_len()).sum();
        };
        let mut longest = 0;
        for option in 0..self.parts[k].n_labels {
            chosen[k] = option;
            longest = longest.max(self.longest_from(rest, chosen));
        }
        longest
    }

    /// Is part `k` built, given what is chosen in choices?
    fn is_built(&self, k: usize, chosen: &dyn Fn(usize) -> Option<usize>) -> bool {
        self.parts[k].guard.as_ref().is_none_or(|guard| {
            self.is_built(guard.choice, chosen) && chosen(guard.choice).is_some_and(|i| guard.options[i])
        })
    }

    /// Is part `k` built in `s`, whose parts before it are done?
    fn builds(&self, s: &Whole, k: usize) -> bool {
        self.is_built(k, &|j| self.parts[j].chosen(&s.parts[j]))
    }

    /// The part that is built after part `k`.
    fn next(&self, s: &Whole, k: usize) -> Option<usize> {
        (k + 1..self.parts.len()).find(|&j| self.builds(s, j))
    }

    /// Does no part follow part `k`, whatever is chosen? Cheaper to ask than a part is.
    fn is_last(&self, k: usize) -> bool {
        k + 1 == self.parts.len()
    }

    /// Gives way to the next part as long as the present one must stop.
    fn settle(&self, s: &mut Whole) {
        while !self.is_last(s.stage) && self.parts[s.stage].env.stop(&s.parts[s.stage]) == Stop::Must {
            let Some(next) = self.next(s, s.stage) else { return };
            s.stage = next;
        }
    }

    fn edge(&self, a: Action) -> Edge {
        let a = a.index();
        match self.parts.iter().position(|part| (part.first..part.first + part.n_labels).contains(&a)) {
            Some(k) => Edge::Of(k, Action((a - self.parts[k].first) as u32)),
            None => Edge::Finish(a - self.first_finishing()),
        }
    }

    fn first_finishing(&self) -> usize {
        self.parts.last().map_or(0, |part| part.first + part.n_labels)
    }

    fn is_stack(&self) -> bool {
        self.order == Order::Stack
    }

    /// The labels by which a stack came to its state: the present part's, or of what was done before it.
    fn stack_parents(&self, s: &Whole, mask: &mut MaskRow<'_>) {
        let mut k = s.stage;
        while s.parts[k] == self.parts[k].initial {
            let Some(before) = (0..k).rev().find(|&j| self.builds(s, j)) else { return };
            if self.parts[before].env.stop(&s.parts[before]) == Stop::May {
                return mask.set(self.first_finishing() + before);
            }
            k = before;
        }
        self.parts[k].write(mask, |env, mask| env.backward_mask(&s.parts[k], mask));
    }
}

impl Part {
    fn new(order: Order, part: NamedPart, before: &[Self]) -> Result<Self, SettingError> {
        let NamedPart { name, env, config } = part;
        let fail = |message: String| Err(SettingError { field: None, message, hint: None });
        let identifier = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.chars().all(identifier) || name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty()
        {
            return fail(format!("`{name}` is no name of a part: write letters, digits and `_`"));
        }
        if before.iter().any(|part| part.name == name) {
            return fail(format!("two parts are called `{name}`"));
        }
        let n_labels = env.n_actions();
        if n_labels > MAX_LABELS {
            return fail(format!("a part can have {MAX_LABELS} labels, and `{name}` has {n_labels}"));
        }
        let guard = Guard::new(order, &config, before)?;
        let first = before.last().map_or(0, |part| part.first + part.n_labels);
        let n_features = env.features().len();
        let (initial, encoding) = (env.initial(), env.encoding());
        Ok(Self { name, env, initial, first, n_labels, n_features, encoding, guard })
    }

    /// Has `write` write a mask of this part's labels, and puts it where they are.
    fn write(&self, mask: &mut MaskRow<'_>, write: impl Fn(&AnyEnv, &mut MaskRow<'_>)) {
        // Room for as many labels as there can be takes longer to clear than few labels take to write.
        if self.n_labels <= 64 {
            let mut word = 0;
            write(&self.env, &mut MaskRow(std::slice::from_mut(&mut word)));
            return mask.set_bits(self.first, word.into());
        }
        let mut words = [0u64; MAX_LABELS / 64];
        let words = &mut words[..self.n_labels.div_ceil(64).max(1)];
        write(&self.env, &mut MaskRow(words));
        for (i, &word) in words.iter().enumerate().filter(|(_, word)| **word != 0) {
            mask.set_bits(self.first + 64 * i, word.into());
        }
    }

    /// The option that is chosen, if the part is a choice and it is made.
    fn chosen(&self, s: &Slot) -> Option<usize> {
        let choice = self.env.downcast::<Choice>()?;
        choice.chosen(s.get())
    }
}

impl Environment for Composite {
    type State = Whole;

    fn initial(&self) -> Whole {
        let mut s = Whole { stage: 0, parts: self.parts.iter().map(|part| part.initial.clone()).collect() };
        if self.is_stack() {
            self.settle(&mut s);
        }
        s
    }

    fn n_actions(&self) -> usize {
        self.n_actions
    }

    fn max_len(&self) -> usize {
        self.max_len
    }

    fn states_at_least(&self) -> f64 {
        let parts = self.parts.iter().map(|part| part.env.states_at_least());
        if self.is_stack() { parts.fold(1.0, f64::max) } else { parts.product() }
    }

    fn stop(&self, s: &Whole) -> Stop {
        let stop = |k: usize| self.parts[k].env.stop(&s.parts[k]);
        if self.is_stack() {
            return match stop(s.stage) {
                Stop::May if self.next(s, s.stage).is_some() => Stop::Never,
                stop => stop,
            };
        }
        let all = |wanted: &[Stop]| (0..self.parts.len()).all(|k| wanted.contains(&stop(k)));
        match () {
            () if all(&[Stop::Must]) => Stop::Must,
            () if all(&[Stop::Must, Stop::May]) => Stop::May,
            () => Stop::Never,
        }
    }

    fn forward_mask(&self, s: &Whole, mask: &mut MaskRow<'_>) {
        let built = if self.is_stack() { s.stage..s.stage + 1 } else { 0..self.parts.len() };
        for k in built {
            self.parts[k].write(mask, |env, mask| env.forward_mask(&s.parts[k], mask));
        }
        if self.is_stack() && !self.is_last(s.stage) {
            let may = self.parts[s.stage].env.stop(&s.parts[s.stage]) == Stop::May;
            if may && self.next(s, s.stage).is_some() {
                mask.set(self.first_finishing() + s.stage);
            }
        }
    }

    fn backward_mask(&self, s: &Whole, mask: &mut MaskRow<'_>) {
        if self.is_stack() {
            return self.stack_parents(s, mask);
        }
        for (part, state) in self.parts.iter().zip(&s.parts) {
            part.write(mask, |env, mask| env.backward_mask(state, mask));
        }
    }

    fn step(&self, s: &mut Whole, a: Action) {
        match self.edge(a) {
            Edge::Of(k, a) => self.parts[k].env.step(&mut s.parts[k], a),
            Edge::Finish(k) => s.stage = self.next(s, k).expect("a part is finished where another follows"),
        }
        if self.is_stack() {
            self.settle(s);
        }
    }

    fn unstep(&self, s: &mut Whole, a: Action) {
        match self.edge(a) {
            Edge::Of(k, a) => {
                self.parts[k].env.unstep(&mut s.parts[k], a);
                if self.is_stack() {
                    s.stage = k;
                }
            }
            Edge::Finish(k) => s.stage = k,
        }
    }

    fn encoding(&self) -> Encoding {
        let sum = |of: fn(Encoding) -> usize| self.parts.iter().map(|p| of(p.encoding)).sum::<usize>();
        let stage = if self.is_stack() { [self.parts.len(), 1] } else { [0, 0] };
        Encoding::new(sum(|e| e.columns) + stage[0], sum(|e| e.active) + stage[1], sum(|e| e.reals))
    }

    fn encode(&self, s: &Whole, row: EncodedRow<'_>) {
        let (mut indices, mut reals, mut first) = (row.indices, row.reals, 0);
        for (part, state) in self.parts.iter().zip(&s.parts) {
            let encoding = part.encoding;
            let (own, others) = indices.split_at_mut(encoding.active);
            let (dense, others_dense) = reals.split_at_mut(encoding.reals);
            part.env.encode(state, EncodedRow { indices: own, reals: dense });
            own.iter_mut().for_each(|column| *column += first);
            first += encoding.columns as u32;
            (indices, reals) = (others, others_dense);
        }
        if self.is_stack() {
            indices[0] = first + s.stage as u32;
        }
    }

    fn show(&self, s: &Whole, out: &mut String) {
        let shown = if self.is_stack() { s.stage + 1 } else { self.parts.len() };
        let mut text = String::new();
        for (k, (part, state)) in self.parts.iter().zip(&s.parts).take(shown).enumerate() {
            if k > 0 {
                out.push_str(BETWEEN);
            }
            text.clear();
            part.env.show(state, &mut text);
            text::escape(&text, out);
        }
    }

    fn parse(&self, text: &str) -> Option<Whole> {
        let texts = text::split(text, BETWEEN)?;
        let parsed = texts.iter().zip(&self.parts).map(|(text, part)| part.env.parse(text));
        let mut parts = parsed.collect::<Option<Vec<Slot>>>()?;
        let (shown, stage) = (texts.len(), if self.is_stack() { texts.len() - 1 } else { 0 });
        if shown > self.parts.len() || !self.is_stack() && shown < self.parts.len() {
            return None;
        }
        parts.extend(self.parts[shown..].iter().map(|part| part.initial.clone()));
        let s = Whole { stage, parts };
        (!self.is_stack() || self.is_reachable(&s)).then_some(s)
    }

    fn features(&self) -> Vec<String> {
        let named =
            |part: &Part| part.env.features().into_iter().map(|f| format!("{}_{f}", part.name)).collect();
        self.parts.iter().flat_map(|part| -> Vec<String> { named(part) }).collect()
    }

    fn measure(&self, s: &Whole, mut out: &mut [f64]) {
        for (part, state) in self.parts.iter().zip(&s.parts) {
            let (own, others) = out.split_at_mut(part.n_features);
            part.env.measure(state, own);
            out = others;
        }
    }

    fn draw(&self, s: &Whole) -> Option<Picture> {
        // Of a stack only what is built, or being built.
        let shown = |k: &usize| !self.is_stack() || *k <= s.stage && self.builds(s, *k);
        let drawn = (0..self.parts.len()).filter(shown).filter_map(|k| self.parts[k].env.draw(&s.parts[k]));
        let pictures: Vec<Picture> = drawn.collect();
        let width: f64 = pictures.iter().map(|p| p.size()[0] + 12.0).sum();
        let height = pictures.iter().map(|p| p.size()[1]).fold(0.0, f64::max);
        let mut whole = (!pictures.is_empty()).then(|| Picture::new(width - 12.0, height))?;
        let mut x = 0.0;
        for picture in &pictures {
            whole.place([x, 0.0], picture);
            x += picture.size()[0] + 12.0;
        }
        Some(whole)
    }

    fn describe(&self, a: Action) -> String {
        match self.edge(a) {
            Edge::Of(k, a) => format!("{}: {}", self.parts[k].name, self.parts[k].env.describe(a)),
            Edge::Finish(k) => format!("finish {}", self.parts[k].name),
        }
    }

    fn small() -> Vec<Self> {
        small::composites()
    }
}

impl Composite {
    /// Is every part of a stack as it can be when the last one of those shown is being built?
    fn is_reachable(&self, s: &Whole) -> bool {
        let done = |k: usize| match self.parts[k].env.stop(&s.parts[k]) {
            Stop::Never => false,
            Stop::May | Stop::Must => true,
        };
        let before = (0..s.stage)
            .all(|k| if self.builds(s, k) { done(k) } else { s.parts[k] == self.parts[k].initial });
        let mut settled = s.clone();
        self.settle(&mut settled);
        before && self.builds(s, s.stage) && settled.stage == s.stage
    }
}

impl Registered for Composite {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "composite",
        summary: "several environments as one, built one after the other or in any order",
        formula: "x = (x_1, ..., x_m); edges are the parts', one part after the other or all at once",
        reference: "sets and stacks of environments of alexhernandezgarcia/gflownet",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] =
        &[Feature { name: "{part}_{feature}", meaning: "what the feature of the part is" }];

    rewards!(Uniform);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        Self::new(config.order, Vec::new()).map_err(|e| e.error)
    }

    fn from_parts(config: Config, parts: Vec<NamedPart>) -> Result<Self, PartError> {
        Self::new(config.order, parts)
    }
}

/// log R = 0.
#[derive(Clone, Copy, Debug)]
pub struct Uniform;

impl Reward<Composite> for Uniform {
    fn score(&self, _: &Composite, _: &Whole) -> f64 {
        0.0
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

impl NativeReward<Composite> for Uniform {
    type Config = NoSettings;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "uniform",
            summary: "every object is as likely as any other",
            formula: "log R = 0",
            reference: "a target with a known Z: the number of objects",
            fields: NoSettings::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: false,
    };

    fn from_config(NoSettings: NoSettings, _: &Composite) -> Result<Self, SettingError> {
        Ok(Self)
    }
}
