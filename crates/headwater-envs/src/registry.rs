//! The list of environments, and what each says of itself and of its native rewards.

use std::ops::RangeInclusive;
use std::sync::Arc;

use headwater_core::settings::{Values, defaults};
use headwater_core::{Entry, Environment, Lanes, Reward, RewardScale, SettingError, Settings, Simulator};

use crate::composite::{AnyEnv, NamedPart, PartConfig, PartError};

/// Lists the environments: the entries, and a visit of each type.
macro_rules! registry {
    ($($env:ty),+ $(,)?) => {
        static REGISTRY: &[EnvEntry] = &[$(EnvEntry::of::<$env>()),+];

        /// Shows every registered type to `visitor`, in the order of the registry.
        pub fn visit_all(visitor: &mut impl Visitor) {
            let mut entries = REGISTRY.iter();
            $(visitor.visit::<$env>(entries.next().expect("the macro writes one entry per type"));)+
        }
    };
}
registry! {
    crate::assignments::Assignments,
    crate::bayesnet::BayesNet,
    crate::binary_tree::BinaryTree,
    crate::bits::Bits,
    crate::choice::Choice,
    crate::clique::Clique,
    crate::colouring::Colouring,
    crate::composite::Composite,
    crate::dag::Dag,
    crate::dominating_set::DominatingSet,
    crate::hypergrid::Hypergrid,
    crate::independent_set::IndependentSet,
    crate::ising::Ising,
    crate::knapsack::Knapsack,
    crate::line::Line,
    crate::max_cut::MaxCut,
    crate::permutations::Permutations,
    crate::phylo::Phylo,
    crate::scheduling::Scheduling,
    crate::strings::Strings,
    crate::subsets::Subsets,
    crate::tetris::Tetris,
    crate::words::Words,
}

/// An environment that a configuration can name: what its file says besides the DAG.
///
/// `rewards!(First, Second, …)` in the implementation writes [`Registered::REWARDS`] and [`Registered::reward`].
pub trait Registered: Environment + Sized {
    /// The environment's settings.
    type Config: Settings;

    /// Name, summary, definition, source and fields.
    const ENTRY: Entry;

    /// Is the DAG of every instance a tree, so that P_B has nothing to choose?
    const TREE: bool = false;

    /// What the names of [`Environment::features`] mean.
    const FEATURES: &'static [Feature] = &[];

    /// The native rewards; the first is the default and has a default for each of its settings.
    const REWARDS: &'static [RewardEntry];

    /// Builds an instance.
    ///
    /// # Errors
    /// If settings that are each in range do not fit together, or a file cannot be used.
    fn from_config(config: Self::Config) -> Result<Self, SettingError>;

    /// Builds an instance of these parts, in their order; only the composite has any.
    ///
    /// # Errors
    /// Those of [`Registered::from_config`], and if the parts do not fit together.
    fn from_parts(config: Self::Config, parts: Vec<NamedPart>) -> Result<Self, PartError> {
        debug_assert!(parts.is_empty(), "the schema has parts for the composite only");
        Self::from_config(config).map_err(|error| PartError { part: None, error })
    }

    /// The instance without the objects to which the native reward called `reward` gives 0, where these are known before
    /// anything is scored, and without the states that lead to no others. Asked for only where no transform lifts a score
    /// of 0.
    fn without_zeros(self, reward: &str) -> Self {
        let _ = reward;
        self
    }

    /// Builds the native reward called `name`; `None` if there is none.
    fn reward(&self, name: &str, values: &Values) -> Option<Result<Arc<dyn Reward<Self>>, SettingError>>;
}

/// A native reward that a configuration can name.
pub trait NativeReward<E: Environment>: Reward<E> + Sized + 'static {
    /// The reward's settings.
    type Config: Settings;

    /// What it says of itself.
    const ENTRY: RewardEntry;

    /// Builds the reward for an instance of its environment.
    ///
    /// # Errors
    /// If the settings do not fit together or do not fit the instance.
    fn from_config(config: Self::Config, env: &E) -> Result<Self, SettingError>;
}

/// What a feature of an environment's objects means, or a family of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// The name; what is in braces stands for something else in every member of a family, as in `x{i}`.
    pub name: &'static str,
    /// What the number is.
    pub meaning: &'static str,
}

