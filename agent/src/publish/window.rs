//! Windows.

use super::{Note, percent, round};
use crate::event::{
    End, Event, LocalOnly, Network, PathWindow, PeerWindow, Quantiles, RetransmitCounts, Severity,
    Time, WindowInfo,
};
use crate::flow::{PathSums, PeerSums, Sums};
use crate::path::PathClass;

/// A window at or below this many segments counts as collapsed.
const COLLAPSED: u32 = edgeghost_common::limits::CWND_FLOOR;

/// One path over a window.
pub fn path_window(path: &PathSums, seconds: f64, time: Time) -> Note {
    let info = info(
        (path.local.netns, path.class),
        &path.sums,
        seconds,
        &path.looks,
        path.peers,
        path.networks,
    );
    let message = format!(
        "{} path of {}: {} flow(s), {} of {} segments retransmitted{}",
        path.class,
        path.local,
        path.sums.flows,
        path.sums.retransmitted,
        path.sums.sent,
        info.retransmit_ratio
            .map_or_else(String::new, |ratio| format!(" ({})", percent(ratio))),
    );
    let event = Event::PathWindow(PathWindow {
        network: LocalOnly::new(path.local.address),
        path: info,
    });
    Note {
        time,
        severity: Severity::Info,
        message,
        event,
    }
}

/// One peer over a window.
pub fn peer_window(peer: &PeerSums, seconds: f64, time: Time) -> Note {
    let looks: Vec<_> = peer.look.into_iter().collect();
    let mut info = info(
        (peer.local.netns, peer.class),
        &peer.sums,
        seconds,
        &looks,
        1,
        1,
    );
    if let (Some(quantiles), Some(min)) = (&mut info.snd_cwnd, peer.cwnd_min) {
        quantiles.min = min;
    }
    let message = format!(
        "{} retransmitted {} segment(s) to {} ({}) while {} were delivered",
        peer.local, peer.sums.retransmitted, peer.peer, peer.class, peer.sums.delivered,
    );
    let event = Event::PeerWindow(PeerWindow {
        network: Network {
            transport: "tcp",
            r#type: peer.peer.into(),
            local: End {
                address: peer.local.address,
                port: None,
            },
            peer: End {
                address: peer.peer,
                port: None,
            },
        },
        path: info,
    });
    Note {
        time,
        severity: Severity::Info,
        message,
        event,
    }
}

fn info(
    (netns, class): (u32, PathClass),
    sums: &Sums,
    seconds: f64,
    looks: &[(u32, u32)],
    peers: u32,
    networks: u32,
) -> WindowInfo {
    let trials = sums.retransmitted + sums.delivered;
    let collapsed = looks.iter().filter(|(cwnd, _)| *cwnd <= COLLAPSED).count();
    WindowInfo {
        class,
        netns,
        window_seconds: round(seconds),
        flows: sums.flows,
        peers,
        networks,
        segments_sent: sums.sent,
        segments_delivered: sums.delivered,
        segments_retransmitted: sums.retransmitted,
        bytes_sent: sums.bytes_sent,
        bytes_acked: sums.bytes_acked,
        bytes_retransmitted: sums.bytes_retransmitted,
        retransmit_ratio: (trials > 0).then(|| round(sums.retransmitted as f64 / trials as f64)),
        retransmits: RetransmitCounts {
            syn: sums.kinds.syn,
            syn_ack: sums.syn_acks,
            fast: sums.kinds.fast,
            timeout: sums.kinds.timeout,
            tail_loss_probe: sums.kinds.tail_loss_probe,
        },
        collapsed_flows: u32::try_from(collapsed).unwrap_or(u32::MAX),
        snd_cwnd: quantiles(looks.iter().map(|(cwnd, _)| *cwnd)),
        srtt_us: quantiles(looks.iter().map(|(_, srtt)| *srtt).filter(|srtt| *srtt > 0)),
    }
}

fn quantiles(values: impl Iterator<Item = u32>) -> Option<Quantiles> {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    let at = |share: usize| values[(values.len() - 1) * share / 100];
    (!values.is_empty()).then(|| Quantiles {
        min: at(0),
        p50: at(50),
        p90: at(90),
        max: at(100),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_few_and_many() {
        assert_eq!(quantiles([].into_iter()), None);
        assert_eq!(
            quantiles([7].into_iter()),
            Some(Quantiles {
                min: 7,
                p50: 7,
                p90: 7,
                max: 7
            })
        );
        assert_eq!(
            quantiles((1..=101).rev()),
            Some(Quantiles {
                min: 1,
                p50: 51,
                p90: 91,
                max: 101
            })
        );
    }
}
