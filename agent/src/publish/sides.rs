//! The numbers of both sides, and what they say.

use super::{firewall, percent, round};
use crate::detect::{Assessment, Judged, Silence};
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
        stalled,
        all_against_part: _,
        retransmitted,
        delivered,
        duplicates,
        received,
        cwnd_p50,
    } = assessment.public;
    let mut findings = Vec::new();
    let mut find = |signal: &str, finding: String| {
        findings.push(Finding {
            signal: signal.to_owned(),
            finding,
        });
    };
    find(
        "public_retransmit_ratio",
        format!("{retransmitted:.0} segments retransmitted for {delivered:.0} delivered"),
    );
    find(
        "public_networks",
        format!("{bad} of {networks} independent networks bad, {good} good"),
    );
    if stalled > 0 {
        find(
            "public_stalls",
            format!("{stalled} network(s) sent to in vain since they were last heard of"),
        );
    }
    if duplicates >= 3.0 {
        find(
            "public_inbound",
            format!(
                "{duplicates:.0} segments sent again that the peers had, for {received:.0} \
                 received: acknowledgements are lost on the way in"
            ),
        );
    }
    if assessment.silence != Silence::None {
        find(
            "public_silence",
            "networks that are heard of all the time have fallen silent together".to_owned(),
        );
    }
    if let Some(cwnd) = cwnd_p50 {
        find(
            "public_cwnd",
            format!("median congestion window {cwnd} segments"),
        );
    }
    if assessment.explained && !firewall::is_cause(assessment) {
        let packets = assessment.trouble.packets();
        let finding = match (assessment.trouble.interrupted, packets) {
            (0, _) => format!(
                "the host itself kept {packets} packets from leaving in the last half minute"
            ),
            _ => "the network device was reset, or its link was lost, in the last half minute"
                .to_owned(),
        };
        find("local_drops", finding);
    }
    findings.extend(firewall::evidence(assessment));
    findings
}

/// What speaks against other causes.
pub(super) fn ruled_out(assessment: &Assessment) -> Vec<RuledOut> {
    let mut ruled_out = Vec::new();
    let mut add = |cause: &str, check: String| {
        ruled_out.push(RuledOut {
            cause: cause.to_owned(),
            check,
        });
    };
    let Judged {
        retransmitted,
        delivered,
        ..
    } = assessment.private;
    if assessment.control && retransmitted + delivered > 0.0 {
        add(
            "host_and_vpc",
            format!(
                "private path in the same minutes: {retransmitted:.0} retransmitted for \
                 {delivered:.0} delivered; kernel, interface and VPC carry traffic well"
            ),
        );
    }
    if assessment.control && assessment.siblings < -0.5 {
        add(
            "host",
            "other addresses of this host carry traffic well in the same minutes".to_owned(),
        );
    }
    if assessment.trouble.known && !assessment.explained {
        add(
            "local_drops",
            "no packets dropped by the host, without a route or failed to leave that could \
             explain it"
                .to_owned(),
        );
    }
    if assessment.public.bad >= 3 {
        add(
            "single_client_or_provider",
            format!(
                "{} independent networks are bad at once, {} are good",
                assessment.public.bad, assessment.public.good
            ),
        );
    }
    ruled_out.extend(firewall::ruled_out(assessment));
    ruled_out
}
