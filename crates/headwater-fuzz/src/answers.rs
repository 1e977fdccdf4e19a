//! What comes over pipes and sockets: answers of programs and of services, and requests to `headwater serve`.

use std::path::Path;

use headwater_run::assemble::schema;

use crate::readers::{Read, Reader, build, bytes};

// The command is not a library, and this file of it needs nothing of the rest.
#[allow(dead_code, unreachable_pub, missing_docs)]
#[path = "../../headwater-cli/src/serve/request.rs"]
mod request;

/// All of them.
pub fn all() -> Vec<Reader> {
    let requests = [
        "GET / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n",
        "HEAD /run/1/steps.csv?from=10 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n",
    ];
    let tokens =
        &["\r\n", "\r\n\r\n", "Host: ", "HTTP/1.0", "GET ", "%2e%2e/", "//", "Content-Length: -1\r\n"];
    let mut all = vec![Reader::new(
        "request",
        tokens,
        move || bytes(&requests),
        |_| {
            Box::new(|bytes| {
                // As it comes: in pieces, and then nothing.
                let (mut head, step) = (request::Head::default(), 1 + bytes.len() % 97);
                let refused = head.late();
                let read = bytes.chunks(step).chain([&[][..]]).find_map(|chunk| head.take(chunk));
                match read.unwrap_or(Err(refused)) {
                    Ok(request) => {
                        request.is_for(8000);
                        Ok(())
                    }
                    Err(refusal) => Err(format!("{refusal:?}")),
                }
            })
        },
    )];
    #[cfg(unix)]
    all.extend(programs());
    #[cfg(feature = "http")]
    all.push(service());
    all
}

/// Answers of a program in both protocols: it copies the input to its stdout.
#[cfg(unix)]
fn programs() -> Vec<Reader> {
    fn program(dir: &Path, protocol: &str) -> Read {
        let (dir, schema, file) = (dir.to_owned(), schema(), dir.join("answers"));
        let toml = format!(
            "[env]\nkind=\"strings\"\nalphabet=\"ab\"\nmax_len=2\n[reward]\nkind=\"command\"\ncommand=[\"cat\", \"answers\"]\n\
             protocol=\"{protocol}\"\ntimeout_s=5.0\nretries=0\n[ledger]\nkeep=false\n"
        );
        Box::new(move |bytes| {
            std::fs::write(&file, bytes).map_err(|e| e.to_string())?;
            score(&toml, &dir, &schema)
        })
    }
    let tokens = &["\n", "NaN", "inf", "1e999", "{", "}", "\"score\"", "null", "ready"];
    let lines = ["0.5\n1\n", "1\n\n2\n", "ready\n0.5\n1.5\n"];
    let json = ["{\"score\": 0.5}\n{\"score\": 1}\n", "{\"score\": null}\n", "[1]\n{}\n"];
    vec![
        Reader::new("program-lines", tokens, move || bytes(&lines), |dir| program(dir, "lines")),
        Reader::new("program-json", tokens, move || bytes(&json), |dir| program(dir, "json")),
    ]
}

/// Scores two strings by what a configuration names.
fn score(toml: &str, dir: &Path, schema: &headwater_run::Schema) -> Result<(), String> {
    let mut task = build(toml, dir, &[], schema)?;
    task.sim.reset(2);
    for (lane, text) in [(0, "a"), (1, "ab")] {
        task.sim.load(lane, text).map_err(|e| e.to_string())?;
    }
    task.scorer.log_reward(&*task.sim, &[0, 1], &mut [0.0; 2]).map_err(|e| e.to_string())
}

/// Answers of a service: a thread of this process sends the input as it is.
#[cfg(feature = "http")]
fn service() -> Reader {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};

    let answers = [
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"scores\": [1, 0.5]}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{\"scores\": [1, 0.5]}\r\n0\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 48\r\n\r\n{\"results\": [{\"score\": 1}, {\"score\": \"x\", \"y\":1}]}",
    ];
    let tokens =
        &["\r\n", "Content-Length: ", "chunked", "Retry-After: 99999999999", "ffffffffffffffff\r\n", "null"];
    Reader::new(
        "service",
        tokens,
        move || bytes(&answers),
        |dir| {
            let (dir, schema) = (dir.to_owned(), schema());
            let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
            let port = listener.local_addr().map_or(0, |a| a.port());
            let answer = Arc::new(Mutex::new(Vec::new()));
            let given = Arc::clone(&answer);
            std::thread::spawn(move || {
                for mut stream in listener.incoming().flatten() {
                    // The head and the body of the request come in one piece or two; a part of them is enough.
                    let _ = stream.read(&mut [0; 4096]);
                    let bytes = given.lock().map(|bytes: std::sync::MutexGuard<'_, Vec<u8>>| bytes.clone());
                    let _ = stream.write_all(&bytes.unwrap_or_default());
                }
            });
            let toml = format!(
                "[env]\nkind=\"strings\"\nalphabet=\"ab\"\nmax_len=2\n[reward]\nkind=\"http\"\nurl=\"http://127.0.0.1:{port}/s\"\n\
             timeout_s=2.0\nretries=0\n[ledger]\nkeep=false\n"
            );
            Box::new(move |bytes| {
                *answer.lock().map_err(|e| e.to_string())? = bytes.to_vec();
                score(&toml, &dir, &schema)
            })
        },
    )
}
