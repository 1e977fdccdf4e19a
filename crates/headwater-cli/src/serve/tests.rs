#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use super::*;
use crate::serve::request::{Head, MOST_BYTES, Refusal};
use crate::serve::routes::decoded;
use crate::serve::visits::Stream;

/// The request in these bytes, which arrive `at_a_time`, after which nothing more does.
fn arriving(bytes: &[u8], at_a_time: usize) -> Result<Request, Refusal> {
    let mut head = Head::default();
    let taken = bytes.chunks(at_a_time).find_map(|chunk| head.take(chunk));
    taken.or_else(|| head.take(&[])).unwrap()
}

fn read(head: &str) -> Result<Request, Refusal> {
    arriving(head.as_bytes(), 1024)
}

#[test]
fn a_request_is_its_method_target_and_host() {
    let request = read("GET /a?b HTTP/1.1\r\nAccept: */*\r\nhOsT:  localhost:80 \r\n\r\nbody").unwrap();
    assert_eq!((request.head, request.target.as_str()), (false, "/a?b"));
    assert!(request.is_for(80) && !request.is_for(8080));
    assert!(read("HEAD / HTTP/1.0\r\nHost: LOCALHOST\r\n\r\n").unwrap().is_for(80));
    for at_a_time in 1..9 {
        assert!(arriving(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", at_a_time).is_ok());
    }
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
    assert_eq!(arriving(b"GET /\xFF HTTP/1.1\r\n\r\n", 1024), Err(Refusal::Malformed));
    assert_eq!(read("POST / HTTP/1.1\r\nHost: x\r\n\r\n"), Err(Refusal::Method));
    assert_eq!(read(""), Err(Refusal::Silence));
}

#[test]
fn a_request_may_be_neither_endless_nor_slow() {
    let endless = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}", "a".repeat(2 * MOST_BYTES));
    assert_eq!(read(&endless), Err(Refusal::TooLong));
    assert_eq!(read(&(endless + "\r\n\r\n")), Err(Refusal::TooLong));
    let mut head = Head::default();
    assert_eq!(head.late(), Refusal::Silence);
    assert_eq!((head.take(b"GET / HT"), head.late()), (None, Refusal::TooSlow));
}

/// A connection: what will arrive, of which so much is there already, and what was said.
struct Client {
    arrives: VecDeque<u8>,
    there: usize,
    said: Vec<u8>,
    /// Bytes that may still be written.
    room: usize,
    finished: bool,
}

impl Client {
    fn saying(text: &str, there: usize) -> Self {
        let arrives = text.bytes().collect();
        Self { arrives, there, said: Vec::new(), room: usize::MAX, finished: false }
    }
}

impl Read for &mut Client {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.there.min(out.len()).min(self.arrives.len());
        if n == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.there -= n;
        out.iter_mut().zip(self.arrives.drain(..n)).for_each(|(to, from)| *to = from);
        Ok(n)
    }
}

impl Write for &mut Client {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(self.room);
        if n == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room -= n;
        self.said.extend(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for &mut Client {
    fn finish(&mut self) -> io::Result<()> {
        self.finished = true;
        Ok(())
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// However many clients send nothing, or byte by byte, a complete request is answered at the next look.
#[test]
fn nobody_waits_for_those_who_are_slow() {
    let start = Instant::now();
    let mut slow: Vec<Client> = (0..1000).map(|i| Client::saying(GET, i % 20)).collect();
    let mut quick = Client::saying(GET, usize::MAX);
    let mut visits = Visits::new();
    slow.iter_mut().for_each(|client| visits.add(client, start));
    visits.add(&mut quick, start);
    assert_eq!(visits.len(), 256, "the oldest gave way");
    let mut asked = Vec::new();
    visits.go_on(start, &mut |visit, request| asked.push((visit, request.target)));
    assert_eq!(asked, [(1000, "/".to_owned())]);
    visits.answer(1000, b"answer".to_vec(), start);
    visits.go_on(start, &mut |_, _| panic!("there is one request"));
    // Nobody is waited for for ever.
    visits.go_on(start + Duration::from_secs(4), &mut |_, _| panic!("there is one request"));
    visits.go_on(start + Duration::from_secs(30), &mut |_, _| panic!("there is one request"));
    assert_eq!(visits.len(), 0);
    drop(visits);
    assert_eq!((&*quick.said, quick.finished), (&b"answer"[..], true));
    let said = |client: &Client| String::from_utf8(client.said.clone()).unwrap();
    assert_eq!(said(&slow[0]), "", "it gave way");
    assert!(said(&slow[999]).starts_with("HTTP/1.1 408 "), "{}", said(&slow[999]));
    assert_eq!(said(&slow[980]), "", "it said nothing");
}

#[test]
fn an_answer_that_is_not_read_is_given_up() {
    let start = Instant::now();
    let mut client = Client { room: 3, ..Client::saying(GET, usize::MAX) };
    let mut visits = Visits::new();
    visits.add(&mut client, start);
    visits.go_on(start, &mut |_, _| {});
    visits.answer(0, b"answer".to_vec(), start);
    visits.go_on(start + Duration::from_secs(19), &mut |_, _| {});
    assert_eq!(visits.len(), 1);
    visits.go_on(start + Duration::from_secs(21), &mut |_, _| {});
    assert_eq!(visits.len(), 0);
    drop(visits);
    assert_eq!((&*client.said, client.finished), (&b"ans"[..], false));
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
