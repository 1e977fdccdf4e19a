//! The simulator's bookkeeping: batches of lanes in any order, copies, forks, resizing.

use headwater_core::{Action, BitMatrix, Encoded, Key, Simulator, Stop};

use super::Finding;

/// Lanes that are looked at together.
const LANES: usize = 256;

/// Everything observable of some lanes, one row per lane.
#[derive(PartialEq)]
struct Observed {
    texts: Vec<String>,
    stops: Vec<Stop>,
    forward: BitMatrix,
    backward: BitMatrix,
    codes: Vec<(Vec<u32>, Vec<u32>)>,
    hashes: Vec<u64>,
    scores: Vec<u64>,
    /// One row per lane, by their bits.
    features: Vec<Vec<u64>>,
}

/// Checks a simulator on (some of) the states that `texts` name.
pub(super) fn check(sim: &dyn Simulator, texts: &[String], key: Key) -> Result<(), Finding> {
    let texts = sample(texts, key.fold(0));
    let mut lanes = forked(sim)?;
    lanes.reset(texts.len());
    let initial = lanes.text(0);
    if let Some(text) = (0..texts.len() as u32).map(|l| lanes.text(l)).find(|t| *t != initial) {
        return Err(Finding::at(&text, "a lane is in this state after reset"));
    }
    for (lane, text) in texts.iter().enumerate() {
        lanes.load(lane as u32, text).map_err(|e| Finding::new(e.to_string()))?;
    }
    unchanged(&*lanes, &texts, "loading another lane")?;
    in_any_order(&*lanes, &texts, key.fold(1))?;
    identity(&*lanes, &texts)?;
    steps(&mut *lanes, &texts, key.fold(2))?;
    copies(&mut *lanes, &texts)?;
    sizes(&mut *lanes, &texts, &initial)
}

/// At most [`LANES`] of the texts, in random order.
fn sample(texts: &[String], key: Key) -> Vec<&str> {
    let mut order = Vec::from_iter(texts.iter().map(String::as_str));
    shuffle(&mut order, key);
    order.truncate(LANES);
    order
}

fn shuffle<T>(items: &mut [T], key: Key) {
    for i in (1..items.len()).rev() {
        items.swap(i, key.fold(i as u64).below(i as u32 + 1) as usize);
    }
}

fn forked(sim: &dyn Simulator) -> Result<Box<dyn Simulator>, Finding> {
    let fork = sim.fork();
    let facts = |s: &dyn Simulator| (s.spec().clone(), s.has_score(), s.scores_unfinished(), s.features());
    if facts(sim) != facts(&*fork) {
        return Err(Finding::new("a fork states other facts than the original"));
    }
    if fork.lanes() != 0 {
        return Err(Finding::new(format!("a fork starts with {} lanes, not with none", fork.lanes())));
    }
    Ok(fork)
}

/// Every lane is still in its state.
fn unchanged(sim: &dyn Simulator, texts: &[&str], cause: &str) -> Result<(), Finding> {
    for (lane, text) in texts.iter().enumerate() {
        let now = sim.text(lane as u32);
        if now != *text {
            return Err(Finding::at(text, format!("a lane in this state is in `{now}` after {cause}")));
        }
    }
    Ok(())
}

/// A call over many lanes, in any order and at any row, says what calls over single lanes say, and writes nothing else.
fn in_any_order(sim: &dyn Simulator, texts: &[&str], key: Key) -> Result<(), Finding> {
    let mut order = Vec::from_iter(0..texts.len() as u32);
    shuffle(&mut order, key);
    // Half of the lanes, so that lane and row cannot be the same by luck.
    order.truncate(texts.len().div_ceil(2));
    let one_by_one = observe(sim, &order, 1, 0);
    for at in [0, 3] {
        let together = observe(sim, &order, order.len(), at);
        if let Some((what, row)) = difference(&one_by_one, &together) {
            let message = format!("its {what} in a batch is not its {what} alone");
            return Err(Finding::at(texts[order[row] as usize], message));
        }
    }
    untouched(sim, &order)
}

