//! The client: one request at a time, again if that may help.

use std::io::Read;
use std::ops::Range;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use headwater_core::SettingError;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

use super::failure::Failure;
use super::{HttpConfig, answer};
use crate::{Caller, Deaf, Listener, Missing, Objects, Oracle, RewardError, Texts, excerpt};

/// Longest wait before a request is made again, whatever the service says.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Bytes of an answer that may come for nothing, and for each object.
const LARGEST_ANSWER: (u64, u64) = (1 << 20, 1 << 12);

/// Bytes that are read of what a service says when it cannot.
const EXCUSE: u64 = 1 << 12;

/// Bytes of the log that are kept until somebody takes it.
const LOG: usize = 1 << 16;

/// Longest time between two looks at whoever waits.
const TICK: Duration = Duration::from_millis(100);

/// Silence after which whoever waits is told of it for the first time.
const SILENCE: Duration = Duration::from_secs(10);

/// Scores by a service, a batch at a time.
///
/// Nothing is sent before the first object is scored.
pub struct Http {
    config: HttpConfig,
    agent: Agent,
    log: String,
    caller: Caller,
    /// When it was first seen that the caller has left.
    left: Option<Instant>,
    /// Silence of which the caller is told next.
    silence: Duration,
}

/// What a request needs.
struct Request {
    config: HttpConfig,
    agent: Agent,
}

impl Http {
    /// An oracle that will ask the service of `config`.
    ///
    /// # Errors
    /// If the address is none, or needs what is not there.
    pub fn new(config: &HttpConfig) -> Result<Self, SettingError> {
        check(&config.url)?;
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("headwater")
            .timeout_global(Some(Duration::from_secs_f64(config.timeout_s)))
            .build()
            .new_agent();
        let (config, caller) = (config.clone(), Caller::default());
        Ok(Self { config, agent, log: String::new(), caller, left: None, silence: SILENCE })
    }

    /// The scores of `range`, after as many tries as it takes and may take.
    fn ask(
        &mut self,
        texts: &Texts,
        range: Range<usize>,
        listener: &mut dyn Listener,
    ) -> Result<Vec<f64>, RewardError> {
        let question = answer::question(texts, range.clone());
        let (mut tries, url) = (0, self.config.url.clone());
        loop {
            // What a service has done before it failed is not known: every object may have been worked on.
            listener.called(range.len());
            listener.pause();
            let body = self.wait_for(&question, range.len())?;
            let read = |body: Vec<u8>| answer::scores(&body, texts, range.clone(), &self.config.property);
            let failure = match body.and_then(read) {
                Ok(scores) => return Ok(scores),
                Err(failure) => failure,
            };
            let may_repeat = |listener: &mut dyn Listener| range.clone().all(|_| listener.may_repeat());
            if !failure.is_passing() || tries == self.config.retries || !may_repeat(listener) {
                let after = if tries > 0 { format!(", at try {}", tries + 1) } else { String::new() };
                let message = format!("it {failure}{after}; {}", failure.hint());
                return Err(RewardError::Failed { oracle: format!("`{url}`"), message });
            }
            let pause = Duration::from_secs_f64(self.config.backoff_s).saturating_mul(1 << tries.min(16));
            let pause = failure.wait().unwrap_or(pause).min(LONGEST_WAIT);
            self.note(&format!("the service {failure}; asked again after {} s\n", pause.as_secs_f64()));
            self.pause(pause)?;
            tries += 1;
        }
    }

    /// One request, made on a thread of its own, so that whoever waits can leave.
    fn wait_for(&mut self, question: &str, n: usize) -> Result<Result<Vec<u8>, Failure>, RewardError> {
        let (request, question) =
            (Request { agent: self.agent.clone(), config: self.config.clone() }, question.to_owned());
        let (done, answer) = channel();
        thread::spawn(move || {
            // Nobody may be there any more.
            let _ = done.send(request.post(&question, n));
        });
        let start = Instant::now();
        loop {
            match answer.recv_timeout(TICK) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Err(Failure::Lost("the request has come to nothing".to_owned())));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if start.elapsed() >= self.silence {
                let (url, seconds) = (&self.config.url, self.silence.as_secs());
                self.caller.tell(&format!("no answer from `{url}` for {seconds} s"));
                self.silence *= 6;
            }
            self.mind_the_caller()?;
        }
    }

    /// Waits, unless the caller has left.
    fn pause(&mut self, pause: Duration) -> Result<(), RewardError> {
        let end = Instant::now() + pause;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(TICK));
            self.mind_the_caller()?;
        }
    }

    fn mind_the_caller(&mut self) -> Result<(), RewardError> {
        if !self.caller.has_left() {
            return Ok(());
        }
        let (patience, oracle) = (Caller::PATIENCE, format!("`{}`", self.config.url));
        let left = *self.left.get_or_insert_with(|| {
            self.caller.tell(&format!("waiting for answers of {oracle}, at most {} s", patience.as_secs()));
            Instant::now()
        });
        if left.elapsed() < patience {
            return Ok(());
        }
        Err(RewardError::Interrupted { oracle, seconds: patience.as_secs() })
    }

    fn note(&mut self, line: &str) {
        if self.log.len() + line.len() <= LOG {
            self.log.push_str(line);
        }
    }
}