impl Feature {
    /// Does this describe the feature called `name`?
    pub fn describes(&self, name: &str) -> bool {
        match self.name.split_once('{') {
            None => self.name == name,
            Some((stem, _)) => name.strip_prefix(stem).is_some_and(|rest| !rest.is_empty()),
        }
    }
}

/// The registry's view of a native reward.
#[derive(Clone, Copy, Debug)]
pub struct RewardEntry {
    /// Name, summary, formula, source and fields.
    pub entry: Entry,
    /// What its score means.
    pub scale: RewardScale,
    /// Is the score also defined on unfinished states?
    pub covers_unfinished: bool,
    /// Can it say which edges it prefers, so that a policy can be guided by it?
    pub guides: bool,
}

/// The registry's view of an environment.
#[derive(Clone, Copy, Debug)]
pub struct EnvEntry {
    /// Name, summary, definition, source and fields.
    pub entry: Entry,
    /// Is every instance a tree?
    pub tree: bool,
    /// What the names of its features mean.
    pub features: &'static [Feature],
    /// The native rewards; the first is the default.
    pub rewards: &'static [RewardEntry],
    build: Build,
    part: fn(&Values) -> Result<AnyEnv, SettingError>,
    small: fn() -> Vec<Box<dyn Simulator>>,
}

type Build =
    fn(&Values, &[PartValues<'_>], Option<RewardValues<'_>>) -> Result<Box<dyn Simulator>, BuildError>;

/// A native reward, as a configuration describes it.
#[derive(Clone, Copy, Debug)]
pub struct RewardValues<'a> {
    /// Its name.
    pub name: &'a str,
    /// The values of its fields.
    pub values: &'a Values,
    /// Does a score of 0 mean no mass? Such objects are then left out where they are known; see
    /// [`Registered::without_zeros`].
    pub zero_is_nothing: bool,
}

/// A part of a composite, as a configuration describes it.
#[derive(Clone, Copy, Debug)]
pub struct PartValues<'a> {
    /// The name that the user gave it.
    pub name: &'a str,
    /// Its environment.
    pub entry: &'static EnvEntry,
    /// The values of its environment's fields and of [`PartConfig`]'s.
    pub values: &'a Values,
}

impl EnvEntry {
    /// The entry of `E`.
    pub const fn of<E: Registered>() -> Self {
        Self {
            entry: E::ENTRY,
            tree: E::TREE,
            features: E::FEATURES,
            rewards: E::REWARDS,
            build: build::<E>,
            part: |values| Ok(AnyEnv::new(E::from_config(E::Config::read(values))?)),
            small: small::<E>,
        }
    }

    /// A simulator of the instance that `env` describes, with the native reward that `reward` names, if any.
    ///
    /// Values must have been checked against the fields of [`EnvEntry::entry`] and of the reward's entry.
    ///
    /// # Errors
    /// If the settings do not fit together, a file cannot be used, or there is no such reward.
    pub fn build(
        &self,
        env: &Values,
        reward: Option<(&str, &Values)>,
    ) -> Result<Box<dyn Simulator>, BuildError> {
        let reward = reward.map(|(name, values)| RewardValues { name, values, zero_is_nothing: false });
        self.build_of(env, &[], reward)
    }

    /// The same, of parts: those of a composite.
    ///
    /// # Errors
    /// Those of [`EnvEntry::build`], and if the parts do not fit together.
    pub fn build_of(
        &self,
        env: &Values,
        parts: &[PartValues<'_>],
        reward: Option<RewardValues<'_>>,
    ) -> Result<Box<dyn Simulator>, BuildError> {
        (self.build)(env, parts, reward)
    }

    /// An instance whose type is forgotten, to be a part of a composite.
    ///
    /// # Errors
    /// If the settings do not fit together, or a file cannot be used.
    pub fn part(&self, env: &Values) -> Result<AnyEnv, SettingError> {
        (self.part)(env)
    }

    /// Instances small enough to enumerate in a test, each with its default native reward.
    pub fn small(&self) -> Vec<Box<dyn Simulator>> {
        (self.small)()
    }

    /// The native reward called `name`.
    pub fn reward(&self, name: &str) -> Option<&'static RewardEntry> {
        self.rewards.iter().find(|r| r.entry.name == name)
    }
}

/// The part of a configuration that an error points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The environment's settings.
    Env,
    /// The settings of a part, by its place in the list.
    Part(usize),
    /// The reward's settings.
    Reward,
}

/// Why no simulator could be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct BuildError {
    /// Where.
    pub section: Section,
    /// What.
    pub error: SettingError,
}

