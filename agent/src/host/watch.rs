//! The host's counters from tick to tick.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use super::HostSample;
use super::detail::{between, drops};
use super::drops::Drops;
use super::proc::NET;
use super::protocol::{Protocol, Tables};
use super::qdisc::QueueDrops;
use super::reader::{Ask, Reader, Reading, State};
use crate::event::HostDetail;

/// So many calls without a flow make a host idle; a connection now and then leaves no flow behind
/// at the moment that one is asked about.
const IDLE_AFTER: u32 = 60;

/// Everything is read at every tenth call: a driver asks its device for what it counts.
const EVERYTHING_EVERY: u32 = 10;

/// Reads the counters of the agent's own network namespace, and tells what is new.
pub struct HostWatch {
    folder: PathBuf,
    quiet: u32,
    before: Option<Totals>,
    /// What is read beside judgement; nothing if that is not possible.
    reader: Option<Reader>,
    calls: u32,
    queues: Option<QueueDrops>,
    state: Option<State>,
    in_use: BTreeSet<u32>,
}

/// Counters at one moment.
struct Totals {
    protocol: Protocol,
    drops: Drops,
}

impl HostWatch {
    /// From now on.
    pub fn new() -> Self {
        let reader = Reader::start().inspect_err(|error| {
            log::warn!("drivers, interfaces and routes of this host are not read: {error}");
        });
        Self {
            folder: NET.into(),
            quiet: 0,
            before: None,
            reader: reader.ok(),
            calls: 0,
            queues: None,
            state: None,
            in_use: BTreeSet::new(),
        }
    }

    /// News since the last call. On a host where for long nothing ran (`busy` was false) nothing is
    /// read, and nothing known: what was counted meanwhile is not news of one second. The way to
    /// `peers`, each with its local address, is looked up when everything is.
    pub fn news(&mut self, busy: bool, peers: &[(IpAddr, IpAddr)]) -> HostSample {
        self.quiet = if busy {
            0
        } else {
            self.quiet.saturating_add(1)
        };
        if self.quiet >= IDLE_AFTER {
            (self.before, self.queues, self.state) = (None, None, None);
            self.calls = 0;
            return HostSample::default();
        }
        let now = Totals {
            protocol: Protocol::of(&Tables::read(&self.folder)),
            drops: Drops::read(&self.folder),
        };
        let mut news = self
            .before
            .as_ref()
            .map_or_else(HostSample::default, |before| now.since(before));
        self.before = Some(now);
        let ask = Ask {
            everything: self.calls.is_multiple_of(EVERYTHING_EVERY),
            peers: peers.to_vec(),
        };
        self.calls = self.calls.wrapping_add(1);
        if let Some(reading) = self.reader.as_mut().and_then(|reader| reader.read(ask)) {
            self.take(reading, &mut news);
        }
        news
    }

    /// Takes in what was read beside.
    fn take(&mut self, reading: Reading, news: &mut HostSample) {
        if let (Some(now), Some(before)) = (&reading.queues, &self.queues) {
            let grown = now.iter().map(|(index, now)| drops(before, *index, *now));
            if let Some(grown) = grown.reduce(u64::saturating_add) {
                news.local_drops = Some(news.local_drops.unwrap_or(0).saturating_add(grown));
            }
        }
        self.queues = reading.queues;
        let Some(now) = reading.state else {
            return;
        };
        // A link that is down has no ways: then those are in use that were.
        let devices: BTreeSet<u32> = now.devices().collect();
        if !devices.is_empty() {
            self.in_use = devices;
        }
        if let Some(before) = &self.state {
            let detail = between(before, &now, &self.in_use);
            news.allowance_exceeded = allowance_exceeded(&detail);
            news.detail = Some(Box::new(detail));
        }
        self.state = Some(now);
    }
}

impl Default for HostWatch {
    fn default() -> Self {
        Self::new()
    }
}

/// Packets beyond any allowance, on all interfaces; nothing if no driver tells.
fn allowance_exceeded(detail: &HostDetail) -> Option<u64> {
    let drivers = detail.interfaces.iter().filter_map(|i| i.driver.as_ref());
    let allowances = drivers.flat_map(|driver| driver.allowances.values().copied());
    allowances.reduce(u64::saturating_add)
}

