//! A comparison on disk: contestants and seeds under one budget, every finished curve a file, so that nothing is
//! played twice.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use headwater_report::{Chart, Line};
use headwater_rivals::{Spent, Standing};
use serde_json::{Value as Json, json};

use crate::atomic::sweep;
use crate::contest::{Point, Terms, play, spendable};
use crate::lock::lock_dir;
use crate::seeds::OverSeeds;
use crate::{Checked, Problem, Problems, RunError, write_atomic};

/// A method under one configuration, with every seed it is played with.
pub struct Entrant {
    /// Its name, unlike those of the others.
    pub name: String,
    /// Its configurations, which differ in their seeds alone.
    pub seeds: Vec<(u64, Checked)>,
}

/// A number that is compared.
pub struct Metric {
    /// Its name in tables.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// From a point of a curve; `None` where it is not known.
    pub of: fn(&Point) -> Option<f64>,
}

/// What is compared, in the order of the columns.
pub const METRICS: &[Metric] = &[
    Metric { name: "tv_policy", title: "total variation of the policy, exact", of: |p| p.tv_policy },
    Metric {
        name: "tv_empirical",
        title: "total variation of the last objects",
        of: |p| p.standing.tv_empirical,
    },
    Metric { name: "modes", title: "modes found", of: |p| of_some(p, p.standing.modes? as f64) },
    Metric { name: "distinct", title: "distinct objects found", of: |p| Some(p.standing.distinct as f64) },
    Metric {
        name: "best_log_reward",
        title: "largest log R found",
        of: |p| of_some(p, p.standing.best_log_reward),
    },
    Metric {
        name: "top_log_reward",
        title: "mean log R of the best objects",
        of: |p| of_some(p, p.standing.top_log_reward),
    },
    Metric {
        name: "top_distance",
        title: "mean distance of the best objects",
        of: |p| of_some(p, p.standing.top_distance),
    },
    Metric {
        name: "circles",
        title: "best objects far from each other",
        of: |p| of_some(p, p.standing.circles as f64),
    },
    Metric { name: "ess", title: "effective sample size of the chains", of: |p| Some(p.mixing?.0) },
    Metric { name: "r_hat", title: "R̂ of the chains, 1 if they agree", of: |p| Some(p.mixing?.1) },
    Metric { name: "transitions", title: "transitions walked", of: |p| Some(p.spent.transitions as f64) },
    Metric { name: "reward_calls", title: "reward calls", of: |p| Some(p.spent.reward_calls as f64) },
    Metric { name: "seconds", title: "seconds", of: |p| Some(p.seconds) },
];

/// A number that is only one where something was found.
fn of_some(p: &Point, x: f64) -> Option<f64> {
    (p.standing.distinct > 0).then_some(x)
}

/// Columns of a curve's file.
const CURVE: &str = "objects,transitions,reward_calls,seconds,tv_policy,tv_empirical,modes,distinct,best_log_reward,\
                     top_log_reward,top_distance,circles,ess,r_hat";

/// A comparison and the directory that it is kept in.
pub struct Comparison {
    dir: PathBuf,
    entrants: Vec<Entrant>,
    terms: Terms,
    /// No other process may play the same curves meanwhile.
    _lock: File,
}

/// A curve has come to its next point.
pub struct News<'a> {
    /// The entrant.
    pub name: &'a str,
    /// The seed.
    pub seed: u64,
    /// The point.
    pub last: &'a Point,
    /// Points of this curve so far, and all of them; when they are equal the curve is kept.
    pub points: (usize, usize),
    /// Curves finished so far, and all of them.
    pub curves: (usize, usize),
}

impl Comparison {
    /// Opens the directory of a comparison, or makes it, and removes what a killed process left half done.
    ///
    /// # Errors
    /// If it holds another comparison, is in use by another process, or cannot be written, or if somebody would never
    /// spend the budget.
    pub fn open(dir: &Path, entrants: Vec<Entrant>, terms: Terms) -> Result<Self, Problem> {
        for (_, checked) in entrants.iter().flat_map(|e| &e.seeds) {
            spendable(checked, terms.budget.unit)?;
        }
        let cells = dir.join("curves");
        let io = |action, path: &Path| {
            let path = path.to_owned();
            move |source| Problem::from(&RunError::Io { action, path, source })
        };
        fs::create_dir_all(&cells).map_err(io("create", &cells))?;
        let lock = lock_dir(dir).map_err(|e| Problem::from(&e))?;
        sweep(dir);
        sweep(&cells);
        let description = describe(&entrants, &terms);
        let file = dir.join("comparison.json");
        match fs::read_to_string(&file) {
            Ok(old) if old == description => {}
            Ok(_) => {
                return Err(Problem::new(format!("`{}` holds another comparison", dir.display())).hint(
                    "name another directory with `--out`, or repeat what it was begun with".to_owned(),
                ));
            }
            Err(_) => write_atomic(&file, description.as_bytes()).map_err(|e| Problem::from(&e))?,
        }
        for entrant in &entrants {
            let config = dir.join(format!("{}.toml", entrant.name));
            if let Some((_, checked)) = entrant.seeds.first() {
                write_atomic(&config, checked.resolved().as_bytes()).map_err(|e| Problem::from(&e))?;
            }
        }
        Ok(Self { dir: dir.to_owned(), entrants, terms, _lock: lock })
    }

