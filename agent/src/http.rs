//! One HTTP request and its answer: no TLS, no redirects, no proxy, bounded in time and size
//! whatever the other side does.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use thiserror::Error;

/// A connection to the other side of a link is there at once or not at all. Below the second after
/// which the kernel would send the SYN again.
const CONNECT: Duration = Duration::from_millis(500);

/// One request and its answer, at most.
const REQUEST: Duration = Duration::from_secs(1);

/// Status line and headers, bytes at most.
const MAX_HEAD: usize = 8 * 1024;

/// A body, bytes at most.
pub(crate) const MAX_BODY: usize = 16 * 1024;

/// The answer to a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in small letters, values without blanks around them.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why there is none.
#[derive(Debug, Error)]
pub(crate) enum HttpError {
    #[error("no answer in time")]
    Timeout,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the answer is no HTTP: {0}")]
    NotHttp(&'static str),
    #[error("the answer is longer than {MAX_BODY} bytes")]
    TooLong,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known == name)?;
        Some(value)
    }
}

/// Sends a request and reads the answer, at the latest until `deadline`. `header` must not have a
/// line break in it.
pub(crate) fn ask(
    to: SocketAddr,
    method: &str,
    path: &str,
    header: (&str, &str),
    deadline: Instant,
) -> Result<Answer, HttpError> {
    let deadline = deadline.min(Instant::now() + REQUEST);
    let stream = TcpStream::connect_timeout(&to, left(deadline)?.min(CONNECT)).map_err(late)?;
    let (name, value) = header;
    // HTTP/1.0: the answer ends with the connection, and is never in chunks (RFC 1945).
    let request = format!("{method} {path} HTTP/1.0\r\nHost: {to}\r\n{name}: {value}\r\n\r\n");
    exchange(stream, request.as_bytes(), deadline)
}

/// Sends a body of a type to a path of `host`, which is at `to`, and reads the answer, at the
/// latest until `deadline`. None of the words may have a line break in it.
#[cfg(feature = "otlp")]
pub(crate) fn post(
    to: SocketAddr,
    (host, path): (&str, &str),
    (kind, body): (&str, &[u8]),
    deadline: Instant,
) -> Result<Answer, HttpError> {
    let stream = TcpStream::connect_timeout(&to, left(deadline)?).map_err(late)?;
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    exchange(stream, &[head.as_bytes(), body].concat(), deadline)
}

fn exchange(mut stream: TcpStream, request: &[u8], deadline: Instant) -> Result<Answer, HttpError> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    stream.write_all(request).map_err(late)?;
    let mut bytes = Vec::new();
    let mut some = [0_u8; 4096];
    loop {
        stream.set_read_timeout(Some(left(deadline)?))?;
        let read = match stream.read(&mut some) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(late(error)),
        };
        bytes.extend_from_slice(some.get(..read).unwrap_or_default());
        if let Some(answer) = parse(&bytes, read == 0)? {
            return Ok(answer);
        }
    }
}

/// Time until the deadline; a socket takes no zero.
fn left(deadline: Instant) -> Result<Duration, HttpError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(HttpError::Timeout);
    }
    Ok(left)
}

fn late(error: io::Error) -> HttpError {
    match error.kind() {
        // Reads that time out say the first (socket(7)), connections the second.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => HttpError::Timeout,
        _ => HttpError::Io(error),
    }
}

