//! What the detector is fed with, to and from its published form.

use super::{Note, drops};
use crate::clock::Clock;
use crate::event::{self, Event, SampledEnd, SampledEnds, SampledFlow, SampledHost, Severity};
use crate::flow::{FlowKey, FlowSample, Kinds};
use crate::host::HostSample;
use crate::path::{Network, PathClass, unmap};

/// News of a flow, for a recording.
pub fn flow_sample(sample: &FlowSample, clock: Clock) -> Note {
    let key = &sample.key;
    let name = sample.ca_name.split(|byte| *byte == 0).next();
    let tcp = SampledFlow {
        monotonic_ns: sample.time_ns,
        netns: key.netns,
        segments_sent: sample.sent,
        segments_delivered: sample.delivered,
        segments_retransmitted: sample.retransmitted,
        retransmitted_syn: sample.kinds.syn,
        retransmitted_fast: sample.kinds.fast,
        retransmitted_timeout: sample.kinds.timeout,
        retransmitted_tail_loss_probe: sample.kinds.tail_loss_probe,
        segments_received: sample.received,
        segments_out_of_order: sample.out_of_order,
        segments_duplicated: sample.duplicates,
        reordered: sample.reordered,
        bytes_sent: sample.bytes_sent,
        bytes_acked: sample.bytes_acked,
        bytes_retransmitted: sample.bytes_retransmitted,
        handshake_retransmitted: sample.handshake_retransmitted,
        snd_cwnd: sample.snd_cwnd,
        snd_cwnd_min: sample.snd_cwnd_min,
        snd_ssthresh: sample.snd_ssthresh,
        srtt_us: sample.srtt_us,
        min_rtt_us: sample.min_rtt_us,
        packets_out: sample.packets_out,
        snd_wnd: sample.snd_wnd,
        mss: sample.mss,
        state: sample.state,
        ca_state: sample.ca_state,
        congestion_control: String::from_utf8_lossy(name.unwrap_or_default()).into_owned(),
        rwnd_limited_ms: sample.rwnd_limited_ms,
        established: sample.established,
        age_ms: sample.age_ms,
        known: sample.known,
        app_limited: sample.app_limited,
        closed: sample.closed,
    };
    let end = |address, port| SampledEnd { address, port };
    let network = SampledEnds {
        r#type: Some(key.peer.into()),
        local: end(key.local, key.local_port),
        peer: end(key.peer, key.peer_port),
    };
    Note {
        time: clock.wall(sample.time_ns),
        severity: Severity::Info,
        message: "news of a flow".to_owned(),
        event: Event::FlowSample(Box::new(event::FlowSample { network, tcp })),
    }
}

/// A tick, for a recording.
pub fn host_sample(now_ns: u64, host: &HostSample, clock: Clock, last: bool) -> Note {
    Note {
        time: clock.wall(now_ns),
        severity: Severity::Info,
        message: "a tick of the detector".to_owned(),
        event: Event::HostSample(event::HostSample {
            host_sample: SampledHost {
                monotonic_ns: now_ns,
                last,
                allowance_exceeded: host.allowance_exceeded,
                local_drops: host.local_drops,
                segments_sent: host.segments_sent,
                segments_retransmitted: host.segments_retransmitted,
                retransmissions_failed: host.retransmissions_failed,
                no_route: host.no_route,
                detail: host.detail.as_deref().cloned(),
                drops: host.drops.as_ref().map(drops::sampled),
            },
        }),
    }
}

/// The host at a tick, out of a recording.
pub fn recorded_host(host: &SampledHost) -> HostSample {
    HostSample {
        allowance_exceeded: host.allowance_exceeded,
        local_drops: host.local_drops,
        segments_sent: host.segments_sent,
        segments_retransmitted: host.segments_retransmitted,
        retransmissions_failed: host.retransmissions_failed,
        no_route: host.no_route,
        detail: host.detail.clone().map(Box::new),
        drops: host.drops.as_ref().map(drops::recorded),
    }
}

/// News of a flow, out of a recording. Its path is not in there: whoever judges it puts it on
/// one.
pub fn recorded(sample: &event::FlowSample) -> FlowSample {
    let (ends, tcp) = (&sample.network, &sample.tcp);
    let peer = unmap(ends.peer.address);
    let mut ca_name = [0; 16];
    for (to, from) in ca_name.iter_mut().zip(tcp.congestion_control.bytes()) {
        *to = from;
    }
    FlowSample {
        time_ns: tcp.monotonic_ns,
        key: FlowKey {
            local: unmap(ends.local.address),
            peer,
            local_port: ends.local.port,
            peer_port: ends.peer.port,
            netns: tcp.netns,
        },
        class: PathClass::Public,
        network: Network::of(peer, PathClass::Public),
        judged: false,
        sent: tcp.segments_sent,
        delivered: tcp.segments_delivered,
        retransmitted: tcp.segments_retransmitted,
        kinds: Kinds {
            syn: tcp.retransmitted_syn,
            fast: tcp.retransmitted_fast,
            timeout: tcp.retransmitted_timeout,
            tail_loss_probe: tcp.retransmitted_tail_loss_probe,
        },
        bytes_sent: tcp.bytes_sent,
        bytes_acked: tcp.bytes_acked,
        bytes_retransmitted: tcp.bytes_retransmitted,
        handshake_retransmitted: tcp.handshake_retransmitted,
        snd_cwnd: tcp.snd_cwnd,
        snd_cwnd_min: tcp.snd_cwnd_min,
        snd_ssthresh: tcp.snd_ssthresh,
        srtt_us: tcp.srtt_us,
        min_rtt_us: tcp.min_rtt_us,
        packets_out: tcp.packets_out,
        snd_wnd: tcp.snd_wnd,
        mss: tcp.mss,
        state: tcp.state,
        ca_state: tcp.ca_state,
        ca_name,
        received: tcp.segments_received,
        out_of_order: tcp.segments_out_of_order,
        duplicates: tcp.segments_duplicated,
        reordered: tcp.reordered,
        rwnd_limited_ms: tcp.rwnd_limited_ms,
        established: tcp.established,
        age_ms: tcp.age_ms,
        known: tcp.known,
        app_limited: tcp.app_limited,
        closed: tcp.closed,
    }
}

#[cfg(test)]
#[path = "sample_tests.rs"]
mod tests;
