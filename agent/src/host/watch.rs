//! The host's counters from tick to tick.

use std::path::PathBuf;

use super::HostSample;
use super::drops::Drops;
use super::proc::NET;
use super::protocol::Protocol;

/// So many calls without a flow make a host idle; a connection now and then leaves no flow behind
/// at the moment that one is asked about.
const IDLE_AFTER: u32 = 60;

/// Reads the counters of the agent's own network namespace, and tells what is new.
pub struct HostWatch {
    folder: PathBuf,
    quiet: u32,
    before: Option<Totals>,
}

/// Counters at one moment.
struct Totals {
    protocol: Protocol,
    drops: Drops,
}

impl HostWatch {
    /// From now on.
    pub fn new() -> Self {
        Self {
            folder: NET.into(),
            quiet: 0,
            before: None,
        }
    }

    /// News since the last call. On a host where for long nothing ran (`busy` was false) nothing is
    /// read, and nothing known: what was counted meanwhile is not news of one second.
    pub fn news(&mut self, busy: bool) -> HostSample {
        self.quiet = if busy {
            0
        } else {
            self.quiet.saturating_add(1)
        };
        let now = (self.quiet < IDLE_AFTER).then(|| Totals {
            protocol: Protocol::read(&self.folder),
            drops: Drops::read(&self.folder),
        });
        let news = match (&now, &self.before) {
            (Some(now), Some(before)) => now.since(before),
            _ => HostSample::default(),
        };
        self.before = now;
        news
    }
}

impl Default for HostWatch {
    fn default() -> Self {
        Self::new()
    }
}

impl Totals {
    fn since(&self, before: &Self) -> HostSample {
        let (now, was) = (&self.protocol, &before.protocol);
        let no_route = [
            grown(now.no_route_v4, was.no_route_v4),
            grown(now.no_route_v6, was.no_route_v6),
        ];
        HostSample {
            // The driver is not read yet.
            allowance_exceeded: None,
            local_drops: self.drops.since(&before.drops),
            segments_sent: grown(now.segments_sent, was.segments_sent),
            segments_retransmitted: grown(now.segments_retransmitted, was.segments_retransmitted),
            retransmissions_failed: grown(now.retransmissions_failed, was.retransmissions_failed),
            no_route: no_route.into_iter().flatten().reduce(u64::saturating_add),
            // Counted by the programs, not here.
            drops: None,
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
        assert_eq!(watch.news(false), HostSample::default(), "a baseline");
        for _ in 2..IDLE_AFTER {
            assert!(watch.news(false).segments_sent.is_some());
        }
        assert_eq!(watch.news(false), HostSample::default(), "idle");
        assert_eq!(watch.news(true), HostSample::default(), "a new baseline");
    }

    /// Once a second is nothing that a host may notice; the bound is for a slow machine under
    /// load, the printed figure is what counts.
    #[test]
    fn it_is_cheap() {
        let mut watch = HostWatch::new();
        let mut took: Vec<Duration> = (0..100)
            .map(|_| {
                let begin = Instant::now();
                watch.news(true);
                begin.elapsed()
            })
            .collect();
        took.sort();
        println!("a reading takes {:?} (median)", took[50]);
        assert!(took[50] < Duration::from_millis(10), "{took:?}");
    }
}
