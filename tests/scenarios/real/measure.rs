//! What flows look like under a fault, in a few figures.

use std::collections::BTreeMap;
use std::net::IpAddr;

use edgeghost::flow::FlowSample;

/// Figures that are compared, each with its name.
pub(super) const NAMES: [&str; 9] = [
    "retrans",
    "fast",
    "timeout",
    "segs/s",
    "samples/s",
    "evidence",
    "cwnd",
    "cwnd<=4",
    "dsack",
];

/// The figures of these samples, taken in so many seconds; none where there is nothing to go by.
///
/// `retrans` is the share of retransmitted among retransmitted and delivered segments, `fast` and
/// `timeout` their kinds among the retransmitted, `evidence` the median time between two samples
/// with retransmissions of one peer, `cwnd` the median window, `cwnd<=4` the share of samples with
/// one as small, `dsack` the segments that the peer had twice per segment that came in.
pub(super) fn figures(samples: &[FlowSample], seconds: f64) -> [Option<f64>; NAMES.len()] {
    let sum = |of: fn(&FlowSample) -> u64| samples.iter().map(of).sum::<u64>();
    let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    let again = sum(|sample| sample.retransmitted);
    let delivered = sum(|sample| sample.delivered);
    let few = samples.iter().filter(|sample| sample.snd_cwnd <= 4).count();
    let mut windows: Vec<f64> = samples.iter().map(|s| f64::from(s.snd_cwnd)).collect();
    [
        share(again, again + delivered),
        share(sum(|sample| sample.kinds.fast), again),
        share(sum(|sample| sample.kinds.timeout), again),
        Some(delivered as f64 / seconds),
        Some(samples.len() as f64 / seconds),
        median(&mut gaps(samples)),
        median(&mut windows),
        share(few as u64, samples.len() as u64),
        share(
            sum(|sample| sample.duplicates),
            sum(|sample| sample.received),
        ),
    ]
}

/// Seconds between two samples with retransmissions, of all peers.
fn gaps(samples: &[FlowSample]) -> Vec<f64> {
    let mut last: BTreeMap<IpAddr, u64> = BTreeMap::new();
    let bad = samples.iter().filter(|sample| sample.retransmitted > 0);
    bad.filter_map(|sample| {
        let before = last.insert(sample.key.peer, sample.time_ns)?;
        Some(sample.time_ns.saturating_sub(before) as f64 / 1e9)
    })
    .collect()
}

/// The value in the middle.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
