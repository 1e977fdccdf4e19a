//! Time and memory of a large table: `cargo bench -p headwater-rewards` (10⁷ rows), or with another number after `--`.
//!
//! Writes CSV in memory, `object,score` with strings of twelve letters in random order, reads it as a table, and asks for
//! the scores of other random orders. All on one thread.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use headwater_core::settings::{File, Value, defaults};
use headwater_core::{Key, Settings};
use headwater_rewards::{Objects, Oracle, Table, TableConfig};

/// Letters of a string.
const LEN: u32 = 12;

fn main() {
    let n = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(10_000_000u32);
    let file = File::new("bench.csv", csv(n));
    println!("file       {n} rows, {:.0} MB", file.bytes.len() as f64 / 1e6);
    let mut values = defaults(&TableConfig::FIELDS[1..]).expect("all but the path have defaults");
    values.insert("path", Value::File(file));
    let config = TableConfig::read(&values);
    drop(values);
    let before = status("VmRSS:");
    let start = Clock::start();
    let mut table = Table::new(&config).expect("a good table");
    let spent = start.stop();
    println!("load       {:.2} s, {:.2} s of it on a core", spent[0], spent[1]);
    println!("peak       {:.0} MB, the file included", status("VmHWM:"));
    println!("table      {:.0} MB", status("VmRSS:") - before);
    drop(config);
    for batch in [128, 512] {
        let (mut looked_up, mut spent) = (0, [0.0; 2]);
        let mut out = vec![0.0; batch];
        for round in 0.. {
            // Many batches at once, so that making texts does not warm the caches for any of them.
            let objects: Vec<Objects> = (0..256).map(|b| random(n, batch, Key::new(round).fold(b))).collect();
            let start = Clock::start();
            for objects in &objects {
                table.score(black_box(objects), &mut out).expect("all are there");
                black_box(&out);
            }
            let seconds = start.stop();
            spent = [spent[0] + seconds[0], spent[1] + seconds[1]];
            looked_up += batch * objects.len();
            if spent[0] > 1.0 {
                break;
            }
        }
        let [wall, core] = spent.map(|s| looked_up as f64 / s / 1e6);
        println!("look-up    {wall:.1} million/s, {core:.1} by time on a core, in batches of {batch}");
    }
}

/// Seconds that pass, and those in which this thread is on a core: fewer if the machine has other work.
struct Clock(Instant, f64);

impl Clock {
    fn start() -> Self {
        Self(Instant::now(), Self::core())
    }

    fn stop(self) -> [f64; 2] {
        [self.0.elapsed().as_secs_f64(), Self::core() - self.1]
    }

    /// Seconds of this thread on a core; NaN where the system does not say.
    fn core() -> f64 {
        let all = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        all.split(' ').next().and_then(|ns| ns.parse().ok()).map_or(f64::NAN, |ns: f64| ns * 1e-9)
    }
}

/// String number `i`: those of different numbers differ.
fn write(i: u32, out: &mut String) {
    // A bijection of 24 bits, so that the file's order is no order.
    let mixed = i.wrapping_mul(0x9E_37_79) & 0xFF_FF_FF;
    let mixed = (mixed ^ (mixed >> 12)).wrapping_mul(0x5B_D1_E9) & 0xFF_FF_FF;
    out.extend((0..LEN).map(|k| char::from(b"ACGT"[(mixed >> (2 * k)) as usize & 3])));
}

fn csv(n: u32) -> String {
    assert!(n <= 1 << (2 * LEN), "there are only 4^{LEN} strings");
    let mut text = String::with_capacity(36 * n as usize);
    text.push_str("object,score\n");
    for i in 0..n {
        write(i, &mut text);
        text.push_str(&format!(",{}\n", Key::new(7).fold(u64::from(i)).unit()));
    }
    text
}

fn random(n: u32, batch: usize, key: Key) -> Objects {
    let mut texts = vec![String::new(); batch];
    texts.iter_mut().enumerate().for_each(|(k, text)| write(key.fold(k as u64).below(n), text));
    texts.iter().map(String::as_str).collect()
}

/// A number of kB that the system knows of this process, in MB; NaN where it does not say.
fn status(name: &str) -> f64 {
    let all = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = all.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().map_or(f64::NAN, |kb: f64| kb * 1.024e-3)
}