/// Something to be done with every registered environment's type, such as running a typed suite over it.
pub trait Visitor {
    /// Is called once per environment, in the order of the registry.
    fn visit<E: Registered>(&mut self, entry: &'static EnvEntry);
}

/// Every environment, sorted by name.
pub fn registry() -> &'static [EnvEntry] {
    REGISTRY
}

/// The environment called `name`.
pub fn find(name: &str) -> Option<&'static EnvEntry> {
    REGISTRY.iter().find(|e| e.entry.name == name)
}

fn build<E: Registered>(
    env: &Values,
    parts: &[PartValues<'_>],
    reward: Option<RewardValues<'_>>,
) -> Result<Box<dyn Simulator>, BuildError> {
    let at = |section| move |error| BuildError { section, error };
    let part = |(i, part): (usize, &PartValues<'_>)| {
        let env = part.entry.part(part.values).map_err(at(Section::Part(i)))?;
        Ok(NamedPart { name: part.name.to_owned(), env, config: PartConfig::read(part.values) })
    };
    let parts = parts.iter().enumerate().map(part).collect::<Result<_, BuildError>>()?;
    let env = E::from_parts(E::Config::read(env), parts)
        .map_err(|e| at(e.part.map_or(Section::Env, Section::Part))(e.error))?;
    let env = match reward {
        Some(reward) if reward.zero_is_nothing => env.without_zeros(reward.name),
        _ => env,
    };
    let reward = match reward {
        None => None,
        Some(RewardValues { name, values, .. }) => {
            let built = env.reward(name, values).unwrap_or_else(|| Err(unknown_reward::<E>(name)));
            Some(built.map_err(at(Section::Reward))?)
        }
    };
    let lanes = Lanes::new(E::ENTRY.name, env);
    Ok(Box::new(match reward {
        Some(reward) => lanes.with_reward(reward),
        None => lanes,
    }))
}

fn unknown_reward<E: Registered>(name: &str) -> SettingError {
    let names: Vec<String> = E::REWARDS.iter().map(|r| format!("`{}`", r.entry.name)).collect();
    SettingError {
        field: None,
        message: format!("`{}` has no native reward `{name}`", E::ENTRY.name),
        hint: Some(format!("it has {}", names.join(", "))),
    }
}

fn small<E: Registered>() -> Vec<Box<dyn Simulator>> {
    let entry = E::REWARDS[0].entry;
    let values = defaults(entry.fields).expect("the first reward has a default for each setting");
    let simulator = |env: E| -> Box<dyn Simulator> {
        let reward = env
            .reward(entry.name, &values)
            .expect("the first reward is among the rewards")
            .expect("the first reward's defaults fit every small instance");
        Box::new(Lanes::new(E::ENTRY.name, env).with_reward(reward))
    };
    E::small().into_iter().map(simulator).collect()
}

/// Builds the reward `R` for `env`; called by what `rewards!` writes.
pub(crate) fn build_reward<E: Registered, R: NativeReward<E>>(
    env: &E,
    values: &Values,
) -> Result<Arc<dyn Reward<E>>, SettingError> {
    Ok(Arc::new(R::from_config(R::Config::read(values), env)?))
}

/// An error at `field` unless `value` lies in `range`: configurations are checked before they arrive here, but a
/// library's caller may write a `Config` by hand.
pub(crate) fn within(
    field: &'static str,
    value: usize,
    range: RangeInclusive<usize>,
) -> Result<(), SettingError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (min, max) = range.into_inner();
    Err(SettingError::at(field, format!("`{value}` is not in {min}..={max}")))
}

/// Lists the native rewards of an environment, inside its implementation of [`Registered`].
macro_rules! rewards {
    ($($reward:ty),+ $(,)?) => {
        const REWARDS: &'static [$crate::RewardEntry] =
            &[$(<$reward as $crate::NativeReward<Self>>::ENTRY),+];

        fn reward(
            &self,
            name: &str,
            values: &headwater_core::settings::Values,
        ) -> Option<Result<std::sync::Arc<dyn headwater_core::Reward<Self>>, headwater_core::SettingError>> {
            $(if name == <$reward as $crate::NativeReward<Self>>::ENTRY.entry.name {
                return Some($crate::registry::build_reward::<Self, $reward>(self, values));
            })+
            None
        }
    };
}
pub(crate) use rewards;
