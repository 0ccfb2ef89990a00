//! An address that is on no interface of the instance, and what that means for what is said of it.

use super::{Note, round};
use crate::ec2::{Context, Origin};
use crate::event::{Event, Finding, VerdictName};
use crate::flow::Local;

/// What the confidence that the public path of an address is bad is multiplied by, if that address
/// is on no interface: it leaves under another one, and which it is, and whether it goes through
/// the internet gateway or through a NAT gateway, the flow does not tell. A choice, not a
/// measurement: one in five of such hosts is taken to have its way out elsewhere.
const ELSEWHERE: f64 = 0.8;

/// What a confidence is multiplied by.
pub(super) fn doubt(context: &Context, local: Local) -> f64 {
    match context.origin(local) {
        Origin::Elsewhere => ELSEWHERE,
        Origin::OnInterface | Origin::Unknown => 1.0,
    }
}

/// For the end of a sentence.
pub(super) fn words(context: &Context, local: Local) -> &'static str {
    match context.origin(local) {
        Origin::Elsewhere => {
            "; this address is on no interface of the instance (a container behind address \
             translation?), so the address that the internet sees is not known"
        }
        Origin::OnInterface | Origin::Unknown => "",
    }
}

/// For the evidence of an incident.
pub(super) fn finding(context: &Context, local: Local) -> Option<Finding> {
    let finding = match context.origin(local) {
        Origin::Elsewhere => format!(
            "{local} is on no interface of the instance, as behind a container bridge: it leaves \
             under an address of an interface, or through a NAT gateway; confidence times \
             {ELSEWHERE}"
        ),
        Origin::OnInterface | Origin::Unknown => return None,
    };
    Some(Finding {
        signal: "local_address_elsewhere".to_owned(),
        finding,
    })
}

/// Says so in a verdict that accuses the public path.
pub(super) fn doubt_verdict(context: &Context, local: Local, note: &mut Note) {
    let Event::Verdict(verdict) = &mut note.event else {
        return;
    };
    let accuses = matches!(
        verdict.verdict.name,
        VerdictName::PublicSuspect
            | VerdictName::PublicPartial
            | VerdictName::PublicOnlyCollapse
            | VerdictName::PublicDegradedNoControl
            | VerdictName::PublicSilent
    );
    if accuses {
        verdict.verdict.confidence = round(doubt(context, local) * verdict.verdict.confidence);
        note.message.push_str(words(context, local));
    }
}
