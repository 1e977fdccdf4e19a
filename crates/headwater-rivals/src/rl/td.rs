//! Temporal differences: predictions drawn towards targets, and the networks that targets are made with.

use headwater_core::{Estimator, Regression};

/// The mean over transitions of w g(q − y), where q is predicted, y is its target and w its weight; and the slopes by
/// the predictions.
pub(super) fn loss(
    predictions: &[f64],
    targets: &[f64],
    weights: impl Fn(usize) -> f64,
    g: Regression,
    slopes: &mut Vec<f64>,
) -> f64 {
    let share = 1.0 / predictions.len() as f64;
    let mut sum = 0.0;
    slopes.clear();
    slopes.extend(predictions.iter().zip(targets).enumerate().map(|(i, (q, y))| {
        let weight = weights(i) * share;
        let (value, slope) = g.at(q - y);
        sum += weight * value;
        weight * slope
    }));
    sum
}

/// Moves the parameters of `target` towards those of `online`, by `rate` of the way.
pub(super) fn approach(target: &mut dyn Estimator, online: &dyn Estimator, rate: f64) {
    let (to, rate) = (&online.params().data, rate as f32);
    target.update(&mut |p| {
        if rate == 1.0 {
            p.data.copy_from_slice(to);
        } else {
            p.data.iter_mut().zip(&**to).for_each(|(x, &to)| *x += rate * (to - *x));
        }
    });
}
