//! One request to a collector, and what its answer means.

use std::error::Error;
use std::io;
use std::net::ToSocketAddrs as _;
use std::time::{Duration, Instant};

use prost::Message as _;

use super::message::Response;
use crate::config::Site;
use crate::http::{HttpError, post};

/// Name, connection and answer together. Below the time after which an output that takes nothing
/// is told to be stuck.
pub(super) const LIMIT: Duration = Duration::from_secs(4);

const PROTOBUF: &str = "application/x-protobuf";

/// What is refused for good, and why.
#[derive(Debug, thiserror::Error)]
#[error("refused: {0}")]
pub(crate) struct Refused(String);

/// Longest text of a collector that is passed on, characters.
const LONGEST_SAID: usize = 200;

/// Sends `body` to `path` below the collector's, at the latest until `deadline`. Whatever may pass
/// by itself is an error to try again after; what the collector does not want is [`Refused`].
pub(super) fn send(site: &Site, path: &str, body: &[u8], deadline: Instant) -> io::Result<()> {
    let mut failure = io::Error::other(format!("{}: no such host", site.host));
    for to in (site.host.as_str(), site.port).to_socket_addrs()? {
        let at = (site.authority(), format!("{}{path}", site.path));
        let answer = post(to, (&at.0, &at.1), (PROTOBUF, body), deadline);
        match answer {
            Ok(answer) => return verdict(answer.status, &answer.body),
            // It has several addresses, and may not listen at each.
            Err(error) => failure = unsent(error),
        }
    }
    Err(failure)
}

fn unsent(error: HttpError) -> io::Error {
    match error {
        HttpError::Io(error) => error,
        HttpError::Timeout => io::Error::other("the collector does not answer in time"),
        other => io::Error::other(other.to_string()),
    }
}

/// OTLP Specification, sections "OTLP/HTTP Response" and "Retryable Response Codes".
fn verdict(status: u16, body: &[u8]) -> io::Result<()> {
    match status {
        200..=299 => {
            let partial = Response::decode(body)
                .ok()
                .and_then(|response| response.partial_success);
            match partial {
                Some(partial) if partial.rejected > 0 => Err(refused(&partial.error_message)),
                Some(partial) if !partial.error_message.is_empty() => {
                    log::warn!("the collector says: {}", said(&partial.error_message));
                    Ok(())
                }
                _ => Ok(()),
            }
        }
        429 | 502 | 503 | 504 => Err(io::Error::other(format!(
            "the collector is busy (HTTP {status})"
        ))),
        _ => Err(refused(&format!("HTTP {status}"))),
    }
}

/// What is never tried again.
pub(super) fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Refused(said(why)))
}

/// What somebody else wrote, fit for a log.
fn said(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(LONGEST_SAID).collect()
}

/// Whether `error` is final for what was sent.
pub(crate) fn is_refused(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(<dyn Error + Send + Sync>::is::<Refused>)
}

#[cfg(test)]
mod tests {
    use super::super::message::PartialSuccess;
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_and_what_is_not_wanted_is_not() {
        assert!(verdict(200, b"").is_ok());
        assert!(verdict(202, b"\xff no protobuf").is_ok());
        for status in [429, 502, 503, 504] {
            assert!(!is_refused(&verdict(status, b"").unwrap_err()), "{status}");
        }
        for status in [301, 400, 401, 404, 413, 500] {
            let error = verdict(status, b"").unwrap_err();
            assert!(is_refused(&error), "{status}");
            assert!(error.to_string().contains(&status.to_string()), "{error}");
        }
    }

    #[test]
    fn a_part_that_is_rejected_is_refused_and_a_warning_is_not() {
        let answer = |rejected, words: &str| {
            let partial = PartialSuccess {
                rejected,
                error_message: words.to_owned(),
            };
            let response = Response {
                partial_success: Some(partial),
            };
            verdict(200, &response.encode_to_vec())
        };
        let error = answer(1, "too\nold").unwrap_err();
        assert!(is_refused(&error));
        assert_eq!(error.to_string(), "refused: tooold");
        assert!(answer(0, "careful").is_ok());
    }
}
