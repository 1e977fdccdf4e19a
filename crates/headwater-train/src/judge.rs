//! Between the network and the objective: outputs to rows, and the rows' gradients back to outputs.

use headwater_core::{Estimator, Floats, Grads, Needs, Scored, Stop, Wanted};
use headwater_nn::{Pool, fetch};

use crate::backward::Backward;
use crate::batch::{Batch, rows_per_piece};

/// The rows of `batch` as an objective sees them.
///
/// `log_z` is the learned scalar: log Z under trajectory balance, and the common scale of all flows under objectives
/// that learn flows, which so need not climb from zero to Z through the network.
pub(crate) fn score(
    batch: &Batch,
    needs: Needs,
    net: &dyn Estimator,
    backward: &Backward,
    log_z: f64,
    rows: &mut Scored,
) {
    let states = &batch.states;
    let heads = net.heads();
    let (n, stride) = (heads.n_actions, heads.stride);
    let scale = if needs.inflow { log_z } else { 0.0 };
    rows.clear();
    rows.log_z = log_z;
    rows.offsets.push(0);
    if needs.inflow {
        rows.inflow.offsets.push(0);
    }
    for (b, &log_reward) in batch.log_reward.iter().enumerate() {
        let nodes = batch.nodes(b);
        let complete = nodes.last().is_some_and(|&(s, _)| states.stop(s) == Stop::Must);
        for (i, &(s, action)) in nodes.iter().enumerate() {
            let stop = states.stop(s);
            if stop == Stop::Must {
                break;
            }
            let slot = states.slot(s);
            let out = slot.map_or(&[][..], |slot| &states.out[slot * stride..(slot + 1) * stride]);
            // A forced move has probability one: any logit that equals its own log-sum-exp says so.
            rows.logit.push(slot.map_or(0.0, |_| f64::from(out[action.index()])) + scale);
            rows.lse.push(slot.map_or(0.0, |slot| states.leaving(slot, heads).softmax.log_sum) + scale);
            let may = stop == Stop::May;
            rows.stop_logit.push(match slot {
                Some(_) if may => f64::from(out[n]) + scale,
                _ => f64::NEG_INFINITY,
            });
            if needs.flow {
                let at = heads.flow.expect("an objective that needs flows has a head for them");
                rows.log_flow.push(f64::from(out[at]) + log_z);
            }
            if needs.state_reward {
                rows.state_log_reward.push(states.state_log_reward(s));
            }
            let child = (action.index() < n).then(|| nodes[i + 1].0);
            rows.log_pb.push(child.map_or(0.0, |c| states.log_pb(backward, s, action, c, net)));
            if needs.inflow {
                if let Some(child) = child {
                    rows.inflow.logit.extend(states.parents(child).iter().map(|&(parent, a)| {
                        let slot = states.slot(parent).expect("every parent has a slot under flow matching");
                        f64::from(states.out[slot * stride + a.index()]) + scale
                    }));
                }
                rows.inflow.offsets.push(rows.inflow.logit.len() as u32);
            }
        }
        rows.log_reward.push(log_reward);
        rows.complete.push(complete);
        rows.offsets.push(rows.logit.len() as u32);
    }
}

/// Buffers of [`pull`].
#[derive(Default)]
pub(crate) struct Pulled {
    /// Gradient of the loss by the network's outputs, slot by slot.
    pub d_out: Floats,
    /// Gradient of the loss by log Z or by the scale of flows.
    pub d_log_z: f64,
    slots: Vec<OfSlot>,
    direct: Vec<Direct>,
}

/// What the gradient of a slot's outputs is made of.
#[derive(Clone, Copy)]
struct OfSlot {
    /// By the log-sum-exp of the forward and of the backward logits.
    lse: f64,
    back_lse: f64,
    /// The first and the last of its direct parts.
    first: u32,
    last: u32,
}

/// A part of a slot's gradient by one output, and the number of the slot's next.
#[derive(Clone, Copy)]
struct Direct {
    column: u32,
    value: f32,
    next: u32,
}

const NONE: u32 = u32::MAX;

impl Pulled {
    fn add(&mut self, slot: usize, column: usize, value: f64) {
        let this = self.direct.len() as u32;
        self.direct.push(Direct { column: column as u32, value: value as f32, next: NONE });
        let of = &mut self.slots[slot];
        if of.first == NONE {
            of.first = this;
        } else {
            self.direct[of.last as usize].next = this;
        }
        of.last = this;
    }
}

