//! The page of the comparison: ratios first, then the numbers behind them, then the machine.

use super::cells::{Cell, Mode};
use super::record::{Field, Group, Run};
use super::systems::{Systems, Which, cores};
use super::{CAP, TV};

/// Where the numbers come from.
pub struct Machine {
    cpu: String,
    cores: usize,
    instructions: &'static str,
}

impl Machine {
    /// What Linux says of the machine; elsewhere only the number of cores is known.
    pub fn read() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let flags = line(&cpuinfo, "flags").unwrap_or_default();
        let has = |flag| flags.split(' ').any(|f| f == flag);
        Self {
            cpu: line(&cpuinfo, "model name").unwrap_or("unknown CPU").to_owned(),
            cores: cores(),
            instructions: match (has("avx512f"), has("avx2")) {
                (true, _) => "AVX-512",
                (_, true) => "AVX2",
                _ => "neither AVX2 nor AVX-512",
            },
        }
    }
}

/// What follows `name` and a colon in the first line that begins with it.
fn line<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|l| Some(l.strip_prefix(name)?.trim_start().strip_prefix(':')?.trim()))
}

/// The groups of a cell, in the order headwater, torchgfn, gfnx; none where a system has no such task or failed.
struct Row<'a> {
    cell: &'a Cell,
    groups: [Option<Group<'a>>; 3],
}

const ORDER: [Which; 3] = [Which::Headwater, Which::Torchgfn, Which::Gfnx];

impl Row<'_> {
    fn medians(&self, field: Field) -> [Option<f64>; 3] {
        [0, 1, 2].map(|i| self.groups[i].as_ref().and_then(|g| g.median(field)))
    }

    /// Us and the peer that is better by some measure.
    fn rivals(&self, good: impl Fn(&Group<'_>) -> f64) -> Option<(&Group<'_>, &Group<'_>, &'static str)> {
        let [ours, peers @ ..] = &self.groups;
        let peers = peers.iter().zip(&ORDER[1..]).filter_map(|(g, which)| Some((g.as_ref()?, which.name())));
        let (peer, name) = peers.max_by(|a, b| good(a.0).total_cmp(&good(b.0)))?;
        Some((ours.as_ref()?, peer, name))
    }

    /// As [`Row::rivals`], by what the cell is about.
    fn main_rivals(&self) -> Option<(&Group<'_>, &Group<'_>, &'static str)> {
        self.rivals(|g| g.goodness(self.cell.mode))
    }
}

/// The whole page.
pub fn write(cells: &[Cell], runs: &[Run], systems: &Systems, machine: &Machine, repeats: usize) -> String {
    let row = |cell| Row { cell, groups: ORDER.map(|which| Group::new(runs, cell, which)) };
    let rows: Vec<Row<'_>> = cells.iter().map(row).collect();
    let mut out = format!(
        "# Speed\n\n\
         Written by `cargo xtask bench-peers`: Headwater beside torchgfn and gfnx on one machine, the three in turn, cell by\n\
         cell. Every number is the median of {repeats} processes; the raw numbers are in [speed.csv](speed.csv).\n\n"
    );
    out.push_str(&ratios(&rows));
    out.push_str(&rates(&rows));
    out.push_str(&memory(&rows));
    out.push_str(&times(&rows));
    out.push_str(METHOD);
    let version_list: Vec<String> = systems.versions.iter().map(|v| format!("- {v}\n")).collect();
    out.push_str(&format!(
        "\n## Machine\n\n- {}, {} cores, {}\n- other processes had {:.1} cores during the worst run\n{}\n\
         `cargo xtask bench-peers --repeats {repeats}` measures again; `--cells NAME` only the cells whose names contain NAME.\n",
        machine.cpu,
        machine.cores,
        machine.instructions,
        runs.iter().map(|r| r.others).fold(0.0, f64::max),
        version_list.concat()
    ));
    out
}

/// How the numbers were taken.
const METHOD: &str = "\
## How it was measured

