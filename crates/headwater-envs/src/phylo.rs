//! Rooted binary trees over the sequences of an alignment, merged pair by pair from a forest of leaves.
//!
//! **Objects.** Rooted binary trees with n named leaves, written in Newick: `((A,C),B);`. Children have no order; the text
//! puts that with the smallest leaf first, in the order of the alignment. An unfinished forest is its trees, one after
//! the other: `(A,C); B;`.
//!
//! **DAG.** A trajectory starts at n leaves and merges two trees at a time, n − 1 times. A tree is named by its smallest
//! leaf; the edge of the pair i < j merges the trees called i and j, and is one of n(n−1)/2. Splitting a tree at its root
//! is the only way back, and gives the pair again: i is the tree's name, and j that of the part without leaf i.
//!
//! **Rewards**, defined on forests too:
//! - `parsimony`: log R = (c − M)/per_nat, M being the mutations that the tree needs by Fitch's algorithm (`phylo/fitch.rs`).
//!   A forest has the mutations of its trees so far, and from the start those of sites that say nothing about trees, in
//!   which every tree needs as many. M does not depend on the root, so that the 2n − 3 rooted trees of an unrooted one
//!   are equally likely.
//!
//! **Files.** An alignment in FASTA, of nucleotides with the ambiguity codes of IUPAC; N, X and ? are any nucleotide, and
//! `-` is a gap: a fifth state, or unknown. Without a file, an alignment is generated.
//!
//! **Encoding.** One column per leaf but the first, for what it (or the clade that it names) was merged with: nothing, a
//! leaf, or a clade; that determines the forest. Then reals: for every edge label what the merge costs, less the mean of
//! those possible; for every tree its mean cost with the others; and the share of merges done. Costs are in units of the
//! standard deviation of those of pairs of leaves, and 0 where there is no such merge.
//!
//! **Source.** Zhou et al. 2024, "PhyloGFN: Phylogenetic inference with generative flow networks", arXiv:2310.08774, with
//! 4 mutations per nat and c = 5800, 8000, 8800, 3500 for the alignments DS1 to DS4.
//!
//! | instance | objects | states | edges |
//! |---|---|---|---|
//! | n = 3 | 3 | 7 | 6 |
//! | n = 4 | 15 | 37 | 39 |
//! | n = 5 | 105 | 266 | 310 |
//! | n = 6 | 945 | 2,431 | 3,000 |
//! | n = 7 | 10,395 | 27,007 | 34,566 |
//! | n = 8 | 135,135 | 353,522 | 463,981 |
//! | n | (2n−3)!! | Σₖ (n−1+k)!/(2ᵏ k! (n−1−k)!) | |

mod arrangement;
pub mod chain;
mod drawing;
pub mod fasta;
pub mod fitch;
mod forest;
mod generate;
mod newick;
mod parsimony;
pub mod search;

pub use forest::{Forest, MAX_TAXA};
pub use parsimony::{Parsimony, ParsimonyConfig};

use fasta::Alignment;
use fitch::{Fitch, Word};
use headwater_core::picture::Picture;
use headwater_core::settings::{File, choice, settings};
use headwater_core::{
    Action, EncodedRow, Encoding, Entry, Environment, MaskRow, SettingError, Settings, Stop,
};

use crate::registry::{rewards, within};
use crate::{Feature, Registered};

choice! {
    /// What a gap in a sequence is.
    pub enum Gap {
        /// A state like a nucleotide: to lose or to win a site is a mutation.
        Fifth = "fifth",
        /// Any state: gaps say nothing.
        Unknown = "unknown",
    }
}

settings! {
    /// Settings of a family of trees.
    pub struct Config {
        /// The aligned sequences: a FASTA file of nucleotides. Without it, sequences are generated.
        alignment: Option<File>, Kind::File;
        /// Number of sequences: the first so many of the file, or as many as are generated. Without it, all of the file, or 7.
        n: Option<usize>, Kind::Int { min: 3, max: MAX_TAXA as i64 };
        /// The names of the sequences to use, in this order; without it, those of the file.
        taxa: Option<Vec<String>>, Kind::Texts;
        /// What a gap is: a `fifth` state, or `unknown`.
        gap: Gap = "\"fifth\"", Kind::Choice(Gap::NAMES);
        /// Sites of generated sequences.
        sites: usize = "60", Kind::Int { min: 1, max: 100_000 };
        /// Seed of generated sequences.
        seed: u64 = "0", Kind::Int { min: 0, max: i64::MAX };
    }
}

