//! Metrics of the paths: traffic, verdicts, incidents, advice.

use std::collections::BTreeSet;
use std::fmt;

use super::sheet::{Labels, Sheet, family};
use crate::event::{Action, Quantiles, VerdictName, WindowInfo};
use crate::status::{AddressStatus, PathTotals, Status, Sums};

/// Takes a figure out of many.
type Pick<From, Figure> = fn(&From) -> Figure;

/// All of them.
pub(super) fn write(status: &Status, sheet: &mut Sheet<'_>) -> fmt::Result {
    totals(&status.totals, sheet)?;
    peers(status, sheet)?;
    // Containers may have equal addresses; the one whose verdict is worst comes first, and counts.
    let mut seen = BTreeSet::new();
    let addresses: Vec<&AddressStatus> = status
        .addresses
        .iter()
        .filter(|address| seen.insert(address.address))
        .collect();
    windows(&addresses, sheet)?;
    judgements(&addresses, status, sheet)
}

fn totals(totals: &[PathTotals], sheet: &mut Sheet<'_>) -> fmt::Result {
    let series = |pick: Pick<Sums, u64>| {
        totals
            .iter()
            .map(move |total| (path(total, Vec::new()), pick(&total.sums)))
    };
    sheet.counters(
        &family(
            "segments_sent",
            "Segments with payload sent, those sent again included",
        ),
        series(|sums| sums.segments_sent),
    )?;
    sheet.counters(
        &family("segments_delivered", "Segments that the peers acknowledged"),
        series(|sums| sums.segments_delivered),
    )?;
    let kinds: [(&str, Pick<Sums, u64>); 6] = [
        ("fast", |sums| sums.retransmits.fast),
        ("timeout", |sums| sums.retransmits.timeout),
        ("tail_loss_probe", |sums| sums.retransmits.tail_loss_probe),
        ("syn", |sums| sums.retransmits.syn),
        ("syn_ack", |sums| sums.retransmits.syn_ack),
        ("other", |sums| sums.retransmits_other),
    ];
    let retransmitted = totals.iter().flat_map(|total| {
        kinds.iter().map(move |(kind, pick)| {
            let labels = path(total, vec![("kind", (*kind).to_owned())]);
            (labels, pick(&total.sums))
        })
    });
    sheet.counters(
        &family(
            "segments_retransmitted",
            "Segments sent again, by kind; syn_ack is of listeners and not in the sums of flows",
        ),
        retransmitted,
    )?;
    sheet.counters(
        &family("sent", "Payload sent, that sent again included").bytes(),
        series(|sums| sums.bytes_sent),
    )?;
    sheet.counters(
        &family("acked", "Payload that the peers acknowledged").bytes(),
        series(|sums| sums.bytes_acked),
    )?;
    sheet.counters(
        &family("retransmitted", "Payload sent again").bytes(),
        series(|sums| sums.bytes_retransmitted),
    )
}

/// Only where `metrics.peers` asks for them.
fn peers(status: &Status, sheet: &mut Sheet<'_>) -> fmt::Result {
    if status.peers.is_empty() {
        return Ok(());
    }
    let labels = |peer: &crate::status::PeerTotals| {
        vec![
            ("path_class", peer.class.as_str().to_owned()),
            ("local_address", peer.address.clone()),
            ("peer_address", peer.peer.clone()),
        ]
    };
    let peers = status.peers.iter();
    sheet.counters(
        &family(
            "peer_segments_delivered",
            "Segments that a peer acknowledged, in windows in which it was among the worst",
        ),
        peers
            .clone()
            .map(|peer| (labels(peer), peer.segments_delivered)),
    )?;
    sheet.counters(
        &family(
            "peer_segments_retransmitted",
            "Segments sent again to a peer, in windows in which it was among the worst",
        ),
        peers.map(|peer| (labels(peer), peer.segments_retransmitted)),
    )
}

