//! Which program a command is: where it is, and what the files that it is given hold.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use headwater_core::{Key, SettingError};

use super::{CommandConfig, Protocol};

/// A program with its arguments, as they were when they were looked at.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// What is started: an absolute path, symbolic links as they are.
    pub path: PathBuf,
    /// The files among its words.
    files: Vec<Content>,
}

/// A file that a word of the command names.
#[derive(Clone, Debug)]
struct Content {
    word: String,
    path: PathBuf,
    stamp: Stamp,
    digest: u64,
}

/// What a file system says of a file: if it is the same, so are the contents.
type Stamp = [i64; 7];

impl Program {
    /// The program of `config`, found as the system would find it, with the files that its arguments name.
    ///
    /// # Errors
    /// If there is no such program, it is not executable, or a file cannot be read.
    pub fn find(config: &CommandConfig) -> Result<Self, SettingError> {
        let Some((program, arguments)) = config.command.split_first() else {
            return Err(SettingError::at("command", "the command is empty")
                .hint("name a program and its arguments, as in `[\"python3\", \"score.py\"]`"));
        };
        let path = find(program, &config.dir)?;
        let mut named = Vec::new();
        // A program of the system is known by its place: its updates change no score. One of the user's is not.
        if program.contains('/') || is_script(&path) {
            named.push((program.as_str(), path.clone()));
        }
        for argument in arguments {
            // `score.py`, and `weights.pt` in `--model=weights.pt`.
            let value = argument.split_once('=').map(|(_, value)| value);
            let mut files = [Some(argument.as_str()), value].into_iter().flatten();
            let is_file = |word: &&str| !word.is_empty() && config.dir.join(word).is_file();
            named.extend(files.find(is_file).map(|word| (argument.as_str(), config.dir.join(word))));
        }
        let read = |(word, path): (&str, PathBuf)| {
            Content::read(word, path).map_err(|e| {
                let message = format!("the file `{word}` of the command cannot be read: {e}");
                SettingError::at("command", message)
                    .hint("its contents tell scores of one version of the program from those of another")
            })
        };
        Ok(Self { path, files: named.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    /// The first file whose contents are no longer what they were; one that is gone counts.
    pub fn changed(&mut self) -> Option<&str> {
        self.files.iter_mut().find_map(|file| file.has_changed().then_some(file.word.as_str()))
    }

    /// Everything that decides what a score is, as far as it can be seen: not how many copies run. The first line is what
    /// the configuration says; each following line is one thing that it depends on.
    pub fn identity(&self, config: &CommandConfig) -> String {
        let property = match config.protocol {
            Protocol::Lines => String::new(),
            Protocol::Json => format!(" property {:?}", config.property),
        };
        let (command, protocol) = (&config.command, config.protocol.name());
        let dir = fs::canonicalize(&config.dir).unwrap_or_else(|_| config.dir.clone());
        let mut text =
            format!("command {command:?} protocol {protocol}{property} version {:?}", config.version);
        let mut line = |what: std::fmt::Arguments<'_>| {
            text.push('\n');
            text.write_fmt(what).expect("writing to a string cannot fail");
        };
        line(format_args!("program {:?}", self.path));
        line(format_args!("dir {dir:?}"));
        for file in &self.files {
            line(format_args!("file {:?} {:016x}", file.word, file.digest));
        }
        text
    }
}

impl Content {
    fn read(word: &str, path: PathBuf) -> io::Result<Self> {
        // Looked at first: if it changes while it is read, it is read again.
        let stamp = stamp(&fs::metadata(&path)?);
        Ok(Self { word: word.to_owned(), digest: digest(&path)?, path, stamp })
    }

    fn has_changed(&mut self) -> bool {
        let Ok(found) = fs::metadata(&self.path).map(|found| stamp(&found)) else { return true };
        if found == self.stamp {
            return false;
        }
        let same = digest(&self.path).is_ok_and(|digest| digest == self.digest);
        if same {
            self.stamp = found;
        }
        !same
    }
}

fn stamp(m: &Metadata) -> Stamp {
    let (inode, size) = (m.ino().cast_signed(), m.size().cast_signed());
    [m.dev().cast_signed(), inode, size, m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec()]
}

/// A hash of the contents of a file, the same on every machine.
fn digest(path: &Path) -> io::Result<u64> {
    let (mut file, mut buffer) = (File::open(path)?, vec![0; 1 << 16]);
    let (mut key, mut length) = (Key::new(0), 0u64);
    loop {
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        for chunk in buffer[..filled].chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            key = key.fold(u64::from_le_bytes(word));
        }
        length += filled as u64;
        if filled < buffer.len() {
            return Ok(key.fold(length).bits());
        }
    }
}

/// Does the file begin with `#!`?
fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && &start == b"#!"
}

/// The program to start: a path from `dir` on, or a name that is in one of the directories of `PATH`.
fn find(program: &str, dir: &Path) -> Result<PathBuf, SettingError> {
    let error = |message: String| SettingError::at("command", message);
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    if !program.contains('/') {
        let path = env::var_os("PATH").unwrap_or_default();
        if let Some(found) =
            env::split_paths(&path).map(|place| place.join(program)).find(|place| is_executable(place))
        {
            return Ok(absolute(found));
        }
        let hint = if !program.is_empty() && dir.join(program).exists() {
            format!("a program in `reward.dir` is written with a slash: `./{program}`")
        } else {
            "install it, or give its path".to_owned()
        };
        return Err(error(format!("there is no program `{program}` in the directories of PATH")).hint(hint));
    }
    // A relative program would be looked up before or after the change of directory, depending on the system.
    let path = absolute(dir.join(program));
    if !path.exists() {
        let hint = format!("relative paths start at `{}` (`reward.dir`)", dir.display());
        return Err(error(format!("there is no program `{program}`")).hint(hint));
    }
    if !is_executable(&path) {
        let hint = format!("make it executable (`chmod +x {program}`), or name its interpreter before it");
        return Err(error(format!("`{program}` is not an executable file")).hint(hint));
    }
    Ok(path)
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
