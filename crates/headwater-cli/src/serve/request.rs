//! The head of a request, as far as it is needed: method, target and `Host`.

/// Bytes that a head may have.
pub const MOST_BYTES: usize = 8192;

/// A request that is well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Is only the head of the answer wanted?
    pub head: bool,
    /// The target: begins with `/`, ASCII without blanks.
    pub target: String,
    /// The value of the one `Host`.
    host: String,
}

/// Why there is no request to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing was said.
    Silence,
    /// It is no HTTP/1.1.
    Malformed,
    /// It is neither GET nor HEAD.
    Method,
    /// It does not end within the limit.
    TooLong,
    /// It did not arrive in time.
    TooSlow,
}

/// The head of a request, as much of it as has arrived.
#[derive(Debug, Default)]
pub struct Head(Vec<u8>);

impl Head {
    /// Takes what has arrived next, nothing at the end; `None` if more is to come.
    pub fn take(&mut self, chunk: &[u8]) -> Option<Result<Request, Refusal>> {
        let bytes = &mut self.0;
        if chunk.is_empty() {
            return Some(Err(if bytes.is_empty() { Refusal::Silence } else { Refusal::Malformed }));
        }
        // The end may lie across two chunks.
        let seen = bytes.len().saturating_sub(3);
        bytes.extend(chunk);
        match bytes[seen..].windows(4).position(|w| w == b"\r\n\r\n") {
            Some(end) if seen + end > MOST_BYTES => Some(Err(Refusal::TooLong)),
            Some(end) => Some(parse(&bytes[..seen + end])),
            None if bytes.len() > MOST_BYTES => Some(Err(Refusal::TooLong)),
            None => None,
        }
    }

    /// Why it is not waited for any longer.
    pub fn late(&self) -> Refusal {
        if self.0.is_empty() { Refusal::Silence } else { Refusal::TooSlow }
    }
}

/// A head without the empty line that ends it.
fn parse(head: &[u8]) -> Result<Request, Refusal> {
    let head = std::str::from_utf8(head).map_err(|_| Refusal::Malformed)?;
    let mut lines = head.split("\r\n");
    let line: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let &[method, target, version] = line.as_slice() else { return Err(Refusal::Malformed) };
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return Err(Refusal::Malformed);
    }
    let head = match method {
        "GET" => false,
        "HEAD" => true,
        _ if !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase()) => {
            return Err(Refusal::Method);
        }
        _ => return Err(Refusal::Malformed),
    };
    let mut host = None;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(Refusal::Malformed)?;
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(token) || value.contains(['\r', '\n', '\0']) {
            return Err(Refusal::Malformed);
        }
        if name.eq_ignore_ascii_case("host") && host.replace(value.trim_matches([' ', '\t'])).is_some() {
            return Err(Refusal::Malformed);
        }
    }
    // A target with a scheme and an authority is for proxies.
    if !target.starts_with('/') || !target.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Refusal::Malformed);
    }
    let host = host.ok_or(Refusal::Malformed)?.to_owned();
    Ok(Request { head, target: target.to_owned(), host })
}

impl Request {
    /// Was this server meant? A page of another site that made its name point here has that name as its `Host`.
    pub fn is_for(&self, port: u16) -> bool {
        ["127.0.0.1", "localhost"].iter().any(|name| {
            let bare = port == 80 && self.host.eq_ignore_ascii_case(name);
            bare || self.host.eq_ignore_ascii_case(&format!("{name}:{port}"))
        })
    }
}
