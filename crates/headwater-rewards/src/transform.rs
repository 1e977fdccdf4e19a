//! From a score y to log R, with R(x) = min(ceiling, max(floor, scale · t(y)^β)).

use headwater_core::settings::{choice, settings};
use headwater_core::{RewardScale, SettingError};

use crate::signed::Signed;
use crate::{RewardError, Statistics};

choice! {
    /// What t(y) is.
    pub enum TransformKind {
        /// t(y) = y: the score is a reward, and not negative.
        Identity = "identity",
        /// t(y) = eʸ: the score is a log-reward.
        Exp = "exp",
        /// t(y) = (y − min)/(max − min), and 0 below `min`.
        MinMax = "min-max",
        /// t(y) = exp((y − mean)/std).
        ZScore = "z-score",
        /// t(y) = 1/(1 + exp(−(y − mid)/width)).
        Sigmoid = "sigmoid",
    }
}

settings! {
    /// How scores become rewards: R(x) = min(ceiling, max(floor, scale · t(y)^β)).
    pub struct TransformConfig {
        /// t(y): `identity` (y), `exp` (eʸ), `min-max` ((y − min)/(max − min), 0 below `min`), `z-score`
        /// (exp((y − mean)/std)) or `sigmoid` (1/(1 + exp(−(y − mid)/width))); without it, what the score means (`exp`
        /// for log-rewards, else `identity`).
        transform: Option<TransformKind>, Kind::Choice(TransformKind::NAMES);
        /// Exponent β, an inverse temperature: large values favour the best objects.
        beta: f64 = "1.0", Kind::Real { min: 1e-6, max: 1e6 };
        /// Factor of every reward between floor and ceiling.
        scale: f64 = "1.0", Kind::Real { min: 1e-300, max: 1e300 };
        /// Least reward of any object; needed where t(y) may be 0.
        floor: Option<f64>, Kind::Real { min: 1e-300, max: 1e300 };
        /// Largest reward of any object.
        ceiling: Option<f64>, Kind::Real { min: 1e-300, max: 1e300 };
        /// Score that `min-max` takes to 0; without it, the smallest of a table.
        min: Option<f64>, Kind::Real { min: -1e300, max: 1e300 };
        /// Score that `min-max` takes to 1; without it, the largest of a table.
        max: Option<f64>, Kind::Real { min: -1e300, max: 1e300 };
        /// Score that `z-score` takes to 1; without it, the mean of a table.
        mean: Option<f64>, Kind::Real { min: -1e300, max: 1e300 };
        /// Difference of scores that `z-score` takes to a factor of e; without it, the standard deviation of a table.
        std: Option<f64>, Kind::Real { min: 1e-300, max: 1e300 };
        /// Score that `sigmoid` takes to one half.
        mid: Option<f64>, Kind::Real { min: -1e300, max: 1e300 };
        /// How wide the step of `sigmoid` is; negative if small scores are good.
        width: Option<f64>, Kind::Real { min: -1e300, max: 1e300 };
    }
}

/// From a score y to log R, computed in the log domain: log R = min(log ceiling, max(log floor, log scale + β log t(y))).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    shape: Shape,
    beta: f64,
    log_scale: f64,
    /// −∞ without a floor.
    log_floor: f64,
    /// ∞ without a ceiling.
    log_ceiling: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Identity,
    /// The identity, of scores that come as their logarithms.
    OfLog,
    Exp,
    MinMax {
        min: f64,
        max: f64,
    },
    ZScore {
        mean: f64,
        std: f64,
    },
    Sigmoid {
        mid: f64,
        width: f64,
    },
}