/// Observes `lanes`, `chunk` at a time, into buffers that are full of rubbish, from row `at`.
fn observe(sim: &dyn Simulator, lanes: &[u32], chunk: usize, at: usize) -> Observed {
    let spec = sim.spec();
    let n = lanes.len();
    let mut seen = Observed {
        texts: lanes.iter().map(|&l| sim.text(l)).collect(),
        stops: vec![Stop::Never; n],
        forward: BitMatrix::new(n, spec.n_actions),
        backward: BitMatrix::new(n, spec.n_actions),
        codes: Vec::new(),
        hashes: vec![0; n],
        scores: vec![0; n],
        features: Vec::new(),
    };
    let width = sim.features().len();
    for start in (0..n).step_by(chunk.max(1)) {
        let range = start..n.min(start + chunk.max(1));
        let some = &lanes[range.clone()];
        let (mut masks, mut encoded) = rubbish(sim, at + some.len());
        sim.stops(some, &mut seen.stops[range.clone()]);
        sim.hashes(some, &mut seen.hashes[range.clone()]);
        sim.forward_masks(some, &mut masks, at);
        range.clone().for_each(|r| seen.forward.row_mut(r).0.copy_from_slice(masks.row(at + r - start)));
        sim.backward_masks(some, &mut masks, at);
        range.clone().for_each(|r| seen.backward.row_mut(r).0.copy_from_slice(masks.row(at + r - start)));
        sim.encode(some, &mut encoded, at);
        seen.codes.extend((at..at + some.len()).map(|r| row(&encoded, r)));
        score(sim, some, &seen.stops[range.clone()], &mut seen.scores[range]);
        let mut features = vec![f64::NAN; some.len() * width];
        sim.measure(some, &mut features);
        let row = |i: usize| features[i * width..(i + 1) * width].iter().map(|x| x.to_bits()).collect();
        seen.features.extend((0..some.len()).map(row));
    }
    seen
}

/// Scores those of `lanes` for which a score is defined, in one call.
fn score(sim: &dyn Simulator, lanes: &[u32], stops: &[Stop], out: &mut [u64]) {
    if !sim.has_score() {
        return;
    }
    let defined = |i: &usize| sim.scores_unfinished() || stops[*i] != Stop::Never;
    let rows = Vec::from_iter((0..lanes.len()).filter(defined));
    let mut scores = vec![0.0; rows.len()];
    sim.score(&Vec::from_iter(rows.iter().map(|&i| lanes[i])), &mut scores);
    rows.into_iter().zip(scores).for_each(|(i, x)| out[i] = x.to_bits());
}

fn rubbish(sim: &dyn Simulator, rows: usize) -> (BitMatrix, Encoded) {
    let spec = sim.spec();
    let (mut masks, mut encoded) = (BitMatrix::new(rows, spec.n_actions), Encoded::new(spec.encoding, rows));
    for r in 0..rows {
        masks.row_mut(r).0.fill(u64::MAX);
        encoded.row_mut(r).indices.fill(u32::MAX);
        encoded.row_mut(r).reals.fill(f32::NAN);
    }
    (masks, encoded)
}

/// A row by its bits, so that rubbish equals itself.
fn row(encoded: &Encoded, r: usize) -> (Vec<u32>, Vec<u32>) {
    (encoded.indices(r).to_vec(), encoded.reals(r).iter().map(|x| x.to_bits()).collect())
}

/// What differs first between two observations, and in which row.
fn difference(a: &Observed, b: &Observed) -> Option<(&'static str, usize)> {
    let masks = |a: &BitMatrix, b: &BitMatrix, r| a.row(r) == b.row(r);
    (0..a.texts.len()).find_map(|r| {
        let what = match () {
            () if a.texts[r] != b.texts[r] => "text",
            () if a.stops[r] != b.stops[r] => "stop rule",
            () if !masks(&a.forward, &b.forward, r) => "forward mask",
            () if !masks(&a.backward, &b.backward, r) => "backward mask",
            () if a.codes[r] != b.codes[r] => "encoding",
            () if a.hashes[r] != b.hashes[r] => "hash",
            () if a.scores[r] != b.scores[r] => "score",
            () if a.features[r] != b.features[r] => "list of features",
            () => return None,
        };
        Some((what, r))
    })
}

/// Rows outside those asked for keep what they had.
fn untouched(sim: &dyn Simulator, lanes: &[u32]) -> Result<(), Finding> {
    let rows = lanes.len() + 2;
    for what in ["forward_masks", "backward_masks", "encode"] {
        let (mut masks, mut encoded) = rubbish(sim, rows);
        let (masks_before, encoded_before) = (masks.clone(), encoded.clone());
        match what {
            "forward_masks" => sim.forward_masks(lanes, &mut masks, 1),
            "backward_masks" => sim.backward_masks(lanes, &mut masks, 1),
            _ => sim.encode(lanes, &mut encoded, 1),
        }
        for r in [0, rows - 1] {
            if masks.row(r) != masks_before.row(r) || row(&encoded, r) != row(&encoded_before, r) {
                return Err(Finding::new(format!("{what} writes to rows that it was not asked for")));
            }
        }
    }
    Ok(())
}

