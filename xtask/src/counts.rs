//! Instructions that small cases execute, counted by valgrind and compared with a committed reference.
//!
//! Counts, unlike times, do not depend on what else the machine does. They vary by one part in 100,000, through the
//! digits of times that are printed and the layout of the heap; with files and evaluations by three in 10,000, and as
//! much between directories that the program is built in. Valgrind shows programs a processor of its own, without
//! AVX-512: every x86-64 machine with AVX2 takes the AVX2 path here, and the C library chooses the same variants of its
//! functions. Another compiler or C library makes other counts, and they are not compared. Compiler flags in the
//! environment, or a valgrind that shows another processor, could still move counts unseen.
//!
//! Counts are not times: cache misses, latencies, threads and the AVX-512 path do not show in them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::shell::{headwater, output, read, root, run, scratch, works, write};
use crate::stages::Went;

/// What is counted: a name, and a command line of `headwater` split at blanks.
struct Case {
    name: &'static str,
    line: &'static str,
    per: Per,
}

/// What a count is the count of.
enum Per {
    /// One update (or one batch drawn): a run of the second number less one of the first, so that start-up cancels.
    Update(u64, u64),
    /// The whole process.
    Run,
}

/// Narrow networks where the network is not what the case is about, lest its arithmetic hide the rest.
const CASES: &[Case] = &[
    Case {
        name: "train 8^2 tb",
        line: "bench configs/bench/hypergrid-2x8.toml --no-peak",
        per: Per::Update(2, 22),
    },
    Case {
        name: "train 8^4 tb",
        line: "bench configs/bench/hypergrid-4x8.toml --no-peak --set train.batch=32",
        per: Per::Update(2, 12),
    },
    Case {
        name: "train 8^4 tb tabular",
        line: "bench configs/bench/hypergrid-4x8.toml --no-peak --set train.batch=32 --set policy.kind=tabular",
        per: Per::Update(2, 22),
    },
    Case {
        name: "train 8^4 fm narrow",
        line: "bench configs/bench/hypergrid-4x8.toml --no-peak --set objective.kind=fm --set policy.width=32",
        per: Per::Update(2, 22),
    },
    Case {
        name: "train strings subtb narrow",
        line: "bench configs/strings.toml --no-peak --set policy.width=32",
        per: Per::Update(2, 12),
    },
    Case {
        name: "train bits-32 tb narrow",
        line: "bench configs/bench/bits-120.toml --no-peak --set env.n=32 --set env.k=4 --set policy.width=32",
        per: Per::Update(2, 12),
    },
    Case {
        name: "train ising-6 tb narrow",
        line: "bench configs/bench/ising-6.toml --no-peak --set policy.width=32",
        per: Per::Update(2, 6),
    },
    Case {
        name: "sample 8^4 narrow",
        line: "bench configs/bench/hypergrid-4x8.toml --sample --set policy.width=32",
        per: Per::Update(2, 102),
    },
    Case {
        name: "sample strings narrow",
        line: "bench configs/strings.toml --sample --set policy.width=32",
        per: Per::Update(2, 32),
    },
    Case {
        name: "enumerate 12^4",
        line: "exact configs/bench/hypergrid-4x8.toml --set env.side=12 --json",
        per: Per::Run,
    },
    Case {
        name: "train and evaluate 8^4",
        line: "train configs/bench/hypergrid-4x8.toml --quiet --set eval.every=1 --set policy.width=32",
        per: Per::Update(1, 9),
    },
];

/// Percent by which a count may differ from its reference.
const TOLERANCE: u64 = 2;

/// What a reader of a finding, or of the file, should do.
const HINT: &str = "cargo xtask bench counts --update";

/// Counts as they are in the committed file.
#[derive(Debug, PartialEq)]
struct Reference {
    made_by: String,
    counts: Vec<(String, u64)>,
}

