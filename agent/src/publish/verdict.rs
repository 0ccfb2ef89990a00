//! Verdicts.

use super::sides::{ruled_out, side, sides};
use super::{Note, firewall, round};
use crate::detect::{Assessment, Raw, Told};
use crate::event::{Event, LocalOnly, Severity, Time, Verdict, VerdictInfo, VerdictName};
use crate::flow::Local;

/// A new judgement of an address.
pub(super) fn verdict(
    local: Local,
    assessment: &Assessment,
    previous: Option<Told>,
    now: Told,
    time: Time,
) -> Note {
    let severity = match now {
        Told::Raw(Raw::PublicOnlyCollapse | Raw::HostWide) => Severity::Error,
        Told::Raw(
            Raw::PublicSuspect
            | Raw::PublicPartial
            | Raw::PublicDegradedNoControl
            | Raw::PublicSilent
            | Raw::PrivateOnly
            | Raw::LocalCongestion,
        ) => Severity::Warn,
        _ => Severity::Info,
    };
    let name = told(now);
    let mut message = format!("{local} is {}: {}", name.as_str(), sides(assessment));
    if name == VerdictName::LocalCongestion
        && let Some(cause) = firewall::cause(assessment)
    {
        message = format!("{message}; {cause}");
    }
    let event = Event::Verdict(Box::new(Verdict {
        network: LocalOnly::new(local.address),
        verdict: VerdictInfo {
            netns: local.netns,
            name,
            previous: previous.map(told),
            confidence: round(assessment.confidence_in(now)),
            public: side(&assessment.public),
            private: side(&assessment.private),
            ruled_out: ruled_out(assessment),
        },
    }));
    Note {
        time,
        severity,
        message,
        event,
    }
}

const fn told(now: Told) -> VerdictName {
    match now {
        Told::Raw(raw) => name(raw),
        Told::Recovering => VerdictName::Recovering,
    }
}

/// As it is published.
pub(super) const fn name(raw: Raw) -> VerdictName {
    match raw {
        Raw::InsufficientEvidence => VerdictName::InsufficientEvidence,
        Raw::Healthy => VerdictName::Healthy,
        Raw::ClientSide => VerdictName::ClientSide,
        Raw::PublicSuspect => VerdictName::PublicSuspect,
        Raw::PublicPartial => VerdictName::PublicPartial,
        Raw::PublicOnlyCollapse => VerdictName::PublicOnlyCollapse,
        Raw::PublicDegradedNoControl => VerdictName::PublicDegradedNoControl,
        Raw::HostWide => VerdictName::HostWide,
        Raw::PublicSilent => VerdictName::PublicSilent,
        Raw::PrivateOnly => VerdictName::PrivateOnly,
        Raw::LocalCongestion => VerdictName::LocalCongestion,
    }
}
