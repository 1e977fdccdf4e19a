//! Connections. One thread attends to all of them and waits for none, so that nobody who is slow keeps others waiting;
//! answers are made elsewhere.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::serve::answer::Answer;
use crate::serve::request::{Head, Refusal, Request};

/// Connections at a time. Where there are more, the one whose request has been arriving for longest gives way.
const MOST: usize = 256;
/// Time for a request to arrive.
const TO_ASK: Duration = Duration::from_secs(3);
/// Time for an answer to be read.
const TO_READ: Duration = Duration::from_secs(20);
/// Time for a client to hang up after its answer.
const TO_LEAVE: Duration = Duration::from_secs(1);
/// Bytes that are read away in that time.
const MOST_BYTES_AFTER: usize = 1 << 16;

/// One request, one answer.
struct Visit<S> {
    id: u64,
    stream: S,
    /// When its stage began.
    since: Instant,
    stage: Stage,
}

enum Stage {
    /// Its request arrives.
    Asking(Head),
    /// Its answer is made.
    Waiting,
    /// Its answer leaves; so many bytes have.
    Answering(Vec<u8>, usize),
    /// Everything is said. To close with bytes unread would reset the connection, and the answer might be lost with it.
    Leaving(usize),
}

/// What goes over a connection.
pub trait Stream: Read + Write {
    /// Says that nothing more will be written.
    fn finish(&mut self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn finish(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// All connections.
pub struct Visits<S> {
    all: Vec<Visit<S>>,
    next: u64,
}

impl Visits<TcpStream> {
    /// Accepts the connections that are waiting.
    pub fn admit(&mut self, listener: &TcpListener, now: Instant) {
        // A connection that broke before it was there is none; any other error comes back at the next look.
        while let Ok((stream, _)) = listener.accept() {
            if stream.set_nonblocking(true).is_ok() {
                self.add(stream, now);
            }
        }
    }

    /// The connections that something is awaited of: whether that is room for an answer.
    pub fn awaited(&self) -> impl Iterator<Item = (&TcpStream, bool)> {
        self.all.iter().filter_map(|visit| match visit.stage {
            Stage::Waiting => None,
            Stage::Answering(..) => Some((&visit.stream, true)),
            Stage::Asking(_) | Stage::Leaving(_) => Some((&visit.stream, false)),
        })
    }
}

impl<S: Stream> Visits<S> {
    pub fn new() -> Self {
        Self { all: Vec::new(), next: 0 }
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Takes in a connection, which never blocks.
    pub fn add(&mut self, stream: S, now: Instant) {
        if self.all.len() >= MOST {
            // They are in the order in which they came.
            let Some(oldest) = self.all.iter().position(|visit| matches!(visit.stage, Stage::Asking(_)))
            else {
                return;
            };
            self.all.remove(oldest);
        }
        let stage = Stage::Asking(Head::default());
        self.all.push(Visit { id: self.next, stream, since: now, stage });
        self.next += 1;
    }

    /// Goes on with every connection as far as it goes without waiting; `ask` hears of requests, by the number under which
    /// [`Visits::answer`] knows the connection.
    pub fn go_on(&mut self, now: Instant, ask: &mut dyn FnMut(u64, Request)) {
        self.all.retain_mut(|visit| visit.go_on(now, ask).unwrap_or(false));
    }

    /// The answer to a request, unless its connection is gone.
    pub fn answer(&mut self, id: u64, answer: Vec<u8>, now: Instant) {
        if let Some(visit) = self.all.iter_mut().find(|visit| visit.id == id) {
            visit.enter(Stage::Answering(answer, 0), now);
        }
    }
}

impl<S: Stream> Visit<S> {
    fn enter(&mut self, stage: Stage, now: Instant) {
        (self.stage, self.since) = (stage, now);
    }

    /// As [`Visits::go_on`]; `false` where it is over.
    fn go_on(&mut self, now: Instant, ask: &mut dyn FnMut(u64, Request)) -> io::Result<bool> {
        let mut chunk = [0; 4096];
        loop {
            let age = now.saturating_duration_since(self.since);
            match &mut self.stage {
                Stage::Asking(head) => {
                    let refusal = match without_waiting(self.stream.read(&mut chunk))? {
                        Some(n) => match head.take(&chunk[..n]) {
                            None => continue,
                            Some(Ok(request)) => {
                                self.enter(Stage::Waiting, now);
                                ask(self.id, request);
                                return Ok(true);
                            }
                            Some(Err(refusal)) => refusal,
                        },
                        None if age > TO_ASK => head.late(),
                        None => return Ok(true),
                    };
                    if refusal == Refusal::Silence {
                        return Ok(false);
                    }
                    self.enter(Stage::Answering(Answer::refused(&refusal).bytes(false), 0), now);
                }
                Stage::Waiting => return Ok(true),
                Stage::Answering(answer, sent) if *sent == answer.len() => {
                    self.stream.finish()?;
                    self.enter(Stage::Leaving(0), now);
                }
                Stage::Answering(answer, sent) => {
                    match without_waiting(self.stream.write(&answer[*sent..]))? {
                        Some(0) => return Ok(false),
                        Some(n) => *sent += n,
                        None => return Ok(age < TO_READ),
                    }
                }
                Stage::Leaving(read) => match without_waiting(self.stream.read(&mut chunk))? {
                    Some(n) if n > 0 && *read < MOST_BYTES_AFTER => *read += n,
                    Some(_) => return Ok(false),
                    None => return Ok(age < TO_LEAVE),
                },
            }
        }
    }
}

/// What was read or written; `None` where there was nothing to read, or no room.
fn without_waiting(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(n) => Ok(Some(n)),
        Err(e)
            if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) =>
        {
            Ok(None)
        }
        Err(e) => Err(e),
    }
}
