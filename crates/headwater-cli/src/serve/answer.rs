//! Answers, and the headers that all of them have.

use crate::serve::request::Refusal;

/// A status with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    kind: &'static str,
    body: String,
}

/// What pages may do: load this server's script and style, ask this server, and never make markup of text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

impl Answer {
    pub fn new(kind: &'static str, body: impl Into<String>) -> Self {
        Self { status: 200, kind, body: body.into() }
    }

    /// A few words for people.
    pub fn text(status: u16, words: &str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: format!("{words}\n") }
    }

    pub fn refused(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Silence | Refusal::Malformed => {
                Self::text(400, "this is no request that is understood here")
            }
            Refusal::Method => Self::text(405, "only GET and HEAD are answered"),
            Refusal::TooLong => Self::text(431, "the request is too long"),
            Refusal::TooSlow => Self::text(408, "the request did not arrive in time"),
        }
    }

    /// The answer as it is sent; without its body if only the `head` was asked for.
    pub fn bytes(&self, head: bool) -> Vec<u8> {
        let reason = match self.status {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            421 => "Misdirected Request",
            431 => "Request Header Fields Too Large",
            _ => "Internal Server Error",
        };
        let allow = if self.status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
        let body = if head { "" } else { &self.body };
        format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{allow}Connection: close\r\n\
             Cache-Control: no-store\r\nContent-Security-Policy: {POLICY}\r\n\
             Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Resource-Policy: same-origin\r\n\
             Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\r\n{body}",
            self.status,
            self.kind,
            self.body.len()
        )
        .into_bytes()
    }
}
