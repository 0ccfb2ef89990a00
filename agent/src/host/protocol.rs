//! Counters of TCP and IP in this process's network namespace (`/proc/self/net`).
//!
//! Read by header name, for kernels add columns. They tell public from private no more than they
//! tell one peer from the other: they show what is at fault before any path is.

use std::collections::BTreeMap;
use std::path::Path;

use super::proc::read;

/// Columns of `snmp` and `netstat` that are kept every ten seconds: table and name. `Ip:` and
/// `Icmp:` stand before names that would not say whose they are.
const COLUMNS: [(&str, &str); 49] = [
    ("Ip:", "InHdrErrors"),
    ("Ip:", "InDiscards"),
    ("Ip:", "OutDiscards"),
    ("Ip:", "OutNoRoutes"),
    ("Ip:", "ReasmFails"),
    ("Ip:", "FragFails"),
    ("Icmp:", "InDestUnreachs"),
    ("Tcp:", "ActiveOpens"),
    ("Tcp:", "AttemptFails"),
    ("Tcp:", "EstabResets"),
    ("Tcp:", "InSegs"),
    ("Tcp:", "OutSegs"),
    ("Tcp:", "RetransSegs"),
    ("Tcp:", "InErrs"),
    ("Tcp:", "OutRsts"),
    ("Tcp:", "InCsumErrors"),
    ("TcpExt:", "PruneCalled"),
    ("TcpExt:", "ListenOverflows"),
    ("TcpExt:", "ListenDrops"),
    ("TcpExt:", "TCPSackRecovery"),
    ("TcpExt:", "TCPSACKReorder"),
    ("TcpExt:", "TCPTSReorder"),
    ("TcpExt:", "TCPLostRetransmit"),
    ("TcpExt:", "TCPLossFailures"),
    ("TcpExt:", "TCPFastRetrans"),
    ("TcpExt:", "TCPSlowStartRetrans"),
    ("TcpExt:", "TCPTimeouts"),
    ("TcpExt:", "TCPLossProbes"),
    ("TcpExt:", "TCPLossProbeRecovery"),
    ("TcpExt:", "TCPSackRecoveryFail"),
    ("TcpExt:", "TCPDSACKRecv"),
    ("TcpExt:", "TCPDSACKOfoRecv"),
    ("TcpExt:", "TCPAbortOnTimeout"),
    ("TcpExt:", "TCPAbortOnMemory"),
    ("TcpExt:", "TCPMemoryPressures"),
    ("TcpExt:", "TCPSpuriousRTOs"),
    ("TcpExt:", "TCPBacklogDrop"),
    ("TcpExt:", "IPReversePathFilter"),
    ("TcpExt:", "TCPReqQFullDrop"),
    ("TcpExt:", "TCPRetransFail"),
    ("TcpExt:", "TCPSpuriousRtxHostQueues"),
    ("TcpExt:", "TCPSynRetrans"),
    ("TcpExt:", "TCPOrigDataSent"),
    ("TcpExt:", "TCPMTUPFail"),
    ("TcpExt:", "TCPDelivered"),
    ("TcpExt:", "TCPZeroWindowDrop"),
    ("TcpExt:", "TCPRcvQDrop"),
    ("TcpExt:", "TcpTimeoutRehash"),
    ("TcpExt:", "TCPWqueueTooBig"),
];

/// Lines of `snmp6` that are kept every ten seconds.
const LINES: [&str; 5] = [
    "Ip6InTooBigErrors",
    "Ip6OutDiscards",
    "Ip6OutNoRoutes",
    "Icmp6InDestUnreachs",
    "Icmp6InPktTooBigs",
];

/// The texts of `snmp`, `netstat` and `snmp6`; empty where one is not there.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) snmp: String,
    pub(super) netstat: String,
    pub(super) snmp6: String,
}

impl Tables {
    /// Of the files in `folder`.
    pub(super) fn read(folder: &Path) -> Self {
        let text = |name| read(&folder.join(name)).unwrap_or_default();
        Self {
            snmp: text("snmp"),
            netstat: text("netstat"),
            snmp6: text("snmp6"),
        }
    }

    /// All counters that are kept, as far as this kernel has them.
    pub(super) fn counters(&self) -> BTreeMap<String, u64> {
        let columns = [&self.snmp, &self.netstat].map(|text| columns(text));
        let columns = columns.into_iter().flatten();
        let lines = self.snmp6.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let name = words.next().filter(|name| LINES.contains(name))?;
            Some((name.to_owned(), words.next()?.parse().ok()?))
        });
        columns.chain(lines).collect()
    }
}

/// The counters of tables in two lines each, names and values, both beginning with the table's
/// name.
fn columns(text: &str) -> Vec<(String, u64)> {
    let mut lines = text.lines();
    let mut counters = Vec::new();
    while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
        let (mut names, mut values) = (
            names.split_ascii_whitespace(),
            values.split_ascii_whitespace(),
        );
        let table = names.next();
        if table != values.next() {
            continue;
        }
        let table = table.unwrap_or_default();
        let prefix = match table {
            "Ip:" | "Icmp:" => table,
            _ => "",
        };
        let kept = names
            .zip(values)
            .filter(|(name, _)| COLUMNS.contains(&(table, name)));
        counters.extend(
            kept.filter_map(|(name, value)| Some((format!("{prefix}{name}"), value.parse().ok()?))),
        );
    }
    counters
}

