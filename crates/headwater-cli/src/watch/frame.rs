//! One picture of a run as lines of text.

use headwater_run::{Status, View, is_obeyed};

use crate::out::{count, number, wrapped};
use crate::watch::braille::curve;

/// What there is room for.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub width: usize,
    pub height: usize,
    pub colour: bool,
}

impl Room {
    /// No terminal: nothing but text.
    pub const PLAIN: Self = Self { width: 80, height: 40, colour: false };

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Rows of a curve that is still one.
const LEAST_HEIGHT: usize = 3;
/// Room for the numbers beside a curve.
const MARGIN: usize = 12;

/// The picture of a run called `name`, no line wider and, if there is room for the numbers, no more lines than `room` has.
pub fn frame(name: &str, view: &View, now_unix_s: u64, room: Room) -> Vec<String> {
    let width = room.width.max(20);
    let mut lines = vec![room.paint("1", &fit(&format!("{name}  {}", view.kinds.join(", ")), width))];
    let (code, standing) = standing(view, now_unix_s);
    lines.push(room.paint(code, &fit(&standing, width)));
    lines.push(fit(&progress(view, width), width));
    let rows = rows(view, now_unix_s);
    let names = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    lines.extend(rows.iter().map(|(name, value)| fit(&format!("{name:<names$}  {value}"), width)));
    for check in view.findings(now_unix_s) {
        let text = format!("! {}: {} (threshold: {})", check.name, check.value, check.threshold);
        lines.extend(wrapped(&text, width).iter().map(|line| room.paint("33", &fit(line, width))));
    }
    let curves = curves(view);
    let each = room.height.saturating_sub(lines.len() + 1) / curves.len().max(1);
    // One line of each is its name.
    let height = each.saturating_sub(1).min(8);
    if height < LEAST_HEIGHT || width < 3 * MARGIN {
        return lines;
    }
    for (name, points) in &curves {
        lines.extend(plot(name, points, width, height, room));
    }
    lines
}

/// How it stands, and the colour for that.
fn standing(view: &View, now_unix_s: u64) -> (&'static str, String) {
    let m = &view.manifest;
    let silent = now_unix_s.saturating_sub(m.heartbeat_unix_s);
    let reason = m.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    match m.status {
        Status::Running if view.is_dead(now_unix_s) => (
            "31",
            format!("looks dead: it says that it is running, but gave no sign for {}", time(silent as f64)),
        ),
        Status::Running => ("32", "running".to_owned()),
        Status::Finished => ("32", "finished".to_owned()),
        Status::Failed => ("31", format!("failed{reason}")),
        status => ("33", format!("{}{reason}", status.name())),
    }
}

/// A bar with the updates made.
fn progress(view: &View, width: usize) -> String {
    let step = view.step();
    let Some(total) = view.total.filter(|&total| total > 0) else {
        return format!("{} updates", count(step));
    };
    let text = format!("{} of {} updates", count(step), count(total));
    let room = width.saturating_sub(text.chars().count() + 2).min(40);
    let full = ((step as f64 / total as f64).min(1.0) * room as f64) as usize;
    format!("{}{}  {text}", "━".repeat(full), "─".repeat(room - full))
}

/// The numbers.
fn rows(view: &View, now_unix_s: u64) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let m = &view.manifest;
    if let Some(updates) = view.updates_per_s() {
        let paths = view.trajectories_per_s().map(|r| format!(", {} trajectories/s", count(r as u64)));
        rows.push(("speed", format!("{} updates/s{}", number(updates), paths.unwrap_or_default())));
    }
    match (view.left_s(now_unix_s), m.end_unix_s) {
        (Some(left), _) => rows.push(("time left", time(left))),
        (None, Some(end)) => rows.push(("took", time(end.saturating_sub(m.start_unix_s) as f64))),
        (None, None) => {}
    }
    let step = |name: &str| view.steps.last(name).map(number);
    if let Some(loss) = step("loss") {
        let more = [("residual", "residual_rms"), ("entropy", "entropy"), ("gradient", "grad_norm")];
        let more = more.iter().filter_map(|(name, column)| Some(format!("  {name} {}", step(column)?)));
        rows.push(("loss", loss + &more.collect::<String>()));
    }
    let eval = |name: &str| view.metrics.last(name);
    if let Some(at) = eval("step") {
        rows.push(("evaluated at", format!("{} updates", count(at as u64))));
    }
    if let (Some(tv), Some(jsd)) = (eval("tv"), eval("jsd")) {
        rows.push(("TV", format!("{}  JSD {}", number(tv), number(jsd))));
    }
    if let Some(said) = log_z(view) {
        rows.push(("log Z", said));
    }
    if let (Some(low), Some(high)) = (eval("elbo"), eval("eubo")) {
        rows.push(("bounds of log Z", format!("{low:.4} (ELBO) to {high:.4} (EUBO)")));
    }
    if let Some(elbo) = eval("elbo_estimate") {
        rows.push(("ELBO", format!("{elbo:.4} estimated")));
    }
    if let Some(ess) = eval("ess") {
        rows.push(("effective sample", format!("{:.1} %", 100.0 * ess)));
    }
    if let Some(modes) = eval("modes") {
        rows.push(("modes found", count(modes as u64)));
    }
    rows
}

