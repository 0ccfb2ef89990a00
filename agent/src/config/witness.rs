//! `[witness]`: whom to ask when an address is suspect, and how much.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::host::witness::{Bounds, Cost, Target};
use crate::path::{Classifier, PathClass, Ranges};

/// Fewer public targets than this cannot convict together with one bad client; more are not
/// needed.
const TARGETS: std::ops::RangeInclusive<usize> = 3..=12;

/// Witnesses: connections that the agent itself opens when an address is suspect and those who
/// use it are too few to tell. Off while `targets` is empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Witness {
    /// Public targets (3 to 12), each on another network, as `203.0.113.10:443` or
    /// `http://203.0.113.10:80`. Take hosts of your own, or ask those whose they are.
    #[schemars(with = "Vec<String>")]
    pub targets: Vec<Target>,
    /// A private target, the control: a host in the VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", example = "10.1.1.21:22")]
    pub private: Option<Target>,
    /// Segments that a target acknowledges in a round, about (8 to 200). SYN and FIN are two.
    pub segments: u32,
    /// Connections open at the same time (1 to 16).
    pub connections_at_once: u32,
    /// Payload bytes of a connection, both ways together (1024 to 1048576).
    pub bytes_per_connection: u32,
    /// Length of a round (5 to 300).
    pub round_seconds: f64,
    /// Rest after the first round of a suspicion; it doubles with each further one, up to eight
    /// times as long (5 to 3600).
    pub pause_seconds: f64,
    /// Rounds begun within an hour, whatever is suspect (1 to 60).
    pub rounds_per_hour: u32,
    /// Also look at the way to a bad peer and to a target hop by hop, by UDP packets of small
    /// time to live.
    pub hops: bool,
}

impl Default for Witness {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            private: None,
            segments: 24,
            connections_at_once: 4,
            bytes_per_connection: 16_384,
            round_seconds: 30.0,
            pause_seconds: 30.0,
            rounds_per_hour: 12,
            hops: true,
        }
    }
}

impl Witness {
    /// Whether anybody may be asked.
    pub fn is_on(&self) -> bool {
        !self.targets.is_empty()
    }

    /// All targets, the control last.
    pub fn all(&self) -> impl Iterator<Item = Target> {
        self.targets.iter().chain(&self.private).copied()
    }

    /// Bounds of what is done.
    pub fn bounds(&self) -> Bounds {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Bounds {
            segments: self.segments,
            at_once: size(self.connections_at_once),
            bytes: size(self.bytes_per_connection),
            round: Duration::from_secs_f64(self.round_seconds),
            pause: Duration::from_secs_f64(self.pause_seconds),
            rounds_per_hour: size(self.rounds_per_hour),
        }
    }

    /// What an hour costs at most.
    pub fn cost(&self) -> Cost {
        let all: Vec<Target> = self.all().collect();
        Cost::of_an_hour(&self.bounds(), &all, self.hops && self.is_on())
    }

    /// The first key whose value is out of range, the value, and what is allowed.
    pub(super) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        let seconds = [
            (
                "witness.round_seconds",
                self.round_seconds,
                5.0..=300.0,
                "5 to 300",
            ),
            (
                "witness.pause_seconds",
                self.pause_seconds,
                5.0..=3600.0,
                "5 to 3600",
            ),
        ];
        let counts = [
            ("witness.segments", self.segments, 8..=200, "8 to 200"),
            (
                "witness.connections_at_once",
                self.connections_at_once,
                1..=16,
                "1 to 16",
            ),
            (
                "witness.bytes_per_connection",
                self.bytes_per_connection,
                1_024..=1_048_576,
                "1024 to 1048576",
            ),
            (
                "witness.rounds_per_hour",
                self.rounds_per_hour,
                1..=60,
                "1 to 60",
            ),
        ];
        let seconds = seconds
            .into_iter()
            .find(|(_, value, range, _)| !range.contains(value))
            .map(|(key, value, _, allowed)| (key, value.to_string(), allowed));
        let counts = counts
            .into_iter()
            .find(|(_, value, range, _)| !range.contains(value))
            .map(|(key, value, _, allowed)| (key, value.to_string(), allowed));
        seconds.or(counts)
    }

    /// The first key whose targets will not do, and why; `private` are the networks that count as
    /// private although their addresses are public.
    pub(super) fn fault(&self, private: &[IpNet]) -> Option<(&'static str, String)> {
        let classifier = Classifier::new(&Ranges {
            private: private.to_vec(),
            ..Ranges::default()
        });
        let targets = public_fault(&self.targets, &classifier);
        let control = self
            .private
            .and_then(|target| private_fault(target, self.is_on(), &classifier));
        targets
            .map(|why| ("witness.targets", why))
            .or(control.map(|why| ("witness.private", why)))
    }
}

