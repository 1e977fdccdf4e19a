//! An environment whose type is forgotten, so that environments of different types can be parts of one.

use std::any::Any;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use headwater_core::{Action, EncodedRow, Encoding, Environment, MaskRow, Picture, Stop};

/// A state whose type is forgotten. Equal states of one part are equal here too; to clone into one does not allocate if
/// it does not in the part.
#[derive(Debug)]
pub struct Slot(Box<dyn AnyState>);

trait AnyState: Any + Debug + Send + Sync {
    fn duplicate(&self) -> Box<dyn AnyState>;
    fn assign(&mut self, other: &dyn AnyState);
    fn equals(&self, other: &dyn AnyState) -> bool;
    fn hash_into(&self, state: &mut dyn Hasher);
}

impl<S: Clone + Eq + Hash + Debug + Send + Sync + 'static> AnyState for S {
    fn duplicate(&self) -> Box<dyn AnyState> {
        Box::new(self.clone())
    }

    fn assign(&mut self, other: &dyn AnyState) {
        self.clone_from(downcast(other));
    }

    fn equals(&self, other: &dyn AnyState) -> bool {
        self == downcast::<S>(other)
    }

    fn hash_into(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}

fn downcast<S: 'static>(state: &dyn AnyState) -> &S {
    (state as &dyn Any).downcast_ref().expect("a part's states are of one type")
}

impl Clone for Slot {
    fn clone(&self) -> Self {
        Self(self.0.duplicate())
    }

    fn clone_from(&mut self, other: &Self) {
        self.0.assign(&*other.0);
    }
}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(&*other.0)
    }
}

impl Eq for Slot {}

impl Hash for Slot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash_into(state);
    }
}

impl Slot {
    pub(super) fn get<S: 'static>(&self) -> &S {
        downcast(&*self.0)
    }

    fn get_mut<S: 'static>(&mut self) -> &mut S {
        (&mut *self.0 as &mut dyn Any).downcast_mut().expect("a part's states are of one type")
    }
}

/// An [`Environment`] whose type is forgotten; every method is the environment's own.
#[derive(Clone)]
pub struct AnyEnv(Arc<dyn Erased>);

impl AnyEnv {
    /// Forgets the type of `env`.
    pub fn new<E: Environment>(env: E) -> Self {
        Self(Arc::new(env))
    }

    /// The environment, if it is of this type.
    pub(super) fn downcast<E: Environment>(&self) -> Option<&E> {
        (&*self.0 as &dyn Any).downcast_ref()
    }
}

impl Debug for AnyEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an environment with {} labels", self.n_actions())
    }
}

impl std::ops::Deref for AnyEnv {
    type Target = dyn Erased;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// What [`AnyEnv`] can do: [`Environment`], by slots.
#[allow(missing_docs)]
pub trait Erased: Any + Send + Sync {
    fn initial(&self) -> Slot;
    fn n_actions(&self) -> usize;
    fn max_len(&self) -> usize;
    fn states_at_least(&self) -> f64;
    fn stop(&self, s: &Slot) -> Stop;
    fn forward_mask(&self, s: &Slot, mask: &mut MaskRow<'_>);
    fn backward_mask(&self, s: &Slot, mask: &mut MaskRow<'_>);
    fn step(&self, s: &mut Slot, a: Action);
    fn unstep(&self, s: &mut Slot, a: Action);
    fn encoding(&self) -> Encoding;
    fn encode(&self, s: &Slot, row: EncodedRow<'_>);
    fn show(&self, s: &Slot, out: &mut String);
    fn parse(&self, text: &str) -> Option<Slot>;
    fn features(&self) -> Vec<String>;
    fn measure(&self, s: &Slot, out: &mut [f64]);
    fn draw(&self, s: &Slot) -> Option<Picture>;
    fn describe(&self, a: Action) -> String;
}

impl<E: Environment> Erased for E {
    fn initial(&self) -> Slot {
        Slot(Box::new(Environment::initial(self)))
    }

    fn n_actions(&self) -> usize {
        Environment::n_actions(self)
    }

    fn max_len(&self) -> usize {
        Environment::max_len(self)
    }

    fn states_at_least(&self) -> f64 {
        Environment::states_at_least(self)
    }

    fn stop(&self, s: &Slot) -> Stop {
        Environment::stop(self, s.get())
    }

    fn forward_mask(&self, s: &Slot, mask: &mut MaskRow<'_>) {
        Environment::forward_mask(self, s.get(), mask);
    }

    fn backward_mask(&self, s: &Slot, mask: &mut MaskRow<'_>) {
        Environment::backward_mask(self, s.get(), mask);
    }

    fn step(&self, s: &mut Slot, a: Action) {
        Environment::step(self, s.get_mut(), a);
    }

    fn unstep(&self, s: &mut Slot, a: Action) {
        Environment::unstep(self, s.get_mut(), a);
    }

    fn encoding(&self) -> Encoding {
        Environment::encoding(self)
    }

    fn encode(&self, s: &Slot, row: EncodedRow<'_>) {
        Environment::encode(self, s.get(), row);
    }

    fn show(&self, s: &Slot, out: &mut String) {
        Environment::show(self, s.get(), out);
    }

    fn parse(&self, text: &str) -> Option<Slot> {
        Some(Slot(Box::new(Environment::parse(self, text)?)))
    }

    fn features(&self) -> Vec<String> {
        Environment::features(self)
    }

    fn measure(&self, s: &Slot, out: &mut [f64]) {
        Environment::measure(self, s.get(), out);
    }

    fn draw(&self, s: &Slot) -> Option<Picture> {
        Environment::draw(self, s.get())
    }

    fn describe(&self, a: Action) -> String {
        Environment::describe(self, a)
    }
}
