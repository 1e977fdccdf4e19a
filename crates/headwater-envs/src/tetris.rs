//! Pieces of Tetris dropped into a box.
//!
//! **Objects.** Arrangements of pieces, written in an order in which they can be dropped, as in `O@0 I1@2`: the piece, how
//! often it is turned clockwise if it is, and its leftmost column; the empty box is `-`. Of all such orders the text is the
//! one got by taking away, again and again, the free piece of the largest label. With `maximal`, the default, only those
//! where nothing fits any more.
//!
//! **DAG.** A trajectory starts with an empty box. An edge turns a piece, puts it over some columns and lets it fall
//! straight down to the first obstacle; it may not stick out at the top. Turns that look the same are one. Lines do not
//! vanish. A trajectory may end anywhere, or with `maximal` nowhere, and must where nothing fits. Any piece with nothing
//! above it may have been the last: these are the parents.
//!
//! **Reward.** `filled`: log R = the share of the box that is filled; alexhernandezgarcia/gflownet has `reward.beta` 10.
//!
//! **Source.** The environment Tetris of alexhernandezgarcia/gflownet (arXiv:2301.10230), in which a state also numbers the
//! pieces in the order of their falling; here it does not, so that equal arrangements are equal. `max_len` is a bound:
//! what fits in by area.
//!
//! | instance | states | edges |
//! |---|---|---|
//! | 4 × 4, pieces `IO` | 78 | 129 |
//! | 3 × 4, pieces `JLT` | 127 | 126 |
//! | 4 × 4, pieces `OZ` | 63 | 77 |

use std::fmt::Write;

use headwater_core::picture::{Paint, Picture};
use headwater_core::settings::{NoSettings, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, Reward, RewardScale, SettingError, Settings,
    Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, NativeReward, Registered, RewardEntry};

/// The largest box, in cells; states are stored inline.
pub const MAX_CELLS: usize = 200;

/// The pieces with one turn each, row by row from the top.
const PIECES: [(char, &[&str]); 7] = [
    ('I', &["X", "X", "X", "X"]),
    ('J', &[".X", ".X", "XX"]),
    ('L', &["X.", "X.", "XX"]),
    ('O', &["XX", "XX"]),
    ('S', &[".XX", "XX."]),
    ('T', &["XXX", ".X."]),
    ('Z', &["XX.", ".XX"]),
];

settings! {
    /// Settings of a box.
    pub struct Config {
        /// Number of columns.
        width: usize = "4", Kind::Int { min: 1, max: 20 };
        /// Number of rows; at most 200 cells in all.
        height: usize = "6", Kind::Int { min: 1, max: 31 };
        /// The pieces that there are, some of `IJLOSTZ`.
        pieces: String = "\"IJLOSTZ\"", Kind::Text;
        /// Whether pieces must fall as long as any fits.
        maximal: bool = "true", Kind::Bool;
    }
}

/// A piece in one of its turns.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    piece: usize,
    turns: usize,
    /// For each of its columns the rows that it fills, from below: the lowest one, and how many.
    columns: Vec<(usize, usize)>,
}

impl Shape {
    /// All turns of a piece that look different.
    fn all(piece: usize) -> Vec<Self> {
        let mut cells: Vec<[i32; 2]> = Vec::new();
        let rows = PIECES[piece].1;
        for (y, row) in rows.iter().rev().enumerate() {
            let filled = row.bytes().enumerate().filter(|(_, c)| *c == b'X');
            cells.extend(filled.map(|(x, _)| [x as i32, y as i32]));
        }
        let mut shapes: Vec<Self> = Vec::new();
        for turns in 0..4 {
            let shape = Self { piece, turns, columns: columns(&cells) };
            if shapes.iter().all(|other| other.columns != shape.columns) {
                shapes.push(shape);
            }
            cells.iter_mut().for_each(|c| *c = [c[1], -c[0]]);
        }
        shapes
    }

    fn height(&self) -> usize {
        self.columns.iter().map(|(low, n)| low + n).max().unwrap_or(0)
    }
}

