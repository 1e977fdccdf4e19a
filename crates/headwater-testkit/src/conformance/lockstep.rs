//! A simulator against the environment it stands for, move by move.

use headwater_core::{Action, BitMatrix, Encoded, EncodedRow, Environment, Key, MaskRow, Simulator, Stop};

use super::Finding;
use super::distribution::play;

/// Lanes played together.
const LANES: usize = 64;

/// Plays lanes of `sim` at random and the scalar environment along with them, comparing everything observable after
/// every move, then undoes all moves.
///
/// [`super::check`] does this with the default simulator; an environment that brings a simulator of its own calls it
/// with that.
///
/// # Errors
/// The first difference.
pub fn lockstep<E: Environment>(sim: &dyn Simulator, env: &E, key: Key) -> Result<(), Finding> {
    let spec = sim.spec();
    if (spec.n_actions, spec.max_len, spec.encoding) != (env.n_actions(), env.max_len(), env.encoding()) {
        return Err(Finding::new(format!("the simulator states other facts than the environment: {spec:?}")));
    }
    if sim.features() != env.features() {
        return Err(Finding::new("the simulator names other features than the environment"));
    }
    for a in (0..spec.n_actions as u32).map(Action) {
        if sim.describe(a) != env.describe(a) {
            return Err(Finding::new(format!(
                "edge {} is `{}`, not `{}`",
                a.0,
                sim.describe(a),
                env.describe(a)
            )));
        }
    }
    let mut fork = sim.fork();
    fork.reset(LANES);
    let mut states = vec![env.initial(); LANES];
    let mut history = Vec::new();
    compare(&*fork, env, &states)?;
    play(&mut *fork, key, |sim, lanes, actions| {
        compare(sim, env, &states)?;
        for (&l, &a) in lanes.iter().zip(actions) {
            env.step(&mut states[l as usize], a);
        }
        history.push((lanes.to_vec(), actions.to_vec()));
        Ok(())
    })?;
    compare(&*fork, env, &states)?;
    for (lanes, actions) in history.into_iter().rev() {
        fork.unstep(&lanes, &actions);
        for (&l, &a) in lanes.iter().zip(&actions) {
            env.unstep(&mut states[l as usize], a);
        }
        compare(&*fork, env, &states)?;
    }
    match states.iter().find(|s| **s != env.initial()) {
        None => Ok(()),
        Some(s) => {
            Err(Finding::at(&shown(env, s), "undoing a whole trajectory does not lead to the initial state"))
        }
    }
}

fn shown<E: Environment>(env: &E, s: &E::State) -> String {
    let mut text = String::new();
    env.show(s, &mut text);
    text
}

/// Every observable of lane `l` is that of `states[l]`.
fn compare<E: Environment>(sim: &dyn Simulator, env: &E, states: &[E::State]) -> Result<(), Finding> {
    let spec = sim.spec();
    // Last lane first, so that no lane is its own row.
    let lanes = Vec::from_iter((0..states.len() as u32).rev());
    let mut stops = vec![Stop::Never; states.len()];
    let [mut forward, mut backward] = [(); 2].map(|()| BitMatrix::new(states.len(), spec.n_actions));
    let mut encoded = Encoded::new(spec.encoding, states.len());
    sim.stops(&lanes, &mut stops);
    sim.forward_masks(&lanes, &mut forward, 0);
    sim.backward_masks(&lanes, &mut backward, 0);
    sim.encode(&lanes, &mut encoded, 0);
    let mut mask = vec![0u64; spec.n_actions.div_ceil(64).max(1)];
    let mut indices = vec![0u32; spec.encoding.active];
    let mut reals = vec![0f32; spec.encoding.reals];
    let width = env.features().len();
    let mut features = vec![0.0; states.len() * width];
    sim.measure(&lanes, &mut features);
    let mut measured = vec![0.0; width];
    for (row, s) in states.iter().rev().enumerate() {
        let lane = states.len() - 1 - row;
        let text = shown(env, s);
        let differs = |what: &str| Err(Finding::at(&text, format!("the simulator's {what} differs")));
        if sim.text(lane as u32) != text {
            return differs(&format!("state, `{}`,", sim.text(lane as u32)));
        }
        if stops[row] != env.stop(s) {
            return differs("stop rule");
        }
        mask.fill(0);
        env.forward_mask(s, &mut MaskRow(&mut mask));
        if forward.row(row) != mask {
            return differs("forward mask");
        }
        mask.fill(0);
        env.backward_mask(s, &mut MaskRow(&mut mask));
        if backward.row(row) != mask {
            return differs("backward mask");
        }
        env.encode(s, EncodedRow { indices: &mut indices, reals: &mut reals });
        if (encoded.indices(row), encoded.reals(row)) != (&indices[..], &reals[..]) {
            return differs("encoding");
        }
        env.measure(s, &mut measured);
        if features[row * width..(row + 1) * width] != measured {
            return differs("list of features");
        }
        let other = (lane * 7 + 1) % states.len();
        if sim.same(lane as u32, other as u32) != (*s == states[other]) {
            return differs("idea of which states are the same");
        }
    }
    Ok(())
}