/// `cargo xtask bench counts`.
pub fn compare() -> Result<Went, Error> {
    let reference = Reference::parse(&read(&file())?)?;
    if !works(run(Path::new("valgrind"), &["--version"])) {
        println!("valgrind, which counts instructions, is not installed: not compared");
        return Ok(Went::Nowhere("no valgrind"));
    }
    let measured = measure()?;
    println!("{:<28}{:>14}{:>14}  change", "case", "reference", "measured");
    let comparable = measured.made_by == reference.made_by;
    let mut good = true;
    for (name, count) in &measured.counts {
        let old = reference.get(name);
        let (fits, change) = judge(old, *count);
        let old = old.map_or_else(String::new, |n| n.to_string());
        println!("{name:<28}{old:>14}{count:>14}  {change}");
        good &= fits;
    }
    for (name, _) in reference.counts.iter().filter(|(name, _)| measured.get(name).is_none()) {
        println!("{name:<28}is in the reference, and no case");
        good = false;
    }
    if !comparable {
        println!("measured with {}: not compared with {}", measured.made_by, reference.made_by);
        return Ok(Went::Nowhere("another toolchain"));
    }
    if good {
        return Ok(Went::Well);
    }
    println!("more than {TOLERANCE} % above the reference, or not in it; if it has to be: `{HINT}`");
    Ok(Went::Wrong)
}

/// `cargo xtask bench counts --update`.
pub fn update() -> Result<(), Error> {
    let measured = measure()?;
    write(&file(), &measured.text())
}

/// Does a count fit its reference, and what is to be said of it?
fn judge(reference: Option<u64>, measured: u64) -> (bool, String) {
    let Some(reference) = reference else {
        return (false, "no reference".to_owned());
    };
    let percent = 100.0 * (measured as f64 / reference as f64 - 1.0);
    let fits = 100 * measured <= (100 + TOLERANCE) * reference;
    let remark = if !fits {
        ": TOO MANY".to_owned()
    } else if 100 * measured < (100 - TOLERANCE) * reference {
        format!(": the reference can be lowered, `{HINT}`")
    } else {
        String::new()
    };
    (fits, format!("{percent:+.2} %{remark}"))
}

impl Reference {
    fn get(&self, name: &str) -> Option<u64> {
        self.counts.iter().find(|(n, _)| n == name).map(|&(_, count)| count)
    }

    fn text(&self) -> String {
        let mut text = format!("# {HINT}\n# {}\ncase,instructions\n", self.made_by);
        for (name, count) in &self.counts {
            text.push_str(&format!("{name},{count}\n"));
        }
        text
    }

    fn parse(text: &str) -> Result<Self, Error> {
        let wrong =
            |line: &str| format!("`{}` is damaged at `{line}`; write it with `{HINT}`", file().display());
        let mut lines = text.lines().skip(1);
        let second = lines.next().unwrap_or_default();
        let made_by = second.strip_prefix("# ").ok_or_else(|| wrong(second))?.to_owned();
        let counts = lines.skip(1).map(|line| {
            let (name, count) = line.split_once(',').ok_or_else(|| wrong(line))?;
            Ok((name.to_owned(), count.parse().map_err(|_| wrong(line))?))
        });
        Ok(Self { made_by, counts: counts.collect::<Result<_, Error>>()? })
    }
}

fn file() -> PathBuf {
    root().join("xtask/counts.csv")
}

fn measure() -> Result<Reference, Error> {
    let program = headwater("release")?;
    let mut counts = Vec::new();
    let mut kernels = None;
    for case in CASES {
        let mut count = |updates: Option<u64>| {
            let said = output(case.command(&program, updates)?)?;
            kernels = kernels.take().or_else(|| instruction_set(&said).map(str::to_owned));
            instructions(&said)
                .ok_or_else(|| format!("valgrind printed no count of `{}`:\n{said}", case.line))
        };
        let n = match case.per {
            Per::Update(few, many) => count(Some(many))?.saturating_sub(count(Some(few))?) / (many - few),
            Per::Run => count(None)?,
        };
        counts.push((case.name.to_owned(), n));
    }
    let kernels = kernels.ok_or("`headwater bench --json` names no instruction set")?;
    Ok(Reference { made_by: format!("{}, {kernels}", toolchain()?), counts })
}

impl Case {
    /// The case under valgrind, on one thread. Valgrind's own lines go to stdout, too.
    fn command(&self, program: &Path, updates: Option<u64>) -> Result<Command, Error> {
        let mut command = valgrind(program);
        command.args(self.line.split_whitespace()).args(["--set", "train.threads=1"]);
        match updates {
            Some(n) if self.line.starts_with("train") => {
                command.args(["--set", &format!("train.steps={n}"), "--out"]).arg(scratch("counts")?);
            }
            Some(n) => {
                command.args(["--warmup", "0", "--json", "--updates", &n.to_string()]);
            }
            None => {}
        }
        Ok(command)
    }
}

