//! Sockets side by side.

use super::Note;
use crate::event::{Event, Finding, Severity, SnapshotMoment, SocketFigures, SocketSnapshot, Time};

/// Name of the signals of a snapshot among an incident's evidence.
const SIGNALS: [&str; 2] = ["public_socket", "private_socket"];

/// A snapshot.
pub fn sockets(snapshot: SocketSnapshot, time: Time) -> Note {
    let message = format!(
        "sockets as the incident {}: {}",
        match snapshot.sockets.moment {
            SnapshotMoment::Opened => "opened",
            SnapshotMoment::Closed => "closed",
        },
        in_short(&snapshot)
    );
    Note {
        time,
        severity: Severity::Info,
        message,
        event: Event::SocketSnapshot(Box::new(snapshot)),
    }
}

/// The worst public and the best private socket, as evidence of the incident.
pub(super) fn evidence(snapshot: &SocketSnapshot) -> Vec<Finding> {
    let sockets = &snapshot.sockets;
    let found = [&sockets.public, &sockets.private];
    let mut findings: Vec<_> = SIGNALS
        .iter()
        .zip(found)
        .filter_map(|(signal, sockets)| {
            Some(Finding {
                signal: (*signal).to_owned(),
                finding: one(sockets.first()?),
            })
        })
        .collect();
    if findings.is_empty()
        && let Some(reason) = &sockets.unknown
    {
        findings.push(Finding {
            signal: "sockets".to_owned(),
            finding: format!("not known: {reason}"),
        });
    }
    findings
}

fn in_short(snapshot: &SocketSnapshot) -> String {
    let sockets = &snapshot.sockets;
    let side = |name: &str, sockets: &[SocketFigures]| match sockets.first() {
        Some(socket) => format!("{name} {}", one(socket)),
        None => format!("no {name} one"),
    };
    let both = format!(
        "{} | {}",
        side("public", &sockets.public),
        side("private", &sockets.private)
    );
    match &sockets.unknown {
        Some(reason) => format!("{both}; not all is known: {reason}"),
        None => both,
    }
}

/// One socket in half a sentence.
fn one(socket: &SocketFigures) -> String {
    let SocketFigures {
        peer,
        snd_cwnd,
        snd_ssthresh,
        total_retrans,
        bytes_retrans,
        bytes_sent,
        srtt_us,
        congestion_control,
        process,
        ..
    } = socket;
    let mut words = vec![format!("cwnd {snd_cwnd}")];
    words.extend(snd_ssthresh.map(|ssthresh| format!("ssthresh {ssthresh}")));
    words.push(if *total_retrans == 0 {
        "no retransmissions".to_owned()
    } else {
        format!("{total_retrans} retransmissions, {bytes_retrans} of {bytes_sent} bytes sent again")
    });
    words.extend(srtt_us.map(|us| format!("rtt {:.1} ms", f64::from(us) / 1e3)));
    words.extend(congestion_control.clone());
    words.extend(
        process
            .as_ref()
            .map(|process| format!("{}[{}]", process.name, process.pid)),
    );
    let port = peer.port;
    let end = if peer.address.is_ipv6() {
        format!("[{}]:{port}", peer.address)
    } else {
        format!("{}:{port}", peer.address)
    };
    format!("{end}: {}", words.join(", "))
}

