//! Delay, jitter, reordering, duplication and bursts of loss with netem (tc-netem(8)).

use anyhow::{Context as _, Result};

use crate::netns::Netns;
use crate::tool;

/// What becomes of all that leaves a device, until this is lifted or dropped.
#[derive(Debug)]
pub struct Netem {
    netns: Netns,
    device: String,
    lifted: bool,
}

impl Netem {
    /// Does to packets what `how` says, in the words of tc-netem(8).
    pub fn new(netns: &Netns, device: &str, how: &str) -> Result<Self> {
        tc(netns, &format!("qdisc add dev {device} root netem {how}"))
            .with_context(|| format!("netem {how} at {device} of {}", netns.name()))?;
        Ok(Self {
            netns: netns.clone(),
            device: device.to_owned(),
            lifted: false,
        })
    }

    /// Ends it. What waits in it is lost.
    pub fn lift(mut self) -> Result<()> {
        self.delete()
    }

    fn delete(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.lifted, true) {
            return Ok(());
        }
        tc(&self.netns, &format!("qdisc del dev {} root", self.device))
    }
}

impl Drop for Netem {
    fn drop(&mut self) {
        // A namespace that is already gone has taken its queues along.
        drop(self.delete());
    }
}

fn tc(netns: &Netns, command: &str) -> Result<()> {
    let words: Vec<&str> = command.split_whitespace().collect();
    netns.enter(|| tool::run("tc", &words))?.map(drop)
}
