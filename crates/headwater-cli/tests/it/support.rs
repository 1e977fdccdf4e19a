//! Temporary directories with configurations in them, and the built command run there.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value as Json;

/// A grid that trains in no time.
pub const GRID: &str = "\
[env]
kind = \"hypergrid\"
dim = 2
side = 8

[policy]
width = 16

[train]
steps = 20
batch = 8
threads = 1

[run]
samples = 10
";

/// The toy DAG, beside the configuration.
pub const DAG: &str = "\
[env]
kind = \"dag\"
graph = \"toy.json\"

[policy]
width = 16

[train]
steps = 20
batch = 8
threads = 1

[run]
samples = 10
";

/// What a command printed and how it exited.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// stdout of a command that succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// stderr of a command that was refused, and printed no data.
    #[track_caller]
    pub fn refused(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(2), ""), "{}", self.err);
        self.err
    }

    /// stdout of a command that succeeded, as one JSON object on one line.
    #[track_caller]
    pub fn json(self) -> Json {
        let out = self.ok();
        assert_eq!(out.lines().count(), 1, "{out}");
        let json: Json = serde_json::from_str(&out).unwrap();
        assert!(json.is_object(), "{json}");
        json
    }
}

/// A directory of this process and this test; removed in the end.
pub struct Temp(PathBuf);

impl Temp {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let unique = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("headwater-cli-{}-{unique}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        // Messages show paths as they really are.
        Self(dir.canonicalize().unwrap())
    }

    /// A directory with `grid.toml` and `dag.toml`, and the toy DAG that the latter names.
    pub fn with_configs() -> Self {
        let dir = Self::new();
        dir.write("grid.toml", GRID);
        dir.write("dag.toml", DAG);
        std::fs::copy(root().join("examples/toy.json"), dir.path("toy.json")).unwrap();
        dir
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command with these arguments, split at blanks, in this directory.
    pub fn command(&self, args: &str) -> Command {
        self.prepare(Command::new(env!("CARGO_BIN_EXE_headwater")), args.split(' ').filter(|a| !a.is_empty()))
    }

    /// Any program, in this directory and away from the terminal.
    pub fn prepare<'a>(&self, mut command: Command, args: impl IntoIterator<Item = &'a str>) -> Command {
        command
            .args(args)
            .current_dir(&self.0)
            .env_remove("COLUMNS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the command to its end.
    pub fn run(&self, args: &str) -> Ran {
        self.finish(self.command(args).spawn().unwrap())
    }

    /// Runs the command with something on stdin.
    pub fn pipe(&self, args: &str, stdin: &str) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        self.finish(child)
    }

    /// A text with this directory's name taken out.
    #[allow(clippy::needless_pass_by_value)]
    pub fn mask(&self, text: String) -> String {
        text.replace(&self.0.display().to_string(), "TMP")
    }

    /// Waits for a process; names of this directory are taken out of what it printed.
    pub fn finish(&self, child: Child) -> Ran {
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text = |bytes| self.mask(String::from_utf8(bytes).unwrap());
        let ran = Ran { code: status.code(), out: text(stdout), err: text(stderr) };
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
