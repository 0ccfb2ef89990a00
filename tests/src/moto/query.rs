//! EC2's query interface: a form in, XML out.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::REGION;

/// The first call of a service makes moto load it, which takes seconds on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// Calls an action. moto looks at no signature, but takes service and region from it.
pub(super) fn call(at: SocketAddr, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
    let mut form = format!("Version=2016-11-15&Action={action}");
    for (name, value) in parameters {
        form.extend(["&", name, "=", &encoded(value)]);
    }
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=testing/20260101/{REGION}/ec2/aws4_request, \
         SignedHeaders=host, Signature=0\r\n\r\n{form}",
        form.len()
    );
    let answer = exchange(at, &request).with_context(|| format!("cannot ask moto at {at}"))?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("moto's answer to {action} is no HTTP: {answer}"))?;
    if head.split_whitespace().nth(1) != Some("200") {
        bail!("moto refuses {action} {parameters:?}: {answer}");
    }
    Ok(body.to_owned())
}

fn exchange(at: SocketAddr, request: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&at, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Percent-encoded, but for what our values are made of.
fn encoded(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// What the first element of this name holds; an error if there is none, or nothing in it.
pub(super) fn text(xml: &str, name: &str) -> Result<String> {
    xml.split_once(&format!("<{name}>"))
        .and_then(|(_, rest)| rest.split_once('<'))
        .map(|(text, _)| text.to_owned())
        .filter(|text| !text.is_empty())
        .with_context(|| format!("no {name} in {xml}"))
}
