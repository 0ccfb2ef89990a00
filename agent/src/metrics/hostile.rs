//! The reader of requests, for what no scraper sends.

use super::http::reply;
use crate::status::Latest;

/// A request for metrics. Whether it is one that is answered.
pub(crate) fn request(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(bytes);
    let answer = reply(&head, &Latest::default());
    !answer.status.starts_with("400")
}
