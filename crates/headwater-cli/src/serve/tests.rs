#![allow(clippy::unwrap_used)]

use std::io::{self, Read};

use super::*;
use crate::serve::request::MOST_BYTES;
use crate::serve::routes::decoded;

fn read(head: &str) -> Result<Request, Refusal> {
    request::read(&mut head.as_bytes(), &mut || false)
}

/// A client that sends one byte at a time, and then nothing more.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let (&first, rest) = self.0.split_first().ok_or(io::ErrorKind::WouldBlock)?;
        out[0] = first;
        self.0 = rest;
        Ok(1)
    }
}

#[test]
fn a_request_is_its_method_target_and_host() {
    let request = read("GET /a?b HTTP/1.1\r\nAccept: */*\r\nhOsT:  localhost:80 \r\n\r\nbody").unwrap();
    assert_eq!((request.head, request.target.as_str()), (false, "/a?b"));
    assert!(request.is_for(80) && !request.is_for(8080));
    assert!(read("HEAD / HTTP/1.0\r\nHost: LOCALHOST\r\n\r\n").unwrap().is_for(80));
    let slowly = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    assert!(request::read(&mut Drip(slowly), &mut || false).is_ok());
}

#[test]
fn this_server_goes_by_two_names() {
    for (host, ours) in [
        ("127.0.0.1:99", true),
        ("LocalHost:99", true),
        ("127.0.0.1", false),
        ("127.0.0.1:9", false),
        ("localhost:99.evil.example", false),
        ("evil.example:99", false),
        ("localhost.:99", false),
        ("[::1]:99", false),
        ("0.0.0.0:99", false),
        ("", false),
    ] {
        let request = read(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).unwrap();
        assert_eq!(request.is_for(99), ours, "{host}");
    }
}

#[test]
fn what_is_no_request_is_refused() {
    for head in [
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/2\r\nHost: x\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "get / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
        "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /ü HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n",
    ] {
        assert_eq!(read(head), Err(Refusal::Malformed), "{head:?}");
    }
    assert_eq!(
        request::read(&mut &b"GET /\xFF HTTP/1.1\r\n\r\n"[..], &mut || false),
        Err(Refusal::Malformed)
    );
    assert_eq!(read("POST / HTTP/1.1\r\nHost: x\r\n\r\n"), Err(Refusal::Method));
    assert_eq!(read(""), Err(Refusal::Silence));
}

#[test]
fn a_request_may_be_neither_endless_nor_slow() {
    let endless = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}", "a".repeat(2 * MOST_BYTES));
    assert_eq!(read(&endless), Err(Refusal::TooLong));
    assert_eq!(read(&(endless + "\r\n\r\n")), Err(Refusal::TooLong));
    assert_eq!(request::read(&mut Drip(b"GET / HT"), &mut || false), Err(Refusal::TooSlow));
    assert_eq!(request::read(&mut Drip(b""), &mut || false), Err(Refusal::Silence));
    // It sends, but not fast enough.
    let mut reads = 0;
    let mut late = || {
        reads += 1;
        reads > 20
    };
    let slow = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(request::read(&mut Drip(slow), &mut late), Err(Refusal::TooSlow));
}

#[test]
fn percent_signs_are_read_once() {
    assert_eq!(decoded("a%20b").as_deref(), Some("a b"));
    assert_eq!(decoded("%3Cscript%3e").as_deref(), Some("<script>"));
    assert_eq!(decoded("..%2f..").as_deref(), Some("../.."));
    assert_eq!(decoded("%252e").as_deref(), Some("%2e"));
    assert_eq!(decoded("%C3%BC").as_deref(), Some("ü"));
    for broken in ["%", "%2", "%zz", "%+1", "%ff"] {
        assert_eq!(decoded(broken), None, "{broken}");
    }
}
