//! Uniform play through the simulator ends in each object as often as the exact distribution says.

use std::collections::HashMap;

use headwater_core::{Action, BitMatrix, Key, Simulator, Stop};
use headwater_exact::{ForwardPolicy, Graph, log_terminating, mass};

use super::Finding;

/// Plays lanes uniformly until all have stopped; calls `each` with the lanes that step and their labels, before they
/// do. A lane that has not stopped after `max_len` edges is a finding.
pub(super) fn play(
    sim: &mut dyn Simulator,
    key: Key,
    mut each: impl FnMut(&mut dyn Simulator, &[u32], &[Action]) -> Result<(), Finding>,
) -> Result<(), Finding> {
    let spec = sim.spec().clone();
    let mut live = Vec::from_iter(0..sim.lanes() as u32);
    let mut masks = BitMatrix::new(live.len(), spec.n_actions);
    let mut stops = vec![Stop::Never; live.len()];
    for step in 0..=spec.max_len {
        sim.stops(&live, &mut stops);
        sim.forward_masks(&live, &mut masks, 0);
        let (mut lanes, mut actions) = (Vec::new(), Vec::new());
        for (row, &lane) in live.iter().enumerate() {
            let edges = masks.count(row);
            let choices = edges + u32::from(stops[row] == Stop::May);
            if stops[row] == Stop::Must || choices == 0 {
                continue;
            }
            let choice = key.fold(u64::from(lane)).fold(step as u64).below(choices);
            if choice < edges {
                lanes.push(lane);
                actions.push(masks.select(row, choice));
            }
        }
        if lanes.is_empty() {
            return Ok(());
        }
        each(sim, &lanes, &actions)?;
        sim.step(&lanes, &actions);
        live = lanes;
    }
    let message = format!("a trajectory goes on after max_len() = {} edges", spec.max_len);
    Err(Finding::at(&sim.text(live[0]), message))
}

/// χ² of the objects that uniform play ends in. The bound is that of a normal deviate of 6 (Wilson & Hilferty 1931): a
/// sound simulator fails it with probability 1e-9 over the keys, and the key is fixed. Returns the sample size.
pub(super) fn check(sim: &dyn Simulator, g: &Graph, texts: &[String], key: Key) -> Result<usize, Finding> {
    let log_p = log_terminating(g, &ForwardPolicy::uniform(g));
    if (mass(&log_p) - 1.0).abs() > 1e-9 {
        return Err(Finding::new(format!("uniform play ends with probability {}, not 1", mass(&log_p))));
    }
    let n = (10 * g.n_objects()).clamp(4_000, 40_000);
    let mut lanes = sim.fork();
    lanes.reset(n);
    play(&mut *lanes, key, |_, _, _| Ok(()))?;
    let numbers = HashMap::<&str, usize>::from_iter(texts.iter().enumerate().map(|(s, t)| (&**t, s)));
    let mut counts = vec![0u32; texts.len()];
    let mut text = String::new();
    for lane in 0..n as u32 {
        text.clear();
        lanes.show(lane, &mut text);
        match numbers.get(&*text) {
            Some(&s) if g.is_object(s) => counts[s] += 1,
            Some(_) => return Err(Finding::at(&text, "uniform play ends here, but this is no object")),
            None => return Err(Finding::at(&text, "uniform play ends in a state that was not enumerated")),
        }
    }
    let (chi2, dof) = chi2(g.objects().map(|s| (f64::from(counts[s]), n as f64 * log_p[s].exp())));
    let spread = 2.0 / (9.0 * dof.max(1.0));
    let bound = dof.max(1.0) * (1.0 - spread + 6.0 * spread.sqrt()).powi(3);
    if chi2 > bound {
        let message =
            format!("uniform play is off the exact distribution: χ² = {chi2:.1} on {dof} degrees of freedom");
        return Err(Finding::new(message));
    }
    Ok(n)
}

/// χ² and its degrees of freedom over cells (observed, expected). Cells that expect less than five are pooled until they
/// do; what is left over joins the last, since the χ² of a cell of which nothing is expected has a long tail.
fn chi2(all: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let (mut cells, mut pool) = (Vec::new(), (0.0, 0.0));
    for cell in all {
        if cell.1 >= 5.0 {
            cells.push(cell);
        } else {
            pool = (pool.0 + cell.0, pool.1 + cell.1);
        }
        if pool.1 >= 5.0 {
            cells.push(std::mem::take(&mut pool));
        }
    }
    match cells.last_mut() {
        Some((seen, expected)) => (*seen, *expected) = (*seen + pool.0, *expected + pool.1),
        None => cells.push(pool),
    }
    let sum = cells.iter().map(|(seen, expected)| (seen - expected).powi(2) / expected).sum();
    (sum, (cells.len() - 1) as f64)
}
