//! The last bytes of a stream that may be long.

/// The last `limit` bytes that were pushed, and how many were before them.
#[derive(Debug)]
pub(super) struct Tail {
    bytes: Vec<u8>,
    limit: usize,
    dropped: u64,
}

impl Tail {
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, dropped: 0 }
    }

    /// Adds bytes, and forgets the first if they have become too many.
    pub fn push(&mut self, more: &[u8]) {
        self.bytes.extend_from_slice(more);
        let over = self.bytes.len().saturating_sub(self.limit);
        self.bytes.drain(..over);
        self.dropped += over as u64;
    }

    /// Ends the line that is being written, if one is.
    pub fn end_line(&mut self) {
        if self.bytes.last().is_some_and(|&last| last != b'\n') {
            self.push(b"\n");
        }
    }

    /// The last `n` lines, in one, each with what is no text replaced.
    pub fn last_lines(&self, n: usize) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(n)..].join(" / ")
    }

    /// Moves the lines that have ended to `out`, with `prefix` before each.
    pub fn take_lines(&mut self, prefix: &str, out: &mut String) {
        let mut end = self.bytes.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        if end == 0 && self.bytes.len() == self.limit {
            // One line that fills the memory; it will not become whole again.
            end = self.bytes.len();
        }
        let mut lines = self.bytes.drain(..end).collect::<Vec<_>>();
        if self.dropped > 0 && end > 0 {
            // What was dropped ended somewhere in a line.
            let cut = lines.iter().position(|&b| b == b'\n').map_or(lines.len(), |i| i + 1);
            lines.drain(..cut);
            out.push_str(&format!("{prefix}… {} bytes are left out …\n", self.dropped + cut as u64));
            self.dropped = 0;
        }
        for line in String::from_utf8_lossy(&lines).lines() {
            out.push_str(prefix);
            out.push_str(line);
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(tail: &mut Tail) -> String {
        let mut out = String::new();
        tail.take_lines("> ", &mut out);
        out
    }

    #[test]
    fn lines_are_taken_whole_and_once() {
        let mut tail = Tail::new(100);
        tail.push(b"one\ntw");
        assert_eq!(take(&mut tail), "> one\n");
        assert_eq!(take(&mut tail), "");
        tail.push(b"o\xff");
        tail.end_line();
        tail.end_line();
        assert_eq!(
            (tail.last_lines(3).as_str(), take(&mut tail).as_str()),
            ("two\u{fffd}", "> two\u{fffd}\n")
        );
    }

    #[test]
    fn of_a_flood_the_end_is_kept_and_the_rest_counted() {
        let mut tail = Tail::new(20);
        for i in 0..100 {
            tail.push(format!("line {i}\n").as_bytes());
        }
        assert_eq!(tail.last_lines(2), "line 98 / line 99");
        // 790 bytes; two whole lines are left in the last 20.
        assert_eq!(take(&mut tail), "> … 774 bytes are left out …\n> line 98\n> line 99\n");
        tail.push(b"line 100\n");
        assert_eq!(take(&mut tail), "> line 100\n");
        tail.push(&[b'x'; 50]);
        assert_eq!(take(&mut tail), "> … 50 bytes are left out …\n");
        tail.push(b"y\n");
        assert_eq!(take(&mut tail), "> y\n");
    }
}
