//! Sums over windows.

use std::num::NonZeroUsize;

use super::super::quiet;
use super::*;

fn step(peer: &str, sent: u64, retransmitted: u64) -> Step {
    Step {
        sample: FlowSample {
            sent,
            delivered: sent - retransmitted,
            retransmitted,
            kinds: Kinds {
                timeout: retransmitted,
                ..Kinds::default()
            },
            bytes_sent: sent * 100,
            bytes_acked: (sent - retransmitted) * 100,
            bytes_retransmitted: retransmitted * 100,
            snd_cwnd: 4,
            snd_cwnd_min: 2,
            closed: true,
            ..quiet(peer)
        },
        first_in_window: true,
    }
}

fn no_flows() -> FlowTable {
    FlowTable::new(NonZeroUsize::MIN)
}

#[test]
fn paths_are_summed_apart_and_each_window_begins_empty() {
    let mut windows = Windows::default();
    windows.add(&step("198.51.100.7", 100, 27));
    windows.add(&step("198.51.100.9", 50, 10));
    windows.add(&step("192.0.2.1", 10, 0));
    windows.add(&step("10.1.1.21", 300, 0));
    let (paths, peers) = windows.close(&no_flows(), 10);
    assert_eq!(paths.len(), 2);
    let private = &paths[0];
    assert_eq!(
        (private.class, private.sums.sent, private.peers),
        (PathClass::Private, 300, 1)
    );
    let public = &paths[1];
    assert_eq!((public.sums.sent, public.sums.retransmitted), (160, 37));
    assert_eq!(
        (public.sums.flows, public.peers, public.networks),
        (3, 3, 2)
    );
    assert_eq!(public.sums.kinds.timeout, 37);
    assert_eq!(
        public.looks,
        [(4, 30_000); 3],
        "closed flows keep their last look"
    );
    let order: Vec<_> = peers.iter().map(|peer| peer.peer.to_string()).collect();
    assert_eq!(
        order,
        ["198.51.100.7", "198.51.100.9"],
        "worst first, none without any"
    );
    assert_eq!(windows.close(&no_flows(), 10), (vec![], vec![]));
    assert_eq!(windows.number(), 2);
}

#[test]
fn peers_told_are_bounded() {
    let mut windows = Windows::default();
    for host in 1..=30_u64 {
        windows.add(&step(&format!("198.51.100.{host}"), 100, host));
    }
    let (_, peers) = windows.close(&no_flows(), 3);
    let worst: Vec<_> = peers.iter().map(|peer| peer.sums.retransmitted).collect();
    assert_eq!(worst, [30, 29, 28]);
}

#[test]
fn peers_kept_are_bounded_and_the_path_still_counts_them_all() {
    let mut windows = Windows::default();
    for host in 0..MAX_PEERS + 50 {
        let host = u32::try_from(host).unwrap();
        let peer = std::net::Ipv4Addr::from(0xc612_0000 + host).to_string();
        windows.add(&step(&peer, 2, 1));
    }
    assert_eq!(windows.peers_unsummed(), 50);
    let (paths, _) = windows.close(&no_flows(), 1);
    assert_eq!(
        paths[0].sums.retransmitted,
        u64::try_from(MAX_PEERS).unwrap() + 50
    );
}

#[test]
fn syn_acks_count_beside_the_segments_of_sockets() {
    let mut windows = Windows::default();
    let step = step("192.0.2.1", 1, 0);
    let (local, peer) = (step.sample.key.local(), step.sample.key.peer);
    windows.add_syn_ack(local, peer, PathClass::Public);
    windows.add_syn_ack(local, peer, PathClass::Public);
    let (paths, peers) = windows.close(&no_flows(), 10);
    assert_eq!(
        (paths[0].sums.syn_acks, paths[0].sums.retransmitted),
        (2, 0)
    );
    assert_eq!(peers[0].sums.resent(), 2);
}

#[test]
fn equal_addresses_in_two_namespaces_are_two() {
    let mut windows = Windows::default();
    let mut elsewhere = step("198.51.100.7", 50, 5);
    elsewhere.sample.key.netns = 2;
    windows.add(&step("198.51.100.7", 100, 27));
    windows.add(&elsewhere);
    let (paths, peers) = windows.close(&no_flows(), 10);
    let sums: Vec<_> = paths
        .iter()
        .map(|path| (path.local.netns, path.sums.retransmitted))
        .collect();
    assert_eq!(sums, [(1, 27), (2, 5)]);
    assert_eq!(peers.len(), 2);
}

/// A scan of the internet, and a host with more addresses than any has.
#[test]
fn what_is_kept_of_a_window_is_bounded_and_the_sums_are_right() {
    let mut windows = Windows::default();
    let flood = 3 * MAX_COUNTED / 2;
    for number in 0..flood {
        let mut step = step("198.51.100.7", 2, 1);
        let peer = 0x5000_0000 + u32::try_from(number).unwrap();
        step.sample.key.peer = std::net::Ipv4Addr::from(peer).into();
        windows.add(&step);
    }
    assert!(windows.peers.len() <= MAX_PEERS);
    let (paths, _) = windows.close(&no_flows(), 10);
    assert_eq!(paths[0].peers as usize, MAX_COUNTED);
    assert_eq!(paths[0].sums.sent as usize, 2 * flood);
    assert_eq!(paths[0].looks.len(), MAX_CLOSED_LOOKS);
    windows.add(&step("198.51.100.7", 2, 1));
    assert_eq!(windows.close(&no_flows(), 10).0[0].peers, 1, "each anew");

    for number in 0..MAX_PATHS + 100 {
        let mut step = step("198.51.100.7", 2, 1);
        let local = 0x0a00_0000 + u32::try_from(number).unwrap();
        step.sample.key.local = std::net::Ipv4Addr::from(local).into();
        windows.add(&step);
    }
    assert_eq!(windows.unsummed(), 100);
    assert_eq!(windows.close(&no_flows(), 10).0.len(), MAX_PATHS);
}