/// log Z as learned, and what is known of it; of the last evaluation if there was one, else of the last update.
fn log_z(view: &View) -> Option<String> {
    let eval = |name: &str| view.metrics.last(name);
    let learned = eval("log_z_learned").or_else(|| view.steps.last("log_z_learned"));
    let known = match (eval("log_z_true"), eval("log_z_estimate"), eval("log_z_at_least")) {
        (Some(truth), ..) => {
            let off =
                learned.map_or_else(String::new, |z| format!(", difference {}", number((z - truth).abs())));
            Some(format!("{truth:.4} true{off}"))
        }
        (None, Some(estimate), _) => Some(format!("{estimate:.4} estimated")),
        (None, None, Some(least)) => Some(format!("at least {least:.4}")),
        (None, None, None) => None,
    };
    let said: Vec<String> = learned.map(|z| format!("{z:.4} learned")).into_iter().chain(known).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// The curves worth a place, with their names.
fn curves(view: &View) -> Vec<(&'static str, Vec<[f64; 2]>)> {
    let exact = view.metrics.last("tv").is_some();
    let good = if exact { ("TV", "tv") } else { ("ELBO, estimated", "elbo_estimate") };
    let all = [
        ("loss", view.steps.curve("loss")),
        ("log Z learned", view.steps.curve("log_z_learned")),
        ("log of the scale of flows", view.steps.curve("log_scale")),
        (good.0, view.metrics.curve(good.1)),
    ];
    all.into_iter().filter(|(_, points)| points.len() > 1).collect()
}

/// A curve under its name, with its range beside it. Positive values of several magnitudes are drawn by their logarithm.
fn plot(name: &str, points: &[[f64; 2]], width: usize, height: usize, room: Room) -> Vec<String> {
    let least = points.iter().map(|p| p[1]).fold(f64::INFINITY, f64::min);
    let most = points.iter().map(|p| p[1]).fold(f64::NEG_INFINITY, f64::max);
    let logarithmic = least > 0.0 && most / least > 20.0;
    let scaled: Vec<[f64; 2]> =
        points.iter().map(|&[x, y]| [x, if logarithmic { y.ln() } else { y }]).collect();
    let Some((drawn, _)) = curve(&scaled, width - MARGIN, height) else { return Vec::new() };
    let title = format!("{name}{}", if logarithmic { ", logarithmic" } else { "" });
    let mut lines = vec![room.paint("1", &title)];
    for (i, text) in drawn.iter().enumerate() {
        let label = match i {
            0 => number(most),
            _ if i + 1 == height => number(least),
            _ => String::new(),
        };
        let text = room.paint("36", text.trim_end_matches('\u{2800}'));
        lines.push(format!("{label:>0$} {text}", MARGIN - 1).trim_end().to_owned());
    }
    lines
}

/// Seconds for people.
pub fn time(seconds: f64) -> String {
    let s = seconds.clamp(0.0, 1e12) as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        3600..86_400 => format!("{} h {:02} min", s / 3600, s / 60 % 60),
        _ => format!("{} d {:02} h", s / 86_400, s / 3600 % 24),
    }
}

/// A text without what would steer the terminal, cut to a width.
fn fit(text: &str, width: usize) -> String {
    let clean = |c: char| if c.is_control() || is_obeyed(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut text: String = text.chars().map(clean).collect();
    if let Some((cut, _)) = text.char_indices().nth(width) {
        text.truncate(cut);
        text.pop();
        text.push('…');
    }
    text
}
