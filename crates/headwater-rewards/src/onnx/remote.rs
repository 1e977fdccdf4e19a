//! A model in a process of its own, seen from the one that trains.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use headwater_core::SettingError;
use serde_json::Value as Json;

use super::OnnxConfig;
use super::host::{GOOD, Order, Program, receive, send};
use super::input::Input;
use super::packed::Packed;

/// A model that another process runs. If that one has ended, the next batch starts it again.
pub(super) struct Remote {
    program: &'static Program,
    order: Order,
    /// The most objects in one run.
    batch: usize,
    worker: Option<Worker>,
    message: Vec<u8>,
}

/// The process, and the socket to it.
struct Worker {
    child: Child,
    socket: UnixStream,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Remote {
    /// Starts the process and has it read the model.
    ///
    /// # Errors
    /// What it says of the model, or what became of it.
    pub fn new(program: &'static Program, config: &OnnxConfig, input: &Input) -> Result<Self, SettingError> {
        let order = Order { config: config.clone(), input: input.clone() };
        let mut new = Self { program, order, batch: 0, worker: None, message: Vec::new() };
        new.start()?;
        Ok(new)
    }

    pub fn batch(&self) -> usize {
        self.batch
    }

    /// As [`Model::run`](super::model::Model::run).
    pub fn run(&mut self, packed: &Packed, out: &mut [f64]) -> Result<(), String> {
        if out.is_empty() {
            return Ok(());
        }
        if self.worker.is_none() {
            self.start().map_err(|e| e.message)?;
        }
        self.message.clear();
        packed.put(&mut self.message);
        self.ask().map_err(|e| e.message)?;
        let scores = self.message[1..].chunks_exact(8);
        if scores.len() != out.len() {
            return Err("its process gave another number of scores than was asked for".to_owned());
        }
        for (score, bytes) in out.iter_mut().zip(scores) {
            *score = f64::from_le_bytes(bytes.try_into().expect("chunks have eight bytes"));
        }
        Ok(())
    }

    fn start(&mut self) -> Result<(), SettingError> {
        self.worker = Some(self.spawn().map_err(|e| {
            let message = format!("cannot start a process for `{}`: {e}", self.order.config.model.path);
            SettingError::at("model", message)
        })?);
        self.message.clear();
        self.order.put(&mut self.message);
        self.ask()?;
        let batch = self.message[1..].first_chunk().map_or(1, |bytes| u64::from_le_bytes(*bytes));
        self.batch = usize::try_from(batch).unwrap_or(1).max(1);
        Ok(())
    }

    fn spawn(&self) -> io::Result<Worker> {
        let (socket, other) = UnixStream::pair()?;
        let limit = Duration::try_from_secs_f64(self.order.config.timeout_s).ok();
        socket.set_read_timeout(limit)?;
        socket.set_write_timeout(limit)?;
        let mut command = Command::new(&self.program.path);
        command.args(&self.program.args).stdin(OwnedFd::from(other));
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        // Ctrl-C is for the process that trains, which ends this one when it is done.
        command.process_group(0);
        Ok(Worker { child: command.spawn()?, socket })
    }

    /// Sends what is in `message`, and has the answer there.
    fn ask(&mut self) -> Result<(), SettingError> {
        let Some(worker) = &mut self.worker else { return Ok(()) };
        let socket = &mut worker.socket;
        let sent = send(socket, &self.message).and_then(|()| receive(socket, &mut self.message));
        if let Err(error) = sent {
            let message = self.ended(&error);
            let hint = "`onnxruntime` may say more of what is wrong with the model";
            return Err(SettingError::at("model", message).hint(hint));
        }
        if self.message.first() == Some(&GOOD) {
            return Ok(());
        }
        let told: Json =
            serde_json::from_slice(self.message.get(1..).unwrap_or_default()).unwrap_or_default();
        let text = |key: &str| told[key].as_str().map(str::to_owned);
        let field = ["encoding", "input", "output", "column"].into_iter().find(|&f| told["field"] == f);
        let message = text("message").unwrap_or_else(|| "its process failed".to_owned());
        let error = SettingError::at(field.unwrap_or("model"), message);
        Err(match text("hint") {
            Some(hint) => error.hint(hint),
            None => error,
        })
    }

    /// Why the process gives no answer; it is no more after that.
    fn ended(&mut self, error: &io::Error) -> String {
        let OnnxConfig { timeout_s, max_memory_gb, .. } = self.order.config;
        let Some(mut worker) = self.worker.take() else { return error.to_string() };
        if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
            return format!("there is no answer after {timeout_s} s (`timeout_s`): the model may never end");
        }
        let mut said = Vec::new();
        if let Some(stderr) = worker.child.stderr.take() {
            let _ = stderr.take(1 << 16).read_to_end(&mut said);
        }
        let said = String::from_utf8_lossy(&said);
        let status = worker.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string());
        let line = said.lines().find(|line| line.contains("memory allocation"));
        match line.or(said.lines().find(|line| !line.trim().is_empty())) {
            Some(line) if line.contains("memory allocation") => {
                format!(
                    "it asks for more memory than it may have (`max_memory_gb` = {max_memory_gb}): {line}"
                )
            }
            Some(line) => format!("its process ended ({status}): {}", headwater_core::excerpt(line)),
            None => format!("its process ended ({status})"),
        }
    }
}