impl Request {
    /// Makes it; gives the body of the answer to `n` objects.
    fn post(&self, question: &str, n: usize) -> Result<Vec<u8>, Failure> {
        let request = self.agent.post(&self.config.url).content_type("application/json");
        let mut response = request.send(question).map_err(|e| self.lost(e))?;
        let status = response.status();
        if status.is_redirection() {
            let to = excerpt(header(&response, "location").as_bytes());
            return Err(Failure::Moved { status: status.as_u16(), to });
        }
        if !status.is_success() {
            let wait = header(&response, "retry-after").trim().parse().ok().map(Duration::from_secs);
            let mut text = Vec::new();
            // Whatever can be read of it.
            let _ = response.body_mut().as_reader().take(EXCUSE).read_to_end(&mut text);
            return Err(Failure::Status { status: status.as_u16(), text: excerpt(&text), wait });
        }
        let limit = LARGEST_ANSWER.0 + LARGEST_ANSWER.1 * n as u64;
        response.body_mut().with_config().limit(limit).read_to_vec().map_err(|e| self.lost(e))
    }

    /// What it means that no answer came.
    fn lost(&self, error: ureq::Error) -> Failure {
        match error {
            ureq::Error::Timeout(_) => Failure::Late(self.config.timeout_s),
            ureq::Error::BodyExceedsLimit(limit) => Failure::Long(limit),
            // The cause alone: the client's own words for it repeat what the message says.
            ureq::Error::Io(e) => Failure::Lost(e.to_string()),
            e => Failure::Lost(e.to_string()),
        }
    }
}

impl Oracle for Http {
    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        self.score_in_pieces(objects, out, &mut Deaf)
    }

    fn score_in_pieces(
        &mut self,
        objects: &Objects,
        out: &mut [f64],
        listener: &mut dyn Listener,
    ) -> Result<(), RewardError> {
        let texts = objects.texts();
        out.fill(f64::NAN);
        for start in (0..out.len()).step_by(self.config.batch) {
            let range = start..out.len().min(start + self.config.batch);
            let scores = self.ask(texts, range.clone(), listener)?;
            out[range.clone()].copy_from_slice(&scores);
            listener.scored(range, &scores);
            listener.pause();
        }
        match out.iter().position(|y| y.is_nan()) {
            Some(i) if self.config.missing == Missing::Error => Err(RewardError::NoScore {
                object: texts.get(i).to_owned(),
                oracle: self.config.url.clone(),
                message: "answered null; if that is no mistake, set `reward.missing = \"floor\"`".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn missing(&self) -> Missing {
        self.config.missing
    }

    /// Everything that decides what a score is: not how it is asked for.
    fn identity(&self) -> Option<String> {
        let HttpConfig { url, property, version, .. } = &self.config;
        Some(format!("http {url:?} property {property:?} version {version:?}"))
    }

    fn attend(&mut self, caller: &Caller) {
        self.caller = caller.clone();
    }

    fn take_log(&mut self) -> String {
        std::mem::take(&mut self.log)
    }
}

/// The header called `name`, or nothing.
fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Is `url` an address that can be asked?
fn check(url: &str) -> Result<(), SettingError> {
    let error = |message: String, hint: &str| Err(SettingError::at("url", message).hint(hint));
    let form = "expected `http://host:port/path`";
    let uri: Uri = match url.parse() {
        Ok(uri) => uri,
        Err(e) => return error(format!("`{url}` is no address: {e}"), form),
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return error(format!("`{url}` is no whole address"), form);
    };
    if scheme == "https" {
        let hint = "put a proxy that speaks TLS beside this program, and give its http:// address; or ask by a program of \
                    yours, with `reward.kind = \"command\"`";
        return error(format!("`{url}` needs TLS, which is not there"), hint);
    }
    if scheme != "http" {
        return error(format!("`{scheme}` is no protocol that services are asked by"), form);
    }
    if authority.as_str().contains('@') {
        let message = "the address holds a name or a password, which runs would write down".to_owned();
        return error(message, "leave it out; a proxy beside this program can add it");
    }
    if authority.host().is_empty() {
        return error(format!("`{url}` names no host"), form);
    }
    Ok(())
}
