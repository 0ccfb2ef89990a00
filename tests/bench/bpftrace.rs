//! bpftrace, doing what edgeghost's two programs of the same tracepoints are about: retransmissions
//! by peer, and the congestion windows of each peer.

use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use edgeghost_tests::{tool, wait};
use rustix::process::Signal;

use crate::child::end;

/// How long it may take to start, or to end.
const LIMIT: Duration = Duration::from_secs(30);

/// The cheapest way that bpftrace 0.17 has for it: peers as numbers, not as text. Windows by peer
/// cannot use the address as a whole there, so its four bytes are the key.
const SCRIPT: &str = "tracepoint:tcp:tcp_probe { \
     @cwnd[args->daddr[4], args->daddr[5], args->daddr[6], args->daddr[7]] = \
     hist(args->snd_cwnd); } \
     tracepoint:tcp:tcp_retransmit_skb { \
     @retransmits[args->daddr[0], args->daddr[1], args->daddr[2], args->daddr[3]] = count(); }";

/// Gives it the folders it looks into, in a mount namespace of its own, then becomes it.
const START: &str = "mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; \
     mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null; \
     exec bpftrace -e \"$1\"";

/// Running; ended when dropped.
#[derive(Debug)]
pub(crate) struct Bpftrace {
    child: Child,
}

impl Bpftrace {
    /// Its version, or why it cannot be run here.
    pub(crate) fn version() -> Result<String> {
        tool::find("bpftrace").context("not installed (Debian: bpftrace)")?;
        Ok(tool::run("bpftrace", &["--version"])?.trim().to_owned())
    }

    /// Starts it, and waits until its programs are loaded.
    pub(crate) fn start() -> Result<Self> {
        let child = tool::command("unshare")
            .args(["--mount", "sh", "-c", START, "sh", SCRIPT])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start bpftrace")?;
        let mut started = Self { child };
        let pid = started.pid();
        wait::until_true("bpftrace's programs", LIMIT, || {
            if let Some(status) = started.child.try_wait()? {
                anyhow::bail!("bpftrace ended with {status}");
            }
            Ok(crate::bpf::programs(pid)?.len() >= 2)
        })?;
        Ok(started)
    }

    /// Its process: `unshare` and the shell have become it.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Bpftrace {
    fn drop(&mut self) {
        end(&mut self.child, Signal::INT);
    }
}
