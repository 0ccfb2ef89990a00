//! What goes wrong: the collapse, and what only looks like one.

use clap::ValueEnum;

/// What goes wrong in the lab.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    /// The gateway loses packets of the public path: the incident
    #[default]
    Collapse,
    /// Both paths lose packets: it is not the address
    Host,
    /// One client's network loses packets, the others are fine
    Client,
    /// A rule of the server's own firewall drops packets of the public path
    Firewall,
}

impl Case {
    /// What the agent has to make of it.
    pub(crate) const fn verdict(self) -> &'static str {
        match self {
            Self::Collapse => "public_only_collapse",
            Self::Host => "host_wide",
            Self::Client => "client_side",
            Self::Firewall => "local_congestion",
        }
    }

    /// Where `loss` percent are lost.
    pub(crate) fn told(self, loss: u32) -> String {
        match self {
            Self::Collapse => {
                format!(
                    "the gateway loses {loss} % of the public packets each way; private untouched"
                )
            }
            Self::Host => format!("{loss} % of the packets are lost on both paths, each way"),
            Self::Client => {
                format!("{loss} % of one client's packets are lost each way; all others are fine")
            }
            Self::Firewall => {
                format!("the server's own firewall drops {loss} % of what comes from outside")
            }
        }
    }
}