/// A family of trees; see the module.
#[derive(Clone, Debug)]
pub struct Phylo {
    names: Vec<String>,
    fitch: Fitch,
    /// The unit of costs in encodings.
    unit: f32,
}

impl Phylo {
    /// The trees over the sequences of an alignment.
    ///
    /// # Errors
    /// If there are fewer than 3 sequences, or more than [`MAX_TAXA`]; the number is said.
    pub fn new(alignment: &Alignment, gap: Gap) -> Result<Self, usize> {
        let n = alignment.names.len();
        if !(3..=MAX_TAXA).contains(&n) {
            return Err(n);
        }
        let fitch = Fitch::new(alignment, gap == Gap::Unknown);
        let mut env = Self { names: alignment.names.clone(), fitch, unit: 1.0 };
        let mut costs = Vec::new();
        env.merge_costs(&env.initial(), |_, _, cost| costs.push(f64::from(cost)));
        let mean = costs.iter().sum::<f64>() / costs.len() as f64;
        let square = costs.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / costs.len() as f64;
        env.unit = square.sqrt().max(1.0) as f32;
        Ok(env)
    }

    /// The names of the leaves.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The alignment, compressed.
    pub fn fitch(&self) -> &Fitch {
        &self.fitch
    }

    fn n(&self) -> usize {
        self.names.len()
    }

    /// The mutations of the trees of a forest, and of the sites in which every tree needs as many.
    pub fn mutations(&self, s: &Forest) -> u32 {
        self.clades(s).1
    }

    /// The sets of all trees, at their names, and [`Phylo::mutations`].
    fn clades(&self, s: &Forest) -> (Vec<Word>, u32) {
        let words = self.fitch.words();
        let (mut sets, mut sum) = (self.fitch.leaves().to_vec(), self.fitch.constant());
        s.merges(self.n(), |i, j| {
            let (low, high) = sets.split_at_mut(j * words);
            sum += self.fitch.merge(&mut low[i * words..(i + 1) * words], &high[..words]);
        });
        (sets, sum)
    }

    /// Hands over `(i, j, cost)` for every pair of trees i < j: the mutations that are added if they are merged.
    pub fn merge_costs(&self, s: &Forest, mut visit: impl FnMut(usize, usize, u32)) {
        let words = self.fitch.words();
        let (sets, _) = self.clades(s);
        let set = |i: usize| &sets[i * words..(i + 1) * words];
        for i in s.names() {
            for j in s.names().filter(|&j| j > i) {
                visit(i, j, self.fitch.cost(set(i), set(j)));
            }
        }
    }

    /// The first label of a pair whose smaller name is `i`.
    fn row(&self, i: usize) -> usize {
        i * (2 * self.n() - i - 1) / 2
    }

    /// The label of the pair i < j.
    pub fn label(&self, i: usize, j: usize) -> usize {
        self.row(i) + j - i - 1
    }

    /// The pair that a label stands for.
    fn pair(&self, a: Action) -> (usize, usize) {
        // The root of the quadratic may be off by its rounding.
        let (n, a) = (self.n(), a.index());
        let b = (2 * n - 1) as f64;
        let mut i = ((b - (b * b - 8.0 * a as f64).max(0.0).sqrt()) / 2.0) as usize;
        while i > 0 && self.row(i) > a {
            i -= 1;
        }
        while self.row(i + 1) <= a {
            i += 1;
        }
        (i, a - self.row(i) + i + 1)
    }

    /// What leaf `j` was merged with, as a column: nothing, leaf i, or the clade of i that had taken in k last.
    fn host(&self, i: usize, before: Option<usize>) -> usize {
        before.map_or(1 + i, |k| self.n() + k)
    }
}

impl Environment for Phylo {
    type State = Forest;

    fn initial(&self) -> Forest {
        Forest::leaves(self.n())
    }

    fn n_actions(&self) -> usize {
        self.n() * (self.n() - 1) / 2
    }

