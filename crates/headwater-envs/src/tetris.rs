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

/// The widest box.
const MAX_WIDTH: usize = 20;

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
#[derive(Clone, Debug)]
struct Shape {
    piece: usize,
    turns: usize,
    columns: Vec<Column>,
    /// The label that drops it over the leftmost columns. The next ones do so further and further to the right.
    first: usize,
}

/// A column of a shape, which fills rows without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Column {
    /// The lowest row, from that of the whole shape.
    low: u8,
    /// The row above the highest one.
    high: u8,
    /// What its lowest cell is on a board; the next ones count on.
    cell: u8,
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
            let shape = Self { piece, turns, columns: columns(&cells), first: 0 };
            if shapes.iter().all(|other| other.columns != shape.columns) {
                shapes.push(shape);
            }
            cells.iter_mut().for_each(|c| *c = [c[1], -c[0]]);
        }
        shapes
    }

    fn height(&self) -> usize {
        self.columns.iter().map(|c| usize::from(c.high)).max().unwrap_or(0)
    }
}

/// The columns of a piece, moved to the corner.
fn columns(cells: &[[i32; 2]]) -> Vec<Column> {
    let corner = |axis: usize| cells.iter().map(|c| c[axis]).min().unwrap_or(0);
    let (left, bottom) = (corner(0), corner(1));
    let width = cells.iter().map(|c| c[0] - left).max().unwrap_or(0);
    let mut cell = 0;
    let column = |x: i32| {
        let rows = cells.iter().filter(|c| c[0] - left == x).map(|c| (c[1] - bottom) as u8);
        let (low, n) = (rows.clone().min().unwrap_or(0), rows.count() as u8);
        cell += n;
        Column { low, high: low + n, cell: cell - n }
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
    /// For each word of a mask, column and height of what lies there, the labels whose pieces that is not too high for.
    fitting: Vec<u64>,
}

/// A box with the pieces that lie in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Board {
    /// For each cell, column by column from below, what fills it: one more than four times the shape and the number of
    /// the shape's cell; 0 if nothing does.
    cells: [u8; MAX_CELLS],
    /// Follows from the cells: the number of rows up to the highest one that is filled, in each column.
    tops: [u8; MAX_WIDTH],
}

impl Tetris {
    /// `None` if `pieces` are no pieces, or one is there twice.
    fn new(width: usize, height: usize, pieces: &str, maximal: bool) -> Option<Self> {
        let number = |c: char| PIECES.iter().position(|(name, _)| *name == c);
        let mut numbers: Vec<usize> = pieces.chars().map(number).collect::<Option<_>>()?;
        numbers.sort_unstable();
        if numbers.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let mut shapes: Vec<Shape> = numbers.into_iter().flat_map(Shape::all).collect();
        let mut drops = Vec::new();
        for (i, shape) in shapes.iter_mut().enumerate() {
            shape.first = drops.len();
            shape.columns.iter_mut().for_each(|c| c.cell += 1 + 4 * i as u8);
            let fits = shape.height() <= height;
            let places = (width + 1).saturating_sub(shape.columns.len()) * usize::from(fits);
            drops.extend((0..places).map(|x| (i, x)));
        }
        let mut fitting = vec![0; drops.len().div_ceil(64) * width * (height + 1)];
        for (label, &(shape, first)) in drops.iter().enumerate() {
            let shape = &shapes[shape];
            for x in 0..width {
                let over = x.checked_sub(first).and_then(|dx| shape.columns.get(dx));
                let most = over.map_or(height, |c| height - shape.height() + usize::from(c.low));
                let start = (label / 64 * width + x) * (height + 1);
                fitting[start..=start + most].iter_mut().for_each(|word| *word |= 1 << (label % 64));
            }
        }
        Some(Self { width, height, maximal, shapes, drops, fitting })
    }

    fn shape(&self, label: usize) -> (&Shape, usize) {
        let (shape, column) = self.drops[label];
        (&self.shapes[shape], column)
    }

    /// Words of a mask.
    fn words(&self) -> usize {
        self.drops.len().div_ceil(64)
    }

    fn column<'a>(&self, s: &'a Board, x: usize) -> &'a [u8] {
        &s.cells[x * self.height..(x + 1) * self.height]
    }

    /// Word `i` of the labels of pieces that do not stick out where they come to rest.
    #[inline]
    fn fitting(&self, s: &Board, i: usize) -> u64 {
        let rows = self.height + 1;
        let columns = self.fitting[i * self.width * rows..].chunks_exact(rows);
        columns.zip(&s.tops[..self.width]).fold(u64::MAX, |all, (words, &top)| all & words[usize::from(top)])
    }

    /// The label of the piece whose leftmost column is `x`, if it has one with nothing above it.
    fn free(&self, s: &Board, x: usize) -> Option<usize> {
        let top_cell = |x: usize| Some(self.column(s, x)[usize::from(s.tops[x]).checked_sub(1)?]);
        let shape = &self.shapes[usize::from(top_cell(x)? - 1) / 4];
        let (label, y) = (shape.first + x, s.tops[x].checked_sub(shape.columns[0].high)?);
        let on_top = |(x, c): (usize, &Column)| {
            s.tops[x] == y + c.high && top_cell(x) == Some(c.cell + (c.high - c.low - 1))
        };
        (x..).zip(&shape.columns).all(on_top).then_some(label)
    }

    /// The labels of the pieces that have nothing above them, from the left.
    fn all_free(&self, s: &Board) -> impl Iterator<Item = usize> {
        (0..self.width).filter_map(|x| self.free(s, x))
    }

    /// The labels of the pieces in the order in which they are written.
    fn order(&self, s: &Board) -> Vec<usize> {
        let (mut left, mut order) = (*s, Vec::new());
        while let Some(label) = self.all_free(&left).max() {
            self.unstep(&mut left, Action(label as u32));
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
        s.cells.iter().filter(|&&c| c > 0).count()
    }
}

