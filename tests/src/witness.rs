//! The kernel's own figures, by another way than the agent's: `ss` and `/proc/net/snmp`.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::netns::Netns;
use crate::{tool, wait};

/// What `ss -ti` says about one socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Socket {
    /// Segments retransmitted and not yet acknowledged (`retrans:N/…`).
    pub retrans_now: u64,
    /// Segments retransmitted in all (`retrans:…/N`).
    pub retrans_total: u64,
    /// Payload bytes retransmitted.
    pub bytes_retrans: u64,
    /// Payload bytes sent, retransmissions included.
    pub bytes_sent: u64,
    /// Payload bytes acknowledged.
    pub bytes_acked: u64,
    /// Segments with payload sent, retransmissions included.
    pub data_segs_out: u64,
    /// Segments with payload received, duplicates included.
    pub data_segs_in: u64,
    /// Segments received out of order.
    pub rcv_ooopack: u64,
    /// Segments that the peer reported to have had before.
    pub dsack_dups: u64,
    /// Times that segments sent were seen to overtake each other.
    pub reord_seen: u64,
    /// Time that the peer's receive window held this end back, milliseconds.
    pub rwnd_limited_ms: u64,
    /// Segments delivered.
    pub delivered: u64,
    /// Congestion window, segments.
    pub cwnd: u64,
    /// Slow-start threshold, segments; 0 before the first loss.
    pub ssthresh: u64,
    /// Segments in flight.
    pub unacked: u64,
    /// Congestion control.
    pub congestion: String,
}

/// Asks `ss` about the socket in `netns` that is this end of `stream`.
pub fn socket(netns: &Netns, stream: &TcpStream) -> Result<Socket> {
    let (sport, dport) = (stream.local_addr()?.port(), stream.peer_addr()?.port());
    let filter = format!("sport = :{sport} and dport = :{dport}");
    let mut args = vec!["-t", "-i", "-n", "-H", "-O"];
    args.extend(filter.split_whitespace());
    let output = netns.enter(|| tool::run("ss", &args))??;
    let mut lines = output.lines().filter(|line| !line.trim().is_empty());
    match (lines.next(), lines.next()) {
        (Some(line), None) => parse(line),
        (None, _) => bail!("`ss` knows no socket with {filter} in {}", netns.name()),
        _ => bail!(
            "`ss` knows several sockets with {filter} in {}:\n{output}",
            netns.name()
        ),
    }
}

/// Reads one line of `ss -tinHO`. What the kernel leaves out is zero.
fn parse(line: &str) -> Result<Socket> {
    let mut socket = Socket::default();
    for word in line.split_whitespace() {
        if ["cubic", "reno", "bbr"].contains(&word) {
            word.clone_into(&mut socket.congestion);
        }
        let Some((key, value)) = word.split_once(':') else {
            continue;
        };
        let field = match key {
            "bytes_retrans" => &mut socket.bytes_retrans,
            "bytes_sent" => &mut socket.bytes_sent,
            "bytes_acked" => &mut socket.bytes_acked,
            "data_segs_out" => &mut socket.data_segs_out,
            "data_segs_in" => &mut socket.data_segs_in,
            "rcv_ooopack" => &mut socket.rcv_ooopack,
            "dsack_dups" => &mut socket.dsack_dups,
            "reord_seen" => &mut socket.reord_seen,
            "rwnd_limited" => {
                // `rwnd_limited:1204ms(99.8%)`
                let (ms, _) = value
                    .split_once("ms")
                    .context("`rwnd_limited` without ms")?;
                socket.rwnd_limited_ms = ms.parse()?;
                continue;
            }
            "delivered" => &mut socket.delivered,
            "cwnd" => &mut socket.cwnd,
            "ssthresh" => &mut socket.ssthresh,
            "unacked" => &mut socket.unacked,
            "retrans" => {
                let (now, total) = value.split_once('/').context("`retrans` without a slash")?;
                socket.retrans_now = now.parse()?;
                socket.retrans_total = total.parse()?;
                continue;
            }
            _ => continue,
        };
        *field = value
            .parse()
            .with_context(|| format!("`{word}` of `ss`: {line}"))?;
    }
    if socket.cwnd == 0 {
        bail!("`ss` shows no congestion window: {line}");
    }
    Ok(socket)
}

/// The namespace's own count of segments sent again (`RetransSegs`, SYN-ACKs included).
pub fn retrans_segs(netns: &Netns) -> Result<u64> {
    tcp_counter(netns, "RetransSegs")
}

/// A counter of TCP in a namespace, by its name in `/proc/net/snmp`.
pub fn tcp_counter(netns: &Netns, name: &str) -> Result<u64> {
    let text = netns.proc_net("snmp")?;
    let mut lines = text.lines().filter(|line| line.starts_with("Tcp:"));
    let (names, values) = (lines.next(), lines.next());
    let (names, values) = names
        .zip(values)
        .context("no `Tcp:` lines in /proc/net/snmp")?;
    names
        .split_whitespace()
        .zip(values.split_whitespace())
        .find(|(known, _)| *known == name)
        .with_context(|| format!("no `{name}` in /proc/net/snmp"))?
        .1
        .parse()
        .with_context(|| format!("`{name}` is no number"))
}

/// Repeats `round` until the namespace has sent at least `segments` again since this began: how
/// much is lost is a matter of chance, and a test must not be.
pub fn until_retransmitted(
    netns: &Netns,
    segments: u64,
    limit: Duration,
    mut round: impl FnMut() -> Result<()>,
) -> Result<()> {
    let before = retrans_segs(netns)?;
    wait::until_true(&format!("{segments} segments sent again"), limit, || {
        round()?;
        Ok(retrans_segs(netns)? - before >= segments)
    })
}
