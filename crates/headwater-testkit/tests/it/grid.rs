//! A correct 4×4 grid that can be given one bug at a time.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};

use headwater_core::{Action, EncodedRow, Encoding, Environment, MaskRow, Stop};

/// One seeded bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Bug {
    #[default]
    None,
    BackwardMaskTooSmall,
    BackwardMaskTooBig,
    BackwardMaskAtInitial,
    ForwardMaskPastEnd,
    BackwardMaskPastEnd,
    UnstepDoesNothing,
    UnstepWrongAxis,
    StepSkips,
    StepWraps,
    StepRemembers,
    Endless,
    DeadEnd,
    MustButOpen,
    MayButClosed,
    HorizonTooLong,
    HorizonTooShort,
    SharedLabel,
    EncodeAliases,
    EncodeAliasesAsSets,
    EncodeAliasesZeros,
    EncodeUnsetReal,
    EncodeUnsetColumn,
    EncodeColumnPastEnd,
    EncodeColumnTwice,
    EncodeInfinite,
    EncodeNotDeterministic,
    ShowLossy,
    ShowTwoLines,
    ShowNotDeterministic,
    ShowClears,
    ParseRejects,
    ParseAnother,
    ParseInvents,
    HashSeesHistory,
    EqSeesHistory,
    CloneFromForgets,
    DescribesNothing,
    FeatureNoIdentifier,
    FeatureTwice,
    FeatureUnset,
    FeatureInfinite,
    FeatureSeesHistory,
}

pub const SIDE: u32 = 4;

/// The grid; cells `0..4` in two dimensions, every cell an object.
#[derive(Debug, Default)]
pub struct Grid {
    pub bug: Bug,
    calls: AtomicU32,
}

impl Grid {
    pub fn with(bug: Bug) -> Self {
        Self { bug, ..Self::default() }
    }

    fn is(&self, bug: Bug) -> bool {
        self.bug == bug
    }
}

/// A cell, and what a careless author might leave beside it.
#[derive(Debug)]
pub struct Cell {
    x: [u32; 2],
    /// The label of the last edge; no part of the object.
    last: u32,
    bug: Bug,
}

impl Cell {
    pub fn cells(&self) -> [u32; 2] {
        self.x
    }
}

impl Clone for Cell {
    fn clone(&self) -> Self {
        Self { ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        let kept = self.x[1];
        *self = from.clone();
        if self.bug == Bug::CloneFromForgets {
            self.x[1] = kept;
        }
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.x == other.x && (self.bug != Bug::EqSeesHistory || self.last == other.last)
    }
}

impl Eq for Cell {}

impl Hash for Cell {
    fn hash<H: Hasher>(&self, h: &mut H) {
        self.x.hash(h);
        if matches!(self.bug, Bug::HashSeesHistory | Bug::EqSeesHistory) {
            self.last.hash(h);
        }
    }
}

impl Environment for Grid {
    type State = Cell;

    fn initial(&self) -> Cell {
        Cell { x: [0; 2], last: 0, bug: self.bug }
    }

    fn n_actions(&self) -> usize {
        2
    }

    fn max_len(&self) -> usize {
        match self.bug {
            Bug::HorizonTooLong => 7,
            Bug::HorizonTooShort => 5,
            _ => 6,
        }
    }

    fn stop(&self, s: &Cell) -> Stop {
        match (s.x == [SIDE - 1; 2], self.bug) {
            (true, Bug::DeadEnd) => Stop::Never,
            (true, Bug::MayButClosed) => Stop::May,
            (false, Bug::MustButOpen) if s.x[0] == 1 => Stop::Must,
            (true, _) => Stop::Must,
            (false, _) => Stop::May,
        }
    }

    fn forward_mask(&self, s: &Cell, mask: &mut MaskRow<'_>) {
        for d in 0..2 {
            if s.x[d] + 1 < SIDE || matches!(self.bug, Bug::StepWraps | Bug::Endless) {
                mask.set(d);
            }
        }
        if self.is(Bug::ForwardMaskPastEnd) && s.x[0] == 2 {
            mask.set(2);
        }
    }

    fn backward_mask(&self, s: &Cell, mask: &mut MaskRow<'_>) {
        for d in 0..2 {
            let too_small = self.is(Bug::BackwardMaskTooSmall) && d == 1 && s.x[1] == 3;
            let too_small = too_small || self.is(Bug::SharedLabel) && d == 0 && s.x == [1, 1];
            let too_big = self.is(Bug::BackwardMaskTooBig) && s.x[0] == 2;
            if (s.x[d] > 0 && !too_small) || too_big {
                mask.set(d);
            }
        }
        if self.is(Bug::BackwardMaskAtInitial) && s.x == [0; 2] {
            mask.set(0);
        }
        if self.is(Bug::BackwardMaskPastEnd) && s.x[0] == 2 {
            mask.set(63);
        }
    }