    /// Plays what has not been played, on so many threads at a time, and says whether everything has been played:
    /// `stop` ends it early, and what is finished by then is kept. `hear` is called at every point of every curve.
    ///
    /// # Errors
    /// If a configuration cannot be built, a reward fails, or a file cannot be written; the other curves are kept.
    pub fn run(
        &self,
        jobs: usize,
        stop: &AtomicBool,
        hear: &(dyn Fn(News<'_>) + Sync),
    ) -> Result<bool, Problems> {
        let all: Vec<(&str, u64, &Checked)> = self
            .entrants
            .iter()
            .flat_map(|e| e.seeds.iter().map(|(seed, checked)| (e.name.as_str(), *seed, checked)))
            .collect();
        let open: Vec<_> = all.iter().filter(|(name, seed, _)| self.curve(name, *seed).is_none()).collect();
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(all.len() - open.len()));
        let failed: Mutex<Option<Problems>> = Mutex::new(None);
        let work = || {
            while let Some((name, seed, checked)) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
                let tell = |last: &Point, i: usize, done: usize| {
                    let (points, curves) = ((i, self.terms.points), (done, all.len()));
                    hear(News { name, seed: *seed, last, points, curves });
                };
                let mut reached = |i: usize, last: &Point| {
                    if i < self.terms.points {
                        tell(last, i, done.load(Ordering::Relaxed));
                    }
                };
                let played = play(checked, &self.terms, stop, &mut reached).and_then(|curve| {
                    let Some(curve) = curve else { return Ok(()) };
                    self.keep(name, *seed, &curve).map_err(|e| Problems::from(Problem::from(&e)))?;
                    let done = 1 + done.fetch_add(1, Ordering::Relaxed);
                    if let Some(last) = curve.last() {
                        tell(last, curve.len(), done);
                    }
                    Ok(())
                });
                if let Err(problems) = played {
                    stop.store(true, Ordering::Relaxed);
                    failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(problems);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..jobs.min(open.len()) {
                scope.spawn(work);
            }
            work();
        });
        match failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(problems) => Err(problems),
            None => Ok(done.into_inner() == all.len()),
        }
    }

    /// Every curve that is finished, entrant by entrant.
    pub fn results(&self) -> Vec<Reached> {
        let curves = |e: &Entrant| {
            let curve = |(seed, _): &(u64, Checked)| Some((*seed, self.curve(&e.name, *seed)?));
            e.seeds.iter().filter_map(curve).collect()
        };
        self.entrants.iter().map(|e| Reached { name: e.name.clone(), curves: curves(e) }).collect()
    }

    /// Writes `curves.csv`, `summary.csv` and a picture of every metric from what is finished. The interval of a mean is
    /// left empty where it is of one seed.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, results: &[Reached]) -> Result<(), RunError> {
        let mut curves = format!("method,seed,{CURVE}\n");
        let mut summary = "method,seeds,metric,mean,low,high\n".to_owned();
        for result in results {
            let name = quoted(&result.name);
            for (seed, point) in
                result.curves.iter().flat_map(|(seed, curve)| curve.iter().map(move |p| (seed, p)))
            {
                writeln!(curves, "{name},{seed},{}", row(point)).expect("a string takes any text");
            }
            for metric in METRICS {
                let Some(over) = result.at_end(metric) else { continue };
                let (low, high) = over
                    .interval()
                    .map_or_else(Default::default, |(low, high)| (low.to_string(), high.to_string()));
                let (n, mean) = (over.n, over.mean);
                writeln!(summary, "{name},{n},{},{mean},{low},{high}", metric.name)
                    .expect("a string takes any text");
            }
        }
        write_atomic(&self.dir.join("curves.csv"), curves.as_bytes())?;
        write_atomic(&self.dir.join("summary.csv"), summary.as_bytes())?;
        for metric in METRICS {
            if let Some(chart) = self.chart(results, metric) {
                write_atomic(&self.dir.join(format!("{}.svg", metric.name)), chart.svg().as_bytes())?;
            }
        }
        Ok(())
    }

    /// The means of a metric over the budget, with their 95 % intervals over seeds as bands; `None` if nobody has it.
    fn chart(&self, results: &[Reached], metric: &Metric) -> Option<Chart> {
        let budget = self.terms.budget;
        let lines: Vec<Line> = results
            .iter()
            .map(|result| {
                let points = (0..self.terms.points).filter_map(|i| {
                    let over = result.at(metric, i)?;
                    let (low, high) = over.interval().unwrap_or((over.mean, over.mean));
                    let x = budget.amount * (i + 1) as f64 / self.terms.points as f64;
                    Some([x, over.mean, low, high])
                });
                Line::new(format!("{} (n = {})", result.name, result.curves.len()), points.collect())
            })
            .filter(|line| !line.points.is_empty())
            .collect();
        let bands = if results.iter().any(|r| r.curves.len() > 1) {
            " (bands: 95 % intervals of means over n seeds)"
        } else {
            ""
        };
        (!lines.is_empty()).then(|| Chart {
            title: metric.title.to_owned(),
            x: format!("{}{bands}", budget.unit.name().replace('-', " ")),
            log: false,
            lines,
        })
    }

    fn path(&self, name: &str, seed: u64) -> PathBuf {
        self.dir.join("curves").join(format!("{name}-{seed}.csv"))
    }

    fn keep(&self, name: &str, seed: u64, curve: &[Point]) -> Result<(), RunError> {
        let mut text = format!("{CURVE}\n");
        curve.iter().for_each(|point| text += &(row(point) + "\n"));
        write_atomic(&self.path(name, seed), text.as_bytes())
    }

    /// A finished curve; `None` if there is none, or not a whole one.
    fn curve(&self, name: &str, seed: u64) -> Option<Vec<Point>> {
        let text = fs::read_to_string(self.path(name, seed)).ok()?;
        let mut lines = text.lines();
        if lines.next() != Some(CURVE) {
            return None;
        }
        let curve: Vec<Point> = lines.map(point).collect::<Option<_>>()?;
        (curve.len() == self.terms.points).then_some(curve)
    }
}

