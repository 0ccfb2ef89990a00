//! Packets that an interface of this host dropped on their way out (`/proc/self/net/dev`).

use std::collections::BTreeMap;
use std::path::Path;

use super::proc::read;

/// Columns of `/proc/net/dev` after the interface's name that stand before `tx_dropped`: eight of
/// what was received, then bytes, packets and errors of what was sent (`dev_seq_printf_stats`,
/// `net/core/net-procfs.c`).
const BEFORE_DROPPED: usize = 8 + 3;

/// `tx_dropped` of every interface but the loopback, since the interface or its driver began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Drops(BTreeMap<String, u64>);

impl Drops {
    /// Reads `dev` in `folder`; no interfaces if it is not there.
    pub(super) fn read(folder: &Path) -> Self {
        Self::parse(&read(&folder.join("dev")).unwrap_or_default())
    }

    pub(super) fn parse(text: &str) -> Self {
        let interfaces = text.lines().filter_map(|line| {
            let (name, columns) = line.split_once(':')?;
            let name = name.trim();
            let dropped = columns.split_ascii_whitespace().nth(BEFORE_DROPPED)?;
            (name != "lo").then_some((name.to_owned(), dropped.parse().ok()?))
        });
        Self(interfaces.collect())
    }

    /// Growth since `before` over the interfaces that were there then, and were not reset;
    /// nothing if there is none.
    pub(super) fn since(&self, before: &Self) -> Option<u64> {
        self.0
            .iter()
            .filter_map(|(name, now)| now.checked_sub(*before.0.get(name)?))
            .reduce(u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dev(rows: &[(&str, u64)]) -> Drops {
        let head = "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes".to_owned();
        let rows = rows
            .iter()
            .map(|(name, dropped)| format!("{name:>6}: 1 2 3 4 5 6 7 8 9 10 11 {dropped} 13 14"));
        Drops::parse(
            &std::iter::once(head)
                .chain(rows)
                .collect::<Vec<_>>()
                .join("\n"),
        )
    }

    #[test]
    fn every_interface_but_the_loopback_counts() {
        let before = dev(&[("lo", 5), ("ens5", 100), ("eth0.7", 3)]);
        let now = dev(&[("lo", 50), ("ens5", 104), ("eth0.7", 4)]);
        assert_eq!(now.since(&before), Some(5));
        assert_eq!(now.since(&now), Some(0));
    }

    #[test]
    fn a_new_or_reset_interface_is_no_news() {
        let before = dev(&[("ens5", 100), ("gone", 1)]);
        assert_eq!(dev(&[("ens5", 2), ("new", 70)]).since(&before), None);
        let mended = dev(&[("ens5", 100), ("new", 70)]);
        assert_eq!(mended.since(&before), Some(0));
        assert_eq!(mended.since(&Drops::default()), None);
    }

    #[test]
    fn a_file_that_is_not_there_or_not_such_is_no_interface() {
        assert_eq!(Drops::read(Path::new("/no/such/folder")), Drops::default());
        assert_eq!(Drops::parse("eth0: 1 2 3\n: \nx"), Drops::default());
    }
}
