//! Counters of TCP and IP: of the host's own doing, and symptoms.

use super::{finding, per_second, rate, sum, unknown, weigh};
use crate::event::{CheckState, HostCheck, HostFinding};
use crate::host::HostSample;
use crate::host::history::Window;

/// A symptom is told as one when it is this many times what it was before ...
const UP: f64 = 3.0;
/// ... and happened so often.
const UP_LEAST: u64 = 3;

/// How a counter that grew is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judged {
    /// The host's own loss: a fault if it explains the retransmissions.
    ByShare,
    /// Nothing that loses what is on its way: worth to know.
    Worth,
    /// A symptom, when it is more than before.
    Compared,
}

/// A diagnostic that is a sum of counters.
struct Counter {
    check: HostCheck,
    names: &'static [&'static str],
    judged: Judged,
    clean: &'static str,
    grown: &'static str,
}

const COUNTERS: [Counter; 15] = [
    Counter {
        check: HostCheck::HostQueues,
        names: &["TCPSpuriousRtxHostQueues"],
        judged: Judged::ByShare,
        clean: "what is sent leaves the host without delay",
        grown: "segments were to be sent again while the first copy still waited on the host",
    },
    Counter {
        check: HostCheck::MemoryPressure,
        names: &["TCPMemoryPressures", "PruneCalled", "TCPAbortOnMemory"],
        judged: Judged::Worth,
        clean: "TCP has memory enough",
        grown: "TCP is short of memory and drops what it received",
    },
    Counter {
        check: HostCheck::ListenOverflows,
        names: &["ListenDrops"],
        judged: Judged::Worth,
        clean: "listening sockets have room",
        grown: "the application takes connections too slowly: handshakes fail on a good path, too",
    },
    Counter {
        check: HostCheck::ReceiveDrops,
        names: &["TCPBacklogDrop", "TCPRcvQDrop", "TCPZeroWindowDrop"],
        judged: Judged::ByShare,
        clean: "sockets have room for what arrives",
        grown: "the application reads too slowly: what arrives is dropped, and sent again",
    },
    Counter {
        check: HostCheck::ReversePathFilter,
        names: &["IPReversePathFilter"],
        judged: Judged::ByShare,
        clean: "the reverse path filter drops nothing",
        grown: "the host drops packets that arrive by another way than it would answer by",
    },
    Counter {
        check: HostCheck::DamagedPackets,
        names: &["InErrs", "Ip:InHdrErrors"],
        judged: Judged::ByShare,
        clean: "what arrives is undamaged",
        grown: "packets arrive damaged",
    },
    Counter {
        check: HostCheck::PathMtu,
        names: &["TCPMTUPFail", "Ip:FragFails", "Icmp6InPktTooBigs"],
        judged: Judged::Worth,
        clean: "no packet is too large for its path",
        grown: "packets are too large for their path: large answers may hang while small ones pass",
    },
    Counter {
        check: HostCheck::TcpRetransmissions,
        names: &["RetransSegs"],
        judged: Judged::Compared,
        clean: "no more is sent again than before",
        grown: "more is sent again than before",
    },
    Counter {
        check: HostCheck::TcpTimeouts,
        names: &["TCPTimeouts"],
        judged: Judged::Compared,
        clean: "acknowledgements come in time",
        grown: "nothing is heard for so long that TCP begins anew: heavy loss",
    },
    Counter {
        check: HostCheck::LostRetransmits,
        names: &["TCPLostRetransmit"],
        judged: Judged::Compared,
        clean: "what is sent again arrives",
        grown: "what is sent again is lost again: heavy loss",
    },
    Counter {
        check: HostCheck::FastRetransmits,
        names: &["TCPFastRetrans"],
        judged: Judged::Compared,
        clean: "no more gaps are seen than before",
        grown: "peers report gaps: loss on the way out",
    },
    Counter {
        check: HostCheck::SackRecoveryFailures,
        names: &["TCPSackRecoveryFail", "TCPLossFailures"],
        judged: Judged::Compared,
        clean: "recoveries succeed",
        grown: "recoveries fail: what is sent again to mend a loss is lost as well",
    },
    Counter {
        check: HostCheck::SpuriousTimeouts,
        names: &["TCPSpuriousRTOs"],
        judged: Judged::Compared,
        clean: "timeouts are of loss, not of delay",
        grown: "segments were late and not lost: delay, not loss",
    },
    Counter {
        check: HostCheck::HandshakeRetransmits,
        names: &["TCPSynRetrans"],
        judged: Judged::Compared,
        clean: "connections come up at the first attempt",
        grown: "handshakes must be repeated",
    },
    Counter {
        check: HostCheck::ConnectionsGivenUp,
        names: &["TCPAbortOnTimeout"],
        judged: Judged::Compared,
        clean: "no more connections are given up than before",
        grown: "connections are given up after too many timeouts",
    },
];

