//! From values to places, with round ticks.

/// An axis: values from `low` to `high` at places from `from` to `to`.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Axis {
    /// Over the finite ones of `values`, and a little more where they are all the same.
    pub fn new(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (low, high) = bounds(values);
        let more = if high - low > 0.0 { 0.0 } else { 0.5 * high.abs().max(1.0) };
        Self { low: low - more, high: high + more, from, to, log: false }
    }

    /// The same; values that start near zero start at zero.
    pub fn from_zero(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let axis = Self::new(values, from, to);
        let low = if axis.low > 0.0 && axis.low < 0.4 * axis.high { 0.0 } else { axis.low };
        Self { low, ..axis }
    }

    /// Logarithmic where all finite values are positive and span a factor of fifty; else as [`Axis::from_zero`].
    pub fn log_if_wide(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let (low, high) = bounds(values.clone());
        if low > 0.0 && high > 50.0 * low {
            return Self { low: low.log10(), high: high.log10(), from, to, log: true };
        }
        Self::from_zero(values, from, to)
    }

    /// The place of a value.
    pub fn at(&self, value: f64) -> f64 {
        let value = if self.log { value.log10() } else { value };
        self.from + (self.to - self.from) * (value - self.low) / (self.high - self.low)
    }

    /// The value at which the axis begins.
    pub fn low(&self) -> f64 {
        if self.log { 10f64.powf(self.low) } else { self.low }
    }

    /// The value at which it ends.
    pub fn high(&self) -> f64 {
        if self.log { 10f64.powf(self.high) } else { self.high }
    }

    /// What a script needs to find places: low, high, from, to, and 1 for a logarithm.
    pub fn facts(&self) -> String {
        let [low, high] = [self.low, self.high].map(|x| crate::csv::real(x, 12));
        format!("{low} {high} {} {} {}", self.from, self.to, u8::from(self.log))
    }

    /// About five round numbers with their labels.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        if self.log {
            return self.log_ticks();
        }
        let raw = (self.high - self.low) / 5.0;
        let unit = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * unit).into_iter().find(|&s| s >= raw).unwrap_or(raw);
        let first = (self.low / step - 1e-9).ceil();
        (0..12)
            .map(|i| (first + f64::from(i)) * step)
            .take_while(|&t| t <= self.high + 1e-9 * step)
            .map(|t| (t, label(t, step)))
            .collect()
    }

    fn log_ticks(&self) -> Vec<(f64, String)> {
        let decades = self.high - self.low;
        let stride = (decades / 5.0).ceil().max(1.0) as i32;
        let between: &[f64] = if decades < 3.0 { &[1.0, 3.0] } else { &[1.0] };
        let exponents = (self.low.floor() as i32..=self.high.ceil() as i32).filter(|e| e % stride == 0);
        let values = exponents.flat_map(|e| between.iter().map(move |m| m * 10f64.powi(e)));
        let inside = |v: &f64| (self.low - 1e-9..=self.high + 1e-9).contains(&v.log10());
        values.filter(inside).map(|v| (v, label(v, v))).collect()
    }
}

/// The smallest and the largest finite value; 0 and 1 if there is none.
fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high { (0.0, 1.0) } else { (low, high) }
}

/// A multiple of `step` in few characters.
fn label(x: f64, step: f64) -> String {
    let trim = |x: f64, step: f64| {
        let decimals = (-step.log10().floor() + 1.0).clamp(0.0, 12.0) as usize;
        let text = format!("{x:.decimals$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        if text == "-0" { "0".to_owned() } else { text.to_owned() }
    };
    match x.abs() {
        a if a < 1e-9 * step => "0".to_owned(),
        a if a >= 1e12 || (a < 1e-3 && step < 2e-4) => {
            let text = format!("{x:.1e}");
            text.replace(".0e", "e")
        }
        a if a >= 1e6 && step >= 1e3 => format!("{}M", trim(x / 1e6, step / 1e6)),
        a if a >= 1e4 && step >= 10.0 => format!("{}k", trim(x / 1e3, step / 1e3)),
        _ => trim(x, step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_distinct_and_within_the_axis() {
        let of = |low: f64, high: f64| labels(&Axis { low, high, from: 0.0, to: 1.0, log: false });
        assert_eq!(of(0.0, 1.0), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(of(-3.0, 9.0), ["0", "5"]);
        assert_eq!(of(0.0, 200_000.0), ["0", "50k", "100k", "150k", "200k"]);
        assert_eq!(of(0.0, 3e6), ["0", "1M", "2M", "3M"]);
        assert_eq!(of(4.7184, 4.7187), ["4.7184", "4.7185", "4.7186", "4.7187"]);
        assert_eq!(of(0.0, 4e-5), ["0", "1e-5", "2e-5", "3e-5", "4e-5"]);
        assert_eq!(of(-12.5, -12.0), ["-12.5", "-12.4", "-12.3", "-12.2", "-12.1", "-12"]);
    }

    #[test]
    fn wide_positive_values_have_a_logarithmic_axis() {
        let values = [1e-4, 0.5, 20.0];
        let axis = Axis::log_if_wide(values.into_iter(), 0.0, 100.0);
        assert_eq!(labels(&axis), ["1e-4", "0.01", "1"]);
        assert!((axis.at(20.0) - 100.0).abs() < 1e-9 && axis.at(1e-4).abs() < 1e-9);
        assert!((axis.high() - 20.0).abs() < 1e-9);
        assert_eq!(
            labels(&Axis::log_if_wide([0.02, 2.0].into_iter(), 0.0, 1.0)),
            ["0.03", "0.1", "0.3", "1"]
        );
        assert_eq!(Axis::log_if_wide([0.0, 20.0].into_iter(), 0.0, 1.0).facts(), "0 20 0 1 0");
        let none = Axis::new([f64::NAN].into_iter(), 0.0, 1.0);
        assert_eq!((none.low(), none.high()), (0.0, 1.0));
        let same = Axis::new([3.0, 3.0].into_iter(), 0.0, 1.0);
        assert!((same.at(3.0) - 0.5).abs() < 1e-12);
    }
}