/// What an entrant has reached.
pub struct Reached {
    /// The entrant.
    pub name: String,
    /// Its finished curves, each with its seed.
    pub curves: Vec<(u64, Vec<Point>)>,
}

impl Reached {
    /// A metric at the end of the budget, over the seeds that have it; `None` if none has.
    pub fn at_end(&self, metric: &Metric) -> Option<OverSeeds> {
        self.at(metric, self.curves.first()?.1.len().checked_sub(1)?)
    }

    fn at(&self, metric: &Metric, i: usize) -> Option<OverSeeds> {
        let values: Vec<f64> =
            self.curves.iter().filter_map(|(_, curve)| (metric.of)(curve.get(i)?)).collect();
        OverSeeds::of(&values)
    }
}

/// A name as a cell of CSV.
fn quoted(name: &str) -> Cow<'_, str> {
    if name.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\"")).into()
    } else {
        name.into()
    }
}

/// What a comparison is, so that another one is not mistaken for it.
fn describe(entrants: &[Entrant], terms: &Terms) -> String {
    let entrants: Vec<Json> = entrants
        .iter()
        .map(|e| {
            let seeds: Vec<Json> = e
                .seeds
                .iter()
                .map(|(seed, c)| json!({"seed": seed, "fingerprint": c.fingerprint(&[])}))
                .collect();
            json!({"name": e.name, "seeds": seeds})
        })
        .collect();
    let Terms { budget, points, window, top, radius } = terms;
    let json = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "budget": {"unit": budget.unit.name(), "amount": budget.amount},
        "points": points, "window": window, "top": top, "radius": radius,
        "entrants": entrants,
    });
    format!("{json:#}\n")
}

fn row(p: &Point) -> String {
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
    let s = &p.standing;
    format!(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
        p.spent.objects,
        p.spent.transitions,
        p.spent.reward_calls,
        p.seconds,
        number(p.tv_policy),
        number(s.tv_empirical),
        s.modes.map_or_else(String::new, |n| n.to_string()),
        s.distinct,
        s.best_log_reward,
        s.top_log_reward,
        s.top_distance,
        s.circles,
        number(p.mixing.map(|m| m.0)),
        number(p.mixing.map(|m| m.1))
    )
}

/// A row read back.
fn point(line: &str) -> Option<Point> {
    let cells: Vec<&str> = line.split(',').collect();
    let [
        objects,
        transitions,
        calls,
        seconds,
        tv_policy,
        tv_empirical,
        modes,
        distinct,
        best,
        top,
        distance,
        circles,
        ess,
        r_hat,
    ] = cells[..]
    else {
        return None;
    };
    let maybe = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
    Some(Point {
        spent: Spent {
            objects: objects.parse().ok()?,
            transitions: transitions.parse().ok()?,
            reward_calls: calls.parse().ok()?,
        },
        seconds: seconds.parse().ok()?,
        tv_policy: maybe(tv_policy)?,
        mixing: maybe(ess)?.zip(maybe(r_hat)?),
        standing: Standing {
            tv_empirical: maybe(tv_empirical)?,
            modes: if modes.is_empty() { None } else { Some(modes.parse().ok()?) },
            distinct: distinct.parse().ok()?,
            best_log_reward: best.parse().ok()?,
            top_log_reward: top.parse().ok()?,
            top_distance: distance.parse().ok()?,
            circles: circles.parse().ok()?,
        },
    })
}
