//! The program that runs models in a process of its own, and what it does there.
//!
//! The two processes talk over a socket that is the stdin of the one that runs the model. A message is its length in
//! eight bytes and its bytes. The first has everything that the model is built from, see [`Order`]; each further one has
//! objects ([`Packed`]). An answer begins with a byte that says whether it is what was asked for or JSON of an error.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::OnceLock;

use headwater_core::SettingError;
use headwater_core::settings::File;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value as Json, json};

use super::OnnxConfig;
use super::engine::{load, run};
use super::input::Input;
use super::packed::Packed;

/// What an answer begins with.
pub(super) const GOOD: u8 = 0;
pub(super) const BAD: u8 = 1;

/// A program with arguments that calls [`serve_model`].
#[derive(Debug)]
pub(super) struct Program {
    pub path: PathBuf,
    pub args: Vec<OsString>,
}

static PROGRAM: OnceLock<Program> = OnceLock::new();

/// From now on models in ONNX files run in processes of their own: `path` with `args`, which must call [`serve_model`].
///
/// Before, they run in the process that asks for scores, where a model that is made to do harm can end it. The first
/// call counts.
pub fn run_models_with(path: PathBuf, args: Vec<OsString>) {
    let _ = PROGRAM.set(Program { path, args });
}

/// The program that was named.
pub(super) fn program() -> Option<&'static Program> {
    PROGRAM.get()
}

/// All that a model is built from.
pub(super) struct Order {
    pub config: OnnxConfig,
    pub input: Input,
}

impl Order {
    /// As bytes; the files come last.
    pub fn put(&self, out: &mut Vec<u8>) {
        let OnnxConfig { model, weights, input, output, column, threads, max_memory_gb, .. } = &self.config;
        let head = json!({
            "model": {"path": model.path, "len": model.bytes.len()},
            "weights": weights.as_ref().map(|w| json!({"path": w.path, "len": w.bytes.len()})),
            "input": input, "output": output, "column": column, "threads": threads,
            "max_memory_gb": max_memory_gb, "rows": self.input.to_json(),
        });
        let head = head.to_string();
        out.extend((head.len() as u64).to_le_bytes());
        out.extend(head.as_bytes());
        for file in [Some(model), weights.as_ref()].into_iter().flatten() {
            out.extend_from_slice(&file.bytes);
        }
    }

    /// What [`Order::put`] wrote.
    fn take(bytes: &[u8]) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let (head, mut files) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
        let head: Json = serde_json::from_slice(head).ok()?;
        let mut file = |json: &Json| {
            let (bytes, rest) = files.split_at_checked(usize::try_from(json["len"].as_u64()?).ok()?)?;
            files = rest;
            Some(File::new(json["path"].as_str()?, bytes))
        };
        let model = file(&head["model"])?;
        let weights = if head["weights"].is_null() { None } else { Some(file(&head["weights"])?) };
        let text = |key: &str| head[key].as_str().map(str::to_owned);
        let number = |key: &str| usize::try_from(head[key].as_u64()?).ok();
        let input = Input::from_json(&head["rows"])?;
        let config = OnnxConfig {
            model,
            weights,
            test: File::new("", ""),
            tolerance: 0.0,
            encoding: input.form(),
            input: text("input"),
            output: text("output"),
            column: number("column")?,
            threads: number("threads")?,
            timeout_s: 0.0,
            max_memory_gb: head["max_memory_gb"].as_f64()?,
        };
        Some(Self { config, input })
    }
}

/// Sends a message.
pub(super) fn send(socket: &mut UnixStream, message: &[u8]) -> io::Result<()> {
    socket.write_all(&(message.len() as u64).to_le_bytes())?;
    socket.write_all(message)
}

/// Takes a message instead of what was in `message`.
pub(super) fn receive(socket: &mut UnixStream, message: &mut Vec<u8>) -> io::Result<()> {
    let mut len = [0; 8];
    socket.read_exact(&mut len)?;
    message.clear();
    let len = u64::from_le_bytes(len);
    // Grows as bytes come: the length is what the other side says.
    if Read::take(&mut *socket, len).read_to_end(message)? as u64 == len {
        return Ok(());
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Runs a model for the process at the other end of stdin until that one ends; false if stdin is not such a socket.
///
/// For the `main` of the program that [`run_models_with`] names, and nothing else: it limits the memory of the process.
pub fn serve_model() -> bool {
    let Ok(fd) = io::stdin().as_fd().try_clone_to_owned() else { return false };
    let socket = UnixStream::from(fd);
    if socket.peer_addr().is_err() {
        return false;
    }
    // A panic of the runtime is an answer, and nobody reads what it prints.
    std::panic::set_hook(Box::new(|_| {}));
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    if let Ok(watched) = socket.try_clone() {
        std::thread::spawn(move || end_with(&watched));
    }
    // Whether it is done or the other end is gone, there is nobody to tell.
    let _ = answer_all(socket);
    true
}

/// Ends this process, whatever a model is doing, when the one at the other end is no more.
fn end_with(other: &UnixStream) {
    let mut fds = [PollFd::new(other, PollFlags::empty())];
    while poll(&mut fds, None).is_err() {}
    #[expect(clippy::exit, reason = "the thread that runs the model may never come back")]
    std::process::exit(0)
}

fn answer_all(mut socket: UnixStream) -> io::Result<()> {
    let (mut message, mut answer) = (Vec::new(), Vec::new());
    receive(&mut socket, &mut message)?;
    let Some(order) = Order::take(&message) else { return Err(io::ErrorKind::InvalidData.into()) };
    limit_memory(&order.config, message.len());
    let mut model = match load(&order.config, &order.input) {
        Ok(model) => model,
        Err(error) => return send(&mut socket, &bad(&error)),
    };
    drop((order, std::mem::take(&mut message)));
    answer.push(GOOD);
    answer.extend((model.batch() as u64).to_le_bytes());
    send(&mut socket, &answer)?;
    let (mut packed, mut scores) = (Packed::default(), Vec::new());
    loop {
        receive(&mut socket, &mut message)?;
        packed.take(&message).ok_or(io::ErrorKind::InvalidData)?;
        scores.clear();
        scores.resize(packed.n.min(model.batch()), f64::NAN);
        answer.clear();
        match run(&mut model, &packed, &mut scores) {
            Ok(()) => {
                answer.push(GOOD);
                answer.extend(scores.iter().flat_map(|x| x.to_le_bytes()));
            }
            Err(message) => answer = bad(&SettingError::at("model", message)),
        }
        send(&mut socket, &answer)?;
    }
}

/// An answer that is an error.
fn bad(error: &SettingError) -> Vec<u8> {
    let json = json!({"field": error.field, "message": error.message, "hint": error.hint});
    [&[BAD], json.to_string().as_bytes()].concat()
}

/// Bounds what this process may take from now on: what the setting says and what the model's files need.
fn limit_memory(config: &OnnxConfig, message: usize) {
    // The message, its files, the weights that the runtime makes of them and packs for products.
    let bytes = (config.max_memory_gb * 1e9) as u64 + 5 * message as u64;
    // On Linux the limit of data counts what is written to, and not what allocators reserve.
    let resource = if cfg!(target_os = "linux") { Resource::Data } else { Resource::As };
    let maximum = getrlimit(resource).maximum;
    let bytes = maximum.map_or(bytes, |maximum| bytes.min(maximum));
    let _ = setrlimit(resource, Rlimit { current: Some(bytes), maximum: Some(bytes) });
}
