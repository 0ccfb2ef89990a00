//! Packet loss and address translation with nftables.

use anyhow::{Context as _, Result};

use crate::netns::Netns;
use crate::tool;

/// Runs one `nft` command in a namespace; each word is an argument of its own.
pub fn nft(netns: &Netns, command: &str) -> Result<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    netns.enter(|| tool::run("nft", &words))?
}

/// Where packets are lost. Never on the sender's own way out: there the sender's TCP would be
/// told at once (and the kernel counts the segment as not sent), which is no loss on a path.
#[derive(Debug, Clone, Copy)]
pub enum Where<'a> {
    /// On arrival at a device, before anything else sees them.
    Arrival(&'a str),
    /// On the way through a router, in both directions of a device.
    Through(&'a str),
    /// What some rules match, in a table of this name, at a hook.
    Chosen {
        /// Of the table.
        name: &'a str,
        /// As `forward`.
        hook: &'a str,
        /// Matches, as `ip saddr 198.51.100.14`.
        rules: &'a [String],
    },
}

/// Random loss in a namespace, until it is lifted or dropped.
#[derive(Debug)]
pub struct Loss {
    netns: Netns,
    table: String,
    rules: Vec<String>,
}

impl Loss {
    /// Drops `percent` of the packets.
    pub fn new(netns: &Netns, place: Where<'_>, percent: u32) -> Result<Self> {
        let (table, hook, matches) = match place {
            Where::Arrival(device) => (
                format!("loss_{device}"),
                "prerouting",
                vec![format!("iifname {device}")],
            ),
            Where::Through(device) => (
                format!("loss_{device}"),
                "forward",
                vec![format!("iifname {device}"), format!("oifname {device}")],
            ),
            Where::Chosen { name, hook, rules } => (format!("loss_{name}"), hook, rules.to_vec()),
        };
        nft(netns, &format!("add table inet {table}"))?;
        // From here on dropping it removes the table again, whatever else fails.
        let mut loss = Self {
            netns: netns.clone(),
            table,
            rules: matches,
        };
        let table = &loss.table;
        nft(
            netns,
            &format!("add chain inet {table} losses {{ type filter hook {hook} priority -300 ; }}"),
        )?;
        loss.set(percent)?;
        Ok(loss)
    }

    /// Changes the share of lost packets.
    pub fn set(&mut self, percent: u32) -> Result<()> {
        nft(
            &self.netns,
            &format!("flush chain inet {} losses", self.table),
        )?;
        // A comparison that always holds is refused.
        let dice = if percent < 100 {
            format!("numgen random mod 100 < {percent}")
        } else {
            String::new()
        };
        for rule in &self.rules {
            nft(
                &self.netns,
                &format!(
                    "add rule inet {} losses {rule} {dice} counter drop",
                    self.table
                ),
            )?;
        }
        Ok(())
    }

    /// Packets lost since the share was last set.
    pub fn lost(&self) -> Result<u64> {
        let rules = nft(
            &self.netns,
            &format!("list chain inet {} losses", self.table),
        )?;
        rules
            .split("counter packets ")
            .skip(1)
            .map(|rest| {
                let number = rest.split_whitespace().next().unwrap_or_default();
                number
                    .parse::<u64>()
                    .with_context(|| format!("no packet counter in: {rules}"))
            })
            .sum()
    }

    /// Ends the loss. Dropping it does the same, but cannot report a failure.
    pub fn lift(mut self) -> Result<()> {
        self.delete()
    }

    fn delete(&mut self) -> Result<()> {
        let table = std::mem::take(&mut self.table);
        if table.is_empty() {
            return Ok(());
        }
        nft(&self.netns, &format!("delete table inet {table}")).map(drop)
    }
}

impl Drop for Loss {
    fn drop(&mut self) {
        // A namespace that is already gone has taken its rules along.
        drop(self.delete());
    }
}
