//! Forward-looking flows: what a state has earned already is known, and only the rest is learned.
//!
//! With a reward R̃ that is defined on unfinished states, the flow head predicts F̃ in F(s) = R̃(s)·F̃(s), so that the
//! residual of an edge s→s′ becomes
//!
//! > δ = log F̃(s) + log R̃(s) + log P_F(s′∣s) − log F̃(s′) − log R̃(s′) − log P_B(s∣s′)
//!
//! and every edge carries a signal from its first visit on. At the end of a trajectory the flow is R(x) itself, without
//! F̃: pinned there, the target is R whatever R̃ says of unfinished states. `fl-db` and `fl-subtb` are
//! [`Db`] and [`SubTb`] over such flows, with the same means.
//!
//! Reference: Pan et al., "Better training of GFlowNets with local credit and incomplete trajectories",
//! arXiv:2302.01687. Needs a flow head, P_B, and a reward of unfinished states.

use headwater_core::{Entry, Settings};

use crate::ObjectiveEntry;
use crate::balance::FlowHead;
use crate::db::Db;
use crate::subtb::{Config, SubTb};

const REFERENCE: &str = "Pan et al., Better training of GFlowNets with local credit, arXiv:2302.01687";

/// The registry line of `fl-db`.
pub const DB: ObjectiveEntry = ObjectiveEntry {
    entry: Entry {
        name: "fl-db",
        summary: "forward-looking detailed balance: flows are learned relative to the reward so far",
        formula: "log R̃(s)F̃(s) + log P_F(s′∣s) − log R̃(s′)F̃(s′) − log P_B(s∣s′)",
        reference: REFERENCE,
        fields: &[],
    },
    build: |_| Box::new(Db(FlowHead::ForwardLooking)),
};

/// The registry line of `fl-subtb`.
pub const SUBTB: ObjectiveEntry = ObjectiveEntry {
    entry: Entry {
        name: "fl-subtb",
        summary: "forward-looking sub-trajectory balance: flows are learned relative to the reward so far",
        formula: "log R̃(sᵢ)F̃(sᵢ) + Σ log P_F − log R̃(sⱼ)F̃(sⱼ) − Σ log P_B, with weight λ^(j−i)",
        reference: REFERENCE,
        fields: Config::FIELDS,
    },
    build: |values| Box::new(SubTb { lambda: Config::read(values).lambda, head: FlowHead::ForwardLooking }),
};
