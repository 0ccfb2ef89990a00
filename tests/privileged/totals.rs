//! Sums over what an agent has told, to hold against the kernel's own figures.

use std::net::IpAddr;

use edgeghost_tests::agent::Ended;
use edgeghost_tests::event::Event;
use edgeghost_tests::netns::Netns;
use edgeghost_tests::witness::Socket;
use serde_json::Value;

/// Retransmissions of one local address to one peer, over the whole run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retransmitted {
    pub(crate) segments: u64,
    pub(crate) bytes: u64,
}

/// By the peer windows of one namespace.
pub(crate) fn by_windows(
    ended: &Ended,
    netns: &Netns,
    local: IpAddr,
    peer: IpAddr,
) -> Retransmitted {
    let inode = netns.inode().unwrap();
    ended
        .named("peer_window")
        .filter(|event| event.is_about("peer_window", local) && event.has_peer(peer))
        .filter(|event| event.count("path.netns") == inode)
        .fold(Retransmitted::default(), |sum, event| Retransmitted {
            segments: sum.segments + event.count("path.segments_retransmitted"),
            bytes: sum.bytes + event.count("path.bytes_retransmitted"),
        })
}

/// Fails unless the peer windows of one namespace add up to what `ss` showed of the only socket.
pub(crate) fn check_windows(
    ended: &Ended,
    netns: &Netns,
    (local, peer): (IpAddr, IpAddr),
    seen: &Socket,
) {
    let told = by_windows(ended, netns, local, peer);
    let expected = Retransmitted {
        segments: seen.retrans_total,
        bytes: seen.bytes_retrans,
    };
    ended.assert(
        told == expected,
        &format!("peer_window tells {told:?}, `ss` {seen:?}"),
    );
}

/// By the single retransmissions, and how many those were.
pub(crate) fn by_events(ended: &Ended, local: IpAddr, peer: IpAddr) -> (Retransmitted, u64) {
    ended
        .named("tcp_retransmit")
        .filter(|event| event.is_about("tcp_retransmit", local) && event.has_peer(peer))
        .fold((Retransmitted::default(), 0), |(sum, number), event| {
            let sum = Retransmitted {
                segments: sum.segments + event.count("tcp.retransmit.segments"),
                bytes: sum.bytes + event.count("tcp.retransmit.bytes"),
            };
            (sum, number + 1)
        })
}

/// What `agent_stop` says of one namespace: segments, bytes, SYN-ACKs.
pub(crate) fn of_netns(stop: &Event, inode: u64) -> (Retransmitted, u64) {
    let entry = stop
        .list("agent.netns")
        .iter()
        .find(|entry| entry["netns"].as_u64() == Some(inode))
        .cloned()
        .unwrap_or_default();
    let count = |key: &str| entry[key].as_u64().unwrap_or_default();
    (
        Retransmitted {
            segments: count("segments"),
            bytes: count("bytes"),
        },
        count("syn_acks"),
    )
}

/// Of the segments of one namespace, those that `agent_stop` says never left the host.
pub(crate) fn failed(stop: &Event, inode: u64) -> u64 {
    let entries = stop.list("agent.netns").iter();
    entries
        .filter(|entry| entry["netns"].as_u64() == Some(inode))
        .filter_map(|entry| entry["failed"].as_u64())
        .sum()
}

/// Segments sent again in all namespaces together, SYN-ACKs included.
pub(crate) fn of_all_netns(stop: &Event) -> u64 {
    let count = |entry: &Value, key: &str| entry[key].as_u64().unwrap_or_default();
    let netns = stop.list("agent.netns").iter();
    netns
        .map(|entry| count(entry, "segments") + count(entry, "syn_acks"))
        .sum()
}

/// The loss for `reason` in an `agent_health` or `agent_stop`.
pub(crate) fn lost<'a>(event: &'a Event, reason: &str) -> Option<&'a Value> {
    event
        .list("agent.lost")
        .iter()
        .find(|lost| lost["reason"] == reason)
}

/// All that was lost for reasons that begin with `prefix`, in the whole run.
pub(crate) fn lost_total(event: &Event, prefix: &str) -> u64 {
    let matching = |lost: &&Value| {
        lost["reason"]
            .as_str()
            .unwrap_or_default()
            .starts_with(prefix)
    };
    let lost = event.list("agent.lost").iter().filter(matching);
    lost.map(|lost| lost["total"].as_u64().unwrap_or_default())
        .sum()
}
