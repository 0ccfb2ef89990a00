//! Ctrl-C and its kin, turned into a flag: whoever waits looks at it and leaves by the ordinary
//! way, so that everything is taken down.

use std::sync::atomic::{AtomicI32, Ordering};

use anyhow::{Context as _, Result, bail};

static RECEIVED: AtomicI32 = AtomicI32::new(0);

extern "C" fn remember(signal: libc::c_int) {
    RECEIVED.store(signal, Ordering::Relaxed);
}

/// From now on SIGINT, SIGTERM and SIGHUP only set the flag.
pub fn catch() -> Result<()> {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let handler: extern "C" fn(libc::c_int) = remember;
        // SAFETY: the handler only stores into an atomic, which is safe at any point.
        let previous = unsafe { libc::signal(signal, handler as libc::sighandler_t) };
        if previous == libc::SIG_ERR {
            return Err(std::io::Error::last_os_error()).context("cannot catch signals");
        }
    }
    Ok(())
}

/// The signal that asked for an end, if one has.
pub fn received() -> Option<&'static str> {
    match RECEIVED.load(Ordering::Relaxed) {
        0 => None,
        libc::SIGINT => Some("SIGINT"),
        libc::SIGTERM => Some("SIGTERM"),
        libc::SIGHUP => Some("SIGHUP"),
        _ => Some("a signal"),
    }
}

/// An error once a signal has asked for an end.
pub fn check() -> Result<()> {
    match received() {
        Some(signal) => bail!("interrupted by {signal}"),
        None => Ok(()),
    }
}
