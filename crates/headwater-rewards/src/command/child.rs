//! One running copy of a program, and its three pipes, none of which is ever waited for here.

use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::failure::Failure;
use super::guard::Guard;
use super::spool::Spool;
use super::tail::Tail;
use crate::excerpt;

/// Most bytes read from a pipe at one go, so that a program that never stops writing cannot hold up the others.
const GULP: usize = 1 << 20;
/// Longest line that is an answer, in bytes.
const LONGEST_LINE: usize = 1 << 20;
/// Bytes of stderr that are kept for the message about a failure.
const LAST_WORDS: usize = 2048;

/// Lets Python hand every line on as soon as it is printed.
const UNBUFFERED: &str = "PYTHONUNBUFFERED";

/// How a program is started.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// What it is called in messages.
    pub name: String,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// Its working directory.
    pub dir: PathBuf,
}

/// A running program. It is killed, with all processes of its group, and waited for when dropped; and when this process
/// ends without that.
pub(super) struct Child {
    process: std::process::Child,
    /// Leads its group; `None` where there is none, and the program leads the group itself.
    guard: Option<Guard>,
    /// Where what it says is kept until it is read; dropped after the guard, who writes there too.
    spool: Option<Spool>,
    /// Has it been waited for? Its number may then be that of another process.
    reaped: bool,
    /// `None` once it is closed, by us or by the program.
    stdin: Option<ChildStdin>,
    /// `None` once the program has closed it.
    stdout: Option<PipeReader>,
    stderr: Option<ChildStderr>,
    /// Bytes to send, of which `sent` are.
    outgoing: Vec<u8>,
    sent: usize,
    /// Bytes received, of which `read` were lines that have been taken.
    incoming: Vec<u8>,
    read: usize,
    /// Is the program known to read no more?
    deaf: bool,
    last_words: Tail,
}

impl Child {
    /// Starts the program, in a process group of its own, so that a Ctrl-C that is meant for us does not reach it.
    /// What it writes goes through `spool`, if there is one.
    pub fn start(start: &Start, spool: Option<Spool>) -> Result<Self, Failure> {
        let broken = |e: io::Error| Failure::Io(e.to_string());
        let (stdout, theirs) = io::pipe().map_err(broken)?;
        let rest = spool.as_ref().map(|spool| Ok((stdout.try_clone()?, spool.said()?)));
        let guard = Guard::start(rest.transpose().map_err(broken)?);
        let mut command = Command::new(&start.program);
        let group = guard.as_ref().map_or(0, |guard| guard.group().as_raw_nonzero().get());
        command.args(&start.arguments).current_dir(&start.dir).process_group(group);
        if std::env::var_os(UNBUFFERED).is_none() {
            command.env(UNBUFFERED, "1");
        }
        command.stdin(Stdio::piped()).stdout(theirs).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(|e| Failure::Start(why(&e, start)))?;
        // It holds the program's end of the pipe.
        drop(command);
        let (stdin, stdout, stderr) = (process.stdin.take(), Some(stdout), process.stderr.take());
        let child = Self {
            process,
            guard,
            spool,
            reaped: false,
            stdin,
            stdout,
            stderr,
            outgoing: Vec::new(),
            sent: 0,
            incoming: Vec::new(),
            read: 0,
            deaf: false,
            last_words: Tail::new(LAST_WORDS),
        };
        child.unblock().map_err(|e| Failure::Io(e.to_string()))?;
        Ok(child)
    }

    /// Lets reads and writes at our ends of the pipes return at once; the program's ends stay as they are.
    fn unblock(&self) -> io::Result<()> {
        let fds = [
            self.stdin.as_ref().map(AsFd::as_fd),
            self.stdout.as_ref().map(AsFd::as_fd),
            self.stderr.as_ref().map(AsFd::as_fd),
        ];
        fds.into_iter().flatten().try_for_each(|fd| Ok(rustix::io::ioctl_fionbio(fd, true)?))
    }

    /// Gives the program the lines that `write` appends, as far as it takes them now.
    pub fn send(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Failure> {
        self.outgoing.clear();
        self.sent = 0;
        write(&mut self.outgoing);
        if let Some(spool) = &mut self.spool {
            spool.ask(&self.outgoing).map_err(|e| Failure::Spool(e.to_string()))?;
        }
        self.push()
    }

    /// Has everything been sent?
    pub fn is_sent(&self) -> bool {
        self.sent == self.outgoing.len()
    }

    /// Is the program known to read no more, although there is more to read?
    pub fn is_deaf(&self) -> bool {
        self.deaf
    }

    /// Has the program closed its stdout, so that no line will follow those that have come?
    pub fn is_mute(&self) -> bool {
        self.stdout.is_none()
    }

    /// Adds what is to be waited for: stderr alone, unless the program is at work.
    pub fn watch<'a>(&'a self, at_work: bool, fds: &mut Vec<PollFd<'a>>) {
        if at_work {
            let stdin = self.stdin.as_ref().filter(|_| !self.is_sent() && !self.deaf);
            fds.extend(stdin.map(|stdin| PollFd::new(stdin, PollFlags::OUT)));
            fds.extend(self.stdout.as_ref().map(|stdout| PollFd::new(stdout, PollFlags::IN)));
        }
        fds.extend(self.stderr.as_ref().map(|stderr| PollFd::new(stderr, PollFlags::IN)));
    }