/// A socket whose figures take as much room as any, for unit tests.
#[cfg(test)]
pub(crate) fn a_socket() -> SocketFigures {
    let end = crate::event::SampledEnd {
        address: "fd00:e9e9:e9e9:e9e9:e9e9:e9e9:1:207".parse().unwrap(),
        port: 40_112,
    };
    SocketFigures {
        local: end.clone(),
        peer: end,
        state: "established".to_owned(),
        ca_state: "recovery".to_owned(),
        congestion_control: Some("cubic".to_owned()),
        snd_cwnd: u32::MAX,
        snd_ssthresh: Some(2),
        unacked: u32::MAX,
        retrans: u32::MAX,
        lost: u32::MAX,
        total_retrans: u32::MAX,
        delivered: u32::MAX,
        bytes_sent: 35_369,
        bytes_retrans: 20_212,
        bytes_acked: u64::MAX,
        bytes_received: u64::MAX,
        srtt_us: Some(80_210),
        rttvar_us: Some(u32::MAX),
        min_rtt_us: Some(u32::MAX),
        rto_us: u32::MAX,
        backoff: u8::MAX,
        delivery_rate_bytes: Some(u64::MAX),
        app_limited: false,
        pacing_rate_bytes: Some(u64::MAX),
        busy_us: u64::MAX,
        rwnd_limited_us: u64::MAX,
        sndbuf_limited_us: u64::MAX,
        send_queue_bytes: u32::MAX,
        uid: u32::MAX,
        inode: u32::MAX,
        process: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{
        IncidentRef, LocalOnly, MAX_LINE_BYTES, SampledEnd, SnapshotSockets, SocketProcess,
    };

    fn socket(peer: &str, cwnd: u32, retrans: u32) -> SocketFigures {
        SocketFigures {
            peer: SampledEnd {
                address: peer.parse().unwrap(),
                port: 40_112,
            },
            snd_cwnd: cwnd,
            snd_ssthresh: (retrans > 0).then_some(2),
            total_retrans: retrans,
            process: Some(SocketProcess {
                pid: 812,
                name: "sshd".to_owned(),
            }),
            ..a_socket()
        }
    }

    fn snapshot(public: Vec<SocketFigures>, private: Vec<SocketFigures>) -> SocketSnapshot {
        SocketSnapshot {
            network: LocalOnly::new([10, 1, 0, 207].into()),
            incident: IncidentRef {
                id: "eg-0123456789abcdef".to_owned(),
            },
            sockets: SnapshotSockets {
                netns: u32::MAX,
                moment: SnapshotMoment::Opened,
                took_us: u64::MAX,
                public,
                private,
                unknown: None,
            },
        }
    }

    #[test]
    fn the_two_sockets_of_the_incident_in_two_lines() {
        let taken = snapshot(
            vec![socket("198.51.100.14", 2, 25)],
            vec![socket("10.1.1.21", 20, 0)],
        );
        let found = evidence(&taken);
        let told: Vec<&str> = found.iter().map(|f| f.finding.as_str()).collect();
        let expected = [
            "198.51.100.14:40112: cwnd 2, ssthresh 2, 25 retransmissions, 20212 of 35369 bytes \
             sent again, rtt 80.2 ms, cubic, sshd[812]",
            "10.1.1.21:40112: cwnd 20, no retransmissions, rtt 80.2 ms, cubic, sshd[812]",
        ];
        assert_eq!(told, expected);
        let note = sockets(taken, Time(0));
        assert!(note.message.contains(" | private 10.1.1.21:40112: "));
    }

    #[test]
    fn a_full_one_fits_a_line_and_comes_back_as_it_was() {
        let peer = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff";
        let side = vec![socket(peer, u32::MAX, u32::MAX); 5];
        let mut taken = snapshot(side.clone(), side);
        taken.sockets.unknown = Some("a reason ".repeat(20));
        let note = sockets(taken.clone(), Time(0));
        let text = serde_json::to_string(&note.event).unwrap();
        let length = text.len() + note.message.len();
        assert!(length < MAX_LINE_BYTES - 1_000, "{length} bytes");
        let back: SocketSnapshot = serde_json::from_str(&text).unwrap();
        assert_eq!(back, taken);
    }

    #[test]
    fn what_could_not_be_read_is_said() {
        let mut taken = snapshot(Vec::new(), Vec::new());
        assert_eq!(evidence(&taken), []);
        taken.sockets.unknown = Some("elsewhere".to_owned());
        assert_eq!(evidence(&taken)[0].finding, "not known: elsewhere");
        let note = sockets(taken, Time(0));
        assert!(
            note.message.ends_with("not all is known: elsewhere"),
            "{}",
            note.message
        );
    }
}
