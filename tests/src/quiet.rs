//! Flows in which nothing happens, to be changed into others.

use std::net::IpAddr;

use edgeghost::flow::{FlowKey, FlowSample, Kinds};
use edgeghost::path::{Classifier, Network};

/// An ordinary flow of this host to a peer, without news.
pub fn flow(
    local: IpAddr,
    (peer, peer_port): (IpAddr, u16),
    classifier: &Classifier,
) -> FlowSample {
    let class = classifier.classify(peer);
    FlowSample {
        time_ns: 0,
        key: FlowKey {
            local,
            peer,
            local_port: 443,
            peer_port,
            netns: 4_026_531_840,
        },
        class,
        network: Network::of(peer, class),
        judged: true,
        sent: 0,
        delivered: 0,
        retransmitted: 0,
        kinds: Kinds::default(),
        bytes_sent: 0,
        bytes_acked: 0,
        bytes_retransmitted: 0,
        handshake_retransmitted: 0,
        snd_cwnd: 10,
        snd_cwnd_min: 10,
        snd_ssthresh: 10,
        srtt_us: 40_000,
        min_rtt_us: 40_000,
        packets_out: 0,
        snd_wnd: 65_536,
        mss: 1_448,
        state: 1,
        ca_state: 0,
        ca_name: *b"cubic\0\0\0\0\0\0\0\0\0\0\0",
        received: 0,
        out_of_order: 0,
        duplicates: 0,
        reordered: 0,
        rwnd_limited_ms: 0,
        established: true,
        age_ms: None,
        known: true,
        app_limited: false,
        closed: false,
    }
}
