//! Services as oracles: what they are asked, and every way in which they can fail.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use headwater_core::Settings;
use headwater_core::settings::{Value, defaults};
use headwater_rewards::{Http, HttpConfig, Missing, Objects, Oracle, RewardError};

use crate::listening::Heard;

/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the service does with a request.
enum Reply {
    /// Status and further headers; the body.
    Say(&'static str, String),
    /// Says nothing until the client gives up.
    Hang,
    /// Ends in the middle of the answer.
    Break,
}

fn good(body: &str) -> Reply {
    Reply::Say("200 OK", body.to_owned())
}

fn bad(status: &'static str, body: &str) -> Reply {
    Reply::Say(status, body.to_owned())
}

/// A service that takes as many requests as it has replies, one per connection.
struct Service {
    config: HttpConfig,
    thread: JoinHandle<Vec<String>>,
}

impl Service {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/score", listener.local_addr().unwrap());
        listener.set_nonblocking(true).unwrap();
        let thread = thread::spawn(move || {
            let deadline = Instant::now() + PATIENCE;
            replies.iter().map(|reply| serve(accept(&listener, deadline), reply)).collect()
        });
        Self { config: config(&url), thread }
    }

    /// The requests that it was sent, without their headers.
    fn requests(self) -> Vec<String> {
        self.thread.join().expect("as many requests as replies")
    }
}

