//! One random trajectory with every observable written down.

use std::fmt::Write;

use headwater_core::{Action, BitMatrix, Encoded, Key, Simulator, Stop};

/// Labels listed per mask before the rest is counted only.
const LISTED: usize = 16;

/// Plays one trajectory, each edge and the stop edge equally probable, and writes down what can be seen of each state:
/// text, stop rule, encoding, masks with the edges' names, the native score of objects, the choice made.
///
/// The same key gives the same text; committed transcripts are compared with it, line by line. Playing ends where the
/// environment is stuck or has gone on for longer than it says, which the transcript says.
pub fn transcript(sim: &dyn Simulator, key: Key) -> String {
    play(sim, key).0
}

/// The same, with a simulator whose only lane is where the trajectory ended.
pub fn play(sim: &dyn Simulator, key: Key) -> (String, Box<dyn Simulator>) {
    let mut fork = sim.fork();
    fork.reset(1);
    let mut page = Page::new(fork);
    page.header();
    for position in 0.. {
        let (stop, forward) = page.state(position);
        let options = forward.len() + usize::from(stop == Stop::May);
        let choice = key.fold(position as u64).below(options.max(1) as u32) as usize;
        let Some(&a) = forward.get(choice).filter(|_| stop != Stop::Must) else {
            page.end(stop, position);
            break;
        };
        if position == page.sim.spec().max_len {
            page.line(
                "stuck",
                &format!("the trajectory is as long as max_len says, and goes on with {}", a.0),
            );
            break;
        }
        let name = page.name(a);
        page.line("take", &name);
        page.sim.step(&[0], &[a]);
    }
    (page.out, page.sim)
}

struct Page {
    sim: Box<dyn Simulator>,
    masks: BitMatrix,
    encoded: Encoded,
    out: String,
}

impl Page {
    fn new(sim: Box<dyn Simulator>) -> Self {
        let spec = sim.spec();
        let masks = BitMatrix::new(2, spec.n_actions);
        let encoded = Encoded::new(spec.encoding, 1);
        Self { sim, masks, encoded, out: String::new() }
    }

    fn line(&mut self, name: &str, value: &str) {
        let line = format!("{name}: {value}");
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    fn header(&mut self) {
        let spec = self.sim.spec().clone();
        self.line("environment", &spec.name);
        self.line("n_actions", &spec.n_actions.to_string());
        self.line("max_len", &spec.max_len.to_string());
        let e = spec.encoding;
        self.line("encoding", &format!("{} of {} columns, {} reals", e.active, e.columns, e.reals));
    }

    /// `3 (x0 + 1)`, or `3` if the name adds nothing.
    fn name(&self, a: Action) -> String {
        let name = self.sim.describe(a);
        if name == a.0.to_string() { name } else { format!("{} ({name})", a.0) }
    }

    fn labels(&self, row: usize) -> String {
        let count = self.masks.count(row) as usize;
        let listed = self.masks.ones(row).take(LISTED).map(|a| self.name(Action(a as u32)));
        let mut text = listed.collect::<Vec<_>>().join(", ");
        match count {
            0 => text.push_str("none"),
            _ if count > LISTED => write!(text, ", and {} more", count - LISTED).expect("strings grow"),
            _ => {}
        }
        text
    }

    /// Writes down the state and returns its stop rule and the labels that leave it.
    fn state(&mut self, position: usize) -> (Stop, Vec<Action>) {
        let mut stop = [Stop::Never];
        self.sim.stops(&[0], &mut stop);
        self.sim.forward_masks(&[0], &mut self.masks, 0);
        self.sim.backward_masks(&[0], &mut self.masks, 1);
        self.sim.encode(&[0], &mut self.encoded, 0);
        let text = self.sim.text(0);
        let spec = self.sim.spec().clone();
        self.out.push('\n');
        self.line("state", &position.to_string());
        self.line("text", &text);
        self.line("stop", &format!("{:?}", stop[0]).to_lowercase());
        if spec.encoding.active > 0 {
            let columns = self.encoded.indices(0).iter().map(u32::to_string).collect::<Vec<_>>();
            self.line("columns", &columns.join(" "));
        }
        if spec.encoding.reals > 0 {
            let reals = self.encoded.reals(0).iter().map(f32::to_string).collect::<Vec<_>>();
            self.line("reals", &reals.join(" "));
        }
        let (forward, backward) = (self.labels(0), self.labels(1));
        self.line("forward", &forward);
        self.line("backward", &backward);
        if self.sim.has_score() && (stop[0] != Stop::Never || self.sim.scores_unfinished()) {
            let mut score = [0.0];
            self.sim.score(&[0], &mut score);
            self.line("score", &digits(score[0]));
        }
        let labels = self.masks.ones(0).filter(|&a| a < spec.n_actions);
        (stop[0], labels.map(|a| Action(a as u32)).collect())
    }

    fn end(&mut self, stop: Stop, position: usize) {
        match stop {
            Stop::Never => self.line("stuck", "no edge leaves this state and it may not stop"),
            Stop::May => self.line("take", "stop"),
            Stop::Must => self.line("take", "stop, as it must"),
        }
        let object = self.sim.text(0);
        self.out.push('\n');
        self.line("object", &object);
        self.line("edges", &position.to_string());
    }
}

/// Nine significant digits: as many as do not depend on the mathematical library.
fn digits(x: f64) -> String {
    format!("{x:.8e}").parse::<f64>().map_or_else(|_| x.to_string(), |x| x.to_string())
}
