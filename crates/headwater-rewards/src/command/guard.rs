//! Who ends a program when this process is gone, however it went: killed, or told to stop at once.

use std::fs::File;
use std::io::PipeReader;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

/// Waits for the end of its stdin, which comes when the process that holds the other end ends, whatever ends it. Asks its
/// process group to end, moves what is left in the program's pipe, which is never waited for, to a file, and kills the group.
const SCRIPT: &str = "trap '' HUP INT TERM; read x; kill -TERM 0; cat <&2; kill -KILL 0";

/// A process group, led by a shell that ends it when this process ends. Programs are started into it. Killed and waited for
/// when dropped, with all that is in it.
pub(super) struct Guard(Child);

impl Guard {
    /// A group with nobody else in it, and where the rest of a pipe is to go; `None` where there is no shell.
    pub fn start(rest: Option<(PipeReader, File)>) -> Option<Self> {
        use std::os::unix::process::CommandExt;
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT]).env_clear().env("PATH", "/usr/bin:/bin").current_dir("/").process_group(0);
        let (from, to) = match rest {
            Some((from, to)) => (from.into(), to.into()),
            None => (Stdio::null(), Stdio::null()),
        };
        // The pipe comes in the place of stderr, which is not needed.
        shell.stdin(Stdio::piped()).stdout(to).stderr(from);
        shell.spawn().ok().map(Self)
    }

    /// The group.
    pub fn group(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It is waited for here only, so that the number is still its own.
        let _ = kill_process_group(self.group(), Signal::KILL);
        let _ = self.0.wait();
    }
}
