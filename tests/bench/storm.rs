//! As many retransmissions as the machine can make: none may be lost without being counted.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgeghost_tests::nft::{Loss, Where};
use edgeghost_tests::pair::{DEVICE, Kind, Pair};
use edgeghost_tests::{interrupt, offload, wait, witness};
use rustix::net::sockopt;
use serde_json::Value;

use crate::daemon::Daemon;
use crate::figure::Figure;
use crate::report::Report;
use crate::suite::Effort;

const CONNECTIONS: u16 = 16;
const LOSS_PERCENT: u32 = 30;
/// Goes on at full speed whatever is lost, where others would back off.
const CONGESTION: &str = "bbr";
/// How long what is still under way may take to stand still.
const REST: Duration = Duration::from_secs(90);

/// Measures.
pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<()> {
    let pair = Pair::new()?;
    // A segment a packet: one retransmission of the kernel's is one of ours.
    offload::cut_on_the_wire(&pair.near.netns, DEVICE)?;
    let daemon = Daemon::start()?;
    let streams: Vec<_> = (0..CONNECTIONS)
        .map(|number| pair.connect(Kind::V4, 7_600 + number))
        .collect::<Result<_>>()?;
    for (near, _) in &streams {
        sockopt::set_tcp_congestion(near, CONGESTION)
            .with_context(|| format!("this kernel has no {CONGESTION}"))?;
    }
    let loss = Loss::new(&pair.far.netns, Where::Arrival(DEVICE), LOSS_PERCENT)?;
    let before = witness::retrans_segs(&pair.near.netns)?;
    let begin = Instant::now();
    flow(&streams, Duration::from_secs(effort.of(3, 10)))?;
    let took = begin.elapsed().as_secs_f64();
    let in_storm = witness::retrans_segs(&pair.near.netns)? - before;
    loss.lift()?;
    drop(streams);
    let inode = pair.near.netns.inode()?;
    let (kernel, told) = at_rest(&daemon, &pair, inode)?;
    report.figure(Figure::new(
        "storm.retransmits_per_s",
        format!("retransmissions a second, {CONNECTIONS} connections, {LOSS_PERCENT} % lost"),
        "/s",
        vec![in_storm as f64 / took],
    ));
    report.figure(Figure::new(
        "storm.miscounted",
        format!("segments of {kernel} (RetransSegs) that the agent's sum misses or has too much"),
        "",
        vec![kernel.abs_diff(told) as f64],
    ));
    let health = daemon.health()?;
    let sum = |of: &Value, key: &str| {
        let all = of.as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(|one| one[key].as_u64()).sum::<u64>()
    };
    report.figure(Figure::new(
        "storm.counted_as_lost",
        "details left out and counted, by their limit or for want of room",
        "",
        vec![sum(&health["lost"], "total") as f64],
    ));
    let full = health["lost"].as_array().into_iter().flatten();
    let full = full.filter(|lost| {
        let reason = lost["reason"].as_str().unwrap_or_default();
        reason.ends_with("ring_full")
    });
    report.figure(Figure::new(
        "storm.ring_full",
        "of these: for want of room in the ring",
        "",
        vec![full.filter_map(|lost| lost["total"].as_u64()).sum::<u64>() as f64],
    ));
    Ok(())
}

/// Both ends at work for so long: `near` sends what it can, `far` reads.
fn flow(streams: &[(TcpStream, TcpStream)], time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    std::thread::scope(|scope| {
        let mut ends = Vec::new();
        for (near, far) in streams {
            let (mut near, mut far) = (near, far);
            ends.push(scope.spawn(move || {
                let data = vec![0; 65_536];
                while Instant::now() < end && interrupt::received().is_none() {
                    // Full buffers are what is wanted here.
                    let _ = near.write(&data);
                }
            }));
            ends.push(scope.spawn(move || {
                let mut data = vec![0; 262_144];
                while Instant::now() < end && interrupt::received().is_none() {
                    let _ = far.read(&mut data);
                }
            }));
        }
    });
    interrupt::check()
}

/// The kernel's count and the agent's, once neither moves any more.
fn at_rest(daemon: &Daemon, pair: &Pair, inode: u64) -> Result<(u64, u64)> {
    let mut last = None;
    let mut since = Instant::now();
    wait::until("counts that stand still", REST, || {
        let now = (
            witness::retrans_segs(&pair.near.netns)?,
            told(daemon, inode)?,
        );
        if last != Some(now) {
            (last, since) = (Some(now), Instant::now());
        }
        Ok((since.elapsed() > Duration::from_secs(3)).then_some(now))
    })
}

/// Segments that the agent has counted in a namespace, SYN-ACKs among them as in `RetransSegs`.
fn told(daemon: &Daemon, inode: u64) -> Result<u64> {
    let health = daemon.health()?;
    let netns = health["netns"].as_array().context("no netns in health")?;
    let ours = netns.iter().find(|netns| netns["netns"] == inode);
    let count = |key: &str| ours.and_then(|ours| ours[key].as_u64()).unwrap_or(0);
    Ok(count("segments") + count("syn_acks"))
}
