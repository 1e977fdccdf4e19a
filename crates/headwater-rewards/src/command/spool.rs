//! Answers on disk before anybody has read them: what a program has written outlives this process, however that ends.
//!
//! Each copy has two files: its identity and what it was asked, exactly as it was sent; and what it said, which the system
//! moves there from the pipe. When this process ends, the guard moves the rest. A later process pairs the lines of both, and
//! removes the files. They are locked by whoever writes to them, so that nobody takes those of a copy at work.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::protocol::Format;
use crate::Keep;

/// How names of the two files end.
const ASKED: &str = "asked";
const SAID: &str = "said";

/// Bytes moved at one go.
const STEP: usize = 1 << 16;

/// Longest wait for a guard that is at its last work.
const PATIENCE: Duration = Duration::from_secs(2);

/// Size from which on the files of a copy are begun anew, once all that is in them has been kept.
const LARGE: u64 = 1 << 20;

/// What one copy has left, objects and their scores, with the lock on its file.
type Left = (Vec<(String, f64)>, File);

/// Where files of copies are, and under which identity.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    pub dir: PathBuf,
    pub identity: String,
}

/// The files of one copy; removed when dropped.
pub(super) struct Spool {
    asked: File,
    said: File,
    paths: [PathBuf; 2],
    /// Bytes of what was said that have been read.
    seen: u64,
    /// Bytes before the first object.
    head: u64,
    /// The line before the first answer, if there is one.
    ready: Option<String>,
}

impl Shelf {
    /// Files for a new copy, which says `ready` before its first answer if it says anything.
    pub fn spool(&self, ready: Option<&str>) -> io::Result<Spool> {
        fs::create_dir_all(&self.dir)?;
        let create = |path: &Path| OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let mut number = 0;
        loop {
            let name = format!("{}-{number}", std::process::id());
            let paths = [ASKED, SAID].map(|ending| self.dir.join(format!("{name}.{ending}")));
            match create(&paths[0]) {
                Ok(mut asked) => {
                    asked.lock()?;
                    let said = create(&paths[1])?;
                    said.lock()?;
                    let head = format!("{}\n", Json::from(self.identity.as_str()));
                    asked.write_all(head.as_bytes())?;
                    let (head, ready) = (head.len() as u64, ready.map(str::to_owned));
                    return Ok(Spool { asked, said, paths, seen: 0, head, ready });
                }
                Err(e) if e.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(e) => return Err(e),
            }
        }
    }

    /// Hands what copies of processes that are no more have left over to `keep`, objects and their scores, and removes it.
    pub fn collect(&self, format: &Format, ready: Option<&str>, keep: &mut Keep<'_>) -> Result<(), String> {
        let Ok(entries) = fs::read_dir(&self.dir) else { return Ok(()) };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|ending| ending == ASKED) {
                // Files that cannot be read are another user's, or are being removed.
                let Ok(Some((pairs, _lock))) = self.left(&path, format, ready) else { continue };
                keep(&pairs)?;
                for ending in [SAID, ASKED] {
                    let _ = fs::remove_file(path.with_extension(ending));
                }
            }
        }
        // If nobody has files there.
        let _ = fs::remove_dir(&self.dir);
        Ok(())
    }

    /// What one copy has left, with the lock on its file; `None` if it is at work or of another identity.
    fn left(&self, asked: &Path, format: &Format, ready: Option<&str>) -> io::Result<Option<Left>> {
        let mut file = OpenOptions::new().read(true).write(true).open(asked)?;
        if file.try_lock().is_err() {
            return Ok(None);
        }
        let (mut questions, mut answers) = (Vec::new(), Vec::new());
        file.read_to_end(&mut questions)?;
        let mut questions = questions.split_inclusive(|&b| b == b'\n');
        let head = questions.next().and_then(|line| serde_json::from_slice::<String>(line).ok());
        if head.as_ref() != Some(&self.identity) {
            return Ok(None);
        }
        match File::open(asked.with_extension(SAID)) {
            Ok(mut said) => {
                // Its guard may still be moving the rest.
                let deadline = Instant::now() + PATIENCE;
                while said.try_lock().is_err() && Instant::now() < deadline {
                    sleep(Duration::from_millis(1));
                }
                said.read_to_end(&mut answers)?;
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        Ok(Some((pair(questions, &answers, format, ready), file)))
    }
}

/// Objects with the scores that were said to them, as far as both are certain.
fn pair<'a>(
    questions: impl Iterator<Item = &'a [u8]>,
    answers: &[u8],
    format: &Format,
    ready: Option<&str>,
) -> Vec<(String, f64)> {
    let whole = |line: &&[u8]| line.ends_with(b"\n");
    let questions: Vec<&[u8]> = questions.filter(whole).collect();
    let mut answers: Vec<&[u8]> = answers.split_inclusive(|&b| b == b'\n').filter(whole).collect();
    if let Some(ready) = ready {
        let begun = answers.iter().position(|line| line.trim_ascii() == ready.trim().as_bytes());
        answers.drain(..begun.map_or(answers.len(), |i| i + 1));
    }
    if answers.len() > questions.len() {
        // They cannot be told apart.
        return Vec::new();
    }
    let pairs = questions.iter().zip(answers).map_while(|(question, answer)| {
        let object = format.object(question.strip_suffix(b"\n")?)?;
        let answer = format.read(answer.strip_suffix(b"\n")?)?;
        answer.object.is_none_or(|said| said == object).then_some((object, answer.score))
    });
    pairs.filter(|(_, score)| score.is_finite()).collect()
}