/// The columns of a piece, moved to the corner. Every column of a piece is without gaps.
fn columns(cells: &[[i32; 2]]) -> Vec<(usize, usize)> {
    let corner = |axis: usize| cells.iter().map(|c| c[axis]).min().unwrap_or(0);
    let (left, bottom) = (corner(0), corner(1));
    let width = cells.iter().map(|c| c[0] - left).max().unwrap_or(0);
    let column = |x: i32| {
        let rows = cells.iter().filter(|c| c[0] - left == x).map(|c| (c[1] - bottom) as usize);
        (rows.clone().min().unwrap_or(0), rows.count())
    };
    (0..=width).map(column).collect()
}

/// A box; see the module.
#[derive(Clone, Debug)]
pub struct Tetris {
    width: usize,
    height: usize,
    maximal: bool,
    shapes: Vec<Shape>,
    /// What a label drops and where: the shape and its leftmost column.
    drops: Vec<(usize, usize)>,
}

/// For each cell, column by column from below, one more than the label of the piece that fills it; 0 where none does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Board([u8; MAX_CELLS]);

impl Tetris {
    fn new(width: usize, height: usize, pieces: &str, maximal: bool) -> Option<Self> {
        let number = |c: char| PIECES.iter().position(|(name, _)| *name == c);
        let mut numbers: Vec<usize> = pieces.chars().map(number).collect::<Option<_>>()?;
        numbers.sort_unstable();
        let shapes: Vec<Shape> = numbers.into_iter().flat_map(Shape::all).collect();
        let fits =
            |s: &Shape| (width + 1).saturating_sub(s.columns.len()) * usize::from(s.height() <= height);
        let drops = shapes.iter().enumerate().flat_map(|(i, s)| (0..fits(s)).map(move |x| (i, x)));
        let drops: Vec<_> = drops.collect();
        Some(Self { width, height, maximal, drops, shapes })
    }

    fn shape(&self, label: usize) -> (&Shape, usize) {
        let (shape, column) = self.drops[label];
        (&self.shapes[shape], column)
    }

    fn column<'a>(&self, s: &'a Board, x: usize) -> &'a [u8] {
        &s.0[x * self.height..(x + 1) * self.height]
    }

    /// The number of rows up to the highest cell of each column that is filled.
    fn tops(&self, s: &Board) -> [usize; MAX_CELLS / 10] {
        let mut tops = [0; MAX_CELLS / 10];
        for (x, top) in tops[..self.width].iter_mut().enumerate() {
            *top = self.column(s, x).iter().rposition(|&c| c > 0).map_or(0, |y| y + 1);
        }
        tops
    }

    /// Where the lowest row of a dropped piece comes to rest, if it does not stick out.
    fn rest(&self, tops: &[usize], label: usize) -> Option<usize> {
        let (shape, x) = self.shape(label);
        let over = shape.columns.iter().zip(&tops[x..]);
        let y = over.map(|((low, _), top)| top.saturating_sub(*low)).max().unwrap_or(0);
        (y + shape.height() <= self.height).then_some(y)
    }

    /// The lowest row of the piece with this label that has nothing above it, if there is one.
    fn free(&self, s: &Board, tops: &[usize], label: usize) -> Option<usize> {
        let (shape, x) = self.shape(label);
        let y = tops[x].checked_sub(shape.columns[0].0 + shape.columns[0].1)?;
        let on_top = |(dx, (low, n)): (usize, &(usize, usize))| {
            let top = y + low + n;
            tops[x + dx] == top && self.column(s, x + dx)[top - 1] == label as u8 + 1
        };
        shape.columns.iter().enumerate().all(on_top).then_some(y)
    }

    /// Fills the cells of a piece, or empties them.
    fn fill(&self, s: &mut Board, label: usize, y: usize, value: u8) {
        let (shape, x) = self.shape(label);
        for (dx, (low, n)) in shape.columns.iter().enumerate() {
            let first = (x + dx) * self.height + y + low;
            s.0[first..first + n].fill(value);
        }
    }

    /// The labels of the pieces in the order in which they are written.
    fn order(&self, s: &Board) -> Vec<usize> {
        let (mut left, mut order) = (*s, Vec::new());
        loop {
            let tops = self.tops(&left);
            let last = (0..self.drops.len()).rev().find_map(|l| Some((l, self.free(&left, &tops, l)?)));
            let Some((label, y)) = last else { break };
            self.fill(&mut left, label, y, 0);
            order.push(label);
        }
        order.reverse();
        order
    }

    fn name(&self, label: usize) -> String {
        let (shape, x) = self.shape(label);
        let turns = if shape.turns > 0 { shape.turns.to_string() } else { String::new() };
        format!("{}{turns}@{x}", PIECES[shape.piece].0)
    }

    fn filled(&self, s: &Board) -> usize {
        s.0.iter().filter(|&&c| c > 0).count()
    }
}