    fn max_len(&self) -> usize {
        self.n() - 1
    }

    fn states_at_least(&self) -> f64 {
        // The trees: a new leaf goes on any branch of those before it, or above all of them.
        (2..self.n()).map(|leaves| (2 * leaves - 1) as f64).product()
    }

    fn stop(&self, s: &Forest) -> Stop {
        if s.is_tree() { Stop::Must } else { Stop::Never }
    }

    fn forward_mask(&self, s: &Forest, mask: &mut MaskRow<'_>) {
        let mut others = s.roots();
        for i in s.names() {
            others &= others - 1;
            if others != 0 {
                mask.set_bits(self.row(i), others >> i >> 1);
            }
        }
    }

    fn backward_mask(&self, s: &Forest, mask: &mut MaskRow<'_>) {
        for i in s.names() {
            if let Some(j) = s.youngest(i) {
                mask.set(self.label(i, j));
            }
        }
    }

    fn step(&self, s: &mut Forest, a: Action) {
        let (i, j) = self.pair(a);
        s.merge(i, j);
    }

    fn unstep(&self, s: &mut Forest, a: Action) {
        let (i, j) = self.pair(a);
        s.split(i, j);
    }

    fn encoding(&self) -> Encoding {
        let n = self.n();
        Encoding { columns: (n - 1) * 2 * n, active: n - 1, reals: self.n_actions() + n + 1, guide: 0 }
    }

    fn encode(&self, s: &Forest, row: EncodedRow<'_>) {
        let n = self.n();
        let column = |j: usize, host: usize| ((j - 1) * 2 * n + host) as u32;
        for j in 1..n {
            row.indices[j - 1] = column(j, 0);
        }
        for i in 0..n {
            for j in s.taken(i) {
                row.indices[j - 1] = column(j, self.host(i, s.before(j)));
            }
        }
        row.reals.fill(0.0);
        let (pairs, rest) = row.reals.split_at_mut(self.n_actions());
        let (trees, done) = rest.split_at_mut(n);
        let count = s.roots().count_ones() as usize;
        done[0] = (n - count) as f32 / (n - 1) as f32;
        if count < 2 {
            return;
        }
        let mut sum = 0.0;
        self.merge_costs(s, |i, j, cost| {
            let cost = cost as f32 / self.unit;
            pairs[self.label(i, j)] = cost;
            trees[i] += cost;
            trees[j] += cost;
            sum += cost;
        });
        let mean = sum / (count * (count - 1) / 2) as f32;
        for i in s.names() {
            trees[i] = trees[i] / (count - 1) as f32 - mean;
            s.names().filter(|&j| j > i).for_each(|j| pairs[self.label(i, j)] -= mean);
        }
    }

    fn show(&self, s: &Forest, out: &mut String) {
        newick::show(s, &self.names, out);
    }

    fn parse(&self, text: &str) -> Option<Forest> {
        let s = newick::parse(text, &self.names)?;
        let mut canonical = String::new();
        self.show(&s, &mut canonical);
        (canonical == text).then_some(s)
    }

    fn features(&self) -> Vec<String> {
        ["trees", "mutations", "cherries", "height", "imbalance"].map(str::to_owned).to_vec()
    }

    fn measure(&self, s: &Forest, out: &mut [f64]) {
        let mut size = [1u32; MAX_TAXA];
        let mut height = [0u32; MAX_TAXA];
        let (mut cherries, mut imbalance) = (0, 0);
        s.merges(self.n(), |i, j| {
            cherries += u32::from(size[i] == 1 && size[j] == 1);
            imbalance += size[i].abs_diff(size[j]);
            size[i] += size[j];
            height[i] = 1 + height[i].max(height[j]);
        });
        let height = s.names().map(|i| height[i]).max().unwrap_or(0);
        let numbers = [s.roots().count_ones(), self.mutations(s), cherries, height, imbalance];
        out.copy_from_slice(&numbers.map(f64::from));
    }

    fn draw(&self, s: &Forest) -> Option<Picture> {
        Some(drawing::draw(s, &self.names))
    }

    fn describe(&self, a: Action) -> String {
        let (i, j) = self.pair(a);
        format!("merge the trees of {} and {}", self.names[i], self.names[j])
    }