/// Cachegrind without its caches counts instructions, and hardly more slowly than valgrind with no tool.
fn valgrind(program: &Path) -> Command {
    let tool = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--log-fd=1"];
    let mut command = run(Path::new("valgrind"), &tool);
    command.arg(program);
    command
}

/// The number in `==123== I   refs:      50,852,641`.
fn instructions(said: &str) -> Option<u64> {
    let line = said.lines().rfind(|line| line.starts_with("==") && line.contains("refs:"))?;
    let (_, number) = line.split_once("refs:")?;
    number.trim().replace(',', "").parse().ok()
}

/// The kernels that a `headwater bench --json` says it used.
fn instruction_set(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("\"instructions\":\"")?;
    rest.split_once('"').map(|(name, _)| name)
}

/// The compiler, what it compiles for, and the C library: what changes counts although no line of code has changed.
fn toolchain() -> Result<String, Error> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut verbose = Command::new(rustc);
    verbose.arg("-vV").current_dir(root());
    let verbose = output(verbose)?;
    let version = verbose.lines().next().unwrap_or_default();
    let host = verbose.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let libc = output(run(Path::new("getconf"), &["GNU_LIBC_VERSION"]));
    let libc = libc.unwrap_or_else(|_| "another C library".to_owned());
    Ok(format!("{version}, {host}, {}", libc.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `headwater bench --json` and cachegrind 3.19 print.
    const SAID: &str = "\
==28990== Cachegrind, a cache and branch-prediction profiler
==28990== Command: headwater bench configs/refs: 7.toml
==28990==
--28990-- warning: L3 cache found, using its data for the LL simulation.
{\"iterations\":5,\"threads\":1,\"instructions\":\"AVX2\"}
==28990==
==28990== I   refs:      50,852,641
";

    #[test]
    fn counts_are_found_among_what_is_printed() {
        assert_eq!(instructions(SAID), Some(50_852_641));
        assert_eq!(instruction_set(SAID), Some("AVX2"));
        assert_eq!(instructions("==1== error: no such file\n{\"refs:\": 7}"), None);
        assert_eq!(instruction_set("{\"iterations\":5}"), None);
    }

    #[test]
    fn only_more_instructions_are_a_finding() {
        let verdict = |reference, measured| {
            let (fits, said) = judge(reference, measured);
            (fits, said.split('%').next().unwrap_or_default().to_owned(), said.contains("lowered"))
        };
        assert_eq!(verdict(Some(100_000), 102_000), (true, "+2.00 ".to_owned(), false));
        assert_eq!(verdict(Some(100_000), 102_100), (false, "+2.10 ".to_owned(), false));
        assert_eq!(verdict(Some(100_000), 98_100), (true, "-1.90 ".to_owned(), false));
        assert_eq!(verdict(Some(100_000), 97_000), (true, "-3.00 ".to_owned(), true));
        assert_eq!(verdict(None, 5), (false, "no reference".to_owned(), false));
    }

    #[test]
    fn references_are_read_as_they_are_written() {
        let counts = vec![("train 8^2 tb".to_owned(), 12), ("sample".to_owned(), 7)];
        let reference = Reference { made_by: "rustc 1.95.0 (59807616e 2026-04-14), AVX2".to_owned(), counts };
        let text = reference.text();
        assert_eq!(Reference::parse(&text), Ok(reference));
        for damage in [text.replace("12", "twelve"), text.replace(",7", ""), text.replace("# rustc", "rustc")]
        {
            let error = Reference::parse(&damage).err().unwrap_or_default();
            assert!(error.contains("counts.csv") && error.contains(HINT), "{error}");
        }
        assert!(Reference::parse("").is_err());
    }

    #[test]
    fn cases_have_names_of_their_own() {
        for (i, case) in CASES.iter().enumerate() {
            assert!(
                !case.name.contains(',') && CASES[..i].iter().all(|c| c.name != case.name),
                "{}",
                case.name
            );
        }
    }
}