pub(super) fn findings(during: &Window, before: &Window) -> Vec<HostFinding> {
    let mut findings = each_second(during, before);
    findings.extend(
        COUNTERS
            .iter()
            .map(|counter| counter.finding(during, before)),
    );
    findings
}

/// What is told each second: the detector goes by it, too.
fn each_second(during: &Window, before: &Window) -> Vec<HostFinding> {
    type Of = fn(&HostSample) -> Option<u64>;
    let counters: [(HostCheck, Of, &str, &str, &str); 3] = [
        (
            HostCheck::LocalDrops,
            |host| host.local_drops,
            "packets dropped by interfaces and queues",
            "the host drops nothing that it is to send",
            "the host itself drops what it is to send",
        ),
        (
            HostCheck::RetransmissionsFailed,
            |host| host.retransmissions_failed,
            "retransmissions did not leave (TCPRetransFail)",
            "what is sent again leaves the host",
            "retransmissions fail on the host itself: queue, route or firewall",
        ),
        (
            HostCheck::NoRoute,
            |host| host.no_route,
            "packets without a route (OutNoRoutes)",
            "every packet finds a route",
            "the host has no route for some of what it is to send",
        ),
    ];
    let found = counters.map(|(check, of, what, clean, grown)| {
        let Some(count) = of(&during.sums) else {
            return unknown(check, "not read in this time");
        };
        let state = weigh(count, during);
        let meaning = if count == 0 { clean } else { grown };
        let earlier = of(&before.sums).and_then(|count| per_second(count, before.seconds));
        let value = format!("{count} {what}");
        rated(
            (check, state),
            (value, meaning),
            (count, during.seconds),
            earlier,
        )
    });
    found.into()
}

impl Counter {
    fn finding(&self, during: &Window, before: &Window) -> HostFinding {
        let of = |window: &Window| {
            let counts = self.names.iter().map(|name| window.protocol.get(*name));
            sum(counts.map(Option::<&u64>::copied))
        };
        let Some(count) = of(during) else {
            return unknown(self.check, "this kernel does not tell, or it was not read");
        };
        let now = per_second(count, during.detail_seconds);
        let earlier = of(before).and_then(|count| per_second(count, before.detail_seconds));
        let state = match self.judged {
            Judged::ByShare => weigh(count, during),
            Judged::Worth if count > 0 => CheckState::Noteworthy,
            Judged::Compared if count >= UP_LEAST && is_up(now, earlier) => CheckState::Noteworthy,
            Judged::Worth | Judged::Compared => CheckState::Clean,
        };
        let meaning = match (state, self.judged) {
            (CheckState::Clean, _) => self.clean,
            _ => self.grown,
        };
        let value = format!("{} {count}", self.names.join(" and "));
        rated(
            (self.check, state),
            (value, meaning),
            (count, during.detail_seconds),
            earlier,
        )
    }
}

fn is_up(now: Option<f64>, earlier: Option<f64>) -> bool {
    match (now, earlier) {
        (Some(now), Some(earlier)) => now >= UP * earlier,
        (now, None) => now.is_some(),
        (None, _) => false,
    }
}

fn rated(
    (check, state): (HostCheck, CheckState),
    (mut value, meaning): (String, &str),
    (count, seconds): (u64, f64),
    earlier: Option<f64>,
) -> HostFinding {
    let now = per_second(count, seconds);
    if let Some(now) = now {
        value = format!("{value} ({}", rate(now));
        if let Some(earlier) = earlier {
            value = format!("{value}, before {}", rate(earlier));
        }
        value.push(')');
    }
    HostFinding {
        count: Some(count),
        per_second: now,
        per_second_before: earlier,
        ..finding(check, state, seconds, value, meaning)
    }
}
