//! As much of HTTP/1.1 as a scrape needs: one request a connection, its head bounded in size and
//! time, one answer.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::page::{Format, page};
use crate::status::Latest;

/// The head of a request at most, bytes.
const MAX_HEAD: usize = 8 * 1024;

/// A client has so long for its request, and as long again to take the answer.
const LIMIT: Duration = Duration::from_secs(5);

/// How long a client may take to hang up after its answer.
const GOODBYE: Duration = Duration::from_secs(1);

/// What comes of a request.
pub(super) struct Answer {
    pub(super) status: &'static str,
    content_type: &'static str,
    body: String,
    with_body: bool,
}

/// Answers one request.
pub async fn answer(mut client: TcpStream, latest: &Latest) {
    let answer = match timeout(LIMIT, head(&mut client)).await {
        Ok(Ok(head)) => reply(&head, latest),
        Ok(Err(Malformed::Gone)) => return,
        Ok(Err(Malformed::TooLong)) => told("431 Request Header Fields Too Large", "too long\n"),
        Err(_) => told("408 Request Timeout", "too slow\n"),
    };
    let length = answer.body.len();
    let mut text = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
        answer.status, answer.content_type
    );
    if answer.with_body {
        text.push_str(&answer.body);
    }
    // Whoever does not read gets less than all.
    let sent = timeout(LIMIT, async {
        client.write_all(text.as_bytes()).await?;
        client.shutdown().await
    });
    if let Ok(Ok(())) = sent.await {
        // With something unread, closing would reset the connection under the answer.
        let mut rest = [0; 512];
        let _ = timeout(GOODBYE, async {
            while matches!(client.read(&mut rest).await, Ok(1..)) {}
        })
        .await;
    }
}

/// Why there is no request.
enum Malformed {
    Gone,
    TooLong,
}

/// Reads up to the empty line.
async fn head(client: &mut TcpStream) -> Result<String, Malformed> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        match client.read(&mut chunk).await {
            Ok(read @ 1..) => head.extend(chunk.iter().take(read)),
            Ok(0) | Err(_) => return Err(Malformed::Gone),
        }
        if head.len() > MAX_HEAD {
            return Err(Malformed::TooLong);
        }
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Ok(String::from_utf8_lossy(&head).into_owned());
        }
    }
}

pub(super) fn reply(head: &str, latest: &Latest) -> Answer {
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next(), words.next());
    let (Some(method), Some(target), Some(version)) = (method, target, words.next()) else {
        return told("400 Bad Request", "no HTTP request\n");
    };
    if !version.starts_with("HTTP/1.") {
        return told("400 Bad Request", "HTTP/1.1 only\n");
    }
    if !matches!(method, "GET" | "HEAD") {
        return told("405 Method Not Allowed", "GET only\n");
    }
    let mut answer = match target.split('?').next() {
        Some("/metrics") => metrics(wanted(lines), latest),
        Some("/") => told("200 OK", "edgeghost: metrics are at /metrics\n"),
        _ => told("404 Not Found", "metrics are at /metrics\n"),
    };
    answer.with_body = method == "GET";
    answer
}

fn metrics(format: Format, latest: &Latest) -> Answer {
    let Some(status) = latest.read() else {
        return told("503 Service Unavailable", "the agent is still starting\n");
    };
    match page(&status, format) {
        Ok(body) => Answer {
            content_type: format.content_type(),
            ..told("200 OK", &body)
        },
        Err(error) => {
            log::error!("the metrics cannot be written: {error}");
            told("500 Internal Server Error", "see the agent's log\n")
        }
    }
}

/// The format that the client takes.
fn wanted<'a>(headers: impl Iterator<Item = &'a str>) -> Format {
    let accepts = headers
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case("accept"))
        .any(|(_, value)| value.contains("application/openmetrics-text"));
    if accepts {
        Format::OpenMetrics
    } else {
        Format::Classic
    }
}

fn told(status: &'static str, words: &str) -> Answer {
    Answer {
        status,
        content_type: "text/plain; charset=utf-8",
        body: words.to_owned(),
        with_body: true,
    }
}