- **Training.** Everywhere two hidden layers of 256 units, P_B learned on the same trunk (strings of bases need none),
  Adam with rate 0.001, rate 0.1 for log Z from 0 on, on-policy, R₀ = 0.001 on grids, λ = 0.9 for SubTB, σ = 0.1 on Ising
  lattices. 50 updates warm up and the next 300 are timed. A slow peer stops warming up after 2 s; it stops its timed
  updates after 2 s, if there are 100 of them by then, and after 3 s in any case. Where all trajectories are equally
  long, Headwater's timed updates are 100, and as many more as fit into a second.
- **Transitions** are edges walked, and stops where stopping is a choice. Padding does not count, nor does a stop that
  is forced. Policies drift apart as they learn, and trajectories with them: the mean lengths are in the tables.
- **Threads.** Headwater has two. Each peer is tried with one and with two and has the better, which the table names.
- **torchgfn** keeps the log-probabilities of sampling where its objective can use them. **gfnx** runs its updates in one
  compiled loop without logging; compilation is in the time to the first update and in no other.
- **Networks see what is usual for each library**: on bits and lattices the peers' networks get one number per word or
  spin, Headwater's one of several inputs. That makes theirs smaller.
- **Time to quality** is seconds of training until the exact total variation distance is at most 0.05 for the first time,
  asked every 100 updates. Headwater has `configs/bench/quality-4x8.toml`, and its seconds include the evaluations.
  torchgfn has the settings of its example on grids (three layers, AdamW, replay), gfnx those of its baseline on grids
  (the same as above). Both have batches of 16. A peer is given up after 120 s, and then not run again.
";

fn ratios(rows: &[Row<'_>]) -> String {
    let mut out = String::from(
        "How many times as fast as the better peer; for time and memory, how many times less is needed. Rates are compared\n\
         in transitions and, since lengths differ, in trajectories.\n\n\
         | what | case | batch | ratio | in trajectories | better peer |\n|---|---|---:|---:|---:|---|\n",
    );
    for row in rows {
        match row.cell.mode {
            Mode::Train => out.push_str(&rate_ratio("training", row)),
            Mode::Sample => out.push_str(&rate_ratio("sampling", row)),
            Mode::Start => {
                out.push_str(&saving("start to first update", row, Field::StartToFirstUpdateS));
                out.push_str(&saving("memory at first update", row, Field::PeakRssBytes));
            }
            Mode::Quality => out.push_str(&saving("time to quality", row, Field::Seconds)),
        }
    }
    out
}

fn rate_ratio(what: &str, row: &Row<'_>) -> String {
    let rivals = row.main_rivals();
    let of = |rate: fn(&Group<'_>) -> Option<f64>| {
        shown(rivals.as_ref().and_then(|(a, b, _)| Some(rate(a)? / rate(b)?)), |x| format!("{}×", digits(x)))
    };
    let transitions = of(|g| g.median(Field::TransitionsPerS));
    let trajectories = of(|g| Some(g.median(Field::TransitionsPerS)? / g.median(Field::MeanLen)?));
    let peer = rivals.as_ref().map_or("–", |r| r.2);
    format!(
        "| {what} | {} | {} | {transitions} | {trajectories} | {peer} |\n",
        row.cell.title,
        batch(row.cell)
    )
}

/// A peer that gave up would need more than it had.
fn saving(what: &str, row: &Row<'_>, field: Field) -> String {
    let rivals = match field {
        Field::PeakRssBytes => row.rivals(|g| -g.median(field).unwrap_or(f64::INFINITY)),
        _ => row.main_rivals(),
    };
    let ratio = rivals.as_ref().and_then(|(ours, peer, _)| Some(peer.median(field)? / ours.median(field)?));
    let more = if rivals.as_ref().is_some_and(|(_, peer, _)| peer.gave_up()) { "> " } else { "" };
    let ratio = shown(ratio, |x| format!("{more}{}×", digits(x)));
    let peer = rivals.as_ref().map_or("–", |r| r.2);
    format!("| {what} | {} | {} | {ratio} | | {peer} |\n", row.cell.title, batch(row.cell))
}

fn rates(rows: &[Row<'_>]) -> String {
    let mut out = String::new();
    for (mode, title) in [(Mode::Train, "Training"), (Mode::Sample, "Sampling from a fresh policy")] {
        let mut rows = rows.iter().filter(|r| r.cell.mode == mode).peekable();
        if rows.peek().is_none() {
            continue;
        }
        out.push_str(&format!(
            "\n## {title}\n\nTransitions per second; a peer's threads in brackets; mean lengths of trajectories in the same \
             order.\n\n| case | batch | headwater | torchgfn | gfnx | mean lengths |\n|---|---:|---:|---:|---:|---|\n"
        ));
        for row in rows {
            let xs = row.medians(Field::TransitionsPerS);
            let cells = [0, 1, 2].map(|i| match (xs[i], &row.groups[i]) {
                (Some(x), Some(_)) if i == 0 => thousands(x),
                (Some(x), Some(group)) => format!("{} ({})", thousands(x), group.threads),
                _ => "–".to_owned(),
            });
            let lengths = row.medians(Field::MeanLen).map(|x| shown(x, |x| format!("{x:.1}")));
            out.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                row.cell.title,
                batch(row.cell),
                cells.join(" | "),
                lengths.join(", ")
            ));
        }
    }
    out
}

