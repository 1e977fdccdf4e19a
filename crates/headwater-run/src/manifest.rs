//! What ran, where, when, and how it ended.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value as Json, json};

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A process works on it, or was killed.
    Running,
    /// It did all its steps.
    Finished,
    /// The user stopped it; it can be resumed.
    Interrupted,
    /// Its budget was spent; it can be resumed with a larger one.
    Spent,
    /// It stopped itself; the reason says why.
    Failed,
}

impl Status {
    const ALL: [Self; 5] = [Self::Running, Self::Finished, Self::Interrupted, Self::Spent, Self::Failed];

    /// Its name in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
            Self::Spent => "spent",
            Self::Failed => "failed",
        }
    }
}

/// The facts about a run, kept in its `manifest.json`. Times are in seconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Version of the program.
    pub version: String,
    /// Revision of its source, if known when it was built.
    pub git_revision: Option<String>,
    /// Operating system.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// The processor features in use.
    pub cpu: String,
    /// Number of threads.
    pub threads: u64,
    /// The seed.
    pub seed: i64,
    /// [`Checked::fingerprint`](crate::Checked::fingerprint) of its configuration.
    pub fingerprint: String,
    /// When it was started first.
    pub start_unix_s: u64,
    /// When it ended.
    pub end_unix_s: Option<u64>,
    /// When its process last said that it is alive.
    pub heartbeat_unix_s: u64,
    /// How it stands.
    pub status: Status,
    /// Why it ended so.
    pub reason: Option<String>,
}

impl Manifest {
    /// A run that starts at `now_unix_s` on this machine.
    pub fn new(
        version: &str,
        cpu: &str,
        threads: usize,
        seed: i64,
        fingerprint: String,
        now_unix_s: u64,
    ) -> Self {
        Self {
            version: version.to_owned(),
            git_revision: None,
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpu: cpu.to_owned(),
            threads: threads as u64,
            seed,
            fingerprint,
            start_unix_s: now_unix_s,
            end_unix_s: None,
            heartbeat_unix_s: now_unix_s,
            status: Status::Running,
            reason: None,
        }
    }

    /// The current time.
    pub fn now_unix_s() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// The same run, ended.
    #[must_use]
    pub fn end(self, status: Status, reason: Option<String>, now_unix_s: u64) -> Self {
        Self { status, reason, end_unix_s: Some(now_unix_s), heartbeat_unix_s: now_unix_s, ..self }
    }

    /// The same run, at work again.
    #[must_use]
    pub fn resume(self, now_unix_s: u64) -> Self {
        Self { status: Status::Running, reason: None, end_unix_s: None, heartbeat_unix_s: now_unix_s, ..self }
    }

    /// Did its process die without a word? Said of a run that claims to be running but was silent for `after_s`.
    pub fn is_dead(&self, now_unix_s: u64, after_s: u64) -> bool {
        self.status == Status::Running && now_unix_s.saturating_sub(self.heartbeat_unix_s) > after_s
    }

    /// The manifest as JSON.
    pub fn to_json(&self) -> Json {
        json!({
            "program": "headwater",
            "version": self.version,
            "git_revision": self.git_revision,
            "os": self.os,
            "arch": self.arch,
            "cpu": self.cpu,
            "threads": self.threads,
            "seed": self.seed,
            "fingerprint": self.fingerprint,
            "start_unix_s": self.start_unix_s,
            "end_unix_s": self.end_unix_s,
            "heartbeat_unix_s": self.heartbeat_unix_s,
            "status": self.status.name(),
            "reason": self.reason,
        })
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// What is missing from it or wrong with it.
    pub fn from_json(json: &Json) -> Result<Self, String> {
        let json = json.as_object().ok_or("it is no JSON object")?;
        let text =
            |key: &str| Ok::<_, String>(get(json, key)?.as_str().ok_or(wrong(key, "a string"))?.to_owned());
        let number = |key: &str| get(json, key)?.as_u64().ok_or(wrong(key, "a whole number"));
        let optional = |key: &str| json.get(key).filter(|value| !value.is_null());
        let status = text("status")?;
        Ok(Self {
            version: text("version")?,
            git_revision: optional("git_revision").map(|_| text("git_revision")).transpose()?,
            os: text("os")?,
            arch: text("arch")?,
            cpu: text("cpu")?,
            threads: number("threads")?,
            seed: get(json, "seed")?.as_i64().ok_or(wrong("seed", "a whole number"))?,
            fingerprint: text("fingerprint")?,
            start_unix_s: number("start_unix_s")?,
            end_unix_s: optional("end_unix_s").map(|_| number("end_unix_s")).transpose()?,
            heartbeat_unix_s: number("heartbeat_unix_s")?,
            status: *Status::ALL.iter().find(|s| s.name() == status).ok_or_else(|| {
                format!("`status` is `{status}`, expected running, finished, interrupted or failed")
            })?,
            reason: optional("reason").map(|_| text("reason")).transpose()?,
        })
    }
}

fn get<'a>(json: &'a Map<String, Json>, key: &str) -> Result<&'a Json, String> {
    json.get(key).ok_or_else(|| format!("`{key}` is missing"))
}

fn wrong(key: &str, expected: &str) -> String {
    format!("`{key}` is not {expected}")
}
