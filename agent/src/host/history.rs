//! The host over the last minutes, and what it comes to over a stretch of them. No I/O and no
//! clock of its own.

use std::collections::{BTreeMap, VecDeque};

use super::HostSample;
use crate::event::{DriverDetail, HostDetail, InterfaceDetail, RouteDetail};

const SECOND: u64 = 1_000_000_000;

/// So much is remembered: ten minutes of an incident, and five before it.
const REMEMBERED_NS: u64 = 15 * 60 * SECOND;

/// The last minutes.
#[derive(Debug, Default)]
pub struct History {
    ticks: VecDeque<(u64, HostSample)>,
    details: VecDeque<(u64, HostDetail)>,
}

/// What the host did over a stretch of time. What was not read in it is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Window {
    /// Time that the ticks are of, seconds.
    pub seconds: f64,
    /// Time that the details are of, seconds: they come every ten.
    pub detail_seconds: f64,
    /// Sums of what is told each second.
    pub sums: HostSample,
    /// Sums of the protocol counters.
    pub protocol: BTreeMap<String, u64>,
    /// Sums by interface, with its latest state.
    pub interfaces: BTreeMap<String, InterfaceDetail>,
    /// The latest ways.
    pub routes: Vec<RouteDetail>,
}

impl History {
    /// Takes in a tick.
    pub fn note(&mut self, now_ns: u64, host: &HostSample) {
        let mut counts = host.clone();
        if let Some(detail) = counts.detail.take() {
            self.details.push_back((now_ns, *detail));
        }
        counts.drops = None;
        self.ticks.push_back((now_ns, counts));
        let is_old = |at: u64| at.saturating_add(REMEMBERED_NS) < now_ns;
        while self.ticks.front().is_some_and(|(at, _)| is_old(*at)) {
            self.ticks.pop_front();
        }
        while self.details.front().is_some_and(|(at, _)| is_old(*at)) {
            self.details.pop_front();
        }
    }

    /// What was told after `from_ns`, up to `to_ns`. A detail that reaches back before `from_ns`
    /// counts as well: what it tells of may be what everything began with.
    pub fn window(&self, from_ns: u64, to_ns: u64) -> Window {
        let mut window = Window::default();
        let within = |at: u64| at > from_ns && at <= to_ns;
        let mut last = None;
        for (at, host) in &self.ticks {
            if within(*at) {
                // The first tick of a window is of about a second, too.
                let passed = at.saturating_sub(last.unwrap_or(at.saturating_sub(SECOND)));
                window.seconds += passed as f64 / SECOND as f64;
                window.add(host);
            }
            last = Some(*at);
        }
        for (_, detail) in self.details.iter().filter(|(at, _)| within(*at)) {
            window.add_detail(detail);
        }
        window
    }
}

impl Window {
    fn add(&mut self, host: &HostSample) {
        let sums = &mut self.sums;
        for (sum, count) in [
            (&mut sums.allowance_exceeded, host.allowance_exceeded),
            (&mut sums.local_drops, host.local_drops),
            (&mut sums.segments_sent, host.segments_sent),
            (
                &mut sums.segments_retransmitted,
                host.segments_retransmitted,
            ),
            (
                &mut sums.retransmissions_failed,
                host.retransmissions_failed,
            ),
            (&mut sums.no_route, host.no_route),
        ] {
            *sum = plus(*sum, count);
        }
    }

