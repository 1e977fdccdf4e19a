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

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::args::Serve;
use crate::out::{self, Failure, fail};
use crate::serve::answer::Answer;
use crate::serve::request::{Refusal, Request};
use crate::serve::routes::route;
use crate::serve::runs::Runs;
use crate::{Verdict, signal};

/// Connections at a time; a browser opens six to a server.
const MOST_CONNECTIONS: usize = 32;
/// Time for a request to arrive.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time for one read or write.
const IO_TIMEOUT: Duration = Duration::from_secs(2);

pub fn run(args: &Serve) -> Result<Verdict, Failure> {
    let runs = Runs::below(&args.runs)?;
    let bind = |e| fail(format!("cannot listen on 127.0.0.1:{}: {e}", args.port));
    // By number, so that no resolver can make it another address.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    let stop = signal::stop();
    out::data(&format!("http://{address}/"))?;
    out::talk("serving this machine alone; Ctrl-C ends it");
    let (stopped, open) = (&AtomicBool::new(false), &AtomicUsize::new(0));
    let runs = &runs;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if stop.recv().is_ok() {
                stopped.store(true, Ordering::SeqCst);
                // Wakes whoever waits for a connection.
                let _ = TcpStream::connect(address);
            }
        });
        for stream in listener.incoming() {
            if stopped.load(Ordering::SeqCst) {
                break;
            }
            // A connection that broke before it was there.
            let Ok(stream) = stream else { continue };
            if open.fetch_add(1, Ordering::SeqCst) >= MOST_CONNECTIONS {
                open.fetch_sub(1, Ordering::SeqCst);
                continue;
            }
            scope.spawn(move || {
                // Whoever is not there any more needs no answer.
                let _ = attend(stream, address, runs);
                open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    Ok(Verdict::Clean)
}

/// One connection: one request, one answer.
fn attend(mut stream: TcpStream, address: SocketAddr, runs: &Runs) -> io::Result<()> {
    stream.set_read_timeout(Some(IO_TIMEOUT))?;
    stream.set_write_timeout(Some(IO_TIMEOUT))?;
    let start = Instant::now();
    let request = request::read(&mut stream, &mut || start.elapsed() > PATIENCE);
    let (answer, head) = match &request {
        Ok(request) => (answer(request, address.port(), runs), request.head),
        Err(Refusal::Silence) => return Ok(()),
        Err(refusal) => (Answer::refused(refusal), false),
    };
    stream.write_all(&answer.bytes(head))?;
    stream.shutdown(Shutdown::Write)?;
    // To close with bytes unread would reset the connection, and the answer might be lost with it.
    let mut rest = [0; 4096];
    for _ in 0..16 {
        if start.elapsed() > PATIENCE || stream.read(&mut rest)? == 0 {
            break;
        }
    }
    Ok(())
}

fn answer(request: &Request, port: u16, runs: &Runs) -> Answer {
    if !request.is_for(port) {
        return Answer::text(421, "this server answers to 127.0.0.1 and localhost");
    }
    route(&request.target, runs)
}

#[cfg(test)]
mod tests;
