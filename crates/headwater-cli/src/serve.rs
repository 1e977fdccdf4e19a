//! `headwater serve`: runs in a browser, to this machine alone.
//!
//! A server of HTTP/1.1 on 127.0.0.1 that answers GET and HEAD of seven routes and nothing else. No path of a file is ever
//! made from a request: a request names a run, and names are compared with those in the directory. What other pages in
//! the same browser might try is met by the check of `Host` (DNS rebinding), by a policy that lets pages load nothing
//! but this server's own script and style, and by `Cross-Origin-Resource-Policy`.

mod answer;
mod request;
mod routes;
mod runs;
mod visits;

use std::net::{Ipv4Addr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::args::Serve;
use crate::out::{self, Failure, fail};
use crate::serve::answer::Answer;
use crate::serve::request::Request;
use crate::serve::routes::route;
use crate::serve::runs::Runs;
use crate::serve::visits::Visits;
use crate::{Verdict, signal};

/// Threads that make answers.
const WORKERS: usize = 4;
/// Time between looks at connections while there are any, for those that take too long.
const TICK: Duration = Duration::from_millis(100);

pub fn run(args: &Serve) -> Result<Verdict, Failure> {
    let runs = Runs::below(&args.runs)?;
    let bind = |e| fail(format!("cannot listen on 127.0.0.1:{}: {e}", args.port));
    // By number, so that no resolver can make it another address.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).map_err(bind)?;
    listener.set_nonblocking(true).map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    let stop = signal::stop();
    out::data(&format!("http://{address}/"))?;
    out::talk("serving this machine alone; Ctrl-C ends it");
    let bell = Bell::new().map_err(bind)?;
    let (requests, asked) = channel();
    let (answers, made) = channel();
    let (stopped, asked, bell, runs) = (&AtomicBool::new(false), &Mutex::new(asked), &bell, &runs);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if stop.recv().is_ok() {
                stopped.store(true, Ordering::SeqCst);
                bell.ring();
            }
        });
        for _ in 0..WORKERS {
            let answers = answers.clone();
            scope.spawn(move || work(asked, &answers, bell, address.port(), runs));
        }
        attend(&listener, stopped, bell, requests, &made);
    });
    Ok(Verdict::Clean)
}

/// Makes answers as long as somebody asks.
fn work(
    asked: &Mutex<Receiver<(u64, Request)>>,
    answers: &Sender<(u64, Vec<u8>)>,
    bell: &Bell,
    port: u16,
    runs: &Runs,
) {
    loop {
        let next = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((visit, request)) = next else { return };
        // A fault in one answer is no reason to give no others.
        let made = catch_unwind(AssertUnwindSafe(|| answer(&request, port, runs)));
        let answer = made.unwrap_or_else(|_| Answer::text(500, "this cannot be answered"));
        let answer = answer.bytes(request.head);
        if answers.send((visit, answer)).is_err() {
            return;
        }
        bell.ring();
    }
}

/// Attends to all connections, until `stopped`. Takes the channel of requests, so that workers end with it.
#[allow(clippy::needless_pass_by_value)]
fn attend(
    listener: &TcpListener,
    stopped: &AtomicBool,
    bell: &Bell,
    requests: Sender<(u64, Request)>,
    made: &Receiver<(u64, Vec<u8>)>,
) {
    let mut visits = Visits::new();
    while !stopped.load(Ordering::SeqCst) {
        bell.wait(listener, &visits);
        let now = Instant::now();
        visits.admit(listener, now);
        for (visit, answer) in made.try_iter() {
            visits.answer(visit, answer, now);
        }
        visits.go_on(now, &mut |visit, request| {
            // Workers last as long as the server.
            let _ = requests.send((visit, request));
        });
    }
}

/// Wakes the thread that attends to connections.
#[cfg(unix)]
struct Bell {
    rope: std::os::unix::net::UnixStream,
    ear: std::os::unix::net::UnixStream,
}

#[cfg(unix)]
impl Bell {
    fn new() -> std::io::Result<Self> {
        let (rope, ear) = std::os::unix::net::UnixStream::pair()?;
        rope.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        Ok(Self { rope, ear })
    }

    fn ring(&self) {
        use std::io::Write as _;
        // Where there is no room, it rings already.
        let _ = (&self.rope).write(&[0]);
    }

    /// Until something happens on a connection, somebody connects or it rings.
    fn wait(&self, listener: &TcpListener, visits: &Visits<std::net::TcpStream>) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        use std::io::Read as _;

        let mut fds = vec![PollFd::new(listener, PollFlags::IN), PollFd::new(&self.ear, PollFlags::IN)];
        fds.extend(visits.awaited().map(|(stream, to_write)| {
            PollFd::new(stream, if to_write { PollFlags::OUT } else { PollFlags::IN })
        }));
        let tick = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
        // An error is a signal or a lack of memory; the next look finds out what has happened.
        let _ = poll(&mut fds, (visits.len() > 0).then_some(&tick));
        while (&self.ear).read(&mut [0; 64]).is_ok_and(|n| n == 64) {}
    }
}

/// Without a poll, connections are looked at again and again.
#[cfg(not(unix))]
struct Bell;

#[cfg(not(unix))]
impl Bell {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    fn ring(&self) {}

    fn wait(&self, _: &TcpListener, _: &Visits<std::net::TcpStream>) {
        std::thread::sleep(TICK / 10);
    }
}

fn answer(request: &Request, port: u16, runs: &Runs) -> Answer {
    if !request.is_for(port) {
        return Answer::text(421, "this server answers to 127.0.0.1 and localhost");
    }
    route(&request.target, runs)
}

#[cfg(test)]
mod tests;