impl Spool {
    /// The file of what the copy says, for somebody else who writes to it where this process ends.
    pub fn said(&self) -> io::Result<File> {
        self.said.try_clone()
    }

    /// Notes what is about to be sent. Everything that was said before must have been kept.
    pub fn ask(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.seen > LARGE || self.asked.stream_position()? > LARGE {
            self.said.set_len(0)?;
            self.said.rewind()?;
            let ready = self.ready.as_ref().map_or_else(String::new, |line| format!("{}\n", line.trim()));
            self.said.write_all(ready.as_bytes())?;
            self.seen = ready.len() as u64;
            self.asked.set_len(self.head)?;
            self.asked.seek(io::SeekFrom::Start(self.head))?;
        }
        self.asked.write_all(lines)
    }

    /// Moves what can be read now, about [`STEP`] bytes, from the pipe to the file, and appends it to `into`. Gives its
    /// length; 0 is the end.
    pub fn hear(
        &mut self,
        from: &mut (impl Read + std::os::fd::AsFd),
        into: &mut Vec<u8>,
    ) -> io::Result<usize> {
        let start = into.len();
        #[cfg(target_os = "linux")]
        {
            use rustix::pipe::{SpliceFlags, splice};
            match splice(&*from, None, &self.said, None, STEP, SpliceFlags::NONBLOCK) {
                Ok(n) => {
                    into.resize(start + n, 0);
                    self.said.read_exact_at(&mut into[start..], self.seen)?;
                    self.seen += n as u64;
                    return Ok(n);
                }
                // A file system that cannot.
                Err(rustix::io::Errno::INVAL) => {}
                Err(e) => return Err(e.into()),
            }
        }
        into.resize(start + STEP, 0);
        let got = from.read(&mut into[start..]);
        into.truncate(start + *got.as_ref().unwrap_or(&0));
        self.said.write_all(&into[start..])?;
        self.seen += (into.len() - start) as u64;
        got
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        for path in self.paths.iter().rev() {
            let _ = fs::remove_file(path);
        }
        if let Some(dir) = self.paths[0].parent() {
            // If it is empty.
            let _ = fs::remove_dir(dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Protocol;

    fn shelf(name: &str) -> Shelf {
        let dir = std::env::temp_dir().join(format!("headwater-spool-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        Shelf { dir, identity: "strings\ncommand \"x\"".to_owned() }
    }

    /// Leaves what a copy leaves whose process is killed.
    fn leave(shelf: &Shelf, asked: &[u8], said: &[u8]) {
        let mut spool = shelf.spool(None).unwrap();
        spool.ask(asked).unwrap();
        spool.said.write_all(said).unwrap();
        let dead = spool
            .paths
            .clone()
            .map(|path| path.with_file_name(format!("dead-{}", path.file_name().unwrap().to_string_lossy())));
        for (from, to) in spool.paths.iter().zip(&dead) {
            fs::copy(from, to).unwrap();
        }
    }

    fn collect(shelf: &Shelf, protocol: Protocol, ready: Option<&str>) -> Vec<(String, f64)> {
        let format = Format { protocol, property: "score".to_owned() };
        let mut all = Vec::new();
        shelf
            .collect(&format, ready, &mut |pairs| {
                all.extend_from_slice(pairs);
                Ok(())
            })
            .unwrap();
        all
    }

    #[test]
    fn lines_are_paired_as_far_as_they_are_certain() {
        let shelf = shelf("pairs");
        let expected = [("a".to_owned(), 1.0), ("bb".to_owned(), 2.0)];
        for (said, n) in [
            (&b"1\n2\n"[..], 2),
            // The last is not whole, or is no number, or was not asked for.
            (b"1\n2", 1),
            (b"1\nhigh\n3\n", 1),
            (b"42\n1\n2\n3\n", 0),
            (b"", 0),
        ] {
            leave(&shelf, b"a\nbb\nccc\n", said);
            assert_eq!(collect(&shelf, Protocol::Lines, None), expected[..n], "{said:?}");
            assert!(!shelf.dir.exists(), "nothing is left");
        }
        leave(&shelf, b"a\nbb\n", b"42\nready\n1\n2\n");
        assert_eq!(collect(&shelf, Protocol::Lines, Some("ready")), expected);
        let asked = b"{\"object\": \"a\"}\n{\"object\": \"bb\"}\n";
        leave(&shelf, asked, b"{\"score\": 1}\n{\"object\": \"bb\", \"score\": 2}\n");
        assert_eq!(collect(&shelf, Protocol::Json, None), expected);
        leave(&shelf, asked, b"{\"score\": 1}\n{\"object\": \"a\", \"score\": 2}\n");
        assert_eq!(collect(&shelf, Protocol::Json, None), expected[..1]);
    }

    #[test]
    fn files_of_copies_at_work_and_of_others_are_left_alone() {
        let shelf = shelf("others");
        let mut busy = shelf.spool(None).unwrap();
        busy.ask(b"a\n").unwrap();
        busy.said.write_all(b"1\n").unwrap();
        assert_eq!(collect(&shelf, Protocol::Lines, None), []);
        leave(&shelf, b"a\n", b"1\n");
        let other = Shelf { identity: "another".to_owned(), ..shelf.clone() };
        assert_eq!(collect(&other, Protocol::Lines, None), []);
        assert_eq!(collect(&shelf, Protocol::Lines, None), [("a".to_owned(), 1.0)]);
        assert!(busy.paths.iter().all(|path| path.exists()));
        drop(busy);
        assert!(!shelf.dir.exists());
    }
}