    fn add_detail(&mut self, detail: &HostDetail) {
        self.detail_seconds += detail.period_ms as f64 / 1e3;
        for (name, count) in &detail.protocol {
            let sum = self.protocol.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
        for interface in &detail.interfaces {
            let before = self.interfaces.remove(&interface.name);
            let sum = before.map_or_else(|| interface.clone(), |before| joined(before, interface));
            self.interfaces.insert(sum.name.clone(), sum);
        }
        self.routes.clone_from(&detail.routes);
    }
}

/// Sum of what is known.
fn plus(sum: Option<u64>, count: Option<u64>) -> Option<u64> {
    let known = [sum, count].into_iter().flatten();
    known.reduce(u64::saturating_add)
}

fn joined(before: InterfaceDetail, now: &InterfaceDetail) -> InterfaceDetail {
    InterfaceDetail {
        name: before.name,
        in_use: before.in_use || now.in_use,
        set_up: now.set_up,
        carrier: now.carrier,
        operstate: now.operstate.clone(),
        carrier_changes: plus(before.carrier_changes, now.carrier_changes),
        rx_errors: plus(before.rx_errors, now.rx_errors),
        tx_errors: plus(before.tx_errors, now.tx_errors),
        rx_dropped: plus(before.rx_dropped, now.rx_dropped),
        tx_dropped: plus(before.tx_dropped, now.tx_dropped),
        queue_drops: plus(before.queue_drops, now.queue_drops),
        driver: match (before.driver, &now.driver) {
            (Some(before), Some(now)) => Some(joined_driver(before, now)),
            (before, now) => now.clone().or(before),
        },
    }
}

fn joined_driver(before: DriverDetail, now: &DriverDetail) -> DriverDetail {
    let sum = |mut sums: BTreeMap<String, u64>, news: &BTreeMap<String, u64>| {
        for (name, count) in news {
            let sum = sums.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
        sums
    };
    DriverDetail {
        name: now.name.clone(),
        version: now.version.clone(),
        allowances: sum(before.allowances, &now.allowances),
        conntrack_left: now.conntrack_left,
        resets: plus(before.resets, now.resets),
        error_counters: now.error_counters,
        errors: sum(before.errors, &now.errors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(drops: u64, timeouts: Option<u64>) -> HostSample {
        let interface = InterfaceDetail {
            name: "ens5".to_owned(),
            carrier_changes: Some(1),
            driver: Some(DriverDetail {
                resets: Some(1),
                allowances: BTreeMap::from([("pps_allowance_exceeded".to_owned(), 2)]),
                ..DriverDetail::default()
            }),
            ..InterfaceDetail::default()
        };
        HostSample {
            local_drops: Some(drops),
            detail: timeouts.map(|timeouts| {
                Box::new(HostDetail {
                    period_ms: 10_000,
                    protocol: BTreeMap::from([("TCPTimeouts".to_owned(), timeouts)]),
                    interfaces: vec![interface],
                    routes: Vec::new(),
                })
            }),
            ..HostSample::default()
        }
    }

    #[test]
    fn a_window_is_the_sum_of_what_was_told_in_it() {
        let mut history = History::default();
        for second in 1..=60_u64 {
            history.note(
                second * SECOND,
                &tick(1, (second % 10 == 5).then_some(second)),
            );
        }
        let window = history.window(30 * SECOND, 60 * SECOND);
        assert!((window.seconds - 30.0).abs() < 1e-9, "{}", window.seconds);
        assert!((window.detail_seconds - 30.0).abs() < 1e-9);
        assert_eq!(window.sums.local_drops, Some(30));
        assert_eq!(window.sums.no_route, None, "absent is not zero");
        assert_eq!(window.protocol["TCPTimeouts"], 35 + 45 + 55);
        let ens5 = &window.interfaces["ens5"];
        assert_eq!(ens5.carrier_changes, Some(3));
        let driver = ens5.driver.as_ref().unwrap();
        assert_eq!(driver.resets, Some(3));
        assert_eq!(driver.allowances["pps_allowance_exceeded"], 6);
        let before = history.window(0, 30 * SECOND);
        assert_eq!(before.protocol["TCPTimeouts"], 5 + 15 + 25);
        assert_eq!(history.window(60 * SECOND, 90 * SECOND), Window::default());
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut history = History::default();
        for second in 0..3_000_u64 {
            history.note(second * SECOND, &tick(1, Some(1)));
        }
        assert!(history.ticks.len() <= 901 && history.details.len() <= 901);
        history.note(u64::MAX, &tick(1, None));
        assert_eq!((history.ticks.len(), history.details.len()), (1, 0));
    }
}
