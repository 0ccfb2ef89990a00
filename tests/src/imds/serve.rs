//! Answering, well or not.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Mode, Request, Shared};

pub(super) const TOKEN: &str = "/latest/api/token";
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// Between two looks at whether it is over.
const STEP: Duration = Duration::from_millis(5);

/// Nobody is served longer than this, however slowly.
const LIMIT: Duration = Duration::from_secs(20);

/// Serves each connection on a thread of its own, until it is over.
pub(super) fn until_over(listener: &TcpListener, shared: &Arc<Shared>) {
    while !shared.is_over() {
        match listener.accept() {
            Ok((stream, _)) => {
                let shared = Arc::clone(shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(STEP),
            Err(_) => return,
        }
    }
}

/// Whoever asked may have gone away meanwhile; that is no fault of the double's.
fn serve(mut stream: TcpStream, shared: &Shared) {
    let Some(request) = read(&mut stream) else {
        return;
    };
    let answer = answer(&request, shared);
    let _ = send(&mut stream, answer, shared);
}

enum Answer {
    Whole(Vec<u8>),
    /// Nothing, until the other side goes away.
    Nothing,
    /// These bytes without an end.
    Endless(&'static [u8]),
    /// These bytes, one at a time.
    Slowly(Vec<u8>),
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(LIMIT)).ok()?;
    let mut bytes = Vec::new();
    let mut some = [0_u8; 1024];
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut some) {
            Ok(read) if read > 0 && bytes.len() < 16_384 => bytes.extend_from_slice(&some[..read]),
            _ => return None,
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Request {
        method,
        path,
        headers,
    })
}

fn answer(request: &Request, shared: &Shared) -> Answer {
    let mut state = shared.lock();
    state.requests.push(request.clone());
    let mode = state.mode;
    match mode {
        Mode::Disabled => return status("403 Forbidden", ""),
        Mode::Busy => return status("503 Service Unavailable", ""),
        Mode::Hang => return Answer::Nothing,
        Mode::Gibberish => return Answer::Whole(b"220 mail.example ESMTP\r\n\r\n".to_vec()),
        _ => {}
    }
    if request.method == "PUT" {
        let life = request.header(TTL).and_then(|text| text.parse().ok());
        let Some(life) = life.filter(|life: &u32| (1..=21_600).contains(life)) else {
            return status("400 Bad Request", "");
        };
        if request.path != TOKEN || request.header("x-forwarded-for").is_some() {
            return status("403 Forbidden", "");
        }
        let token = format!("AQAEA-token-{:04}==", state.tokens.len());
        state.tokens.push(token.clone());
        let header = if mode == Mode::NoTimeToLive {
            String::new()
        } else {
            format!("{TTL}: {life}\r\n")
        };
        return with_headers("200 OK", &header, token.as_bytes());
    }
    let token = request
        .header("x-aws-ec2-metadata-token")
        .map(str::to_owned);
    let known = token.is_some_and(|token| state.tokens.contains(&token));
    match mode {
        _ if !known => return status("401 Unauthorized", ""),
        Mode::ExpiredOnce => {
            state.mode = Mode::Ok;
            state.tokens.clear();
            return status("401 Unauthorized", "");
        }
        Mode::ExpiredAlways => return status("401 Unauthorized", ""),
        _ => {}
    }
    let value = request
        .path
        .strip_prefix("/latest/")
        .and_then(|key| state.data.get(key));
    match (mode, value) {
        (Mode::Huge, _) => whole("200 OK", &vec![b'a'; 1 << 20]),
        (Mode::Binary, _) => whole("200 OK", &[0xff, 0xfe, 0x00, 0x1b, b'[', b'2', b'J', 0x80]),
        (Mode::Endless, _) => Answer::Endless(b"HTTP/1.1 200 OK\r\n\r\n"),
        (Mode::SlowDrip, Some(text)) => match whole("200 OK", text.as_bytes()) {
            Answer::Whole(bytes) => Answer::Slowly(bytes),
            other => other,
        },
        (Mode::Injection, _) => whole("200 OK", b"$(reboot);`id`|x\n10.0.0.0/0;--help"),
        (_, Some(text)) => whole("200 OK", text.as_bytes()),
        (_, None) => status("404 Not Found", "not found"),
    }
}

fn status(status: &str, body: &str) -> Answer {
    whole(status, body.as_bytes())
}

fn whole(status: &str, body: &[u8]) -> Answer {
    with_headers(status, "", body)
}

fn with_headers(status: &str, headers: &str, body: &[u8]) -> Answer {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n{headers}\
         Server: EC2ws\r\nConnection: close\r\n\r\n",
        body.len()
    );
    Answer::Whole([head.into_bytes(), body.to_vec()].concat())
}

fn send(stream: &mut TcpStream, answer: Answer, shared: &Shared) -> std::io::Result<()> {
    stream.set_write_timeout(Some(LIMIT))?;
    let begin = Instant::now();
    let goes_on = || begin.elapsed() < LIMIT && !shared.is_over();
    match answer {
        Answer::Whole(bytes) => stream.write_all(&bytes),
        Answer::Nothing => {
            stream.set_read_timeout(Some(Duration::from_millis(50)))?;
            let mut rest = [0_u8; 64];
            while goes_on() {
                match stream.read(&mut rest) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        }
        Answer::Endless(head) => {
            stream.write_all(head)?;
            while goes_on() {
                stream.write_all(&[b'a'; 4096])?;
            }
            Ok(())
        }
        Answer::Slowly(bytes) => {
            for byte in bytes {
                if !goes_on() {
                    break;
                }
                stream.write_all(&[byte])?;
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
    }
}