impl Shape {
    /// log t(y); NaN where t(y) is negative.
    #[inline]
    fn log_t(self, y: f64) -> f64 {
        match self {
            Self::Identity => y.ln(),
            Self::OfLog | Self::Exp => y,
            Self::MinMax { min, max } => ((y - min) / (max - min)).max(0.0).ln(),
            Self::ZScore { mean, std } => (y - mean) / std,
            Self::Sigmoid { mid, width } => {
                let x = (y - mid) / width;
                x.min(0.0) - (-x.abs()).exp().ln_1p()
            }
        }
    }
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
        let (log_floor, log_ceiling) = (f64::NEG_INFINITY, f64::INFINITY);
        Self { shape, beta: 1.0, log_scale: 0.0, log_floor, log_ceiling }
    }

    /// The transform that `config` describes, for scores that mean `meaning` and, if known, have these `statistics`.
    ///
    /// # Errors
    /// If a transform lacks a number that it needs or cannot use it, or a number is given to another transform.
    pub fn new(
        config: &TransformConfig,
        meaning: RewardScale,
        statistics: Option<Statistics>,
    ) -> Result<Self, SettingError> {
        let plain = Self::plain(meaning);
        let shape = match config.transform {
            None => plain.shape,
            Some(TransformKind::Identity) => Shape::Identity,
            Some(TransformKind::Exp) => Shape::Exp,
            Some(TransformKind::MinMax) => min_max(config, statistics)?,
            Some(TransformKind::ZScore) => z_score(config, statistics)?,
            Some(TransformKind::Sigmoid) => sigmoid(config)?,
        };
        for (field, value, kind) in [
            ("min", config.min, TransformKind::MinMax),
            ("max", config.max, TransformKind::MinMax),
            ("mean", config.mean, TransformKind::ZScore),
            ("std", config.std, TransformKind::ZScore),
            ("mid", config.mid, TransformKind::Sigmoid),
            ("width", config.width, TransformKind::Sigmoid),
        ] {
            if value.is_some() && config.transform != Some(kind) {
                let kind = kind.name();
                return Err(SettingError::at(field, format!("`{field}` means nothing without `{kind}`"))
                    .hint(format!("set `reward.transform = \"{kind}\"`, or leave it out")));
            }
        }
        if let (Some(floor), Some(ceiling)) = (config.floor, config.ceiling)
            && floor > ceiling
        {
            let message = format!("the ceiling `{ceiling}` is below the floor `{floor}`");
            return Err(SettingError::at("ceiling", message));
        }
        Ok(Self {
            shape,
            beta: config.beta,
            log_scale: config.scale.ln(),
            log_floor: config.floor.map_or(f64::NEG_INFINITY, f64::ln),
            log_ceiling: config.ceiling.map_or(f64::INFINITY, f64::ln),
        })
    }

    /// The same for scores that come as their logarithms; `None` unless it takes a score for a reward.
    pub(crate) fn of_logs(self) -> Option<Self> {
        (self.shape == Shape::Identity).then_some(Self { shape: Shape::OfLog, ..self })
    }

    /// The score y as people know it, and its logarithm if that is what was given as `score`.
    pub fn plain_score(&self, score: f64) -> (f64, Option<f64>) {
        if self.shape == Shape::OfLog { (score.exp(), Some(score)) } else { (score, None) }
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
        if y < 0.0 && self.shape == Shape::Identity {
            return Err(Unusable::Negative);
        }
        let log_reward = self.beta * self.shape.log_t(y) + self.log_scale;
        match log_reward.max(self.log_floor).min(self.log_ceiling) {
            r if r.is_finite() => Ok(r),
            f64::NEG_INFINITY => Err(Unusable::Zero),
            _ => Err(Unusable::NotFinite),
        }
    }

    /// The slope and the intercept of log R as a function of y, if it is a line: then a score that is a sum has a reward
    /// that is a product.
    pub fn line(&self) -> Option<(f64, f64)> {
        let (slope, shift) = match self.shape {
            Shape::Exp => (1.0, 0.0),
            Shape::ZScore { mean, std } => (1.0 / std, -mean / std),
            Shape::Identity | Shape::OfLog | Shape::MinMax { .. } | Shape::Sigmoid { .. } => return None,
        };
        let bounded = self.log_floor > f64::NEG_INFINITY || self.log_ceiling < f64::INFINITY;
        (!bounded).then_some((self.beta * slope, self.beta * shift + self.log_scale))
    }

    /// t(y); NaN where the transform has no use for y.
    pub fn t(&self, y: f64) -> f64 {
        match self.shape {
            Shape::Identity => y,
            shape => shape.log_t(y).exp(),
        }
    }

    /// log t(y), which may be finite where t(y) is 0 or infinite as a float; NaN where t(y) is negative.
    pub fn log_t(&self, y: f64) -> f64 {
        self.shape.log_t(y)
    }

    /// scale · t(y)^β between floor and ceiling, as a part of a combination counts; a negative `identity` stays so,
    /// unless there is a floor.
    #[inline]
    pub(crate) fn value(&self, y: f64) -> Signed {
        let negative = self.shape == Shape::Identity && y < 0.0;
        let log = self.beta * self.shape.log_t(if negative { -y } else { y }) + self.log_scale;
        match negative {
            _ if log.is_nan() => Signed::NAN,
            false => Signed::exp(log.max(self.log_floor).min(self.log_ceiling)),
            true if self.log_floor > f64::NEG_INFINITY => Signed::exp(self.log_floor),
            true => Signed::minus_exp(log),
        }
    }

    /// The logarithm of the least reward, which objects without a score may be given.
    pub fn log_floor(&self) -> Option<f64> {
        self.log_floor.is_finite().then_some(self.log_floor)
    }
}

fn needed(
    transform: &str,
    field: &'static str,
    given: Option<f64>,
    known: Option<f64>,
) -> Result<f64, SettingError> {
    given.or(known).ok_or_else(|| {
        let table = if transform == "sigmoid" { "" } else { "only a table knows its scores: " };
        SettingError::at(field, format!("`{transform}` needs `{field}`"))
            .hint(format!("{table}give `reward.{field}`"))
    })
}

fn min_max(config: &TransformConfig, statistics: Option<Statistics>) -> Result<Shape, SettingError> {
    let min = needed("min-max", "min", config.min, statistics.map(|s| s.min))?;
    let max = needed("min-max", "max", config.max, statistics.map(|s| s.max))?;
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

fn z_score(config: &TransformConfig, statistics: Option<Statistics>) -> Result<Shape, SettingError> {
    let mean = needed("z-score", "mean", config.mean, statistics.map(|s| s.mean))?;
    let std = needed("z-score", "std", config.std, statistics.map(|s| s.std))?;
    if std > 0.0 {
        return Ok(Shape::ZScore { mean, std });
    }
    Err(SettingError::at("transform", "`z-score` needs scores that differ, and all are the same"))
}

fn sigmoid(config: &TransformConfig) -> Result<Shape, SettingError> {
    let mid = needed("sigmoid", "mid", config.mid, None)?;
    let width = needed("sigmoid", "width", config.width, None)?;
    if width != 0.0 {
        return Ok(Shape::Sigmoid { mid, width });
    }
    Err(SettingError::at("width", "a `sigmoid` of width 0 is no number at its middle")
        .hint("give a small width, such as 0.01 of the range of scores"))
}
