//! Rounds of witnesses, and views of the way.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Note, percent, round};
use crate::event::{
    BothEnds, End, Event, HopInfo, Hops, HopsDestination, HopsInfo, LocalOnly, Severity, Time,
    VerdictName, Witness, WitnessEnd, WitnessInfo, WitnessState, WitnessTarget,
};
use crate::flow::Local;
use crate::host::witness::{Hop, Outcome, Target, View, Visit};
use crate::path::{Network, PathClass};

/// A round in the making: what `witness` events tell of it.
#[derive(Debug, Clone)]
pub struct RoundTold {
    local: Local,
    verdict: VerdictName,
    number: u64,
    planned: Duration,
    targets: Vec<WitnessTarget>,
}

impl RoundTold {
    /// One that begins now, for at most `planned`.
    pub const fn new(local: Local, verdict: VerdictName, number: u64, planned: Duration) -> Self {
        Self {
            local,
            verdict,
            number,
            planned,
            targets: Vec::new(),
        }
    }

    /// Adds a target that is asked `visits` times at most.
    pub fn add(&mut self, target: &Target, class: PathClass, network: Network, visits: u32) {
        self.targets.push(WitnessTarget {
            address: target.at.ip(),
            port: target.at.port(),
            class,
            network: network.to_string(),
            talk: target.talk.as_str().to_owned(),
            connections: visits,
            connected: 0,
            refused: 0,
            timed_out: 0,
            failed: 0,
            handshake_retransmitted: 0,
            segments_sent: 0,
            segments_retransmitted: 0,
            srtt_us_min: None,
            error: None,
        });
    }

    /// That it begins. From here on connections are counted.
    pub fn begin(&mut self) -> Note {
        let networks: BTreeSet<&str> = self.public().map(|target| &*target.network).collect();
        let connections: u32 = self.targets.iter().map(|target| target.connections).sum();
        let message = format!(
            "{} is {}: asking witnesses on {} other network(s), at most {connections} small \
             connections in {:.0} s",
            self.local,
            self.verdict.as_str(),
            networks.len(),
            self.planned.as_secs_f64(),
        );
        let note = self.note(WitnessState::Begun, None, self.planned, message);
        for target in &mut self.targets {
            target.connections = 0;
        }
        note
    }

    /// Counts a connection to the target of this number.
    pub fn count(&mut self, target: usize, visit: Visit) {
        let Some(target) = self.targets.get_mut(target) else {
            return;
        };
        target.connections += 1;
        match visit.outcome {
            Outcome::Connected => target.connected += 1,
            Outcome::Refused => target.refused += 1,
            Outcome::TimedOut => target.timed_out += 1,
            Outcome::Failed(why) => {
                target.failed += 1;
                target.error.get_or_insert(why);
            }
        }
        target.handshake_retransmitted += u64::from(visit.handshake_retransmitted);
        target.segments_sent += u64::from(visit.segments_sent);
        target.segments_retransmitted += u64::from(visit.segments_retransmitted);
        let known = target.srtt_us_min.into_iter().chain(visit.rtt_us);
        target.srtt_us_min = known.min();
    }

    /// That it is over, after `took`.
    pub fn end(&self, end: WitnessEnd, took: Duration) -> Note {
        let answered = self.public().filter(|target| target.connected > 0).count();
        let refused = self
            .public()
            .filter(|target| target.connected == 0 && target.refused > 0)
            .count();
        let refused = match refused {
            0 => String::new(),
            _ => format!("; {refused} refused, which shows that packets pass but not how many"),
        };
        let control = self.targets.iter().find(|target| !is_public(target));
        let control = control.map_or_else(String::new, |control| {
            let answers = if control.connected > 0 {
                "answered"
            } else {
                "did not answer"
            };
            let share = share([control].into_iter());
            format!("; the private control {answers}{share}")
        });
        let why = match end {
            WitnessEnd::Complete => "",
            WitnessEnd::NoLongerSuspect => "; the address is not suspect any more",
            WitnessEnd::Stopped => "; the agent stops",
        };
        let message = format!(
            "witnesses asked from {} for {:.0} s: {answered} of {} answered{}{refused}{control}{why}",
            self.local,
            took.as_secs_f64(),
            self.public().count(),
            share(self.public()),
        );
        self.note(WitnessState::Ended, Some(end), took, message)
    }

