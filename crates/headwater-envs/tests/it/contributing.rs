//! The environment of CONTRIBUTING.md, as a third party would write it, and the quotations of that page.

use std::fmt::Write;
use std::path::Path;

use headwater_core::{Action, EncodedRow, Encoding, Environment, Lanes, MaskRow, Stop};
use headwater_exact::{enumerate, log_sum_exp};
use headwater_testkit::conformance::check_small;
use headwater_testkit::fixed_point;

/// Young diagrams in a box: rows of cells, none longer than the row above it. A state holds the lengths of the rows.
#[derive(Clone, Copy, Debug)]
pub struct Diagrams {
    rows: usize,
    columns: u8,
}

impl Environment for Diagrams {
    type State = [u8; 8];

    fn initial(&self) -> [u8; 8] {
        [0; 8]
    }

    fn n_actions(&self) -> usize {
        self.rows
    }

    fn max_len(&self) -> usize {
        self.rows * usize::from(self.columns)
    }

    fn stop(&self, s: &[u8; 8]) -> Stop {
        if s[self.rows - 1] == self.columns { Stop::Must } else { Stop::May }
    }

    fn forward_mask(&self, s: &[u8; 8], mask: &mut MaskRow<'_>) {
        for i in 0..self.rows {
            let bound = if i == 0 { self.columns } else { s[i - 1] };
            if s[i] < bound {
                mask.set(i);
            }
        }
    }

    fn backward_mask(&self, s: &[u8; 8], mask: &mut MaskRow<'_>) {
        for i in 0..self.rows {
            let below = if i + 1 == self.rows { 0 } else { s[i + 1] };
            if s[i] > below {
                mask.set(i);
            }
        }
    }

    fn step(&self, s: &mut [u8; 8], a: Action) {
        s[a.index()] += 1;
    }

    fn unstep(&self, s: &mut [u8; 8], a: Action) {
        s[a.index()] -= 1;
    }

    fn encoding(&self) -> Encoding {
        // One column per row and length, one of them active for each row.
        Encoding::one_hot(self.rows * (usize::from(self.columns) + 1), self.rows)
    }

    fn encode(&self, s: &[u8; 8], row: EncodedRow<'_>) {
        let lengths = u32::from(self.columns) + 1;
        for (i, slot) in row.indices.iter_mut().enumerate() {
            *slot = i as u32 * lengths + u32::from(s[i]);
        }
    }

    fn show(&self, s: &[u8; 8], out: &mut String) {
        for i in 0..self.rows {
            let comma = if i == 0 { "" } else { "," };
            write!(out, "{comma}{}", s[i]).expect("writing to a string cannot fail");
        }
    }

    fn parse(&self, text: &str) -> Option<[u8; 8]> {
        let mut s = [0; 8];
        let lengths: Vec<u8> = text.split(',').map(|t| t.parse().ok()).collect::<Option<_>>()?;
        let falls = lengths.windows(2).all(|w| w[0] >= w[1]);
        if lengths.len() != self.rows || !falls || lengths[0] > self.columns {
            return None;
        }
        s[..self.rows].copy_from_slice(&lengths);
        let mut canonical = String::new();
        self.show(&s, &mut canonical);
        (canonical == text).then_some(s)
    }

    fn describe(&self, a: Action) -> String {
        format!("add a cell to row {}", a.0)
    }

    fn small() -> Vec<Self> {
        [(1, 1), (3, 4), (5, 2)].map(|(rows, columns)| Self { rows, columns }).to_vec()
    }
}

#[test]
fn diagrams_keep_the_contract() {
    let reports = check_small::<Diagrams>("diagrams").unwrap();
    // A diagram is a path of steps through the box: (rows + columns choose rows) of them.
    assert_eq!(reports.iter().map(|r| r.states).collect::<Vec<_>>(), [2, 35, 21]);
}

#[test]
fn objectives_vanish_on_diagrams() {
    let graph = enumerate(&Lanes::new("diagrams", Diagrams { rows: 3, columns: 4 }), 100).unwrap();
    // R = 1 + the number of cells.
    let log_reward: Vec<f64> = (0..graph.n_states() as u32)
        .map(|s| graph.sim().text(s).split(',').map(|t| t.parse::<f64>().unwrap()).sum::<f64>().ln_1p())
        .collect();
    // Taking the complement in the box pairs n cells with 12 − n, so that the mean is 6 and Z = 35 · 7.
    assert!((log_sum_exp(log_reward.iter().copied()) - 245f64.ln()).abs() < 1e-12);
    fixed_point::check(&graph, &log_reward).unwrap();
}

/// Blocks of CONTRIBUTING.md that follow a line `<!-- from PATH -->` are in that file, word for word.
#[test]
fn the_page_quotes_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let mut quotations = 0;
    for quotation in page.split("<!-- from ").skip(1) {
        let (path, rest) = quotation.split_once(" -->\n").unwrap();
        let block = rest.strip_prefix("```rust\n").unwrap().split("```\n").next().unwrap();
        let file = std::fs::read_to_string(root.join(path)).unwrap();
        assert!(file.contains(block), "CONTRIBUTING.md quotes what is not in {path}:\n{block}");
        quotations += 1;
    }
    assert!(quotations >= 4, "only {quotations} quotations were found");
}