    fn small() -> Vec<Self> {
        [(3, 20, Gap::Fifth), (5, 60, Gap::Unknown), (6, 60, Gap::Fifth)]
            .into_iter()
            .filter_map(|(n, sites, gap)| Self::new(&generate::generate(n, sites, 0), gap).ok())
            .collect()
    }
}

impl Registered for Phylo {
    type Config = Config;

    const ENTRY: Entry = Entry {
        name: "phylo",
        summary: "rooted binary trees over the sequences of an alignment, merged pair by pair",
        formula: "x a rooted binary tree with n leaves; edge {i,j} merges the trees whose smallest leaves are i and j",
        reference: "Zhou et al. 2024, arXiv:2310.08774 (PhyloGFN)",
        fields: Config::FIELDS,
    };

    const FEATURES: &'static [Feature] = &[
        Feature { name: "trees", meaning: "the number of trees of the forest: 1, in an object" },
        Feature {
            name: "mutations",
            meaning: "the parsimony score: mutations that the trees need by Fitch's algorithm",
        },
        Feature { name: "cherries", meaning: "the number of clades of two leaves" },
        Feature { name: "height", meaning: "edges from the root to the deepest leaf, of the highest tree" },
        Feature {
            name: "imbalance",
            meaning: "Colless: the sum over clades of how unlike the sizes of their parts are",
        },
    ];

    rewards!(Parsimony);

    fn from_config(config: Config) -> Result<Self, SettingError> {
        let Config { alignment, n, taxa, gap, sites, seed } = config;
        if let Some(n) = n {
            within("n", n, 3..=MAX_TAXA)?;
        }
        let field = if alignment.is_some() { "alignment" } else { "n" };
        let path = alignment.as_ref().map_or("the generated alignment", |f| &f.path).to_owned();
        let all = match &alignment {
            None => generate::generate(n.unwrap_or(7), sites, seed),
            Some(file) => {
                let text = file.text().map_err(|e| e.of("alignment"))?;
                let read = fasta::read(text);
                read.map_err(|e| SettingError::at("alignment", format!("{path}:{e}")).hint(e.hint))?
            }
        };
        let chosen = match (taxa, n) {
            (Some(_), Some(_)) => {
                let error = SettingError::at("taxa", "`n` and `taxa` both say which sequences to use");
                return Err(error.hint("give one of them"));
            }
            (Some(taxa), None) => named(&all, &taxa, &path)?,
            (None, Some(n)) if n > all.names.len() => {
                let message = format!("`{n}` sequences are more than the {} of `{path}`", all.names.len());
                return Err(SettingError::at("n", message));
            }
            (None, n) => {
                let n = n.unwrap_or(all.names.len());
                Alignment { names: all.names[..n].to_vec(), rows: all.rows[..n].to_vec() }
            }
        };
        Self::new(&chosen, gap).map_err(|n| {
            let message = format!("`{path}` has `{n}` sequences, and a tree is made of 3 to {MAX_TAXA}");
            let error = SettingError::at(field, message);
            if n > MAX_TAXA { error.hint("choose some by `n` or `taxa`") } else { error }
        })
    }
}

/// The sequences with these names.
fn named(all: &Alignment, taxa: &[String], path: &str) -> Result<Alignment, SettingError> {
    let error = |message: String| SettingError::at("taxa", message);
    if !(3..=MAX_TAXA).contains(&taxa.len()) {
        return Err(error(format!(
            "`{}` names are given, and a tree is made of 3 to {MAX_TAXA}",
            taxa.len()
        )));
    }
    let mut chosen = Alignment { names: Vec::new(), rows: Vec::new() };
    for name in taxa {
        if chosen.names.contains(name) {
            return Err(error(format!("`{name}` is given twice")));
        }
        let Some(at) = all.names.iter().position(|n| n == name) else {
            let hint = format!("its first names are {}", all.names[..all.names.len().min(3)].join(", "));
            return Err(error(format!("`{path}` has no sequence `{name}`")).hint(hint));
        };
        chosen.names.push(name.clone());
        chosen.rows.push(all.rows[at].clone());
    }
    Ok(chosen)
}
