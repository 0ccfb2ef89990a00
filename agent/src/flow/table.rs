//! The flows that the agent knows, bounded; turns absolute counters into news.

use std::num::NonZeroUsize;

use edgeghost_common::record::{
    FLOW_BORN, FLOW_CLOSED, FLOW_FIRST, FlowRecord, RetransmitKinds, SocketView,
};
use lru::LruCache;

use super::sample::{FlowKey, FlowSample, Kinds, Local};
use crate::path::{Classifier, Network, PathClass};

/// States by `include/net/tcp_states.h`.
const SYN_SENT: u8 = 2;
const SYN_RECV: u8 = 3;
const CLOSE: u8 = 7;
const NEW_SYN_RECV: u8 = 12;

/// All flows known, the least recently heard of making room when it is full.
pub struct FlowTable {
    flows: LruCache<FlowKey, Known>,
    capacity: usize,
    evicted: u64,
}

/// What is remembered of a flow.
struct Known {
    view: SocketView,
    kinds: RetransmitKinds,
    born_ns: u64,
    /// Number of the report that this is from.
    reports: u32,
    class: PathClass,
    network: Network,
    judged: bool,
    /// Window in which it was last active.
    window: u64,
    recent: Recent,
}

/// What a flow did lately, fading with every report.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recent {
    /// Segments sent again.
    pub retransmitted: f64,
    /// Segments delivered.
    pub delivered: f64,
}

impl Recent {
    /// What is left of it at the next report: of reports a second apart, some ten count.
    const LEFT: f64 = 0.9;

    fn after(self, sample: &FlowSample) -> Self {
        Self {
            retransmitted: self.retransmitted * Self::LEFT + sample.retransmitted as f64,
            delivered: self.delivered * Self::LEFT + sample.delivered as f64,
        }
    }
}

/// What a flow's report led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The news.
    pub sample: FlowSample,
    /// The flow was not active in this window before.
    pub first_in_window: bool,
}

impl FlowTable {
    /// A table for at most `capacity` flows.
    pub fn new(capacity: NonZeroUsize) -> Self {
        // Unbounded on purpose: a bounded LruCache takes all its memory at once.
        Self {
            flows: LruCache::unbounded(),
            capacity: capacity.get(),
            evicted: 0,
        }
    }

    /// Flows known.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether no flow is known.
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// Flows that had to make room so far.
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Most flows that fit.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Takes in a report, heard in window number `window`.
    pub fn take(&mut self, record: &FlowRecord, classifier: &Classifier, window: u64) -> Step {
        let key = FlowKey::from(&record.ends);
        let before = self
            .flows
            .pop(&key)
            .filter(|known| is_same_flow(known, record));
        let (class, network, judged) = before.as_ref().map_or_else(
            || {
                let class = classifier.classify(key.peer);
                let judged = classifier.judged(key.peer);
                (class, classifier.network(key.peer, class), judged)
            },
            |known| (known.class, known.network, known.judged),
        );
        let first_in_window = before.as_ref().is_none_or(|known| known.window != window);
        let forgetful = self.evicted > 0;
        let recent = before.as_ref().map(|known| known.recent);
        let sample = news(
            key,
            (class, network, judged),
            record,
            before.as_ref(),
            forgetful,
        );
        if record.flags & FLOW_CLOSED == 0 {
            self.remember(
                key,
                Known {
                    view: record.view,
                    kinds: record.kinds,
                    born_ns: birth(record, before.as_ref()),
                    reports: record.reports,
                    class,
                    network,
                    judged,
                    window,
                    recent: recent.unwrap_or_default().after(&sample),
                },
            );
        }
        Step {
            sample,
            first_in_window,
        }
    }

    /// Puts every flow on its path anew, after that may have become another.
    pub fn reclassify(&mut self, classifier: &Classifier) {
        for (key, known) in &mut self.flows {
            known.class = classifier.classify(key.peer);
            known.network = classifier.network(key.peer, known.class);
            known.judged = classifier.judged(key.peer);
        }
    }

    /// Last looks at the flows that were active in `window`: local address, path, congestion
    /// window and smoothed round-trip time.
    pub fn looks(&self, window: u64) -> impl Iterator<Item = (&FlowKey, PathClass, &SocketView)> {
        self.flows
            .iter()
            .filter(move |(_, known)| known.window == window)
            .map(|(key, known)| (key, known.class, &known.view))
    }

    /// Every flow of a local address, with its path and what it did lately.
    pub fn of(&self, local: Local) -> impl Iterator<Item = (&FlowKey, PathClass, Recent)> {
        self.flows
            .iter()
            .filter(move |(key, _)| key.local() == local)
            .map(|(key, known)| (key, known.class, known.recent))
    }

    fn remember(&mut self, key: FlowKey, known: Known) {
        if self.flows.len() >= self.capacity && self.flows.pop_lru().is_some() {
            self.evicted += 1;
        }
        self.flows.put(key, known);
    }
}

