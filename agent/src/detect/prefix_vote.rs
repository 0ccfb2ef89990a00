//! What one prefix says: both directions together, or a stall.

use super::params::{SEEN_BY, STALL_LLR};
use super::ratio::{Beta, ORDINARY_IN, llr};
use super::windows::Sums;

/// Log likelihood ratio of a prefix.
///
/// Two kinds of trials. A segment sent is one: it had to be sent again, or not. Loss either way
/// shows in it, that on the way in faintly: only the acknowledgement of the last segment of an
/// answer matters. So a segment received is another: had the acknowledgement of our answer to it
/// been lost, our tail loss probe or timeout would have sent again what the peer had, and the
/// peer would have said so (DSACK, RFC 2883). Both would count the same loss twice, so they are
/// alternatives, by the shares of collapses that each can see.
pub(super) fn prefix_llr(sums: &Sums, ordinary: Beta, stalled: bool) -> f64 {
    let sent = llr(sums.retransmitted, sums.trials(), ordinary);
    let received = llr(signs(sums), trials_in(sums), ORDINARY_IN);
    let [by_sent, by_received] = SEEN_BY;
    let ratio = libm::log(
        by_sent * libm::exp(sent.min(50.0)) + by_received * libm::exp(received.min(50.0)),
    );
    if stalled { ratio.max(STALL_LLR) } else { ratio }
}

/// Retransmissions that were needed.
pub(super) fn needed(sums: &Sums) -> f64 {
    sums.retransmitted - duplicates(sums)
}

/// Signs of loss on the way in. Where our own segments overtake each other, that is why the peer
/// gets them twice.
pub(super) fn signs(sums: &Sums) -> f64 {
    (sums.duplicates - sums.reordered).max(0.0)
}

/// Trials of the way in.
pub(super) fn trials_in(sums: &Sums) -> f64 {
    sums.received.max(signs(sums))
}

fn duplicates(sums: &Sums) -> f64 {
    sums.duplicates.min(sums.retransmitted)
}

#[cfg(test)]
mod tests {
    use super::super::ratio::PUBLIC_OUT;
    use super::*;

    fn sums(retransmitted: f64, delivered: f64, duplicates: f64, received: f64) -> Sums {
        Sums {
            retransmitted,
            delivered,
            duplicates,
            received,
            reordered: 0.0,
        }
    }

    fn vote(sums: &Sums) -> f64 {
        prefix_llr(sums, PUBLIC_OUT, false)
    }

    #[test]
    fn either_way_convicts_and_only_both_acquit() {
        let well = vote(&sums(0.0, 60.0, 0.0, 30.0));
        assert!(well < -1.5, "{well}");
        let out = vote(&sums(12.0, 60.0, 0.0, 30.0));
        let back = vote(&sums(10.0, 60.0, 10.0, 40.0));
        assert!(out > 2.0, "{out}");
        assert!(back > 1.0, "{back}");
        let unknown = vote(&sums(0.0, 60.0, 0.0, 0.0));
        assert!(unknown < -1.5 && unknown > well - 1.0, "{unknown} {well}");
    }

    #[test]
    fn needless_retransmissions_are_no_loss_on_the_way_out() {
        let needless = sums(3.0, 300.0, 3.0, 300.0);
        assert!(needed(&needless).abs() < 1e-12);
        assert!(vote(&needless) < -2.0);
    }

    #[test]
    fn overtaking_is_not_loss() {
        let mut overtaken = sums(9.0, 100.0, 9.0, 30.0);
        assert!(vote(&overtaken) > 1.0);
        overtaken.reordered = 9.0;
        assert!(vote(&overtaken) < -0.5);
    }

    #[test]
    fn nothing_counted_says_nothing_and_a_stall_says_six_to_one() {
        assert!(vote(&Sums::default()).abs() < 1e-9);
        assert!((prefix_llr(&Sums::default(), PUBLIC_OUT, true) - STALL_LLR).abs() < 1e-9);
        let well = sums(0.0, 60.0, 0.0, 30.0);
        assert!((prefix_llr(&well, PUBLIC_OUT, true) - STALL_LLR).abs() < 1e-9);
    }
}
