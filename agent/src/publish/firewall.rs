//! What the host's own packet filter did, in words.

use super::round;
use crate::detect::{Assessment, Firewall};
use crate::event::{CheckState, Finding, HostCheck, HostFinding, RuledOut};

/// Name of the signal, and of the cause that is ruled out.
const FIREWALL: &str = "firewall";

/// What speaks for the host's own packet filter, or that nobody knows.
pub(super) fn evidence(assessment: &Assessment) -> Option<Finding> {
    let firewall = assessment.trouble.firewall;
    let finding = if firewall.seconds == 0 {
        "not known: the kernel's drop reasons are not read here (agent_start tells why, probe \
         kfree_skb); look with `nft list ruleset` for counters of drop rules that grow"
            .to_owned()
    } else if firewall.filtered() == 0 || !is_cause(assessment) {
        return None;
    } else {
        format!(
            "{}; the host's own firewall drops them: look with `nft list ruleset` or `iptables \
             -vnL` for a drop rule whose counter grows",
            counted(firewall)
        )
    };
    Some(Finding {
        signal: FIREWALL.to_owned(),
        finding,
    })
}

/// The same as one of the host's diagnostics.
pub(super) fn diagnostic(assessment: &Assessment) -> HostFinding {
    let firewall = assessment.trouble.firewall;
    let (state, meaning) = if firewall.seconds == 0 {
        (CheckState::Unknown, "cannot be told")
    } else if is_cause(assessment) {
        (
            CheckState::Fault,
            "the host's own firewall drops what belongs to good connections",
        )
    } else if firewall.filtered() == 0 {
        (
            CheckState::Clean,
            "the host's own firewall drops nothing of good connections",
        )
    } else {
        (
            CheckState::Noteworthy,
            "the host's own firewall drops some, too few to explain the losses",
        )
    };
    let known = state != CheckState::Unknown;
    let value = if known {
        counted(firewall)
    } else {
        "the kernel's drop reasons are not read here".to_owned()
    };
    let seconds = firewall.seconds as f64;
    HostFinding {
        check: HostCheck::Firewall,
        state,
        value,
        meaning: meaning.to_owned(),
        window_seconds: seconds,
        count: known.then(|| firewall.filtered()),
        per_second: known.then(|| round(firewall.filtered() as f64 / seconds)),
        per_second_before: None,
    }
}

/// That it is not the host's own packet filter, if that is known.
pub(super) fn ruled_out(assessment: &Assessment) -> Option<RuledOut> {
    let firewall = assessment.trouble.firewall;
    if firewall.seconds == 0 || is_cause(assessment) {
        return None;
    }
    let few = if firewall.filtered() == 0 {
        ""
    } else {
        ", too few to explain the losses"
    };
    Some(RuledOut {
        cause: FIREWALL.to_owned(),
        check: format!("{}{few}", counted(firewall)),
    })
}

/// For the sentence of a verdict: that it is the packet filter, if it is.
pub(super) fn cause(assessment: &Assessment) -> Option<String> {
    is_cause(assessment).then(|| {
        format!(
            "the host's own firewall dropped {} segments of established connections in the last \
             half minute",
            assessment.trouble.firewall.recent
        )
    })
}

/// Whether the packet filter explains the losses, and nothing else of the host explains more.
pub(super) fn is_cause(assessment: &Assessment) -> bool {
    let trouble = assessment.trouble;
    assessment.explained && trouble.firewall.recent > trouble.packets()
}

fn counted(firewall: Firewall) -> String {
    let Firewall {
        seconds,
        filtered_in,
        filtered_out,
        recent: _,
        segments_sent,
    } = firewall;
    let ways = if firewall.filtered() == 0 {
        String::new()
    } else {
        format!(" ({filtered_in} on the way in, {filtered_out} on the way out)")
    };
    format!(
        "{} segments of established connections of this address dropped by netfilter{ways} in \
         {seconds} s, in which the host sent {segments_sent} (kernel drop reasons)",
        firewall.filtered()
    )
}
