//! Peers that are alike.

use super::{App, END, ONSET};
use crate::sim::link::{BURST_LASTS, Fault, Faults, Loss, Shape, Unrest};
use crate::sim::strain::Culprit;
use crate::sim::window::Control;

/// Which side peers are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Public,
    Private,
    /// The metadata service, on the private side.
    Metadata,
}

/// Which address of this host they talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Local {
    First,
    /// With an Elastic IP of its own.
    Second,
    /// IPv6: no Elastic IP in between.
    V6,
}

/// Loss of ordinary days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Background {
    /// Per peer: mostly 0.1 to 1 %, log-normal with a heavy tail; mobile peers more, in bursts.
    Internet,
    /// A VPC: 0.02 %.
    Fabric,
    /// Exactly this.
    Exactly(Loss),
}

/// Peers that are alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    pub(crate) side: Side,
    pub(crate) local: Local,
    pub(crate) app: App,
    pub(crate) networks: u8,
    pub(crate) prefixes: u8,
    pub(crate) background: Background,
    /// Share of networks that are mobile carriers.
    pub(crate) mobile: f64,
    /// Congestion control; `None` for some of each.
    pub(crate) control: Option<Control>,
    /// Round-trip times, seconds.
    pub(crate) rtt: (f64, f64),
    pub(crate) faults: Faults,
    /// When peers begin, seconds.
    pub(crate) begin: (f64, f64),
    /// When they vanish without a word, seconds: as they begin, or at these moments.
    pub(crate) vanish: Option<Vanish>,
    pub(crate) unrest: Unrest,
}

/// When peers vanish.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Vanish {
    /// So long after they begin.
    After(f64, f64),
    /// Between these moments.
    At(f64, f64),
}

/// Public peers on the first address, as on ordinary days.
pub(crate) const fn group(networks: u8, prefixes: u8, app: App) -> Group {
    Group {
        side: Side::Public,
        local: Local::First,
        app,
        networks,
        prefixes,
        background: Background::Internet,
        mobile: 0.2,
        control: Some(Control::Cubic),
        rtt: (0.01, 0.18),
        faults: [None; 2],
        begin: (-60.0, 5.0),
        vanish: None,
        unrest: Unrest::NONE,
    }
}

/// Independent losses, the same both ways, from onset to end.
pub(crate) const fn bad(loss: f64) -> Fault {
    Fault {
        loss: Loss {
            outbound: loss,
            inbound: loss,
            burst: 1.0,
            lasting: f64::INFINITY,
        },
        from: ONSET,
        until: END,
        shape: Shape::Step,
        culprit: Culprit::Path,
    }
}

impl Fault {
    pub(crate) const fn bursts(mut self, mean: f64) -> Self {
        self.loss.burst = mean;
        self
    }

    /// In bursts that are over after a second without packets.
    pub(crate) const fn short_bursts(mut self, mean: f64) -> Self {
        self.loss.lasting = BURST_LASTS;
        self.bursts(mean)
    }

    pub(crate) const fn outbound_only(mut self) -> Self {
        self.loss.inbound = 0.0;
        self
    }

    pub(crate) const fn inbound_only(mut self) -> Self {
        self.loss.outbound = 0.0;
        self
    }

    pub(crate) const fn of(mut self, culprit: Culprit) -> Self {
        self.culprit = culprit;
        self
    }

    pub(crate) const fn during(mut self, from: f64, until: f64) -> Self {
        self.from = from;
        self.until = until;
        self
    }

    pub(crate) const fn shaped(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    pub(crate) const fn for_good(self) -> Self {
        self.during(ONSET, f64::INFINITY)
    }
}

impl Group {
    /// Something is wrong on the way to these peers.
    pub(crate) fn is_faulty(&self) -> bool {
        self.faults.iter().any(Option::is_some)
    }

    /// Peers in the VPC, reached in a millisecond.
    pub(crate) const fn private(peers: u8, app: App) -> Self {
        Self {
            side: Side::Private,
            background: Background::Fabric,
            mobile: 0.0,
            rtt: (0.000_5, 0.002),
            ..group(peers, 1, app)
        }
    }

    /// The agent's own questions to the metadata service, one each 20 s.
    pub(crate) const fn metadata() -> Self {
        Self {
            side: Side::Metadata,
            ..Self::private(1, App::poll(5.0))
        }
    }

    pub(crate) const fn at(self, local: Local) -> Self {
        Self { local, ..self }
    }

    pub(crate) const fn faulty(self, fault: Fault) -> Self {
        Self {
            faults: [Some(fault), None],
            ..self
        }
    }

    /// At the same time as the other fault.
    pub(crate) const fn also(self, fault: Fault) -> Self {
        let [first, _] = self.faults;
        Self {
            faults: [first, Some(fault)],
            ..self
        }
    }

    pub(crate) const fn mobile(self, mobile: f64) -> Self {
        Self { mobile, ..self }
    }

    pub(crate) const fn with(self, control: Option<Control>) -> Self {
        Self { control, ..self }
    }

    pub(crate) const fn rtt(self, least: f64, most: f64) -> Self {
        Self {
            rtt: (least, most),
            ..self
        }
    }

    pub(crate) const fn begins(self, from: f64, until: f64) -> Self {
        Self {
            begin: (from, until),
            ..self
        }
    }

    pub(crate) const fn vanishes(self, vanish: Vanish) -> Self {
        Self {
            vanish: Some(vanish),
            ..self
        }
    }

    /// The same loss on ordinary days for all.
    pub(crate) const fn loses(self, share: f64, burst: f64) -> Self {
        let loss = Loss {
            outbound: share,
            inbound: share,
            burst,
            lasting: BURST_LASTS,
        };
        Self {
            background: Background::Exactly(loss),
            ..self
        }
    }

    pub(crate) const fn restless(self, unrest: Unrest) -> Self {
        Self { unrest, ..self }
    }
}
