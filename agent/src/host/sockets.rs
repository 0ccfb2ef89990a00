//! What the kernel tells of single sockets, and whose they are: `ss -ti -p` for some connections.
//!
//! Each connection is asked for by its two ends, which the kernel finds in its hash as it does for
//! a packet: that costs the same with ten sockets on the host as with a million.

pub(super) mod diag;
pub(super) mod owner;

use std::io;
use std::time::{Duration, Instant};

use crate::event::SocketFigures;
use crate::flow::FlowKey;

pub use diag::probe;

/// A look takes no longer than this, whatever the host has.
const LONGEST: Duration = Duration::from_millis(50);

/// What a look has found.
#[derive(Debug, Default)]
pub struct Look {
    /// In the order asked for; connections that are gone are left out.
    pub first: Vec<SocketFigures>,
    /// The same of the second group.
    pub second: Vec<SocketFigures>,
    /// Why not all is known.
    pub unknown: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// Looks at two groups of connections of this process's network namespace in the same moment.
pub fn look(first: &[FlowKey], second: &[FlowKey]) -> Look {
    let began = Instant::now();
    let until = began + LONGEST;
    let mut look = Look::default();
    if let Err(error) = fill(&mut look, first, second, until) {
        look.unknown = Some(format!("the kernel does not tell of its sockets: {error}"));
    }
    let sockets = look.first.iter_mut().chain(&mut look.second);
    let mut sockets: Vec<_> = sockets.filter(|socket| socket.inode != 0).collect();
    if !owner::find(&mut sockets, until) && look.unknown.is_none() {
        look.unknown = Some(
            "not all processes could be looked at: for want of time, or of CAP_SYS_PTRACE and \
             CAP_DAC_READ_SEARCH"
                .to_owned(),
        );
    }
    look.took = began.elapsed();
    look
}

/// The figures of all first: they are to be of one moment.
fn fill(look: &mut Look, first: &[FlowKey], second: &[FlowKey], until: Instant) -> io::Result<()> {
    let mut diag = diag::Diag::open()?;
    for (ends, to) in [(first, &mut look.first), (second, &mut look.second)] {
        for key in ends {
            if Instant::now() >= until {
                return Err(io::ErrorKind::TimedOut.into());
            }
            to.extend(diag.ask(key)?);
        }
    }
    Ok(())
}