    /// Moves what can be moved through the pipes now; what comes from stderr goes to `log`. Has anything come from
    /// stdout?
    pub fn pump(&mut self, log: &mut Tail) -> Result<bool, Failure> {
        self.push()?;
        self.listen(log);
        self.incoming.drain(..self.read);
        self.read = 0;
        let before = self.incoming.len();
        if let Some(stdout) = &mut self.stdout {
            let heard = match &mut self.spool {
                Some(spool) => gulp(&mut self.incoming, |into| spool.hear(stdout, into)),
                None => gulp(&mut self.incoming, |into| read(stdout, into)),
            };
            match heard {
                Ok(true) => {}
                Ok(false) => self.stdout = None,
                Err(e) => return Err(Failure::Io(e.to_string())),
            }
        }
        Ok(self.incoming.len() > before)
    }

    /// Reads what is on stderr now.
    pub fn listen(&mut self, log: &mut Tail) {
        let Some(stderr) = &mut self.stderr else { return };
        let mut heard = Vec::new();
        // If it cannot be read, nothing is lost but words.
        if !matches!(gulp(&mut heard, |into| read(stderr, into)), Ok(true)) {
            self.stderr = None;
        }
        log.push(&heard);
        self.last_words.push(&heard);
    }

    fn push(&mut self) -> Result<(), Failure> {
        let Some(stdin) = self.stdin.as_mut().filter(|_| !self.deaf) else { return Ok(()) };
        while self.sent < self.outgoing.len() {
            match stdin.write(&self.outgoing[self.sent..]) {
                Ok(n) => self.sent += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::BrokenPipe => {
                    self.deaf = true;
                    break;
                }
                Err(e) => return Err(Failure::Io(e.to_string())),
            }
        }
        Ok(())
    }

    /// Takes the next whole line that was received, without its end. A last line that does not end is whole once
    /// stdout is closed.
    ///
    /// # Errors
    /// If it is longer than any answer.
    pub fn line(&mut self) -> Result<Option<&[u8]>, Failure> {
        let rest = &self.incoming[self.read..];
        let (length, skip) = match rest.iter().position(|&b| b == b'\n') {
            Some(length) => (length, length + 1),
            None if rest.len() > LONGEST_LINE || self.is_mute() && !rest.is_empty() => {
                (rest.len(), rest.len())
            }
            None => return Ok(None),
        };
        if length > LONGEST_LINE {
            return Err(Failure::Long(excerpt(&rest[..length])));
        }
        let start = self.read;
        self.read += skip;
        Ok(Some(&self.incoming[start..start + length]))
    }

    /// What was received and is not taken yet; not empty if the program has said more than it was asked.
    pub fn rest(&self) -> &[u8] {
        &self.incoming[self.read..]
    }

    /// The last lines of stderr.
    pub fn last_words(&self) -> String {
        self.last_words.last_lines(5)
    }

    /// Closes the program's stdin, which asks it to end.
    pub fn close(&mut self) {
        self.stdin = None;
    }

    /// Waits until the program has ended, and kills it at `deadline` if it has not; then hears its last words. Whatever
    /// else it started in its process group is killed in any case. Returns how it ended, or `None` if
    /// it was killed or this has been asked before.
    pub fn end(&mut self, deadline: Instant, log: &mut Tail) -> Option<ExitStatus> {
        if self.reaped {
            return None;
        }
        self.close();
        let mut pause = Duration::from_micros(100);
        let mut ended = self.has_ended();
        while !ended && Instant::now() < deadline {
            // A program that writes to a full pipe would not end.
            self.listen(log);
            sleep(pause);
            pause = (2 * pause).min(Duration::from_millis(10));
            ended = self.has_ended();
        }
        self.kill();
        self.listen(log);
        log.end_line();
        self.reap().filter(|_| ended)
    }

    /// Has it ended? It is not reaped, so that its number, which may be that of its group too, stays its own.
    pub fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(Pid::from_child(&self.process)), options).map_or(true, |found| found.is_some())
    }

    fn reap(&mut self) -> Option<ExitStatus> {
        self.reaped = true;
        self.process.wait().ok()
    }

    fn kill(&self) {
        // That nobody is left to be killed is fine.
        let group = self.guard.as_ref().map_or_else(|| Pid::from_child(&self.process), Guard::group);
        let _ = kill_process_group(group, Signal::KILL);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            self.reap();
        }
    }
}

/// Appends what can be read now by `more`, up to about [`GULP`] bytes; `false` at the end of the stream.
fn gulp(into: &mut Vec<u8>, mut more: impl FnMut(&mut Vec<u8>) -> io::Result<usize>) -> io::Result<bool> {
    let start = into.len();
    while into.len() - start < GULP {
        match more(into) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(true)
}

/// Appends what can be read at one go.
fn read(from: &mut impl Read, into: &mut Vec<u8>) -> io::Result<usize> {
    const STEP: usize = 1 << 16;
    let end = into.len();
    into.resize(end + STEP, 0);
    let got = from.read(&mut into[end..]);
    into.truncate(end + *got.as_ref().unwrap_or(&0));
    got
}

/// Why a program could not be started.
fn why(error: &io::Error, start: &Start) -> String {
    let exists = start.program.exists();
    match error.kind() {
        ErrorKind::NotFound if !start.dir.is_dir() => {
            format!("there is no directory `{}`", start.dir.display())
        }
        ErrorKind::NotFound if exists => {
            "the interpreter that its first line (`#!…`) names does not exist".to_owned()
        }
        ErrorKind::NotFound => "there is no such program".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        // ENOEXEC has no kind of its own.
        _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
            "it is no program of this machine, and has no first line `#!…` that names its interpreter"
                .to_owned()
        }
        _ => error.to_string(),
    }
}
