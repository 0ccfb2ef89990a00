//! Which flows of an address show best how differently its two paths fare.

use super::sample::{FlowKey, Local};
use super::table::{FlowTable, Recent};
use crate::path::PathClass;

/// Flows of each side at most.
const MOST: usize = 5;

/// Flows of an address, to be looked at in the same moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SideBySide {
    /// Public ones, the one that suffers most first.
    pub public: Vec<FlowKey>,
    /// Private ones, the one that fares best first.
    pub private: Vec<FlowKey>,
}

/// Picks them by what they did lately.
pub fn side_by_side(table: &FlowTable, local: Local) -> SideBySide {
    let (mut public, mut private) = (Vec::new(), Vec::new());
    for (key, class, recent) in table.of(local) {
        match class {
            PathClass::Private => private.push((well(recent), *key)),
            PathClass::Loopback => {}
            _ => public.push((suffering(recent), *key)),
        }
    }
    SideBySide {
        public: first(public),
        private: first(private),
    }
}

/// Segments sent again, weighed by their share: neither a large flow with the odd loss comes first
/// nor a tiny one.
fn suffering(recent: Recent) -> f64 {
    let all = recent.retransmitted + recent.delivered;
    recent.retransmitted * recent.retransmitted / (all + 1.0)
}

/// Segments delivered, unless some had to be sent again.
fn well(recent: Recent) -> f64 {
    recent.delivered / (1.0 + 10.0 * recent.retransmitted)
}

/// Those with the highest marks; equal ones by their ends, for the order to be the same always.
fn first(mut marked: Vec<(f64, FlowKey)>) -> Vec<FlowKey> {
    marked.sort_by(|(a, a_key), (b, b_key)| b.total_cmp(a).then(a_key.cmp(b_key)));
    marked.into_iter().take(MOST).map(|(_, key)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn lately(retransmitted: f64, delivered: f64) -> Recent {
        Recent {
            retransmitted,
            delivered,
        }
    }

    #[test]
    fn the_worst_is_neither_the_largest_nor_the_tiniest() {
        let collapsed = suffering(lately(25.0, 20.0));
        assert!(collapsed > suffering(lately(30.0, 5_000.0)), "a large one");
        assert!(collapsed > suffering(lately(1.0, 0.0)), "a tiny one");
        assert!(suffering(lately(1.0, 10.0)) > suffering(lately(0.0, 10_000.0)));
    }

    #[test]
    fn the_best_moves_much_without_loss() {
        let best = well(lately(0.0, 100.0));
        assert!(best > well(lately(0.0, 5.0)) && best > well(lately(20.0, 1_000.0)));
    }

    #[test]
    fn five_of_a_side_in_an_order_that_is_always_the_same() {
        let key = |port| FlowKey {
            local: [10, 1, 0, 207].into(),
            peer: [198, 51, 100, 14].into(),
            local_port: 443,
            peer_port: port,
            netns: 1,
        };
        let marked = (1..=9).rev().map(|port| (f64::from(port / 3), key(port)));
        let ports: Vec<u16> = first(marked.collect())
            .iter()
            .map(|k| k.peer_port)
            .collect();
        assert_eq!(ports, [9, 6, 7, 8, 3]);
    }
}