/// Whether a report continues what is known, or is of a new flow between the same ends: then it
/// was born at another time, or its counters went back.
fn is_same_flow(known: &Known, record: &FlowRecord) -> bool {
    let same_birth = known.born_ns == record.born_ns || known.born_ns == 0 || record.born_ns == 0;
    same_birth
        && record.view.bytes_sent >= known.view.bytes_sent
        && record.view.bytes_acked >= known.view.bytes_acked
}

/// When the handshake completed: the kernel half forgets it with the flow's state.
fn birth(record: &FlowRecord, before: Option<&Known>) -> u64 {
    match before {
        Some(known) if record.born_ns == 0 => known.born_ns,
        _ => record.born_ns,
    }
}

/// Whether a socket whose birth was not seen has come through its handshake. The last report of an
/// attempt that failed mostly shows the state that it failed in, for `inet_sock_set_state` comes
/// before the change; where it does not, nothing ever arrived.
fn is_established(view: &SocketView) -> bool {
    match view.state {
        SYN_SENT | SYN_RECV | NEW_SYN_RECV => false,
        CLOSE => view.srtt_us > 0 || view.bytes_acked > 0 || view.data_segs_in > 0,
        _ => true,
    }
}

/// The difference between a report and what was known before. Without that, the first report of a
/// flow born under the agent's eyes counts from zero; otherwise the present totals are only a
/// baseline, for the table has forgotten what it already counted.
fn news(
    key: FlowKey,
    (class, network, judged): (PathClass, Network, bool),
    record: &FlowRecord,
    before: Option<&Known>,
    forgetful: bool,
) -> FlowSample {
    let now = &record.view;
    let born = record.flags & FLOW_BORN != 0;
    let untold = record.reports == 0 || !forgetful;
    let zero = (SocketView::default(), RetransmitKinds::default());
    let (base, base_kinds) = match before {
        // The kernel half forgot the flow meanwhile, and counts its kinds anew.
        Some(known) if record.reports <= known.reports => (known.view, zero.1),
        Some(known) => (known.view, known.kinds),
        None if born && untold && record.flags & FLOW_FIRST == 0 => zero,
        None => (*now, record.kinds),
    };
    let newborn = born && before.is_none_or(|known| known.born_ns == 0);
    let born_ns = birth(record, before);
    FlowSample {
        time_ns: record.header.time_ns,
        key,
        class,
        network,
        judged,
        sent: grown(now.data_segs_out, base.data_segs_out),
        delivered: grown(now.delivered, base.delivered),
        retransmitted: grown(now.total_retrans, base.total_retrans),
        kinds: Kinds {
            syn: grown(record.kinds.syn, base_kinds.syn),
            fast: grown(record.kinds.fast, base_kinds.fast),
            timeout: grown(record.kinds.timeout, base_kinds.timeout),
            tail_loss_probe: grown(record.kinds.tail_loss_probe, base_kinds.tail_loss_probe),
        },
        bytes_sent: now.bytes_sent.saturating_sub(base.bytes_sent),
        bytes_acked: now.bytes_acked.saturating_sub(base.bytes_acked),
        bytes_retransmitted: now.bytes_retrans.saturating_sub(base.bytes_retrans),
        handshake_retransmitted: if newborn { record.handshake_retrans } else { 0 },
        snd_cwnd: now.snd_cwnd,
        snd_cwnd_min: record.cwnd_min.min(now.snd_cwnd),
        snd_ssthresh: now.snd_ssthresh,
        srtt_us: now.srtt_us,
        min_rtt_us: now.min_rtt_us,
        packets_out: now.packets_out,
        snd_wnd: now.snd_wnd,
        mss: now.mss,
        state: now.state,
        ca_state: now.ca_state,
        ca_name: record.ca_name,
        received: grown(now.data_segs_in, base.data_segs_in),
        out_of_order: grown(now.rcv_ooopack, base.rcv_ooopack),
        duplicates: grown(now.dsack_dups, base.dsack_dups),
        reordered: grown(now.reord_seen, base.reord_seen),
        // Each as a whole, or what is below a millisecond would be lost with every sample.
        rwnd_limited_ms: (now.rwnd_limited_us / 1_000).saturating_sub(base.rwnd_limited_us / 1_000),
        established: born_ns != 0 || is_established(now),
        age_ms: (born_ns != 0).then(|| record.header.time_ns.saturating_sub(born_ns) / 1_000_000),
        known: before.is_some(),
        app_limited: now.app_limited != 0,
        closed: record.flags & FLOW_CLOSED != 0,
    }
}

/// Growth of a 32-bit counter that may have wrapped. More than half its range is no growth: the
/// kernel half began a new count (its state was pushed out and made anew).
fn grown(now: u32, before: u32) -> u64 {
    let growth = now.wrapping_sub(before);
    if growth > u32::MAX / 2 {
        u64::from(now)
    } else {
        u64::from(growth)
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
