//! The only list of methods.

use headwater_core::settings::Values;
use headwater_core::{Entry, SettingError};

use crate::{
    Arena, Method, annealing, beam, exact, genetic, gibbs, greedy, mars, mcmc, random, rl, tempering,
};

/// A method: what is said of it, and how it is built.
pub struct MethodEntry {
    /// Name, summary, formula, reference and settings.
    pub entry: Entry,
    /// Does it sample the target in the limit, as opposed to looking for large rewards?
    pub samples_target: bool,
    /// Builds it from checked settings.
    pub build: Build,
}

/// From checked settings and an arena to a method, unless the two do not fit together.
pub type Build = fn(&Values, Arena) -> Result<Box<dyn Method>, SettingError>;

/// Every method, by name.
pub fn methods() -> &'static [MethodEntry] {
    const METHODS: &[MethodEntry] = &[
        annealing::ENTRY,
        beam::ENTRY,
        rl::ppo::ENT_ENTRY,
        exact::ENTRY,
        genetic::ENTRY,
        gibbs::ENTRY,
        greedy::ENTRY,
        mars::ENTRY,
        mcmc::ENTRY,
        tempering::ENTRY,
        rl::ppo::ENTRY,
        random::ENTRY,
        rl::reinforce::ENTRY,
        rl::sac::ENTRY,
        rl::soft_dqn::ENTRY,
    ];
    METHODS
}

/// The method called `name`.
pub fn find(name: &str) -> Option<&'static MethodEntry> {
    methods().iter().find(|m| m.entry.name == name)
}
