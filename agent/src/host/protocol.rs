//! Counters of TCP and IP in this process's network namespace (`/proc/self/net`).
//!
//! Read by header name, for kernels add columns. They tell public from private no more than they
//! tell one peer from the other: they show what is at fault before any path is.

use std::path::Path;

use super::proc::read;

/// Counters since the namespace began; absent where the kernel does not tell.
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
    /// Reads `snmp`, `netstat` and `snmp6` in `folder`, each if it is there.
    pub(super) fn read(folder: &Path) -> Self {
        let text = |name| read(&folder.join(name)).unwrap_or_default();
        Self::parse(&text("snmp"), &text("netstat"), &text("snmp6"))
    }

    fn parse(snmp: &str, netstat: &str, snmp6: &str) -> Self {
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
Icmp: InMsgs
Icmp: 3
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

    #[test]
    fn counters_are_found_by_name() {
        let expected = Protocol {
            segments_sent: Some(200),
            segments_retransmitted: Some(30),
            retransmissions_failed: Some(4),
            no_route_v4: Some(7),
            no_route_v6: Some(6),
        };
        assert_eq!(Protocol::parse(SNMP, NETSTAT, SNMP6), expected);
    }

    #[test]
    fn what_is_missing_is_absent() {
        assert_eq!(Protocol::parse("", "", ""), Protocol::default());
        let names_only = "Tcp: OutSegs RetransSegs\n";
        assert_eq!(column(names_only, "Tcp:", "OutSegs"), None);
        let short = "Tcp: OutSegs RetransSegs\nTcp: 5\n";
        assert_eq!(column(short, "Tcp:", "OutSegs"), Some(5));
        assert_eq!(column(short, "Tcp:", "RetransSegs"), None);
        assert_eq!(column("Tcp: OutSegs\nTcp: x\n", "Tcp:", "OutSegs"), None);
        assert_eq!(column(SNMP, "Tcp:", "OutNoRoutes"), None, "another table's");
        assert_eq!(line("Ip6OutNoRoutes", "Ip6OutNoRoutes"), None);
    }

    #[test]
    fn no_such_folder_is_nothing_known() {
        let folder = Path::new("/no/such/folder");
        assert_eq!(Protocol::read(folder), Protocol::default());
    }
}