fn memory(rows: &[Row<'_>]) -> String {
    let mut out = String::new();
    for row in rows.iter().filter(|r| r.cell.mode == Mode::Start) {
        let seconds = row.medians(Field::StartToFirstUpdateS).map(|x| shown(x, |x| format!("{x:.3} s")));
        let peak = row.medians(Field::PeakRssBytes).map(|x| shown(x, |x| megabytes(x) + " MB"));
        out.push_str(&format!(
            "\n## Start\n\nFrom the start of the process to the end of the first update, {}, batch {}.\n\n\
             | | headwater | torchgfn | gfnx |\n|---|---:|---:|---:|\n| time | {} |\n| peak memory | {} |\n",
            row.cell.title,
            batch(row.cell),
            seconds.join(" | "),
            peak.join(" | ")
        ));
    }
    let mut rows = rows.iter().filter(|r| r.cell.mode == Mode::Train).peekable();
    if rows.peek().is_some() {
        out.push_str(
            "\n## Memory\n\nPeak resident memory of training, in MB of 10⁶ bytes.\n\n\
             | case | batch | headwater | torchgfn | gfnx |\n|---|---:|---:|---:|---:|\n",
        );
    }
    for row in rows {
        let peak = row.medians(Field::PeakRssBytes).map(|x| shown(x, megabytes));
        out.push_str(&format!("| {} | {} | {} |\n", row.cell.title, batch(row.cell), peak.join(" | ")));
    }
    out
}

fn times(rows: &[Row<'_>]) -> String {
    let mut out = String::new();
    for row in rows.iter().filter(|r| r.cell.mode == Mode::Quality) {
        let tv = row.medians(Field::Tv);
        let updates = row.medians(Field::Iterations).map(|x| shown(x, thousands));
        let seconds = row.medians(Field::Seconds);
        let times = [0, 1, 2].map(|i| match (&row.groups[i], seconds[i], tv[i]) {
            (Some(group), Some(_), Some(tv)) if group.gave_up() => {
                format!("> {CAP:.0} s, TV {tv:.3} by then")
            }
            (Some(_), Some(s), Some(_)) => format!("{s:.1} s"),
            _ => "–".to_owned(),
        });
        out.push_str(&format!(
            "\n## Time to quality\n\nTraining until TV ≤ {TV}, {}.\n\n\
             | | headwater | torchgfn | gfnx |\n|---|---:|---:|---:|\n| time | {} |\n| updates | {} |\n",
            row.cell.title,
            times.join(" | "),
            updates.join(" | ")
        ));
    }
    out.push('\n');
    out
}

fn batch(cell: &Cell) -> String {
    if cell.batch == 0 { String::new() } else { cell.batch.to_string() }
}

fn shown(x: Option<f64>, show: impl Fn(f64) -> String) -> String {
    x.map_or_else(|| "–".to_owned(), show)
}

fn megabytes(x: f64) -> String {
    format!("{:.0}", x / 1e6)
}

/// Two or three significant digits.
fn digits(x: f64) -> String {
    if x < 10.0 { format!("{x:.1}") } else { format!("{x:.0}") }
}

/// A whole number with commas.
fn thousands(x: f64) -> String {
    let digits = format!("{x:.0}");
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::{THREADS, cells};

    fn runs(cell: &Cell, numbers: &[(Which, &str)]) -> Vec<Run> {
        numbers.iter().map(|(which, json)| Run::new(cell, *which, THREADS, 0, json).unwrap()).collect()
    }

    fn row<'a>(cell: &'a Cell, runs: &'a [Run]) -> Row<'a> {
        Row { cell, groups: ORDER.map(|which| Group::new(runs, cell, which)) }
    }

    #[test]
    fn ratios_are_against_the_better_peer() {
        let cell = &cells::all()[0];
        let rate = [
            (Which::Headwater, "{\"transitions_per_s\": 400000, \"mean_len\": 4.25}"),
            (Which::Torchgfn, "{\"transitions_per_s\": 5000, \"mean_len\": 5}"),
            (Which::Gfnx, "{\"transitions_per_s\": 16000, \"mean_len\": 5}"),
        ];
        let all = runs(cell, &rate);
        assert!(ratios(&[row(cell, &all)]).ends_with("| training | 8² grid, TB | 16 | 25× | 29× | gfnx |\n"));
        let table = rates(&[row(cell, &all)]);
        assert!(table.ends_with("| 400,000 | 5,000 (2) | 16,000 (2) | 4.2, 5.0, 5.0 |\n"), "{table}");
        let table = ratios(&[row(cell, &all[..2])]);
        assert!(table.ends_with("| 80× | 94× | torchgfn |\n"), "{table}");
        assert!(ratios(&[row(cell, &all[..1])]).ends_with("| – | – | – |\n"));
    }

    #[test]
    fn time_and_memory_have_better_peers_of_their_own() {
        let cells = cells::all();
        let cell = cells.iter().find(|c| c.mode == Mode::Start).unwrap();
        let start = [
            (Which::Headwater, "{\"start_to_first_update_s\": 0.01, \"peak_rss_bytes\": 1e7}"),
            (Which::Torchgfn, "{\"start_to_first_update_s\": 3, \"peak_rss_bytes\": 8e8}"),
            (Which::Gfnx, "{\"start_to_first_update_s\": 5, \"peak_rss_bytes\": 4e8}"),
        ];
        let all = runs(cell, &start);
        let table = ratios(&[row(cell, &all)]);
        let lines: Vec<&str> = table.lines().rev().take(2).collect();
        assert!(
            lines[1].ends_with("| 300× | | torchgfn |") && lines[0].ends_with("| 40× | | gfnx |"),
            "{table}"
        );
        assert!(memory(&[row(cell, &all)]).contains("| peak memory | 10 MB | 800 MB | 400 MB |"));
    }

    #[test]
    fn less_time_is_better_and_the_cap_is_a_bound() {
        let cells = cells::all();
        let cell = cells.iter().find(|c| c.mode == Mode::Quality).unwrap();
        let time = [
            (Which::Headwater, "{\"seconds\": 2.0, \"tv\": 0.04}"),
            (Which::Torchgfn, "{\"seconds\": 121.0, \"tv\": 0.3}"),
            (Which::Gfnx, "{\"seconds\": 120.5, \"tv\": 0.4}"),
        ];
        let mut all = runs(cell, &time);
        assert!(ratios(&[row(cell, &all)]).ends_with("| > 60× | | torchgfn |\n"));
        assert!(
            times(&[row(cell, &all)]).contains("| 2.0 s | > 120 s, TV 0.300 by then | > 120 s, TV 0.400")
        );
        all[2] = runs(cell, &[(Which::Gfnx, "{\"seconds\": 30.0, \"tv\": 0.05}")]).remove(0);
        assert!(ratios(&[row(cell, &all)]).ends_with("| 15× | | gfnx |\n"));
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([999.4, 1000.0, 1_234_567.0].map(thousands), ["999", "1,000", "1,234,567"]);
        assert_eq!([1.26, 9.94, 24.4].map(digits), ["1.3", "9.9", "24"]);
    }

    #[test]
    fn the_machine_is_read_from_lines_with_colons() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel\t\t: 7\nflags\t\t: fpu avx2\n";
        assert_eq!(line(text, "model name"), Some("Some CPU @ 2 GHz"));
        assert_eq!((line(text, "flags"), line(text, "cores")), (Some("fpu avx2"), None));
    }
}