    fn step(&self, s: &mut Cell, a: Action) {
        let d = a.index();
        match self.bug {
            Bug::StepSkips if s.x[d] == 1 => s.x[d] = 3,
            Bug::StepWraps => s.x[d] = (s.x[d] + 1) % SIDE,
            // Equal cells, other successors.
            Bug::StepRemembers if s.x == [1, 1] && s.last == 1 => s.x[1 - d] += 1,
            // 2,1 is entered by label 0 from 1,1 and from 0,1.
            Bug::SharedLabel if s.x == [0, 1] && d == 0 => s.x = [2, 1],
            _ => s.x[d] += 1,
        }
        s.last = a.0;
    }

    fn unstep(&self, s: &mut Cell, a: Action) {
        let d = a.index();
        match self.bug {
            Bug::UnstepDoesNothing if s.x[0] == 3 => {}
            Bug::UnstepWrongAxis if s.x[0] > 0 && s.x[1] > 0 => s.x[1 - d] -= 1,
            _ => s.x[d] = s.x[d].saturating_sub(1),
        }
    }

    fn encoding(&self) -> Encoding {
        Encoding::new(8, 2, 2)
    }

    fn encode(&self, s: &Cell, row: EncodedRow<'_>) {
        let [mut x, y] = s.x.map(|x| x.min(SIDE - 1));
        let mut reals = [0.0, 1.0];
        match self.bug {
            Bug::EncodeAliases => x = x.min(2),
            Bug::EncodeInfinite if y == 2 => reals[1] = f32::INFINITY,
            Bug::EncodeNotDeterministic => reals[0] = (self.calls.fetch_add(1, Ordering::Relaxed) % 2) as f32,
            Bug::EncodeAliasesZeros if x == 3 => {
                x = 2;
                reals[0] = -0.0;
            }
            _ => {}
        }
        let mut columns = [x, SIDE + y];
        match self.bug {
            Bug::EncodeColumnPastEnd => columns[1] += 1,
            Bug::EncodeColumnTwice if y == 3 => columns = [x; 2],
            // 1,2 and 2,1 have the same columns in another order.
            Bug::EncodeAliasesAsSets if x != y => columns = [x, y],
            _ => {}
        }
        if self.is(Bug::EncodeUnsetColumn) && x == 1 {
            columns[1] = row.indices[1];
        }
        if self.is(Bug::EncodeUnsetReal) {
            reals[1] = row.reals[1];
        }
        row.indices.copy_from_slice(&columns);
        row.reals.copy_from_slice(&reals);
    }

    fn show(&self, s: &Cell, out: &mut String) {
        let [x, y] = s.x;
        let text = match self.bug {
            Bug::ShowLossy => format!("{x},{}", y.min(1)),
            Bug::ShowTwoLines if x == 2 => format!("{x},\n{y}"),
            Bug::ShowNotDeterministic => format!("{x},{y},{}", self.calls.fetch_add(1, Ordering::Relaxed)),
            _ => format!("{x},{y}"),
        };
        if self.is(Bug::ShowClears) {
            out.clear();
        }
        out.push_str(&text);
    }

    fn parse(&self, text: &str) -> Option<Cell> {
        let (x, y) = text.split_once(',')?;
        let mut x = [x.trim(), y.trim()].map(|t| t.parse::<u32>().ok());
        match self.bug {
            Bug::ParseRejects if x[0] == Some(3) => return None,
            Bug::ParseAnother if x == [Some(3), Some(2)] => x.reverse(),
            _ => {}
        }
        let x = [x[0]?, x[1]?];
        let inside = x.iter().all(|&x| x < SIDE) || matches!(self.bug, Bug::ParseInvents | Bug::Endless);
        inside.then_some(Cell { x, last: 0, bug: self.bug })
    }

    fn features(&self) -> Vec<String> {
        let names = match self.bug {
            Bug::FeatureNoIdentifier => ["x0", "x 1"],
            Bug::FeatureTwice => ["x0", "x0"],
            _ => ["x0", "x1"],
        };
        names.map(str::to_owned).to_vec()
    }

    fn measure(&self, s: &Cell, out: &mut [f64]) {
        out[0] = f64::from(s.x[0]);
        out[1] = match self.bug {
            Bug::FeatureUnset if s.x[0] == 2 => return,
            Bug::FeatureInfinite => 1.0 / f64::from(s.x[1]),
            Bug::FeatureSeesHistory => f64::from(s.last),
            _ => f64::from(s.x[1]),
        };
    }

    fn describe(&self, a: Action) -> String {
        if self.is(Bug::DescribesNothing) { String::new() } else { format!("{} + 1", ["x", "y"][a.index()]) }
    }

    fn small() -> Vec<Self> {
        vec![Self::default()]
    }
}