fn public_fault(targets: &[Target], classifier: &Classifier) -> Option<String> {
    if targets.is_empty() {
        return None;
    }
    if !TARGETS.contains(&targets.len()) {
        return Some(format!(
            "{} target(s) are given; 3 to 12 are needed, or none to leave witnesses off",
            targets.len()
        ));
    }
    let mut networks: BTreeMap<_, SocketAddr> = BTreeMap::new();
    for Target { at, .. } in targets {
        let class = classifier.classify(at.ip());
        if class != PathClass::Public || !classifier.judged(at.ip()) {
            return Some(format!(
                "{at} is not reached over the public path (its path is {class}); give a public \
                 address outside of path.private_cidrs"
            ));
        }
        let network = classifier.network(at.ip(), class);
        if let Some(other) = networks.insert(network, *at) {
            return Some(format!(
                "{other} and {at} are both in {network}, which has one voice; take another network"
            ));
        }
    }
    None
}

fn private_fault(target: Target, is_on: bool, classifier: &Classifier) -> Option<String> {
    let at = target.at;
    let class = classifier.classify(at.ip());
    if !is_on {
        Some("a control without witness.targets has nothing to control; give targets".to_owned())
    } else if class != PathClass::Private {
        Some(format!(
            "{at} is not reached over the private path (its path is {class}); give a host of the \
             VPC, or add its network to path.private_cidrs"
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("t.toml")).map_err(|error| error.to_string())
    }

    fn fault(targets: &str, more: &str) -> String {
        parse(&format!("[witness]\ntargets = [{targets}]\n{more}")).unwrap_err()
    }

    const THREE: &str = r#""198.51.100.1:443", "http://192.0.2.1:80", "[2001:db8::1]:22""#;

    #[test]
    fn off_by_default_and_what_is_given_reads_back() {
        let off = Config::default().witness;
        assert!(!off.is_on() && off.cost().connections == 0 && off.cost().hop_packets == 0);
        let on = parse(&format!(
            "[witness]\ntargets = [{THREE}]\nprivate = \"10.1.1.21:22\""
        ))
        .unwrap();
        assert!(on.witness.is_on() && on.witness.all().count() == 4);
        assert_eq!(parse(&on.to_toml().unwrap()).unwrap(), on);
    }

    #[test]
    fn targets_that_prove_nothing_are_refused_by_name() {
        for (targets, more, words) in [
            (r#""198.51.100.1:443""#, "", ["1 target(s)", "3 to 12"]),
            (r#""example.com:443""#, "", ["example.com:443", "line 2"]),
            (
                r#""198.51.100.1:443", "192.0.2.1:443", "10.0.0.1:443""#,
                "",
                ["10.0.0.1:443", "private"],
            ),
            (
                r#""198.51.100.1:443", "192.0.2.1:443", "127.0.0.1:443""#,
                "",
                ["127.0.0.1:443", "loopback"],
            ),
            (
                r#""198.51.100.1:443", "192.0.2.1:443", "198.51.7.9:443""#,
                "",
                ["198.51.7.9:443", "198.51.0.0/16"],
            ),
            (
                THREE,
                "[path]\nprivate_cidrs = [\"192.0.2.0/24\"]",
                ["192.0.2.1:80", "path.private_cidrs"],
            ),
            (
                THREE,
                "private = \"203.0.113.9:22\"",
                ["witness.private", "203.0.113.9:22"],
            ),
            (
                "",
                "private = \"10.1.1.21:22\"",
                ["witness.private", "targets"],
            ),
            (
                THREE,
                "rounds_per_hour = 61",
                ["witness.rounds_per_hour", "1 to 60"],
            ),
            (
                THREE,
                "round_seconds = 1.0",
                ["witness.round_seconds", "5 to 300"],
            ),
            (THREE, "segments = 1000", ["witness.segments", "8 to 200"]),
        ] {
            let said = fault(targets, more);
            for word in words {
                assert!(said.contains(word), "{word} is missing: {said}");
            }
        }
    }
}
