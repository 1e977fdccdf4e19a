//! The line: its sizes, its paths, and log Z by other means.

use headwater_core::Settings;
use headwater_core::settings::{Value, defaults};
use headwater_envs::line::{Config, Line};
use headwater_envs::{NativeReward, Registered, line};

use crate::explore::{explore, native_log_z, walk};

fn line(steps: usize, reach: usize, unit: f64) -> Line {
    Line::from_config(Config { steps, reach, unit }).expect("in range")
}

#[test]
fn lines_have_the_sizes_of_their_table() {
    for (steps, reach) in [(1, 1), (3, 2), (5, 10)] {
        let g = explore(&line(steps, reach, 0.2));
        assert_eq!(g.states.len(), steps + 1 + reach * steps * (steps + 1));
        assert_eq!(g.n_edges, (2 * reach + 1) * (steps + reach * steps * (steps - 1)));
        assert_eq!(g.depth.iter().max(), Some(&steps));
        assert_eq!(g.parents.iter().sum::<usize>(), g.n_edges);
    }
}

#[test]
fn log_z_is_that_of_the_density() {
    // The sum over cells is the integral but for e^(−2π²(σ/unit)²), and for the mass beyond the last cells.
    for (unit, reach) in [(0.2, 10), (0.1, 20), (0.25, 8)] {
        let log_z = native_log_z(&line(5, reach, unit), "mixture", &[]);
        assert!((log_z + f64::ln(unit)).abs() < 1e-8, "{log_z} for {unit}");
    }
    // One step, cells −1, 0 and 1: by hand.
    let set = [("means", Value::Reals(vec![0.0])), ("sigma", Value::Real(1.0))];
    let expected = (1.0 + 2.0 * (-0.5f64).exp()) / std::f64::consts::TAU.sqrt();
    assert!((native_log_z(&line(1, 1, 1.0), "mixture", &set) - expected.ln()).abs() < 1e-12);
    // Far from all modes the logarithm is finite.
    let far = [("means", Value::Reals(vec![1e6])), ("sigma", Value::Real(1e-6))];
    let config = line::MixtureConfig::read(&{
        let mut values = defaults(line::MixtureConfig::FIELDS).expect("defaults");
        values.extend(far);
        values
    });
    let env = line(1, 1, 1.0);
    let reward = line::Mixture::from_config(config, &env).expect("in range");
    let score = headwater_core::Reward::score(&reward, &env, &headwater_core::Environment::initial(&env));
    assert!(score.is_finite() && score < -1e20, "{score}");
}

#[test]
fn places_are_read_as_they_are_written() {
    use headwater_core::Environment;
    let env = line(3, 2, 0.5);
    assert_eq!(walk(env, &[4, 0, 1]), ["0@0", "2@1", "0@2", "-1@3"]);
    for text in ["", "0", "3@1", "0@4", "+1@1", "-0@1", "01@1", "1@-1", "1@1@1"] {
        assert_eq!(env.parse(text), None, "{text}");
    }
}