/// Counters that are looked at each second, since the namespace began; absent where the kernel
/// does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Protocol {
    /// `Tcp: OutSegs`: segments sent, those with nothing but retransmitted payload left out.
    pub(super) segments_sent: Option<u64>,
    /// `Tcp: RetransSegs`.
    pub(super) segments_retransmitted: Option<u64>,
    /// `TcpExt: TCPRetransFail`.
    pub(super) retransmissions_failed: Option<u64>,
    /// `Ip: OutNoRoutes`.
    pub(super) no_route_v4: Option<u64>,
    /// `Ip6OutNoRoutes`.
    pub(super) no_route_v6: Option<u64>,
}

impl Protocol {
    /// Out of the tables.
    pub(super) fn of(tables: &Tables) -> Self {
        let Tables {
            snmp,
            netstat,
            snmp6,
        } = tables;
        Self {
            segments_sent: column(snmp, "Tcp:", "OutSegs"),
            segments_retransmitted: column(snmp, "Tcp:", "RetransSegs"),
            retransmissions_failed: column(netstat, "TcpExt:", "TCPRetransFail"),
            no_route_v4: column(snmp, "Ip:", "OutNoRoutes"),
            no_route_v6: line(snmp6, "Ip6OutNoRoutes"),
        }
    }
}

/// A column of a table in two lines, names and values, both beginning with the table's name.
fn column(text: &str, table: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some(table)).then_some(words)
    });
    let (names, mut values) = (lines.next()?, lines.next()?);
    let place = names.into_iter().position(|word| word == name)?;
    values.nth(place)?.parse().ok()
}

/// A counter with a line of its own.
fn line(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some(name)).then_some(words)
    });
    value?.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNMP: &str = "\
Ip: Forwarding DefaultTTL OutRequests OutDiscards OutNoRoutes ReasmTimeout
Ip: 2 64 9685 0 7 0
Icmp: InMsgs InDestUnreachs
Icmp: 3 2
Tcp: RtoAlgorithm MaxConn InSegs OutSegs RetransSegs InErrs
Tcp: 1 -1 100 200 30 0
";
    const NETSTAT: &str = "\
TcpExt: SyncookiesSent TCPRetransFail TCPSynRetrans
TcpExt: 0 4 5
IpExt: InNoRoutes
IpExt: 9
";
    const SNMP6: &str = "Ip6InReceives                   \t1\nIp6OutNoRoutes  \t6\n";

    fn tables(snmp: &str, netstat: &str, snmp6: &str) -> Tables {
        Tables {
            snmp: snmp.to_owned(),
            netstat: netstat.to_owned(),
            snmp6: snmp6.to_owned(),
        }
    }

    #[test]
    fn counters_are_found_by_name() {
        let expected = Protocol {
            segments_sent: Some(200),
            segments_retransmitted: Some(30),
            retransmissions_failed: Some(4),
            no_route_v4: Some(7),
            no_route_v6: Some(6),
        };
        assert_eq!(Protocol::of(&tables(SNMP, NETSTAT, SNMP6)), expected);
    }

    #[test]
    fn what_is_missing_is_absent() {
        let none = tables("", "", "");
        assert_eq!(Protocol::of(&none), Protocol::default());
        assert_eq!(none.counters(), BTreeMap::new());
        let names_only = "Tcp: OutSegs RetransSegs\n";
        assert_eq!(column(names_only, "Tcp:", "OutSegs"), None);
        assert_eq!(columns(names_only), []);
        let short = "Tcp: OutSegs RetransSegs\nTcp: 5\n";
        assert_eq!(column(short, "Tcp:", "OutSegs"), Some(5));
        assert_eq!(column(short, "Tcp:", "RetransSegs"), None);
        assert_eq!(columns(short), [("OutSegs".to_owned(), 5)]);
        assert_eq!(column("Tcp: OutSegs\nTcp: x\n", "Tcp:", "OutSegs"), None);
        assert_eq!(column(SNMP, "Tcp:", "OutNoRoutes"), None, "another table's");
        assert_eq!(line("Ip6OutNoRoutes", "Ip6OutNoRoutes"), None);
    }

    #[test]
    fn what_is_kept_is_told_by_name() {
        let kept = tables(SNMP, NETSTAT, SNMP6).counters();
        let names: Vec<&str> = kept.keys().map(String::as_str).collect();
        let expected = [
            "Icmp:InDestUnreachs",
            "InErrs",
            "InSegs",
            "Ip6OutNoRoutes",
            "Ip:OutDiscards",
            "Ip:OutNoRoutes",
            "OutSegs",
            "RetransSegs",
            "TCPRetransFail",
            "TCPSynRetrans",
        ];
        assert_eq!(names, expected);
        assert_eq!(kept["Ip:OutNoRoutes"], 7);
    }

    /// Files as kernels show them (`tests/fixtures/proc`): each has all that is kept.
    #[test]
    fn every_kernel_has_what_is_kept() {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/proc");
        for kernel in ["5.10", "6.1", "6.12", "6.18"] {
            let folder = Path::new(fixtures).join(kernel);
            let tables = Tables::read(&folder);
            let kept = tables.counters();
            assert_eq!(
                kept.len(),
                COLUMNS.len() + LINES.len(),
                "{kernel}: {kept:?}"
            );
            let each_second = Protocol::of(&tables);
            let sent = kept.get("OutSegs").copied();
            assert!(
                sent > Some(5) && each_second.segments_sent == sent,
                "{kernel}"
            );
            assert_eq!(each_second.no_route_v6, Some(kept["Ip6OutNoRoutes"]));
        }
    }

    #[test]
    fn no_such_folder_is_nothing_known() {
        let tables = Tables::read(Path::new("/no/such/folder"));
        assert_eq!(Protocol::of(&tables), Protocol::default());
    }
}