fn windows(addresses: &[&AddressStatus], sheet: &mut Sheet<'_>) -> fmt::Result {
    let windows = || {
        addresses.iter().flat_map(|address| {
            address.paths.iter().map(move |window| {
                let labels = vec![
                    ("path_class", window.class.as_str().to_owned()),
                    ("local_address", address.address.to_string()),
                ];
                (labels, window)
            })
        })
    };
    let counts: [(&str, &str, Pick<WindowInfo, u32>); 4] = [
        ("window_flows", "Flows active in the last window", |w| {
            w.flows
        }),
        ("window_peers", "Peer addresses in the last window", |w| {
            w.peers
        }),
        (
            "window_networks",
            "Independent networks among the peers of the last window",
            |w| w.networks,
        ),
        (
            "window_collapsed_flows",
            "Flows whose congestion window stood at two segments or less",
            |w| w.collapsed_flows,
        ),
    ];
    for (name, help, pick) in counts {
        let series = windows().map(|(labels, window)| (labels, pick(window)));
        sheet.gauges(&family(name, help), series)?;
    }
    sheet.gauges(
        &family(
            "window_retransmit",
            "Retransmitted among retransmitted and delivered segments of the last window",
        )
        .ratio(),
        windows().filter_map(|(labels, window)| Some((labels, window.retransmit_ratio?))),
    )?;
    sheet.gauges(
        &family(
            "window_cwnd_segments",
            "Congestion windows at the flows' last looks in the last window",
        ),
        windows()
            .filter_map(|(labels, window)| Some((labels, window.snd_cwnd?)))
            .flat_map(|(labels, at)| quantiles(&labels, at, f64::from)),
    )?;
    sheet.gauges(
        &family(
            "window_srtt",
            "Smoothed round-trip times at the flows' last looks in the last window",
        )
        .seconds(),
        windows()
            .filter_map(|(labels, window)| Some((labels, window.srtt_us?)))
            .flat_map(|(labels, at)| quantiles(&labels, at, |us| f64::from(us) / 1e6)),
    )
}

fn judgements(addresses: &[&AddressStatus], status: &Status, sheet: &mut Sheet<'_>) -> fmt::Result {
    let of = |address: &AddressStatus| vec![("local_address", address.address.to_string())];
    let judged = || {
        addresses
            .iter()
            .filter_map(|address| Some((*address, address.verdict?)))
    };
    sheet.gauges(
        &family(
            "verdict",
            "1 for the verdict on a local address, 0 for all others",
        ),
        judged().flat_map(|(address, told)| {
            VerdictName::ALL.map(|name| {
                let mut labels = of(address);
                labels.push(("verdict", name.as_str().to_owned()));
                (labels, u32::from(name == told.name))
            })
        }),
    )?;
    sheet.gauges(
        &family(
            "verdict_confidence",
            "Probability of what the verdict says, when it was told",
        )
        .ratio(),
        judged().map(|(address, told)| (of(address), told.confidence)),
    )?;
    sheet.gauges(
        &family(
            "incidents_open",
            "Incidents that are open on a local address",
        ),
        addresses.iter().map(|address| {
            let open = status.incidents.iter();
            let open = open.filter(|incident| incident.address == address.address);
            (of(address), open.count())
        }),
    )?;
    let counts = &status.counts;
    sheet.counter(
        &family("incidents", "Incidents opened"),
        counts.incidents_opened,
    )?;
    sheet.counters(
        &family("recommendations", "Recommendations given, by action"),
        Action::ALL.map(|action| {
            let count = counts.recommendations.get(action.as_str());
            let labels = vec![("action", action.as_str().to_owned())];
            (labels, count.copied().unwrap_or(0))
        }),
    )
}

fn path(total: &PathTotals, more: Labels) -> Labels {
    let mut labels = vec![
        ("path_class", total.class.as_str().to_owned()),
        ("local_address", total.address.clone()),
    ];
    labels.extend(more);
    labels
}

/// A series for each; `quantile` is a label of summaries only.
fn quantiles(labels: &Labels, at: Quantiles, unit: fn(u32) -> f64) -> [(Labels, f64); 4] {
    [
        ("min", at.min),
        ("p50", at.p50),
        ("p90", at.p90),
        ("max", at.max),
    ]
    .map(|(name, value)| {
        let mut labels = labels.clone();
        labels.push(("stat", name.to_owned()));
        (labels, unit(value))
    })
}