/// Two lanes are the same iff their texts are, and then so are their hashes.
fn identity(sim: &dyn Simulator, texts: &[&str]) -> Result<(), Finding> {
    for (a, text) in texts.iter().enumerate() {
        for (b, other) in texts.iter().enumerate() {
            if sim.same(a as u32, b as u32) != (text == other) {
                let verdict = if text == other { "another than" } else { "the same as" };
                return Err(Finding::at(text, format!("is said to be {verdict} `{other}`")));
            }
        }
    }
    Ok(())
}

/// Stepping many lanes at once is stepping each; undoing the edges, in another order, restores all; neither touches
/// another lane or another simulator.
fn steps(sim: &mut dyn Simulator, texts: &[&str], key: Key) -> Result<(), Finding> {
    let mut masks = BitMatrix::new(texts.len(), sim.spec().n_actions);
    let all = Vec::from_iter(0..texts.len() as u32);
    sim.forward_masks(&all, &mut masks, 0);
    let choose = |&l: &u32| {
        let edges = masks.count(l as usize);
        let skip = edges == 0 || l % 3 == 0;
        (!skip).then(|| (l, masks.select(l as usize, key.fold(u64::from(l)).below(edges))))
    };
    let mut moves: Vec<(u32, Action)> = all.iter().filter_map(choose).collect();
    let mut fork = sim.fork();
    fork.reset(1);
    let mut want = Vec::from_iter(texts.iter().map(|t| (*t).to_owned()));
    for &(lane, a) in &moves {
        fork.load(0, texts[lane as usize]).map_err(|e| Finding::new(e.to_string()))?;
        fork.step(&[0], &[a]);
        want[lane as usize] = fork.text(0);
    }
    unchanged(sim, texts, "stepping a fork")?;
    shuffle(&mut moves, key.fold(1));
    let (lanes, actions): (Vec<_>, Vec<_>) = moves.iter().copied().unzip();
    sim.step(&lanes, &actions);
    for (lane, want) in want.iter().enumerate() {
        let now = sim.text(lane as u32);
        if now != *want {
            let message = format!("a batched step leads to `{now}`, not to `{want}`");
            return Err(Finding::at(texts[lane], message));
        }
    }
    shuffle(&mut moves, key.fold(2));
    let (lanes, actions): (Vec<_>, Vec<_>) = moves.into_iter().unzip();
    sim.unstep(&lanes, &actions);
    unchanged(sim, texts, "a batched step and unstep")
}

/// A copy equals its source, touches no other lane, and goes its own way.
fn copies(sim: &mut dyn Simulator, texts: &[&str]) -> Result<(), Finding> {
    let n = texts.len() as u32;
    sim.resize(texts.len() + 1);
    let mut masks = BitMatrix::new(1, sim.spec().n_actions);
    for lane in 0..n {
        let text = texts[lane as usize];
        sim.copy(lane, lane);
        sim.copy(lane, n);
        if sim.text(n) != text || !sim.same(lane, n) {
            return Err(Finding::at(text, format!("a copy of it is `{}`", sim.text(n))));
        }
        let (a, b) = (observe(sim, &[lane], 1, 0), observe(sim, &[n], 1, 0));
        if let Some((what, _)) = difference(&a, &b) {
            return Err(Finding::at(text, format!("the {what} of a copy is another")));
        }
        sim.forward_masks(&[n], &mut masks, 0);
        if masks.count(0) > 0 {
            sim.step(&[n], &[masks.select(0, 0)]);
        }
    }
    unchanged(sim, texts, "copying it and stepping the copy")
}

/// Resizing keeps the lanes that stay and makes new ones initial; reset makes all of them initial.
fn sizes(sim: &mut dyn Simulator, texts: &[&str], initial: &str) -> Result<(), Finding> {
    let half = texts.len().div_ceil(2);
    sim.resize(half);
    sim.resize(texts.len() + 5);
    unchanged(sim, &texts[..half], "resizing")?;
    let all_initial = |sim: &dyn Simulator, from: usize, cause: &str| {
        let other = (from..sim.lanes()).map(|l| sim.text(l as u32)).find(|t| t != initial);
        other.map_or(Ok(()), |t| Err(Finding::at(&t, format!("a lane is in this state after {cause}"))))
    };
    all_initial(sim, half, "resizing")?;
    sim.load(0, texts[0]).map_err(|e| Finding::new(e.to_string()))?;
    let lanes = sim.lanes();
    sim.reset(lanes);
    all_initial(sim, 0, "reset")?;
    match sim.lanes() == texts.len() + 5 {
        true => Ok(()),
        false => Err(Finding::new(format!("{} lanes after resizing to {}", sim.lanes(), texts.len() + 5))),
    }
}