    /// The public target that fared best: one that answered, with the smallest share sent again.
    pub fn best(&self) -> Option<SocketAddr> {
        let share = |target: &&WitnessTarget| {
            target.segments_retransmitted as f64 / target.segments_sent.max(1) as f64
        };
        self.public()
            .filter(|target| target.connected > 0)
            .min_by(|a, b| share(a).total_cmp(&share(b)))
            .map(|target| SocketAddr::new(target.address, target.port))
    }

    fn public(&self) -> impl Iterator<Item = &WitnessTarget> {
        self.targets.iter().filter(|target| is_public(target))
    }

    fn note(
        &self,
        state: WitnessState,
        end: Option<WitnessEnd>,
        duration: Duration,
        message: String,
    ) -> Note {
        let event = Event::Witness(Box::new(Witness {
            network: LocalOnly::new(self.local.address),
            witness: WitnessInfo {
                netns: self.local.netns,
                state,
                round: self.number,
                verdict: self.verdict,
                end,
                duration_seconds: round(duration.as_secs_f64()),
                connections: self.targets.iter().map(|target| target.connections).sum(),
                targets: self.targets.clone(),
            },
        }));
        Note {
            time: Time::now(),
            severity: Severity::Info,
            message,
            event,
        }
    }
}

fn is_public(target: &WitnessTarget) -> bool {
    target.class != PathClass::Private
}

/// What was sent again, in words to append; nothing where nothing was sent.
fn share<'a>(targets: impl Iterator<Item = &'a WitnessTarget>) -> String {
    let (sent, again) = targets.fold((0, 0), |(sent, again), target| {
        (
            sent + target.segments_sent,
            again + target.segments_retransmitted,
        )
    });
    if sent == 0 {
        return String::new();
    }
    let share = percent(again as f64 / sent as f64);
    format!(", {again} of {sent} segments sent again ({share})")
}

/// The way from an address to a destination.
pub fn hops(local: Local, verdict: VerdictName, destination: HopsDestination, view: &View) -> Note {
    let path: Vec<HopInfo> = (1..).zip(view.hops()).map(hop).collect();
    let end = |address| End {
        address,
        port: None,
    };
    let message = format!(
        "the way from {local} to {} ({}): {}",
        view.to(),
        match destination {
            HopsDestination::WorstPeer => "the worst peer",
            HopsDestination::Target => "a target to compare with",
        },
        loss(view)
    );
    let event = Event::Hops(Box::new(Hops {
        network: BothEnds {
            local: end(local.address),
            peer: end(view.to()),
        },
        hops: HopsInfo {
            netns: local.netns,
            verdict,
            destination,
            probes: view.sent(),
            reached: view.is_reached(),
            loss_begins_at: view.loss_begins(),
            path,
        },
    }));
    Note {
        time: Time::now(),
        severity: Severity::Info,
        message,
        event,
    }
}

fn hop((ttl, hop): (u8, &Hop)) -> HopInfo {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let answered = hop.answered > 0;
    HopInfo {
        ttl,
        address: hop.address,
        sent: hop.sent,
        answered: hop.answered,
        rtt_us_min: answered.then(|| micros(hop.rtt_min)),
        rtt_us_mean: hop.rtt_mean().map(micros),
        rtt_us_max: answered.then(|| micros(hop.rtt_max)),
    }
}

fn loss(view: &View) -> String {
    let end = if view.is_reached() {
        "the destination"
    } else {
        "the last hop that answers"
    };
    if view.hops().is_empty() {
        return "no hop answers, which by itself is no loss".to_owned();
    }
    let Some(ttl) = view.loss_begins() else {
        return format!(
            "{} hop(s), and no loss that lasts to {end}",
            view.hops().len()
        );
    };
    let named = |ttl: u8| {
        let address = view.hop(ttl).and_then(|hop| hop.address);
        address.map_or_else(|| ttl.to_string(), |address| format!("{ttl} ({address})"))
    };
    let unanswered = view.hop(ttl).map_or(0.0, Hop::unanswered);
    let before = match view.before(ttl) {
        Some((before, hop)) => format!(
            ", after hop {} that left {} unanswered",
            named(before),
            percent(hop.unanswered())
        ),
        None => ", the first that answers".to_owned(),
    };
    format!(
        "loss that lasts to {end} begins at hop {}, {} of its probes unanswered{before}; that is \
         where it starts, not who is to blame",
        named(ttl),
        percent(unanswered)
    )
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
