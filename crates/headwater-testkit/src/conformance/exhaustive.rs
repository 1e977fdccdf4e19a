//! Every state and every edge of an enumerated instance.

use std::collections::HashMap;

use headwater_core::{Key, Simulator};
use headwater_exact::Graph;

use super::examiner::{Choices, Code, Examiner, labels};
use super::{Finding, Report, batch, distribution};

/// Checks everything that can be checked without types.
pub(super) fn check(sim: &dyn Simulator, g: &Graph, key: Key) -> Result<Report, Finding> {
    labels(sim)?;
    let mut exam = Examiner::new(sim, g.n_states());
    replay(&mut exam, g);
    let texts = texts(&mut exam, g)?;
    let spec = sim.spec();
    if g.longest() != spec.max_len {
        let message =
            format!("max_len() says {} but the longest trajectory has {} edges", spec.max_len, g.longest());
        return Err(Finding::new(message));
    }
    if spec.states_at_least > g.n_states() as f64 {
        let message =
            format!("states_at_least() says {} but there are {}", spec.states_at_least, g.n_states());
        return Err(Finding::new(message));
    }
    let mut codes = HashMap::<Code, usize>::new();
    for (s, text) in texts.iter().enumerate() {
        let lane = s as u32;
        let choices = exam.choices(lane, text)?;
        edges(&mut exam, g, s, &choices, &texts)?;
        exam.score(lane, choices.stop, text)?;
        exam.features(lane, text)?;
        if let Some(other) = codes.insert(exam.code(lane, text)?, s) {
            return Err(Finding::at(text, format!("has the same encoding as `{}`", texts[other])));
        }
    }
    parsing(&mut exam, &texts)?;
    batch::check(sim, &texts, key.fold(0))?;
    let trajectories = distribution::check(sim, g, &texts, key.fold(1))?;
    Ok(Report {
        exhaustive: true,
        states: g.n_states(),
        edges: g.n_edges(),
        objects: g.n_objects(),
        longest: g.longest(),
        trajectories,
    })
}

/// Puts lane `s` into state `s`, along the edge by which the enumeration found it.
fn replay(exam: &mut Examiner, g: &Graph) {
    for s in 1..g.n_states() {
        let e = discovery(g, s);
        exam.sim.copy(g.from(e) as u32, s as u32);
        exam.sim.step(&[s as u32], &[g.action(e)]);
    }
}

/// The edge by which state `s` was found: the first of those that enter it. Requires `s > 0`.
fn discovery(g: &Graph, s: usize) -> usize {
    g.entering(s)[0] as usize
}

/// The labels on the path by which state `s` was found.
fn path(g: &Graph, mut s: usize) -> Vec<u32> {
    let mut labels = Vec::new();
    while s > 0 {
        let e = discovery(g, s);
        labels.push(g.action(e).0);
        s = g.from(e);
    }
    labels.reverse();
    labels
}

/// The texts of all states: distinct, parsed to their states, and those of the enumeration.
fn texts(exam: &mut Examiner, g: &Graph) -> Result<Vec<String>, Finding> {
    let mut texts = Vec::with_capacity(g.n_states());
    let mut numbers = HashMap::<String, usize>::new();
    for s in 0..g.n_states() {
        let text = exam.text(s as u32)?;
        if let Some(other) = numbers.insert(text.clone(), s) {
            let message = if exam.sim.same(s as u32, other as u32) {
                "equal states have different hashes".to_owned()
            } else {
                format!("edges {:?} and {:?} lead to two states with this text", path(g, other), path(g, s))
            };
            return Err(Finding::at(&text, message));
        }
        let enumerated = g.sim().text(s as u32);
        if enumerated != text {
            let message = format!("edges {:?} once led to `{enumerated}` and now lead here", path(g, s));
            return Err(Finding::at(&text, message));
        }
        texts.push(text);
    }
    for (s, text) in texts.iter().enumerate() {
        exam.round_trip(s as u32, text)?;
    }
    Ok(texts)
}

/// The backward mask holds exactly the labels that enter; no two parents share one; each is undone.
fn edges(
    exam: &mut Examiner,
    g: &Graph,
    s: usize,
    choices: &Choices,
    texts: &[String],
) -> Result<(), Finding> {
    let leaving = Vec::from_iter(g.out(s).map(|e| g.action(e).0));
    if leaving != choices.forward {
        let message = format!("forward mask {:?}, but it was {leaving:?} before", choices.forward);
        return Err(Finding::at(&texts[s], message));
    }
    let mut entering =
        Vec::from_iter(g.entering(s).iter().map(|&e| (g.action(e as usize).0, g.from(e as usize))));
    entering.sort_unstable();
    if let Some(w) = entering.windows(2).find(|w| w[0].0 == w[1].0) {
        let message = format!("edge {} enters from `{}` and from `{}`", w[0].0, texts[w[0].1], texts[w[1].1]);
        return Err(Finding::at(&texts[s], message));
    }
    let labels = Vec::from_iter(entering.iter().map(|&(a, _)| a));
    if labels != choices.backward {
        let message = format!("backward mask {:?} but edges {labels:?} enter", choices.backward);
        return Err(Finding::at(&texts[s], message));
    }
    entering.into_iter().try_for_each(|(a, parent)| exam.undo(s as u32, a, parent as u32))
}

/// No text is parsed to a state that the initial state does not lead to.
fn parsing(exam: &mut Examiner, texts: &[String]) -> Result<(), Finding> {
    let known = std::collections::HashSet::<&str>::from_iter(texts.iter().map(String::as_str));
    for text in texts {
        exam.near_misses(text, &mut |named| match known.contains(named) {
            true => Ok(()),
            false => Err(Finding::at(named, "no edges lead to this state")),
        })?;
    }
    Ok(())
}
