//! The kernel's own counters of TCP in one namespace: what `nstat` shows.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use crate::netns::Netns;

/// `Tcp` of /proc/net/snmp and `TcpExt` of /proc/net/netstat at one moment, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<String, u64>);

impl Counters {
    /// As they are now.
    pub fn of(netns: &Netns) -> Result<Self> {
        let mut all = BTreeMap::new();
        for (file, group) in [("snmp", "Tcp:"), ("netstat", "TcpExt:")] {
            let text = netns.proc_net(file)?;
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(group));
            let (names, values) = lines
                .next()
                .zip(lines.next())
                .with_context(|| format!("no `{group}` lines in /proc/net/{file}"))?;
            let pairs = names.split_whitespace().zip(values.split_whitespace());
            // `MaxConn` may be negative, and is no counter.
            all.extend(
                pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))),
            );
        }
        Ok(Self(all))
    }

    /// One of them.
    ///
    /// # Panics
    ///
    /// Where the kernel has none of that name: it would be compared as zero.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        let value = self.0.get(name).copied();
        assert!(value.is_some(), "the kernel has no counter {name}");
        value.unwrap_or_default()
    }

    /// What was counted since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let grown = |(name, now): (&String, &u64)| {
            let was = before.0.get(name).copied().unwrap_or_default();
            (name.clone(), now.saturating_sub(was))
        };
        Self(self.0.iter().map(grown).collect())
    }
}
