//! From a score y to log R, with R(x) = max(floor, scale · t(y)^β).

use headwater_core::settings::{choice, settings};
use headwater_core::{RewardScale, SettingError};

use crate::RewardError;

choice! {
    /// What t(y) is.
    pub enum TransformKind {
        /// t(y) = y: the score is a reward, and not negative.
        Identity = "identity",
        /// t(y) = eʸ: the score is a log-reward.
        Exp = "exp",
        /// t(y) = (y − min)/(max − min), and 0 below `min`.
        MinMax = "min-max",
    }
}

settings! {
    /// How scores become rewards: R(x) = max(floor, scale · t(y)^β).
    pub struct TransformConfig {
        /// t(y): `identity`, `exp` or `min-max`; without it, what the score means (`exp` for log-rewards, else
        /// `identity`).
        transform: Option<TransformKind>, Kind::Choice(TransformKind::NAMES);
        /// Exponent β, an inverse temperature: large values favour the best objects.
        beta: f64 = "1.0", Kind::Real { min: 1e-6, max: 1e6 };
        /// Factor of every reward above the floor.
        scale: f64 = "1.0", Kind::Real { min: 1e-300, max: 1e300 };
        /// Least reward of any object; needed where t(y) may be 0.
        floor: Option<f64>, Kind::Real { min: 1e-300, max: 1e300 };
        /// Score that `min-max` takes to 0; without it, the smallest of a table.
        min: Option<f64>, Kind::Real { min: -1e300, max: 1e300 };
        /// Score that `min-max` takes to 1; without it, the largest of a table.
        max: Option<f64>, Kind::Real { min: -1e300, max: 1e300 };
    }
}

/// From a score y to log R, computed in the log domain: log R = max(log floor, log scale + β log t(y)).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    shape: Shape,
    beta: f64,
    log_scale: f64,
    /// −∞ without a floor.
    log_floor: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Identity,
    Exp,
    MinMax { min: f64, max: f64 },
}

/// Why a score has no log R.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It, or what the transform makes of it, is NaN or infinite.
    NotFinite,
    /// It is negative, and `identity` takes it for a reward.
    Negative,
    /// Its reward is zero, and there is no floor.
    Zero,
}

impl Unusable {
    /// The error that names the object and its score.
    pub fn of(self, object: String, value: f64) -> RewardError {
        match self {
            Self::NotFinite => RewardError::NotFinite { object, value },
            Self::Negative => RewardError::Negative { object, value },
            Self::Zero => RewardError::Zero { object, value },
        }
    }
}

impl Transform {
    /// The transform that takes a score for what it is: `identity` for rewards, `exp` for log-rewards.
    pub fn plain(meaning: RewardScale) -> Self {
        let shape = match meaning {
            RewardScale::Reward => Shape::Identity,
            RewardScale::LogReward => Shape::Exp,
        };
        Self { shape, beta: 1.0, log_scale: 0.0, log_floor: f64::NEG_INFINITY }
    }

    /// The transform that `config` describes, for scores that mean `meaning` and, if known, lie in `range`.
    ///
    /// # Errors
    /// If `min-max` has no range, or an empty one, or a range is given to another transform.
    pub fn new(
        config: &TransformConfig,
        meaning: RewardScale,
        range: Option<(f64, f64)>,
    ) -> Result<Self, SettingError> {
        let plain = Self::plain(meaning);
        let shape = match config.transform {
            None => plain.shape,
            Some(TransformKind::Identity) => Shape::Identity,
            Some(TransformKind::Exp) => Shape::Exp,
            Some(TransformKind::MinMax) => min_max(config, range)?,
        };
        for (field, value) in [("min", config.min), ("max", config.max)] {
            if value.is_some() && !matches!(shape, Shape::MinMax { .. }) {
                return Err(SettingError::at(field, format!("`{field}` means nothing without `min-max`"))
                    .hint("set `reward.transform = \"min-max\"`, or leave it out"));
            }
        }
        Ok(Self {
            shape,
            beta: config.beta,
            log_scale: config.scale.ln(),
            log_floor: config.floor.map_or(f64::NEG_INFINITY, f64::ln),
        })
    }

    /// log R of an object whose score is `y`; finite.
    ///
    /// # Errors
    /// If there is none.
    #[inline]
    pub fn log_reward(&self, y: f64) -> Result<f64, Unusable> {
        if y.is_nan() || y == f64::INFINITY {
            return Err(Unusable::NotFinite);
        }
        let log_t = match self.shape {
            Shape::Identity if y < 0.0 => return Err(Unusable::Negative),
            Shape::Identity => y.ln(),
            Shape::Exp => y,
            Shape::MinMax { min, max } => ((y - min) / (max - min)).max(0.0).ln(),
        };
        let log_reward = (self.beta * log_t + self.log_scale).max(self.log_floor);
        match log_reward {
            r if r.is_finite() => Ok(r),
            f64::NEG_INFINITY => Err(Unusable::Zero),
            _ => Err(Unusable::NotFinite),
        }
    }
}

fn min_max(config: &TransformConfig, range: Option<(f64, f64)>) -> Result<Shape, SettingError> {
    let min = config.min.or(range.map(|r| r.0));
    let max = config.max.or(range.map(|r| r.1));
    let missing = |field| {
        SettingError::at(field, format!("`min-max` needs `{field}`"))
            .hint("only a table knows the range of its scores; give `min` and `max`")
    };
    let min = min.ok_or_else(|| missing("min"))?;
    let max = max.ok_or_else(|| missing("max"))?;
    if min < max && (max - min).is_finite() {
        return Ok(Shape::MinMax { min, max });
    }
    let field = if config.max.is_some() {
        "max"
    } else if config.min.is_some() {
        "min"
    } else {
        "transform"
    };
    let message = format!("`min-max` needs a range, and from `{min}` to `{max}` there is none");
    Err(SettingError::at(field, message).hint("`min` must be below `max`"))
}