impl Environment for Tetris {
    type State = Board;

    fn initial(&self) -> Board {
        Board([0; MAX_CELLS])
    }

    fn n_actions(&self) -> usize {
        self.drops.len()
    }

    fn max_len(&self) -> usize {
        self.width * self.height / 4
    }

    fn stop(&self, s: &Board) -> Stop {
        let tops = self.tops(s);
        match ((0..self.drops.len()).all(|l| self.rest(&tops, l).is_none()), self.maximal) {
            (true, _) => Stop::Must,
            (false, true) => Stop::Never,
            (false, false) => Stop::May,
        }
    }

    fn forward_mask(&self, s: &Board, mask: &mut MaskRow<'_>) {
        let tops = self.tops(s);
        (0..self.drops.len()).for_each(|l| mask.set_if(l, self.rest(&tops, l).is_some()));
    }

    fn backward_mask(&self, s: &Board, mask: &mut MaskRow<'_>) {
        let tops = self.tops(s);
        (0..self.drops.len()).for_each(|l| mask.set_if(l, self.free(s, &tops, l).is_some()));
    }

    fn step(&self, s: &mut Board, a: Action) {
        let y = self.rest(&self.tops(s), a.index()).expect("only pieces that fit are dropped");
        self.fill(s, a.index(), y, a.0 as u8 + 1);
    }

    fn unstep(&self, s: &mut Board, a: Action) {
        let y = self.free(s, &self.tops(s), a.index()).expect("only free pieces are taken away");
        self.fill(s, a.index(), y, 0);
    }

    fn encoding(&self) -> Encoding {
        // Each cell is empty, or one of the four of some shape.
        let cells = self.width * self.height;
        Encoding::one_hot(cells * (4 * self.shapes.len() + 1), cells)
    }

    fn encode(&self, s: &Board, row: EncodedRow<'_>) {
        let kinds = 4 * self.shapes.len() as u32 + 1;
        for (cell, slot) in row.indices.iter_mut().enumerate() {
            *slot = cell as u32 * kinds;
        }
        for x in 0..self.width {
            // How many cells of the present piece lie below in the column.
            let (mut label, mut below) = (0, 0);
            for (y, &c) in self.column(s, x).iter().enumerate() {
                if c == 0 {
                    label = 0;
                    continue;
                }
                let (shape, first) = self.shape(usize::from(c) - 1);
                let (_, n) = shape.columns[x - first];
                below = if c == label && below + 1 < n { below + 1 } else { 0 };
                label = c;
                let before: usize = shape.columns[..x - first].iter().map(|(_, n)| n).sum();
                let kind = 4 * self.drops[usize::from(c) - 1].0 + before + below;
                row.indices[x * self.height + y] += kind as u32 + 1;
            }
        }
    }

    fn show(&self, s: &Board, out: &mut String) {
        let order = self.order(s);
        if order.is_empty() {
            out.push('-');
        }
        for (i, label) in order.into_iter().enumerate() {
            let blank = if i > 0 { " " } else { "" };
            write!(out, "{blank}{}", self.name(label)).expect("writing to a string cannot fail");
        }
    }

    fn parse(&self, text: &str) -> Option<Board> {
        let mut s = self.initial();
        for word in text.split(' ').filter(|_| text != "-") {
            let label = (0..self.drops.len()).find(|&l| self.name(l) == word)?;
            let y = self.rest(&self.tops(&s), label)?;
            self.fill(&mut s, label, y, label as u8 + 1);
        }
        let mut canonical = String::new();
        self.show(&s, &mut canonical);
        (canonical == text).then_some(s)
    }

    fn features(&self) -> Vec<String> {
        let columns = (0..self.width).map(|x| format!("top_{x}"));
        ["pieces", "filled", "holes", "rows"].map(str::to_owned).into_iter().chain(columns).collect()
    }

