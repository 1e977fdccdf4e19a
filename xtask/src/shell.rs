//! Running other programs from the root of the repository.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::Error;

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root")
}

/// Reads a text file of the repository.
pub fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))
}

/// Writes a text file and the directories above it.
pub fn write(path: &Path, text: &str) -> Result<(), Error> {
    let parent = path.parent().expect("files lie in directories");
    let written = std::fs::create_dir_all(parent).and_then(|()| std::fs::write(path, text));
    written.map_err(|e| format!("cannot write `{}`: {e}", path.display()))
}

/// A directory for a run that does not yet exist.
pub fn scratch(name: &str) -> Result<PathBuf, Error> {
    let path = target().join("xtask").join(name);
    match std::fs::remove_dir_all(&path) {
        Err(e) if path.exists() => Err(format!("cannot clear `{}`: {e}", path.display())),
        _ => Ok(path),
    }
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A path as people know it: from the root of the repository.
pub fn shown(path: &Path) -> std::path::Display<'_> {
    path.strip_prefix(root()).unwrap_or(path).display()
}

/// A command line of cargo, split at blanks.
pub fn cargo(line: &str) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(line.split_whitespace()).current_dir(root());
    command
}

/// Can the command be run at all, and does it succeed?
pub fn works(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Runs a command that must succeed, and returns what it wrote to stdout.
pub fn output(mut command: Command) -> Result<String, Error> {
    let what = format!("{command:?}");
    let out = command.stderr(Stdio::inherit()).output().map_err(|e| format!("cannot run {what}: {e}"))?;
    if !out.status.success() {
        return Err(format!("{what} ended with {}", out.status));
    }
    String::from_utf8(out.stdout).map_err(|e| format!("{what} wrote no UTF-8: {e}"))
}

/// Runs a command, passing its lines on, and returns whether it succeeded and the lines that `keep` likes.
pub fn watch(mut command: Command, keep: fn(&str) -> bool) -> Result<(bool, Vec<String>), Error> {
    let what = format!("{command:?}");
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|e| format!("cannot run {what}: {e}"))?;
    let out = child.stdout.take().expect("stdout is piped");
    let err = child.stderr.take().expect("stderr is piped");
    let (mut kept, more) = thread::scope(|scope| {
        let other = scope.spawn(|| pass_on(err, keep));
        (pass_on(out, keep), other.join().expect("passing lines on does not panic"))
    });
    kept.extend(more);
    let status = child.wait().map_err(|e| format!("cannot wait for {what}: {e}"))?;
    Ok((status.success(), kept))
}

fn pass_on(from: impl Read, keep: fn(&str) -> bool) -> Vec<String> {
    let mut kept = Vec::new();
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        println!("{line}");
        if keep(&line) {
            kept.push(line);
        }
    }
    kept
}

/// Builds the `headwater` command with a profile of cargo, and says where it is.
pub fn headwater(profile: &str) -> Result<PathBuf, Error> {
    output(cargo(&format!("build --quiet --package headwater-cli --profile {profile}")))?;
    let directory = if profile == "dev" { "debug" } else { profile };
    Ok(target().join(directory).join(format!("headwater{}", std::env::consts::EXE_SUFFIX)))
}

/// A command line of `headwater`, run from the root.
pub fn run(program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root()).env("NO_COLOR", "1").env("COLUMNS", "100");
    command
}