/// The answer, once it is whole. `end`: nothing more will come.
pub(crate) fn parse(bytes: &[u8], end: bool) -> Result<Option<Answer>, HttpError> {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return match (end, bytes.len() > MAX_HEAD) {
            (_, true) => Err(HttpError::NotHttp("endless headers")),
            (true, _) => Err(HttpError::NotHttp("it ends within the headers")),
            _ => Ok(None),
        };
    };
    let (head, rest) = bytes.split_at_checked(head).unwrap_or_default();
    let body = rest.get(4..).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| HttpError::NotHttp("binary headers"))?;
    if head.len() > MAX_HEAD {
        return Err(HttpError::NotHttp("endless headers"));
    }
    let mut lines = head.split("\r\n");
    let status = status(lines.next().unwrap_or_default())?;
    let headers = lines.map(header).collect::<Result<Vec<_>, _>>()?;
    let mut lengths = headers.iter().filter(|(name, _)| name == "content-length");
    let length = match (lengths.next(), lengths.next()) {
        (None, _) => None,
        (Some((_, text)), None) => Some(
            text.parse::<usize>()
                .map_err(|_| HttpError::NotHttp("a length that is no number"))?,
        ),
        (Some(_), Some(_)) => return Err(HttpError::NotHttp("two lengths")),
    };
    if headers.iter().any(|(name, _)| name == "transfer-encoding") {
        return Err(HttpError::NotHttp("an encoding that was not asked for"));
    }
    if body.len() > MAX_BODY || length.is_some_and(|length| length > MAX_BODY) {
        return Err(HttpError::TooLong);
    }
    let body = match (length, end) {
        (Some(length), _) if body.len() >= length => body.get(..length).unwrap_or_default(),
        (None, true) => body,
        (Some(_), true) => return Err(HttpError::NotHttp("it ends within the body")),
        (_, false) => return Ok(None),
    };
    Ok(Some(Answer {
        status,
        body: body.to_vec(),
        headers,
    }))
}

fn status(line: &str) -> Result<u16, HttpError> {
    let rest = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(1..));
    let code = rest
        .and_then(|rest| rest.strip_prefix(' '))
        .and_then(|rest| rest.get(..3))
        .filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|code| code.parse().ok());
    code.ok_or(HttpError::NotHttp("no status line"))
}

fn header(line: &str) -> Result<(String, String), HttpError> {
    let (name, value) = line
        .split_once(':')
        .ok_or(HttpError::NotHttp("a header without a colon"))?;
    Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Result<Option<Answer>, String> {
        parse(text.as_bytes(), true).map_err(|error| error.to_string())
    }

    #[test]
    fn an_answer_is_whole_by_its_length_or_by_the_end() {
        let by_length = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: b \r\n\r\nabc";
        let answer = parse(by_length, false).unwrap().unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"abc"[..]));
        assert_eq!(answer.header("x-a"), Some("b"));
        for cut in 0..by_length.len() {
            assert!(parse(&by_length[..cut], false).unwrap().is_none(), "{cut}");
        }
        let by_end = b"HTTP/1.0 404 Not Found\r\n\r\nno";
        assert!(parse(by_end, false).unwrap().is_none());
        assert_eq!(parse(by_end, true).unwrap().unwrap().status, 404);
    }

    #[test]
    fn what_is_no_http_is_refused() {
        for (text, why) in [
            ("", "within the headers"),
            ("HTTP/1.1 200 OK\r\n", "within the headers"),
            ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "no status line"),
            ("HTTP/1.1 20 OK\r\n\r\n", "no status line"),
            ("HTTP/2.0 200 OK\r\n\r\n", "no status line"),
            ("HTTP/1.1 200 OK\r\nbad\r\n\r\n", "without a colon"),
            ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "no number"),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no number"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
                "two lengths",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
                "within the body",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "encoding",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
                "longer than",
            ),
        ] {
            let error = whole(text).unwrap_err();
            assert!(error.contains(why), "{text:?}: {error}");
        }
        let endless = vec![b'a'; MAX_HEAD + 1];
        assert!(parse(&endless, false).is_err());
        let long = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![0; MAX_BODY + 1]].concat();
        assert!(matches!(parse(&long, false), Err(HttpError::TooLong)));
    }

    #[test]
    fn whatever_comes_it_is_taken_or_refused() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let pieces: [&[u8]; 12] = [
            b"HTTP/1.1 ",
            b"200",
            b" OK",
            b"\r\n",
            b"\r\n\r\n",
            b"Content-Length:",
            b" 3",
            b"abc",
            b"\xff\x00",
            b": ",
            b"Transfer-Encoding: x",
            b"99999999999999999999999",
        ];
        for _ in 0..20_000 {
            let mut bytes = Vec::new();
            for _ in 0..random() % 12 {
                let piece = usize::try_from(random() % 12).unwrap();
                bytes.extend_from_slice(pieces[piece]);
            }
            if let Ok(Some(answer)) = parse(&bytes, random() % 2 == 0) {
                assert!((0..1000).contains(&answer.status) && answer.body.len() <= MAX_BODY);
            }
        }
    }
}