/// Carries the gradient of rows back to the network's outputs: ∂/∂logits = g_lse · softmax + g_logit at the edge
/// taken, summed over all visits of a state before the softmax is touched.
pub(crate) fn pull(
    batch: &Batch,
    needs: Needs,
    net: &dyn Estimator,
    backward: &Backward,
    grads: &Grads,
    pool: &Pool,
    pulled: &mut Pulled,
) {
    let states = &batch.states;
    let heads = net.heads();
    let (n, stride, slots) = (heads.n_actions, heads.stride, states.slots());
    pulled.slots.clear();
    pulled.slots.resize(slots, OfSlot { lse: 0.0, back_lse: 0.0, first: NONE, last: NONE });
    pulled.direct.clear();
    pulled.d_log_z = grads.log_z;
    let learned = heads.backward.filter(|_| matches!(backward, Backward::Learned));
    let (mut row, mut entering) = (0, 0);
    for b in 0..batch.trajectories() {
        let nodes = batch.nodes(b);
        for (i, &(s, action)) in nodes.iter().enumerate() {
            if states.stop(s) == Stop::Must {
                break;
            }
            if let Some(slot) = states.slot(s) {
                pulled.add(slot, action.index(), grads.logit[row]);
                if states.stop(s) == Stop::May && grads.stop_logit[row] != 0.0 {
                    pulled.add(slot, n, grads.stop_logit[row]);
                }
                pulled.slots[slot].lse += grads.lse[row];
                if needs.flow
                    && let Some(at) = heads.flow
                {
                    pulled.add(slot, at, grads.log_flow[row]);
                }
            }
            if needs.flow {
                pulled.d_log_z += grads.log_flow[row];
            }
            let child = (action.index() < n).then(|| nodes[i + 1].0);
            if let (Some(at), Some(child)) = (learned, child)
                && states.backward().count(child as usize) > 1
                && let Some(slot) = states.slot(child)
            {
                pulled.add(slot, at + action.index(), grads.log_pb[row]);
                pulled.slots[slot].back_lse -= grads.log_pb[row];
            }
            if needs.inflow {
                pulled.d_log_z += grads.logit[row] + grads.lse[row] + grads.stop_logit[row];
                for &(parent, a) in child.map_or(&[][..], |c| states.parents(c)) {
                    let slot = states.slot(parent).expect("every parent has a slot under flow matching");
                    pulled.add(slot, a.index(), grads.inflow[entering]);
                    pulled.d_log_z += grads.inflow[entering];
                    entering += 1;
                }
            }
            row += 1;
        }
    }
    let Pulled { d_out, slots: of, direct, .. } = pulled;
    d_out.grow(slots * stride);
    let piece = rows_per_piece(pool, slots, n);
    // All that happens to a row happens while it is in the cache: thousands of columns of many rows fit in none.
    pool.pieces(&mut d_out[..slots * stride], piece * stride, &|i, d| {
        let last = i * piece + d.len() / stride - 1;
        for at in 0..d.len() / stride {
            let slot = i * piece + at;
            let (d, after) = d[at * stride..].split_at_mut(stride);
            if let Wanted::Panels(wanted) = states.wanted()
                && slot < last
            {
                fetch(after, wanted.row(slot + 1));
                fetch(&states.out[(slot + 1) * stride..], wanted.row(slot + 1));
            }
            clear(states.wanted(), slot, d);
            let OfSlot { lse, back_lse, first, .. } = of[slot];
            let mut next = first;
            while next != NONE {
                let part = direct[next as usize];
                d[part.column as usize] += part.value;
                next = part.next;
            }
            let leaving = states.leaving(slot, heads);
            leaving.softmax.pull(leaving.logits, leaving.mask, lse as f32, &mut d[..n + 1]);
            if let (Some(at), Some(entering)) = (learned, states.entering(slot, heads)) {
                let d = &mut d[at..at + n];
                entering.softmax.pull(entering.logits, entering.mask, back_lse as f32, d);
            }
        }
    });
}

/// Clears the panels that are wanted of a slot's row.
fn clear(wanted: Wanted<'_>, slot: usize, d: &mut [f32]) {
    match wanted {
        Wanted::All => d.fill(0.0),
        Wanted::Panels(wanted) => {
            for panel in wanted.ones(slot) {
                d[16 * panel..16 * (panel + 1)].fill(0.0);
            }
        }
    }
}
