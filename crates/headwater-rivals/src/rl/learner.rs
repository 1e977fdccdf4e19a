//! A network with its optimiser.

use headwater_core::{Estimator, Floats};
use headwater_nn::{Adam, Pool, norm};

/// A network, its gradient and its optimiser.
pub(super) struct Learner {
    pub net: Box<dyn Estimator>,
    /// The gradient, to be written before [`Learner::step`].
    pub grads: Floats,
    adam: Adam,
}

impl Learner {
    pub fn new(net: Box<dyn Estimator>) -> Self {
        let n = net.params().data.len();
        Self { net, grads: Floats::zeros(n), adam: Adam::new(n) }
    }

    /// One step of Adam. A gradient whose Euclidean norm is above `max_norm` is scaled down to it, unless `max_norm` is
    /// zero; one that is not finite is left alone, since one bad batch must not end all learning.
    pub fn step(&mut self, pool: &Pool, rate: f64, max_norm: f64) {
        let norm = norm(&self.grads);
        if !norm.is_finite() {
            return;
        }
        let scale = if max_norm > 0.0 && norm > max_norm { max_norm / norm } else { 1.0 };
        let Self { net, grads, adam } = self;
        net.update(&mut |p| adam.update(pool, &mut p.data, grads, rate, scale, 0.0));
    }
}