fn accept(listener: &TcpListener, deadline: Instant) -> TcpStream {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                return stream;
            }
            Err(_) => assert!(Instant::now() < deadline, "nobody asks"),
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Reads one request, replies, and gives the body of the request.
fn serve(mut stream: TcpStream, reply: &Reply) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("post /score http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    let (_, length) = head.split_once("content-length: ").unwrap();
    let mut body = vec![0; length.lines().next().unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    match reply {
        Reply::Say(status, body) => {
            let length = body.len();
            // The client need not read it all.
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            );
        }
        Reply::Hang => assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the client hangs up"),
        Reply::Break => write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{{\"sco").unwrap(),
    }
    String::from_utf8(body).unwrap()
}

/// A service at `url` that is asked once, two objects at a time.
fn config(url: &str) -> HttpConfig {
    let mut values = defaults(&HttpConfig::FIELDS[1..]).expect("all but the address may be left out");
    values.insert("url", Value::Text(url.to_owned()));
    HttpConfig { batch: 2, retries: 0, backoff_s: 0.0, timeout_s: 10.0, ..HttpConfig::read(&values) }
}

fn score(config: &HttpConfig, objects: &[&str]) -> Result<Vec<f64>, RewardError> {
    let objects = Objects::from_iter(objects.iter().copied());
    let mut out = vec![-1.0; objects.len()];
    Http::new(config).expect("an address").score(&objects, &mut out)?;
    Ok(out)
}

/// What is said of a service that replies to a request for the scores of `a` and `b`.
fn fails(reply: Reply) -> String {
    let service = Service::new([reply]);
    let error = score(&service.config, &["a", "b"]).expect_err("no scores");
    assert!(!error.is_recoverable());
    let address = format!("`{}` failed: it ", service.config.url);
    assert_eq!(service.requests(), [r#"{"objects":["a","b"]}"#]);
    error.to_string().strip_prefix(&address).expect("it begins with the address").to_owned()
}

fn refused(url: &str) -> String {
    let error = Http::new(&config(url)).err().expect(url);
    assert_eq!(error.field, Some("url"));
    format!("{error}\n{}", error.hint.as_deref().unwrap_or_default())
}

#[test]
fn batches_are_asked_for_in_order_and_reported_one_by_one() {
    let service = Service::new([
        good(r#"{"scores": [1, 2.5]}"#),
        good(r#"{"results": [{"score": -3, "x": 1}, {"score": 4}]}"#),
        good(r#"{"scores": [5e-3]}"#),
    ]);
    let objects = Objects::from_iter(["a", "b\"\\", "∅", "", "e"]);
    let mut out = [-1.0; 5];
    let mut heard = Heard::default();
    let mut oracle = Http::new(&service.config).unwrap();
    oracle.score_in_pieces(&objects, &mut out, &mut heard).unwrap();
    assert_eq!(out, [1.0, 2.5, -3.0, 4.0, 5e-3]);
    assert_eq!((heard.places, heard.calls), (vec![0..2, 2..4, 4..5], 5));
    assert_eq!(heard.scores, out);
    assert_eq!(
        service.requests(),
        [r#"{"objects":["a","b\"\\"]}"#, r#"{"objects":["∅",""]}"#, r#"{"objects":["e"]}"#]
    );
    assert_eq!(oracle.take_log(), "");
}

/// The test above, in an environment that names a proxy at which nobody is.
#[test]
fn proxies_of_the_environment_are_not_asked() {
    let test = "http::batches_are_asked_for_in_order_and_reported_one_by_one";
    let proxies =
        ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1"));
    let this = std::env::current_exe().unwrap();
    let run = Command::new(this)
        .args([test, "--exact"])
        .envs(proxies)
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn null_is_no_score() {
    let answer = || good(r#"{"scores": [1, null]}"#);
    let service = Service::new([answer(), good(r#"{"scores": [3]}"#)]);
    let error = score(&service.config, &["a", "b", "c"]).expect_err("b has none");
    assert!(error.is_recoverable());
    assert_eq!(
        error.to_string(),
        format!(
            "`b` has no score: `{}` answered null; if that is no mistake, set `reward.missing = \"floor\"`",
            service.config.url
        )
    );
    service.requests();
    let service = Service::new([answer()]);
    let config = HttpConfig { missing: Missing::Floor, ..service.config.clone() };
    let scores = score(&config, &["a", "b"]).unwrap();
    assert!(scores[0] == 1.0 && scores[1].is_nan());
    service.requests();
}

#[test]
fn wrong_answers_end_it_each_in_its_own_words() {
    for (body, expected) in [
        (
            r#"{"scores": [1]}"#,
            "answered 1 score to 2 objects; it has to answer one score per object, in order, and null for no score",
        ),
        (
            "\n<html>\n",
            "answered `<html>` instead of JSON (expected value at line 2 column 1); expected `{\"scores\": [0.5, null]}`; \
             NaN and Infinity are not JSON: null stands for no score",
        ),
        (
            r#"{"scores": [1, 1e999]}"#,
            "answered with a number that is too large to be one (at line 1 column 20); scores are 64-bit floating-point \
             numbers; null stands for no score",
        ),
        (
            r#"{"scores": ["1", 2]}"#,
            "answered `\"1\"` for `a`, expected a number or null; numbers are written without quotes; null stands for no \
             score",
        ),
        (
            r#"{"results": [{"score": 1}, {}]}"#,
            "answered `{}` for `b`, expected an object with `score`: a number or null; `reward.property` is the name of the \
             score",
        ),
    ] {
        assert_eq!(fails(good(body)), expected);
    }
    let long = fails(good(&" ".repeat(2 << 20)));
    assert!(long.starts_with("answered with more than 1056768 bytes; "), "{long}");
}

#[test]
fn a_refusal_is_final_and_a_redirect_is_not_followed() {
    let said = fails(bad("404 Not Found", "no such page\nfor you"));
    assert!(
        said.starts_with("answered with status 404: `no such page`; it has to take POST requests"),
        "{said}"
    );
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let to = format!("http://{}/score", other.local_addr().unwrap());
    for status in ["302 Found", "307 Temporary Redirect"] {
        let head: &'static str = format!("{status}\r\nLocation: {to}").leak();
        let said = fails(bad(head, ""));
        let code = &status[..3];
        let expected = format!("answered with status {code}, a redirect to `{to}`, which is not followed; ");
        assert!(said.starts_with(&expected), "{said}");
    }
    assert!(other.accept().is_err(), "nobody goes there");
    // None of them is worth another try.
    for status in ["404 Not Found", "302 Found\r\nLocation: /"] {
        let service = Service::new([bad(status, "")]);
        score(&HttpConfig { retries: 3, ..service.config.clone() }, &["a"]).unwrap_err();
        assert_eq!(service.requests().len(), 1);
    }
}

#[test]
fn what_may_pass_is_tried_again() {
    let service = Service::new([
        bad("500 Internal Server Error", "busy"),
        bad("429 Too Many Requests\r\nRetry-After: 0", ""),
        Reply::Break,
        good(r#"{"scores": [7]}"#),
    ]);
    let config = HttpConfig { retries: 3, backoff_s: 0.01, ..service.config.clone() };
    let mut oracle = Http::new(&config).unwrap();
    let mut out = [-1.0];
    oracle.score(&Objects::from_iter(["a"]), &mut out).unwrap();
    assert_eq!(out, [7.0]);
    assert_eq!(service.requests(), [r#"{"objects":["a"]}"#; 4]);
    let log = oracle.take_log();
    let lines: Vec<_> = log.lines().collect();
    // The service's own wish goes before the wait that would be due, 0.02 s.
    assert_eq!(lines[0], "the service answered with status 500: `busy`; asked again after 0.01 s");
    assert_eq!(lines[1], "the service answered with status 429; asked again after 0 s");
    assert!(lines[2].starts_with("the service cannot be talked to: ") && lines[2].ends_with("after 0.04 s"));
    assert_eq!((lines.len(), oracle.take_log().as_str()), (3, ""));

    let service = Service::new([bad("503 Service Unavailable", ""), bad("503 Service Unavailable", "later")]);
    let error = score(&HttpConfig { retries: 1, ..service.config.clone() }, &["a"]).unwrap_err().to_string();
    assert!(
        error.contains("it answered with status 503: `later`, at try 2; its own log may say more"),
        "{error}"
    );
    service.requests();
}

#[test]
fn a_service_that_is_late_or_not_there() {
    let service = Service::new([Reply::Hang, Reply::Hang]);
    let late = HttpConfig { timeout_s: 0.1, retries: 1, ..service.config.clone() };
    let start = Instant::now();
    let error = score(&late, &["a"]).unwrap_err().to_string();
    assert!(start.elapsed() < PATIENCE / 2);
    assert!(error.contains("it had no answer within 0.1 s (reward.timeout_s), at try 2; raise"), "{error}");
    service.requests();

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = score(&config(&format!("http://{nobody}/score")), &["a"]).unwrap_err().to_string();
    assert!(
        error.contains("it cannot be talked to: ") && error.contains("is the service running"),
        "{error}"
    );
}

#[test]
fn scores_that_were_got_are_left() {
    let service = Service::new([good(r#"{"scores": [1, 2]}"#), bad("404 Not Found", "")]);
    let mut out = [f64::NAN; 4];
    let mut heard = Heard::default();
    let objects = Objects::from_iter(["a", "b", "c", "d"]);
    let answered = Http::new(&service.config).unwrap().score_in_pieces(&objects, &mut out, &mut heard);
    assert!(answered.is_err() && out[2..].iter().all(|y| y.is_nan()));
    assert_eq!((&out[..2], heard.places), (&[1.0, 2.0][..], vec![0..2]));
    // Every object of a request counts, also of one that fails.
    assert_eq!(heard.calls, 4);
    service.requests();
}

#[test]
fn addresses_are_judged_before_anything_is_asked() {
    for (url, expected) in [
        ("localhost:8000/score", "`localhost:8000/score` is no "),
        ("/score", "`/score` is no whole address\nexpected `http://host:port/path`"),
        ("", "`` is no address"),
        ("http://", "`http://` is no address"),
        ("http://a b/", "`http://a b/` is no address"),
        ("ftp://a/", "`ftp` is no protocol that services are asked by\nexpected"),
        ("https://a/", "`https://a/` needs TLS, which is not there\nput a proxy that speaks TLS beside"),
        ("http://me:secret@a/", "the address holds a name or a password, which runs would write down\n"),
    ] {
        let said = refused(url);
        assert!(said.starts_with(expected) && !said.contains("secret"), "{url}: {said}");
    }
}

#[test]
fn scores_belong_to_the_address_the_property_and_the_version() {
    let identity = |config: &HttpConfig| Http::new(config).unwrap().identity().unwrap();
    let one = config("http://localhost:8000/score");
    assert_eq!(identity(&one), r#"http "http://localhost:8000/score" property "score" version """#);
    let same = HttpConfig { batch: 7, retries: 9, timeout_s: 1.0, missing: Missing::Floor, ..one.clone() };
    assert_eq!(identity(&one), identity(&same));
    for other in [
        config("http://localhost:8000/other"),
        HttpConfig { property: "qed".to_owned(), ..one.clone() },
        HttpConfig { version: "2".to_owned(), ..one.clone() },
    ] {
        assert_ne!(identity(&one), identity(&other));
    }
}
