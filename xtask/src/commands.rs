//! The commands of documents, run: every block of the language `sh`, document by document, in order.
//!
//! Each document has a directory of its own, with copies of `configs` and `examples`, in which its commands run as if
//! it were the root of the repository. A comment before a block says what else has to be known (`CONTRIBUTING.md`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::fences::{Fence, How, fences};
use crate::shell::{read, root, scratch, shown, write};

/// What became of the commands.
#[derive(Debug, Default)]
pub struct Tally {
    pub run: usize,
    pub cut: usize,
    pub not_run: usize,
    pub faults: Vec<String>,
}

impl Tally {
    /// Adds the counts and faults of another document.
    pub fn add(&mut self, other: Self) {
        self.run += other.run;
        self.cut += other.cut;
        self.not_run += other.not_run;
        self.faults.extend(other.faults);
    }

    fn count(&mut self, fence: &Fence<'_>) {
        for line in fence.commands() {
            let to = match fence.how {
                How::Not(_) => &mut self.not_run,
                _ if is_cargo(&line) => &mut self.not_run,
                How::Cut if CUT.iter().any(|name| line.contains(&format!("headwater {name} "))) => {
                    &mut self.cut
                }
                _ => &mut self.run,
            };
            *to += 1;
        }
    }
}

/// The subcommands whose budget a block that is cut short takes away.
const CUT: [&str; 5] = ["train", "bayesnet", "phylo", "compare", "bench"];

/// What commands mean in documents. `cargo run --release --` is what `headwater` stands for before it is installed;
/// other chores of cargo are not run: building and testing is what the other stages do.
const PRELUDE: &str = r#"
headwater() {
  if [ "${1-}" = serve ]; then
    # It goes on until it is told to end: it must still be at work after a second.
    command "$HEADWATER" "$@" --port 0 & local pid=$!
    sleep 1; kill "$pid"; wait "$pid" || true; return
  fi
  if [ -z "$CUT" ]; then command "$HEADWATER" "$@"; return; fi
  local args=() last= arg
  for arg in "$@"; do
    case "$last" in
      --budget) case "$arg" in seconds=*) arg=seconds=1 ;; *) arg="${arg%%=*}=300" ;; esac ;;
      --seeds) arg=1 ;;
      --points) arg=2 ;;
    esac
    args+=("$arg"); last="$arg"
  done
  case "$1" in
    train|bayesnet|phylo) args+=(--set train.steps=20 --set eval.every=20 --set eval.samples=64 --set eval.objects=16) ;;
    compare) args+=(--set train.batch=8 --window 100) ;;
  esac
  case "$1" in
    bayesnet|phylo) args+=(--samples 500) ;;
    # A point of a curve may be an exact evaluation.
    compare) case " $* " in *" --points "*) ;; *) args+=(--points 2) ;; esac ;;
    bench) args+=(--warmup 1 --updates 5) ;;
    # Of a run that was cut short, checks may well trip.
    diagnose) command "$HEADWATER" "$@" || [ $? = 1 ]; return ;;
  esac
  command "$HEADWATER" "${args[@]}"
}
cargo() { if [ "${*:1:3}" = "run --release --" ]; then headwater "${@:4}"; fi; }
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
"#;

fn is_cargo(line: &str) -> bool {
    line.starts_with("cargo ") && !line.starts_with("cargo run --release -- ")
}

/// Where the commands of a document run.
pub fn directory(document: &Path) -> Result<PathBuf, Error> {
    scratch(&format!("site/runs/{}", shown(document).to_string().replace(['/', '\\'], "_")))
}

/// Runs the commands of a document.
pub fn run(document: &Path, program: &Path, tally: &mut Tally) -> Result<(), Error> {
    let text = read(document)?;
    let fences = fences(&text).map_err(|(line, what)| format!("{}:{line}: {what}", shown(document)))?;
    if !fences.iter().any(|fence| fence.language == "sh") {
        return Ok(());
    }
    let place = directory(document)?;
    for copied in ["configs", "examples"] {
        copy(&root().join(copied), &place.join(copied))?;
    }
    fs::create_dir_all(place.join("docs/images")).map_err(|e| format!("cannot make a directory: {e}"))?;
    for fence in &fences {
        if let Some(name) = fence.file {
            write(&place.join(name), fence.body)?;
        }
        if let Some(script) = fence.first {
            let script = format!("CUT=yes\n{PRELUDE}\n{script}");
            if let Err(what) = bash(&script, &place, program, 0) {
                tally.faults.push(format!("{}:{}: what is run first: {what}", shown(document), fence.line));
            }
        }
        if fence.language == "sh" {
            tally.count(fence);
            if let Err(what) = block(fence, &place, program) {
                tally.faults.push(format!("{}:{}: {what}", shown(document), fence.line));
            }
        }
    }
    Ok(())
}

fn block(fence: &Fence<'_>, place: &Path, program: &Path) -> Result<(), String> {
    let (cut, code) = match fence.how {
        How::Not(_) => return Ok(()),
        How::Cut => ("yes", 0),
        How::Exit(code) => ("", code),
        How::Full => ("", 0),
    };
    bash(&format!("CUT={cut}\n{PRELUDE}\n{}", fence.body), place, program, code)
}

fn bash(script: &str, place: &Path, program: &Path, code: i32) -> Result<(), String> {
    let mut command = Command::new("bash");
    command.args(["-e", "-u", "-o", "pipefail", "-E", "-c", script]);
    let out = surrounded(&mut command, place, program).output();
    let out = out.map_err(|e| format!("cannot run bash: {e}"))?;
    if out.status.code() == Some(code) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    let lines: Vec<&str> = said.lines().collect();
    let last = lines[lines.len().saturating_sub(12)..].join("\n    ");
    Err(format!("{} instead of {code}\n    {last}", out.status))
}

fn surrounded<'a>(command: &'a mut Command, place: &Path, program: &Path) -> &'a mut Command {
    let command = command.current_dir(place).env("HEADWATER", program).stdin(Stdio::null());
    command.env("NO_COLOR", "1").env("COLUMNS", "100")
}

/// Copies a directory.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let cannot = |e| format!("cannot copy `{}`: {e}", from.display());
    fs::create_dir_all(to).map_err(cannot)?;
    for entry in fs::read_dir(from).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to).map_err(cannot)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(script: &str, code: i32) -> Result<(), String> {
        // `headwater` is `echo` here: what the prelude makes of arguments is what it prints.
        bash(&format!("{PRELUDE}\n{script}"), &std::env::temp_dir(), Path::new("echo"), code)
    }

    #[test]
    fn budgets_are_cut_and_failures_named() {
        let expect = |cut, line, out| ran(&format!("CUT={cut}\n[ \"$({line})\" = '{out}' ]"), 0).unwrap();
        expect("", "headwater train a.toml --out b", "train a.toml --out b");
        expect(
            "yes",
            "headwater train a.toml",
            "train a.toml --set train.steps=20 --set eval.every=20 --set eval.samples=64 --set eval.objects=16",
        );
        expect("yes", "cargo run --release -- sample r -n 10", "sample r -n 10");
        expect(
            "yes",
            "headwater compare a.toml --seeds 10 --budget transitions=9000",
            "compare a.toml --seeds 1 --budget transitions=300 --set train.batch=8 --window 100 --points 2",
        );
        assert!(ran("CUT=\nfalse", 0).unwrap_err().contains("failed: false"));
        assert_eq!(ran("CUT=\nfalse", 1), Ok(()));
        assert!(ran("CUT=\ntrue", 1).is_err());
        assert!(ran("CUT=\nfalse | cat", 0).is_err());
    }
}