    fn measure(&self, s: &Board, out: &mut [f64]) {
        let (filled, tops) = (self.filled(s), self.tops(s));
        let tops = &tops[..self.width];
        let full = |y: &usize| (0..self.width).all(|x| self.column(s, x)[*y] > 0);
        let rows = (0..self.height).filter(full).count();
        let holes = tops.iter().sum::<usize>() - filled;
        let totals = [filled / 4, filled, holes, rows];
        out.iter_mut().zip(totals.iter().chain(tops)).for_each(|(o, &n)| *o = n as f64);
    }

    fn draw(&self, s: &Board) -> Option<Picture> {
        let cell = (200.0 / self.height as f64).min(18.0);
        let mut picture = Picture::new(cell * self.width as f64, cell * self.height as f64);
        let label_at = |x: usize, y: usize| self.column(s, x)[y];
        for (x, y) in (0..self.width).flat_map(|x| (0..self.height).map(move |y| (x, y))) {
            let paint = match usize::from(label_at(x, y)).checked_sub(1) {
                None => Paint::Faint,
                Some(label) => Paint::Category(self.shape(label).0.piece),
            };
            let at = [x as f64 * cell, (self.height - 1 - y) as f64 * cell];
            picture.rect(at, [cell - 1.0; 2], paint);
        }
        Some(picture)
    }

    fn describe(&self, a: Action) -> String {
        format!("drop {}", self.name(a.index()))
    }

    fn small() -> Vec<Self> {
        [(4, 4, "IO", true), (2, 6, "LO", true), (3, 4, "JLT", false), (4, 4, "OZ", true)]
            .into_iter()
            .filter_map(|(width, height, pieces, maximal)| Self::new(width, height, pieces, maximal))
            .collect()
    }
}

impl Registered for Tetris {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "tetris",
        summary: "pieces of Tetris dropped into a box, turned as one likes",
        formula: "x an arrangement of pieces; an edge drops a turned piece over some columns",
        reference: "Tetris of alexhernandezgarcia/gflownet, arXiv:2301.10230",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "pieces", meaning: "the number of pieces" },
        Feature { name: "filled", meaning: "the number of cells that they fill" },
        Feature { name: "holes", meaning: "the number of empty cells with something above them" },
        Feature { name: "rows", meaning: "the number of rows that are full" },
        Feature { name: "top_{x}", meaning: "the height of column x, from 0" },
    ];

    rewards!(Filled);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { width, height, pieces, maximal } = config;
        within("width", width, 1..=20)?;
        within("height", height, 1..=31)?;
        if width * height > MAX_CELLS {
            let message = format!("a box of {width} by `{height}` has more than {MAX_CELLS} cells");
            return Err(SettingError::at("height", message));
        }
        let twice = pieces.chars().enumerate().any(|(i, c)| pieces.chars().take(i).any(|d| d == c));
        let new = Self::new(width, height, &pieces, maximal).filter(|_| !twice);
        let Some(new) = new else {
            let error = SettingError::at("pieces", format!("`{pieces}` is no choice of pieces"));
            return Err(error.hint("give some of `IJLOSTZ`, each once"));
        };
        if !(1..255).contains(&new.drops.len()) {
            let message =
                format!("`{pieces}` can be dropped in {} ways, and 1 to 254 are possible", new.drops.len());
            return Err(SettingError::at("pieces", message));
        }
        Ok(new)
    }
}

/// log R = the share of the box that is filled.
#[derive(Clone, Copy, Debug)]
pub struct Filled;

impl Reward<Tetris> for Filled {
    fn score(&self, env: &Tetris, x: &Board) -> f64 {
        env.filled(x) as f64 / (env.width * env.height) as f64
    }

    fn covers_unfinished(&self) -> bool {
        true
    }
}

impl NativeReward<Tetris> for Filled {
    type Config = NoSettings;

    const ENTRY: RewardEntry = RewardEntry {
        entry: Entry {
            name: "filled",
            summary: "the fuller, the likelier",
            formula: "log R = share of the cells that are filled",
            reference: "Tetris of alexhernandezgarcia/gflownet",
            fields: NoSettings::FIELDS,
        },
        scale: RewardScale::LogReward,
        covers_unfinished: true,
        guides: false,
    };

    fn from_config(NoSettings: NoSettings, _: &Tetris) -> Result<Self, SettingError> {
        Ok(Self)
    }
}
