//! Why an objective cannot work with an environment and a reward.

use headwater_core::Needs;

/// What an environment and a reward have to offer. Everything else in [`Needs`] is the trainer's to supply.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities<'a> {
    /// Name of the environment.
    pub env: &'a str,
    /// May or must a trajectory stop in every state, the initial one included?
    pub stop_everywhere: bool,
    /// Name of the reward.
    pub reward: &'a str,
    /// Is the reward defined on unfinished states?
    pub state_reward: bool,
}

/// One sentence for each need of `objective` that is not met; none if it can be trained.
pub fn unmet(objective: &str, needs: Needs, have: &Capabilities<'_>) -> Vec<String> {
    let Capabilities { env, reward, .. } = have;
    let mut reasons = Vec::new();
    if needs.stop_everywhere && !have.stop_everywhere {
        reasons.push(format!(
            "`{objective}` needs every state to be able to stop; `{env}` has states that may not"
        ));
    }
    // Where every state may stop, every state is finished, and any reward covers it.
    if needs.state_reward && !have.state_reward && !have.stop_everywhere {
        reasons.push(format!(
            "`{objective}` needs a reward that is defined on unfinished states; `{reward}` is not"
        ));
    }
    reasons
}
