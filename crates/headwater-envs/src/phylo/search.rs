//! Trees that need few mutations, by climbing: what a sampler can be shown before it has found any by itself.
//!
//! A climb begins with leaves added in a random order, each where it costs least. Then clades are cut off and put on
//! other branches (subtree pruning and regrafting), as long as that saves mutations. It ends at a tree that no such move
//! improves, which need not be a best one.

use headwater_core::Key;

use super::Phylo;
use super::arrangement::Arrangement;
use super::forest::Forest;

/// A tree that no move improves, from a start that `key` draws; where its root is, `key` draws as well.
pub fn climb(env: &Phylo, key: Key) -> Forest {
    climbed(env, key).forest(key.fold(3))
}

/// The same, to be rearranged.
pub(super) fn climbed(env: &Phylo, key: Key) -> Arrangement<'_> {
    let mut added = 0;
    let mut tree = Arrangement::grow(env, key.fold(0), &mut |places| {
        added += 1;
        cheapest(places, key.fold(1).fold(added))
    });
    polish(&mut tree, key.fold(2));
    tree
}

/// Rearranges a tree until no clade is better off elsewhere.
pub(super) fn polish(tree: &mut Arrangement<'_>, key: Key) {
    let (clades, mut best) = (tree.clades(), tree.mutations());
    let first = key.below(clades as u32) as usize;
    let mut idle = 0;
    for i in first.. {
        if idle == clades {
            break;
        }
        let clade = tree.clade_at(i % clades);
        tree.rearrange(clade, &mut |places| {
            let place = cheapest(places, key.fold(i as u64));
            // Back to where it was, unless that saves something.
            if places[place].1 < best { place } else { 0 }
        });
        let now = tree.mutations();
        idle = if now < best { 0 } else { idle + 1 };
        best = now;
    }
}

/// One of the places with the fewest mutations.
fn cheapest(places: &[(usize, u32)], key: Key) -> usize {
    let least = places.iter().map(|p| p.1).min().unwrap_or(0);
    let ties = places.iter().filter(|p| p.1 == least).count();
    let chosen = key.below(ties.max(1) as u32) as usize;
    places.iter().enumerate().filter(|(_, p)| p.1 == least).nth(chosen).map_or(0, |(i, _)| i)
}