impl Totals {
    fn since(&self, before: &Self) -> HostSample {
        let (now, was) = (&self.protocol, &before.protocol);
        let no_route = [
            grown(now.no_route_v4, was.no_route_v4),
            grown(now.no_route_v6, was.no_route_v6),
        ];
        HostSample {
            local_drops: self.drops.since(&before.drops),
            segments_sent: grown(now.segments_sent, was.segments_sent),
            segments_retransmitted: grown(now.segments_retransmitted, was.segments_retransmitted),
            retransmissions_failed: grown(now.retransmissions_failed, was.retransmissions_failed),
            no_route: no_route.into_iter().flatten().reduce(u64::saturating_add),
            // What else there is, others count.
            ..HostSample::default()
        }
    }
}

/// Growth of a counter; nothing if one of its readings is missing, or it was reset.
fn grown(now: Option<u64>, before: Option<u64>) -> Option<u64> {
    now?.checked_sub(before?)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn totals(sent: Option<u64>, v4: Option<u64>, v6: Option<u64>) -> Totals {
        Totals {
            protocol: Protocol {
                segments_sent: sent,
                no_route_v4: v4,
                no_route_v6: v6,
                ..Protocol::default()
            },
            drops: Drops::default(),
        }
    }

    #[test]
    fn news_is_growth_and_what_is_not_known_is_absent() {
        let news = totals(Some(12), Some(3), None).since(&totals(Some(10), Some(1), None));
        assert_eq!((news.segments_sent, news.no_route), (Some(2), Some(2)));
        assert_eq!(news.segments_retransmitted, None);
        let both = totals(None, Some(3), Some(9)).since(&totals(Some(1), Some(1), Some(4)));
        assert_eq!((both.segments_sent, both.no_route), (None, Some(7)));
    }

    #[test]
    fn a_counter_that_went_down_is_no_news() {
        let news = totals(Some(3), Some(5), Some(0)).since(&totals(Some(10), Some(1), Some(4)));
        assert_eq!((news.segments_sent, news.no_route), (None, Some(4)));
    }

    #[test]
    fn an_idle_host_is_not_read_and_begins_anew() {
        let mut watch = HostWatch::new();
        let mut news = |busy| watch.news(busy, &[]);
        assert_eq!(news(false).segments_sent, None, "a baseline");
        for _ in 2..IDLE_AFTER {
            assert!(news(false).segments_sent.is_some());
        }
        assert_eq!(news(false), HostSample::default(), "idle");
        assert_eq!(news(true).segments_sent, None, "a new baseline");
    }

    #[test]
    fn everything_is_told_at_every_tenth_call() {
        let mut watch = HostWatch::new();
        let details: Vec<_> = (0..200)
            .filter_map(|_| watch.news(true, &[]).detail)
            .collect();
        assert!((1..20).contains(&details.len()), "{}", details.len());
        for detail in details {
            assert!(detail.protocol.contains_key("TCPTimeouts"), "{detail:?}");
            assert_eq!(detail.routes.len(), 2, "{detail:?}");
        }
    }

    /// Once a second is nothing that a host may notice; the bound is for a slow machine under
    /// load, the printed figures are what counts.
    #[test]
    fn it_is_cheap() {
        let mut watch = HostWatch::new();
        let mut took: Vec<(bool, Duration)> = (0..200)
            .map(|_| {
                let begin = Instant::now();
                let news = watch.news(true, &[]);
                (news.detail.is_some(), begin.elapsed())
            })
            .collect();
        took.sort();
        let median = |everything| {
            let of: Vec<_> = took.iter().filter(|(is, _)| *is == everything).collect();
            of.get(of.len() / 2).map(|(_, took)| *took)
        };
        let (second, everything) = (median(false).unwrap(), median(true));
        println!("a reading takes {second:?}, one of everything {everything:?} (medians)");
        assert!(second < Duration::from_millis(10), "{took:?}");
    }
}
