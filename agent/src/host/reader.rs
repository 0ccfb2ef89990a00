//! Reads what may take its time, on a thread of its own: a driver asks its device, and the kernel
//! answers about devices under a lock that a resetting driver may hold for seconds. Judgement goes
//! on meanwhile.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use super::driver::{Driver, Ethtool, Unread};
use super::link::{Link, Links, links};
use super::netlink::Netlink;
use super::proc::NET;
use super::protocol::Tables;
use super::qdisc::{QueueDrops, queue_drops};
use super::route::{INTERNET, Route, route};
use crate::event::RouteKind;

/// An answer is waited for so long; one that comes later is taken at a later call.
const PATIENCE: Duration = Duration::from_millis(50);

/// Interfaces whose driver is asked at most: containers have one each.
const MOST_DRIVERS: usize = 32;

/// What to read.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask {
    /// Everything, not the queues alone.
    pub(super) everything: bool,
    /// Peers whose way is looked up, each with the local address.
    pub(super) peers: Vec<(IpAddr, IpAddr)>,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Reading {
    /// Drops of queueing disciplines.
    pub(super) queues: Option<QueueDrops>,
    /// Everything else, if it was asked for.
    pub(super) state: Option<State>,
}

/// The host at one moment.
#[derive(Debug)]
pub(super) struct State {
    pub(super) at: Instant,
    pub(super) protocol: BTreeMap<String, u64>,
    pub(super) links: Links,
    /// By interface index; those that tell nothing are left out.
    pub(super) drivers: BTreeMap<u32, Driver>,
    pub(super) queues: Option<QueueDrops>,
    pub(super) routes: Vec<Way>,
}

impl State {
    /// The interfaces that ways lead through, the loopback not among them.
    pub(super) fn devices(&self) -> impl Iterator<Item = u32> {
        let devices = self.routes.iter().filter_map(|way| way.route.device);
        devices.filter(|index| self.links.contains_key(index))
    }
}

/// A way that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// Local address and peer; `None` for the internet.
    pub(super) ends: Option<(IpAddr, IpAddr)>,
    pub(super) to: IpAddr,
    pub(super) route: Route,
}

/// The thread.
pub(super) struct Reader {
    asks: SyncSender<Ask>,
    readings: Receiver<Reading>,
    waiting: bool,
}

impl Reader {
    /// Starts it, in the network namespace of this thread.
    pub(super) fn start() -> io::Result<Self> {
        let (asks, asked) = sync_channel::<Ask>(1);
        let (tell, readings) = sync_channel(1);
        let mut sources = Sources::open()?;
        std::thread::Builder::new()
            .name("host".to_owned())
            .spawn(move || {
                for ask in asked {
                    if tell.send(sources.read(&ask)).is_err() {
                        break;
                    }
                }
            })?;
        Ok(Self {
            asks,
            readings,
            waiting: false,
        })
    }

    /// Asks, and takes the answer if it comes soon. While an older one is outstanding nothing new
    /// is asked for.
    pub(super) fn read(&mut self, ask: Ask) -> Option<Reading> {
        if self.waiting {
            let late = self.readings.try_recv();
            self.waiting = matches!(late, Err(TryRecvError::Empty));
            return late.ok();
        }
        self.asks.try_send(ask).ok()?;
        let soon = self.readings.recv_timeout(PATIENCE);
        self.waiting = matches!(soon, Err(RecvTimeoutError::Timeout));
        soon.ok()
    }
}

/// Where things are read.
struct Sources {
    netlink: Netlink,
    ethtool: Ethtool,
}

impl Sources {
    fn open() -> io::Result<Self> {
        Ok(Self {
            netlink: Netlink::open()?,
            ethtool: Ethtool::open()?,
        })
    }

    fn read(&mut self, ask: &Ask) -> Reading {
        let queues = known("queueing disciplines", queue_drops(&mut self.netlink));
        let state = ask.everything.then(|| self.state(ask, queues.clone()));
        Reading { queues, state }
    }

    fn state(&mut self, ask: &Ask, queues: Option<QueueDrops>) -> State {
        let links = known("interfaces", links(&mut self.netlink)).unwrap_or_default();
        let mut routes: Vec<Way> = Vec::new();
        let internet = INTERNET.into_iter().map(|to| (None, to));
        let peers = ask.peers.iter().map(|ends| (Some(*ends), ends.1));
        for (ends, to) in internet.chain(peers) {
            let from = ends.map(|(local, _)| local);
            let route = route(&mut self.netlink, to, from).unwrap_or_else(|error| {
                log::debug!("the way to {to} cannot be told: {error}");
                UNKNOWN
            });
            routes.push(Way { ends, to, route });
        }
        let drivers = self.drivers(&links, &routes);
        State {
            at: Instant::now(),
            protocol: Tables::read(Path::new(NET)).counters(),
            links,
            drivers,
            queues,
            routes,
        }
    }

    /// Asks the drivers, first of the interfaces that the ways lead through.
    fn drivers(&self, links: &Links, routes: &[Way]) -> BTreeMap<u32, Driver> {
        let used = |index: u32| routes.iter().any(|way| way.route.device == Some(index));
        let mut order: Vec<(&u32, &Link)> = links.iter().collect();
        order.sort_by_key(|(index, _)| !used(**index));
        let asked = order.into_iter().take(MOST_DRIVERS);
        let told = asked.filter_map(|(index, link)| match self.ethtool.driver(&link.name) {
            Ok(driver) => Some((*index, driver)),
            Err(Unread::None) => None,
            Err(error) => {
                log::debug!("the driver of {} tells nothing: {error:?}", link.name);
                None
            }
        });
        told.collect()
    }
}

const UNKNOWN: Route = Route {
    kind: RouteKind::Unknown,
    prefix: 0,
    device: None,
    gateway: None,
    is_own: false,
};

fn known<T>(what: &str, result: io::Result<T>) -> Option<T> {
    result
        .inspect_err(|error| log::debug!("the kernel does not tell of {what}: {error}"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_and_queues_alone_are_less() {
        let mut reader = Reader::start().unwrap();
        let mut ask = |everything| {
            let peers = vec![([127, 0, 0, 1].into(), [127, 0, 0, 1].into())];
            let ask = Ask { everything, peers };
            // Under load an answer may come late.
            (0..200).find_map(|_| reader.read(ask.clone()))
        };
        let whole = ask(true).unwrap();
        let state = whole.state.unwrap();
        assert!(whole.queues.is_some());
        assert!(state.protocol.len() > 40, "{:?}", state.protocol);
        assert_eq!(state.routes.len(), 3);
        let home = state.routes.last().unwrap();
        assert_eq!(home.route.kind, RouteKind::Unicast);
        assert!(ask(false).unwrap().state.is_none());
    }
}
