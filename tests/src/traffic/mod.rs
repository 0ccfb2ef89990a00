//! Real TCP between namespaces.

mod exchange;
mod socket;

pub use exchange::{bulk, echo, hear, speak};
pub use socket::{
    CONGESTION, accept, close_in_order, connect, give_up_after, listen, unacked, wait_all_acked,
};

/// Whether an error only means that nothing happened for a while.
pub fn is_timeout(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
