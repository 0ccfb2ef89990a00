//! The numbers of both sides, and what they say.

use super::{percent, round};
use crate::detect::{Assessment, Judged};
use crate::event::{Finding, RuledOut, Side};

/// Numbers of one side.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded counts >= 0"
)]
pub(super) fn side(judged: &Judged) -> Side {
    Side {
        networks: judged.networks,
        networks_bad: judged.bad,
        networks_good: judged.good,
        segments_delivered: judged.delivered.round() as u64,
        segments_retransmitted: judged.retransmitted.round() as u64,
        retransmit_ratio: judged.ratio().map(round),
        snd_cwnd_p50: judged.cwnd_p50,
    }
}

/// Both sides in half a sentence.
pub(super) fn sides(assessment: &Assessment) -> String {
    let Judged { bad, networks, .. } = assessment.public;
    format!(
        "{}, {bad} of {networks} network(s) bad; {}",
        one("public", &assessment.public),
        one("private", &assessment.private),
    )
}

fn one(name: &str, judged: &Judged) -> String {
    let Some(ratio) = judged.ratio() else {
        return format!("{name} path without traffic");
    };
    let cwnd = judged
        .cwnd_p50
        .map_or_else(String::new, |cwnd| format!(" at cwnd {cwnd}"));
    format!("{name} path retransmits {}{cwnd}", percent(ratio))
}

/// What speaks for a collapse.
pub(super) fn evidence(assessment: &Assessment) -> Vec<Finding> {
    let Judged {
        networks,
        bad,
        good,
        retransmitted,
        delivered,
        cwnd_p50,
        ..
    } = assessment.public;
    let mut findings = vec![
        Finding {
            signal: "public_retransmit_ratio".to_owned(),
            finding: format!(
                "{retransmitted:.0} segments retransmitted for {delivered:.0} delivered"
            ),
        },
        Finding {
            signal: "public_networks".to_owned(),
            finding: format!("{bad} of {networks} independent networks bad, {good} good"),
        },
    ];
    if let Some(cwnd) = cwnd_p50 {
        findings.push(Finding {
            signal: "public_cwnd".to_owned(),
            finding: format!("median congestion window {cwnd} segments"),
        });
    }
    findings
}

/// What speaks against other causes.
pub(super) fn ruled_out(assessment: &Assessment) -> Vec<RuledOut> {
    let mut ruled_out = Vec::new();
    if assessment.control {
        let Judged {
            retransmitted,
            delivered,
            ..
        } = assessment.private;
        ruled_out.push(RuledOut {
            cause: "host_and_vpc".to_owned(),
            check: format!(
                "private path in the same minutes: {retransmitted:.0} retransmitted for \
                 {delivered:.0} delivered; kernel, interface and VPC carry traffic well"
            ),
        });
    }
    if assessment.public.bad >= 3 {
        ruled_out.push(RuledOut {
            cause: "single_client_or_provider".to_owned(),
            check: format!(
                "{} independent networks are bad at once, {} are good",
                assessment.public.bad, assessment.public.good
            ),
        });
    }
    ruled_out
}