impl Environment for Tetris {
    type State = Board;

    fn initial(&self) -> Board {
        Board { cells: [0; MAX_CELLS], tops: [0; MAX_WIDTH] }
    }

    fn n_actions(&self) -> usize {
        self.drops.len()
    }

    fn max_len(&self) -> usize {
        self.width * self.height / 4
    }

    fn stop(&self, s: &Board) -> Stop {
        let full = (0..self.words()).all(|i| self.fitting(s, i) == 0);
        match (full, self.maximal) {
            (true, _) => Stop::Must,
            (false, true) => Stop::Never,
            (false, false) => Stop::May,
        }
    }

    fn forward_mask(&self, s: &Board, mask: &mut MaskRow<'_>) {
        (0..self.words()).for_each(|i| mask.0[i] = self.fitting(s, i));
    }

    fn backward_mask(&self, s: &Board, mask: &mut MaskRow<'_>) {
        self.all_free(s).for_each(|label| mask.set(label));
    }

    fn step(&self, s: &mut Board, a: Action) {
        let (shape, x) = self.shape(a.index());
        let under = shape.columns.iter().zip(&s.tops[x..]);
        let y = under.map(|(c, top)| top.saturating_sub(c.low)).max().unwrap_or(0);
        for (x, c) in (x..).zip(&shape.columns) {
            let first = x * self.height + usize::from(y + c.low);
            let cells = &mut s.cells[first..first + usize::from(c.high - c.low)];
            cells.iter_mut().zip(c.cell..).for_each(|(cell, code)| *cell = code);
            s.tops[x] = y + c.high;
        }
    }

    fn unstep(&self, s: &mut Board, a: Action) {
        let (shape, x) = self.shape(a.index());
        for (x, c) in (x..).zip(&shape.columns) {
            let (start, top) = (x * self.height, usize::from(s.tops[x]));
            let (below, own) = s.cells[start..start + top].split_at_mut(top - usize::from(c.high - c.low));
            own.fill(0);
            s.tops[x] = below.iter().rposition(|&cell| cell > 0).map_or(0, |y| y as u8 + 1);
        }
    }

    fn encoding(&self) -> Encoding {
        // Each cell is empty, or one of the four of some shape.
        let cells = self.width * self.height;
        Encoding::one_hot(cells * (4 * self.shapes.len() + 1), cells)
    }

    fn encode(&self, s: &Board, row: EncodedRow<'_>) {
        let kinds = 4 * self.shapes.len() + 1;
        for ((slot, first), &cell) in row.indices.iter_mut().zip((0..).step_by(kinds)).zip(&s.cells) {
            *slot = first + u32::from(cell);
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
            if self.fitting(&s, label / 64) >> (label % 64) & 1 == 0 {
                return None;
            }
            self.step(&mut s, Action(label as u32));
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
        let filled = self.filled(s);
        let tops = s.tops[..self.width].iter().map(|&top| usize::from(top));
        let full = |y: &usize| (0..self.width).all(|x| self.column(s, x)[*y] > 0);
        let rows = (0..self.height).filter(full).count();
        let holes = tops.clone().sum::<usize>() - filled;
        let totals = [filled / 4, filled, holes, rows];
        out.iter_mut().zip(totals.into_iter().chain(tops)).for_each(|(o, n)| *o = n as f64);
    }

    fn draw(&self, s: &Board) -> Option<Picture> {
        let cell = (200.0 / self.height as f64).min(18.0);
        let mut picture = Picture::new(cell * self.width as f64, cell * self.height as f64);
        for (x, y) in (0..self.width).flat_map(|x| (0..self.height).map(move |y| (x, y))) {
            let paint = match usize::from(self.column(s, x)[y]).checked_sub(1) {
                None => Paint::Faint,
                Some(cell) => Paint::Category(self.shapes[cell / 4].piece),
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
        within("width", width, 1..=MAX_WIDTH)?;
        within("height", height, 1..=31)?;
        if width * height > MAX_CELLS {
            let message = format!("a box of {width} by `{height}` has more than {MAX_CELLS} cells");
            return Err(SettingError::at("height", message));
        }
        let Some(new) = Self::new(width, height, &pieces, maximal) else {
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
