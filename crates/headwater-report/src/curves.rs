//! What changed while training: a picture per number, seeds as bands.

use std::collections::BTreeMap;

use crate::columns::Columns;
use crate::data::{Group, Run};
use crate::figure::{Figure, Plot};
use crate::plot::{Chart, Line};
use crate::thin;

/// Points of all lines of a picture, at most.
const POINTS: usize = 2400;

/// Where a number comes from.
enum Source {
    /// A row for every so many updates.
    Steps(&'static str),
    /// A row per evaluation.
    Metrics(&'static str),
    /// Edges trained on per second between evaluations.
    Speed,
}

/// A picture of one number.
struct Curve {
    id: &'static str,
    title: &'static str,
    from: Source,
    log: bool,
    caption: &'static str,
}

const CURVES: &[Curve] = &[
    Curve {
        id: "loss",
        title: "loss",
        from: Source::Steps("loss"),
        log: true,
        caption: "The loss of single updates. It is noisy, and says little of the distance to the target.",
    },
    Curve {
        id: "tv",
        title: "total variation, exact",
        from: Source::Metrics("tv"),
        log: true,
        caption: "The share of probability that is in the wrong place: 0 is a perfect sampler, 1 the worst.",
    },
    Curve {
        id: "jsd",
        title: "Jensen–Shannon divergence, nats, exact",
        from: Source::Metrics("jsd"),
        log: true,
        caption: "0 is a perfect sampler, ln 2 = 0.693 the worst.",
    },
    Curve {
        id: "spearman",
        title: "rank correlation of log p and log R, estimated",
        from: Source::Metrics("spearman_estimate"),
        log: false,
        caption: "Spearman's, estimated on objects of the policy and of uniform play: 1 if better objects \
             are always likelier.",
    },
    Curve {
        id: "pearson",
        title: "correlation of log p and log R, exact",
        from: Source::Metrics("pearson"),
        log: false,
        caption: "Pearson's, over all objects: 1 if log p is log R and a constant.",
    },
    Curve {
        id: "pearson-estimate",
        title: "correlation of log p and log R, estimated",
        from: Source::Metrics("pearson_estimate"),
        log: false,
        caption: "Pearson's, on objects of the policy and of uniform play: 1 if log p is log R and a constant.",
    },
    Curve {
        id: "ess",
        title: "effective sample size, as a share",
        from: Source::Metrics("ess"),
        log: false,
        caption: "What weighted samples are worth beside independent draws from the target: 1 is a perfect \
             sampler.",
    },
    Curve {
        id: "modes",
        title: "modes found",
        from: Source::Metrics("modes"),
        log: false,
        caption: "Distinct objects with a reward near the largest that were met while training.",
    },
    Curve {
        id: "reward",
        title: "mean log R of a batch",
        from: Source::Steps("log_reward_mean"),
        log: false,
        caption: "The mean log R of the objects that were trained on. A sampler in proportion to R does not \
             maximise it.",
    },
    Curve {
        id: "reward-ratio",
        title: "mean reward, over the target's",
        from: Source::Metrics("mean_reward_ratio"),
        log: false,
        caption: "The sampler's mean R divided by that of the target, exact: 1 is a perfect sampler.",
    },
    Curve {
        id: "entropy",
        title: "entropy of a choice, nats",
        from: Source::Steps("entropy"),
        log: false,
        caption: "The mean entropy of the policy where it has a choice. If it falls to 0 early, the policy \
             has stopped looking.",
    },
    Curve {
        id: "length",
        title: "mean length of trajectories",
        from: Source::Steps("mean_len"),
        log: false,
        caption: "Edges from the initial state to the object.",
    },
    Curve {
        id: "gradient",
        title: "norm of the gradient",
        from: Source::Steps("grad_norm"),
        log: true,
        caption: "Of single updates, before it is clipped.",
    },
    Curve {
        id: "speed",
        title: "transitions per second",
        from: Source::Speed,
        log: false,
        caption: "Edges trained on per second between two evaluations, which take their own time.",
    },
];

/// The pictures of what changed while these runs were training; what none of them has is left out.
pub fn curves(groups: &[Group]) -> Vec<Figure> {
    let mut out: Vec<Figure> = CURVES.iter().filter_map(|curve| figure(curve, groups)).collect();
    if let Some(log_z) = log_z(groups) {
        let at = usize::from(out.first().is_some_and(|f| f.id == "loss"));
        out.insert(at, log_z);
    }
    out
}

fn figure(curve: &Curve, groups: &[Group]) -> Option<Figure> {
    let raw: Vec<(&Group, Vec<[f64; 4]>)> = groups
        .iter()
        .map(|g| {
            let runs: Vec<_> = g.runs.iter().filter_map(|run| series(&curve.from, run)).collect();
            (g, over_seeds(&runs))
        })
        .filter(|(_, points)| !points.is_empty())
        .collect();
    let (lines, thinned) = thinned(&raw);
    if lines.is_empty() {
        return None;
    }
    let chart = Chart { title: curve.title.to_owned(), x: "updates".to_owned(), log: curve.log, lines };
    let caption = format!("{}{}{}", curve.caption, seeds(groups), thinned);
    Some(Figure::new(curve.id, caption, Plot::Lines(chart)))
}

/// What is to be said of bands.
fn seeds(groups: &[Group]) -> &'static str {
    match groups.iter().any(|g| g.runs.len() > 1) {
        true => " Lines are means over seeds, bands reach from the lowest to the highest.",
        false => "",
    }
}

/// The lines of the groups, and what is to be said of those that were thinned.
fn thinned(raw: &[(&Group, Vec<[f64; 4]>)]) -> (Vec<Line>, String) {
    let most = (POINTS / raw.len().max(1)).clamp(60, 1000);
    let (mut lines, mut of) = (Vec::new(), 0);
    for (group, points) in raw {
        let few = if group.runs.len() > 1 { thin::band(points, most) } else { thin::line(points, most) };
        of = of.max(if few.len() < points.len() { points.len() } else { 0 });
        lines.push(Line::new(group.name.clone(), few));
    }
    let said = match of {
        0 => String::new(),
        n => format!(" Thinned from {n} points to at most {most}; lowest and highest values are kept."),
    };
    (lines, said)
}

/// Updates and numbers of a run; `None` if it has none.
fn series(from: &Source, run: &Run) -> Option<Vec<[f64; 2]>> {
    let of = |columns: &Columns, name| Some(columns.curve(name)).filter(|points| !points.is_empty());
    match from {
        Source::Steps(name) => of(&run.steps, name),
        Source::Metrics(name) => of(&run.metrics, name),
        Source::Speed => {
            let m = &run.metrics;
            let [x, edges, seconds] = ["step", "transitions", "wall_s"].map(|name| m.column(name));
            if edges.is_empty() || seconds.is_empty() {
                return None;
            }
            let rate = |i: usize| {
                let (edges, seconds) = match i {
                    0 => (edges[0], seconds[0]),
                    _ => (edges[i] - edges[i - 1], seconds[i] - seconds[i - 1]),
                };
                [x[i], edges / seconds]
            };
            // The clock starts anew when a run is resumed.
            let ok = |p: &[f64; 2]| p[1].is_finite() && p[1] > 0.0;
            Some((0..x.len()).map(rate).filter(ok).collect())
        }
    }
}

/// One line of several runs: at each update that most of them have, the mean, the lowest and the highest.
fn over_seeds(runs: &[Vec<[f64; 2]>]) -> Vec<[f64; 4]> {
    if let [one] = runs {
        return one.iter().map(|&[x, y]| [x, y, y, y]).collect();
    }
    let mut at: BTreeMap<u64, [f64; 4]> = BTreeMap::new();
    for &[x, y] in runs.iter().flatten() {
        let sum = at.entry(x as u64).or_insert([0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY]);
        *sum = [sum[0] + 1.0, sum[1] + y, sum[2].min(y), sum[3].max(y)];
    }
    let most = at.values().map(|s| s[0]).fold(0.0, f64::max);
    at.iter().filter(|(_, s)| s[0] == most).map(|(&x, s)| [x as f64, s[1] / s[0], s[2], s[3]]).collect()
}

/// Columns of log Z of one group, with their names in the legend.
const LOG_Z: &[(&str, &str)] = &[
    ("log_z_learned", "learned"),
    ("log_z_estimate", "estimated"),
    ("log_z_at_least", "at least"),
    ("elbo", "lower bound (ELBO)"),
    ("eubo", "upper bound (EUBO)"),
    ("elbo_estimate", "ELBO, estimated"),
];

/// log Z as learned, beside the truth and the exact bounds, or beside what samples say of it.
fn log_z(groups: &[Group]) -> Option<Figure> {
    let of = |group: &Group, name: &'static str| {
        let runs: Vec<_> = group.runs.iter().filter_map(|run| series(&Source::Metrics(name), run)).collect();
        over_seeds(&runs)
    };
    let mut lines = Vec::new();
    if let [group] = groups {
        lines.extend(LOG_Z.iter().map(|&(column, name)| Line::new(name, of(group, column))));
    } else {
        for group in groups {
            let learned = of(group, "log_z_learned");
            let estimate = || of(group, "log_z_estimate");
            let points = if learned.is_empty() { estimate() } else { learned };
            lines.push(Line::new(group.name.clone(), points));
        }
    }
    let truth = groups.iter().map(|g| of(g, "log_z_true")).find(|points| !points.is_empty());
    let known = truth.is_some();
    if let Some(points) = truth {
        let at = lines.len().min(1);
        lines.insert(at, Line { reference: true, ..Line::new("true", points) });
    }
    lines.retain(|line| !line.points.is_empty());
    if lines.is_empty() {
        return None;
    }
    let most = (POINTS / lines.len()).clamp(60, 1000);
    lines.iter_mut().for_each(|line| line.points = thin::band(&line.points, most));
    let what = match (known, groups.len() > 1) {
        (true, _) => "log Z as learned against the exact one; its bounds meet where the sampler is perfect.",
        (false, false) => {
            "log Z as learned, and what samples say of it: an estimate where the effective sample size is large enough \
             for one, and what it is at least (with 95 % confidence)."
        }
        (false, true) => "log Z as learned, or as estimated where the objective learns none.",
    };
    let chart = Chart { title: "log Z".to_owned(), x: "updates".to_owned(), log: false, lines };
    Some(Figure::new("log-z", format!("{what}{}", seeds(groups)), Plot::Lines(chart)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(shift: f64) -> Run {
        let step: Vec<f64> = (1..=4).map(|i| 10.0 * f64::from(i)).collect();
        let tv = step.iter().map(|s| shift + 1.0 / s).collect();
        let edges = step.iter().map(|s| 100.0 * s).collect();
        let columns =
            [("step", step), ("tv", tv), ("transitions", edges), ("wall_s", vec![1.0, 2.0, 0.5, 1.0])];
        let columns = columns.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
        Run { name: String::new(), steps: Columns::default(), metrics: Columns::new(columns) }
    }

    #[test]
    fn seeds_are_a_band_and_what_nobody_has_is_left_out() {
        let groups = [Group { name: "tb".to_owned(), runs: vec![run(0.0), run(0.2)] }];
        let figures = curves(&groups);
        let names: Vec<&str> = figures.iter().map(|f| f.id.as_str()).collect();
        assert_eq!(names, ["tv", "speed"]);
        assert_eq!(
            figures[0].csv(),
            "line,x,value,low,high\ntb,10,0.2,0.1,0.3\ntb,20,0.15,0.05,0.25\ntb,30,0.1333333,0.03333333,0.2333333\n\
             tb,40,0.125,0.025,0.225\n"
        );
        assert!(figures[0].caption.contains("bands reach"));
        // The clock that started anew at 30 gives no speed there.
        assert_eq!(figures[1].csv().lines().count(), 1 + 3);
        assert!(curves(&[]).is_empty());
    }
}
