//! Sums since the start, by local address and path. They only ever grow: an address keeps its sums
//! for as long as the daemon runs, and those beyond the bound are summed together.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::document::{PathTotals, Sums};
use crate::event::WindowInfo;
use crate::path::PathClass;

/// Stands for all addresses beyond the bound.
pub(super) const OTHER: &str = "other";

/// Sums by address and path.
#[derive(Debug)]
pub(super) struct Totals {
    most: usize,
    addresses: BTreeMap<IpAddr, BTreeMap<PathClass, Sums>>,
    other: BTreeMap<PathClass, Sums>,
}

impl Totals {
    /// Of `most` addresses apart.
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            addresses: BTreeMap::new(),
            other: BTreeMap::new(),
        }
    }

    /// Adds a window.
    pub(super) fn add(&mut self, address: IpAddr, window: &WindowInfo) {
        let known = self.addresses.contains_key(&address);
        let paths = if known || self.addresses.len() < self.most {
            self.addresses.entry(address).or_default()
        } else {
            &mut self.other
        };
        paths.entry(window.class).or_default().add(window);
    }

    /// As published.
    pub(super) fn document(&self) -> Vec<PathTotals> {
        let named = self
            .addresses
            .iter()
            .map(|(address, paths)| (address.to_string(), paths));
        named
            .chain([(OTHER.to_owned(), &self.other)])
            .flat_map(|(address, paths)| {
                paths.iter().map(move |(class, sums)| PathTotals {
                    address: address.clone(),
                    class: *class,
                    sums: sums.clone(),
                })
            })
            .collect()
    }
}

impl Sums {
    fn add(&mut self, window: &WindowInfo) {
        let kinds = window.retransmits;
        let known = kinds.syn + kinds.fast + kinds.timeout + kinds.tail_loss_probe;
        for (sum, more) in [
            (&mut self.segments_sent, window.segments_sent),
            (&mut self.segments_delivered, window.segments_delivered),
            (
                &mut self.segments_retransmitted,
                window.segments_retransmitted,
            ),
            (&mut self.bytes_sent, window.bytes_sent),
            (&mut self.bytes_acked, window.bytes_acked),
            (&mut self.bytes_retransmitted, window.bytes_retransmitted),
            (&mut self.retransmits.syn, kinds.syn),
            (&mut self.retransmits.syn_ack, kinds.syn_ack),
            (&mut self.retransmits.fast, kinds.fast),
            (&mut self.retransmits.timeout, kinds.timeout),
            (&mut self.retransmits.tail_loss_probe, kinds.tail_loss_probe),
            (
                &mut self.retransmits_other,
                window.segments_retransmitted.saturating_sub(known),
            ),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::window;
    use super::*;

    #[test]
    fn beyond_the_bound_addresses_are_summed_together_and_nothing_is_lost() {
        let mut totals = Totals::new(2);
        for round in 0..3 {
            for last in 0..5_u8 {
                totals.add(
                    [10, 0, 0, last].into(),
                    &window(PathClass::Public, 10 + round, 2),
                );
            }
        }
        let told = totals.document();
        let names: Vec<&str> = told.iter().map(|total| total.address.as_str()).collect();
        assert_eq!(names, ["10.0.0.0", "10.0.0.1", OTHER]);
        let delivered: u64 = told.iter().map(|t| t.sums.segments_delivered).sum();
        assert_eq!(delivered, 5 * (10 + 11 + 12));
        assert_eq!(told[2].sums.segments_retransmitted, 3 * 3 * 2);
    }

    #[test]
    fn what_has_no_kind_is_other() {
        let mut totals = Totals::new(2);
        let mut window = window(PathClass::Private, 10, 7);
        window.retransmits.timeout = 4;
        window.retransmits.syn_ack = 9;
        totals.add([10, 0, 0, 1].into(), &window);
        assert_eq!(totals.document()[0].sums.retransmits_other, 3);
    }
}
