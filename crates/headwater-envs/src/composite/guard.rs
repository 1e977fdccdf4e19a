//! When a part of a stack is built: what an earlier choice has to be.

use headwater_core::SettingError;

use super::{Order, Part, PartConfig};
use crate::choice::Choice;

/// When a part is built: if one of these options of an earlier choice is chosen.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    /// The place of that choice among the parts.
    pub choice: usize,
    /// For each of its options whether it will do.
    pub options: Vec<bool>,
}

impl Guard {
    /// What a part depends on, if on anything; `before` are the parts named before it.
    pub fn new(order: Order, config: &PartConfig, before: &[Part]) -> Result<Option<Self>, SettingError> {
        let (when, is) = match (&config.when, &config.is) {
            (None, None) => return Ok(None),
            (Some(when), Some(is)) => (when, is),
            (Some(_), None) => {
                return Err(SettingError::at("when", "`when` needs `is`: the options to build with"));
            }
            (None, Some(_)) => {
                return Err(SettingError::at("is", "`is` needs `when`: the choice that is meant"));
            }
        };
        if order != Order::Stack {
            let message = "only a part of a stack can depend on another";
            return Err(SettingError::at("when", message).hint("set `env.order = \"stack\"`"));
        }
        let found = before.iter().position(|part| part.name == *when);
        let choice = found.and_then(|k| Some((k, before[k].env.downcast::<Choice>()?)));
        let Some((k, choice)) = choice else {
            let message = format!("`{when}` is no earlier part of kind `choice`");
            return Err(SettingError::at("when", message));
        };
        let mut options = vec![false; choice.options().len()];
        for name in is {
            let Some(i) = choice.options().iter().position(|option| option == name) else {
                let message = format!("`{name}` is no option of `{when}`");
                return Err(
                    SettingError::at("is", message).hint(format!("it has {}", choice.options().join(", ")))
                );
            };
            options[i] = true;
        }
        Ok(Some(Self { choice: k, options }))
    }
}
