//! Alignments out of thin air, for trying things out: sequences that descended from each other by mutations.

use headwater_core::Key;

use super::fasta::Alignment;

/// Probability that a site mutates on a branch.
const RATE: f64 = 0.12;
/// Probability that a mutation is a loss, that is a gap from then on.
const LOSS: f64 = 0.05;

/// `n` sequences, called t1, t2, …, of `sites` sites. They descend from one by `n` − 1 splits, each of a lineage drawn
/// uniformly; after each, every site of both daughters mutates with probability 0.12, to one of the other nucleotides or
/// (one in twenty) to a gap.
pub fn generate(n: usize, sites: usize, seed: u64) -> Alignment {
    let key = Key::new(seed);
    let ancestor = (0..sites).map(|site| 1 << key.fold(0).fold(site as u64).below(4)).collect();
    let mut rows: Vec<Vec<u8>> = vec![ancestor];
    while rows.len() < n {
        let split = key.fold(rows.len() as u64);
        let chosen = split.fold(0).below(rows.len() as u32) as usize;
        rows.push(rows[chosen].clone());
        let newest = rows.len() - 1;
        for (daughter, row) in [chosen, newest].into_iter().zip(1..) {
            let branch = split.fold(row);
            for (site, set) in rows[daughter].iter_mut().enumerate() {
                let draw = branch.fold(site as u64);
                if *set != super::fasta::GAP && draw.fold(0).unit() < RATE {
                    *set = if draw.fold(1).unit() < LOSS { 16 } else { other(*set, draw.fold(2)) };
                }
            }
        }
    }
    Alignment { names: (1..=n).map(|i| format!("t{i}")).collect(), rows }
}

/// A nucleotide that is not `set`.
fn other(set: u8, key: Key) -> u8 {
    let step = 1 + key.below(3);
    1 << ((set.trailing_zeros() + step) % 4)
}
