//! The labelled scenarios, as data.

mod app;
mod further;
mod group;
mod lookalike;
mod negative;
mod positive;
mod real;

pub(crate) use app::App;
pub(crate) use group::{Background, Group, Local, Side, Vanish, bad, group};

/// When most incidents begin and end, seconds.
pub(crate) const ONSET: f64 = 300.0;
pub(crate) const END: f64 = 900.0;
/// How long a scenario lasts in which something ends.
const WITH_AFTERMATH: f64 = 1_320.0;
/// How long one lasts in which nothing ends.
const WITHOUT: f64 = 1_200.0;

/// Verdicts, whoever gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Insufficient,
    Healthy,
    Client,
    Suspect,
    Partial,
    Collapse,
    NoControl,
    Host,
    Private,
    Recovering,
    Silent,
    Congestion,
}

impl Verdict {
    const ALL: [Self; 12] = [
        Self::Insufficient,
        Self::Healthy,
        Self::Client,
        Self::Suspect,
        Self::Partial,
        Self::Collapse,
        Self::NoControl,
        Self::Host,
        Self::Private,
        Self::Recovering,
        Self::Silent,
        Self::Congestion,
    ];

    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    /// The name in events.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Insufficient => "insufficient_evidence",
            Self::Healthy => "healthy",
            Self::Client => "client_side",
            Self::Suspect => "public_suspect",
            Self::Partial => "public_partial",
            Self::Collapse => "public_only_collapse",
            Self::NoControl => "public_degraded_no_control",
            Self::Host => "host_wide",
            Self::Private => "private_only",
            Self::Recovering => "recovering",
            Self::Silent => "public_silent",
            Self::Congestion => "local_congestion",
        }
    }

    /// Whether it casts doubt on the public path.
    pub(crate) const fn suspects(self) -> bool {
        matches!(
            self,
            Self::Suspect | Self::Partial | Self::Collapse | Self::NoControl | Self::Silent
        )
    }
}

/// Whether advice is right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Advice {
    /// It is due so many seconds after the onset.
    Within(f64),
    /// It would be false.
    Never,
    /// Either way is defensible.
    Either,
}

/// One scenario.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) id: &'static str,
    pub(crate) text: &'static str,
    pub(crate) groups: &'static [Group],
    /// Any of these is right.
    pub(crate) verdicts: &'static [Verdict],
    pub(crate) advice: Advice,
    /// When it begins, seconds; with the agent if 0 or earlier.
    pub(crate) onset: f64,
    /// When it ends; beyond `length` if it does not.
    pub(crate) end: f64,
    pub(crate) length: f64,
    /// The public path of the address is at fault from onset to end.
    pub(crate) public_fault: bool,
    /// Which address is judged.
    pub(crate) local: Local,
}

impl Scenario {
    /// A collapse of the public path, on which advice is due.
    const fn positive(id: &'static str, text: &'static str, within: f64) -> Self {
        Self {
            id,
            text,
            groups: &[],
            verdicts: &[Verdict::Collapse, Verdict::Recovering],
            advice: Advice::Within(within),
            onset: ONSET,
            end: END,
            length: WITH_AFTERMATH,
            public_fault: true,
            local: Local::First,
        }
    }

    /// Something else, on which advice would be false.
    const fn negative(id: &'static str, text: &'static str, verdicts: &'static [Verdict]) -> Self {
        Self {
            id,
            text,
            groups: &[],
            verdicts,
            advice: Advice::Never,
            onset: ONSET,
            end: f64::INFINITY,
            length: WITHOUT,
            public_fault: false,
            local: Local::First,
        }
    }

    const fn of(self, groups: &'static [Group]) -> Self {
        Self { groups, ..self }
    }

    const fn expect(self, verdicts: &'static [Verdict], advice: Advice) -> Self {
        Self {
            verdicts,
            advice,
            ..self
        }
    }

    const fn from(self, onset: f64, end: f64, length: f64) -> Self {
        Self {
            onset,
            end,
            length,
            ..self
        }
    }

    const fn at_fault(self) -> Self {
        Self {
            public_fault: true,
            ..self
        }
    }

    const fn judged_at(self, local: Local) -> Self {
        Self { local, ..self }
    }

    /// Whether the public path is at fault at this moment.
    pub(crate) fn is_at_fault(&self, at: f64) -> bool {
        self.public_fault && at >= self.onset && at < self.end
    }
}

/// All of them, in order.
pub(crate) fn all() -> impl Iterator<Item = &'static Scenario> {
    let tables = [
        positive::TABLE,
        negative::TABLE,
        further::TABLE,
        lookalike::TABLE,
    ];
    tables.into_iter().flatten()
}

/// Those that are also run with real TCP, in order.
pub(crate) const fn real() -> &'static [Scenario] {
    real::TABLE
}

/// Whether the recovery from one of these has to be told before it ends.
pub(crate) fn recovers(scenario: &Scenario) -> bool {
    real::RECOVER.contains(&scenario.id)
}
