//! A busy host's flows, second by second.

use std::net::Ipv4Addr;

use edgeghost::flow::FlowSample;
use edgeghost::path::{Classifier, PathClass};
use edgeghost_tests::quiet;

use crate::random::Random;

pub(crate) const SECOND: u64 = 1_000_000_000;

/// Flows on the private side.
const NEIGHBOURS: u8 = 8;
/// Segments of a flow in a second, at most.
const SEGMENTS: u64 = 5;

/// Flows, each heard of once a second.
pub(crate) struct Host {
    random: Random,
    flows: Vec<FlowSample>,
    samples: Vec<FlowSample>,
}

impl Host {
    /// One with so many public flows, spread evenly over so many networks of so many prefixes
    /// each, and a few private ones.
    pub(crate) fn new(flows: u32, networks: u32, prefixes: u32) -> Self {
        let classifier = Classifier::default();
        let public = (0..flows).map(|flow| {
            let network = flow % networks;
            let prefix = flow / networks % prefixes;
            // The networks are blocks of 65,536 addresses from 80.0.0.0 on.
            let first = u32::from_be_bytes([80, 0, 0, 10]);
            blank(
                Ipv4Addr::from_bits(first + (network << 16) + (prefix << 8)),
                flow,
                &classifier,
            )
        });
        let private =
            (1..=NEIGHBOURS).map(|n| blank(Ipv4Addr::new(10, 1, 1, n), u32::from(n), &classifier));
        Self {
            random: Random::new(),
            flows: public.chain(private).collect(),
            samples: Vec::new(),
        }
    }

    /// What is heard in a second in which so many of a hundred public segments are lost.
    pub(crate) fn second(&mut self, at: u64, loss: u64) -> &[FlowSample] {
        self.samples.clear();
        for flow in &self.flows {
            let sent = 1 + self.random.below(SEGMENTS);
            let loss = match flow.class {
                PathClass::Public => loss,
                _ => 0,
            };
            let again = (0..sent).filter(|_| self.random.chance(loss)).count() as u64;
            self.samples.push(FlowSample {
                time_ns: at * SECOND + self.random.below(SECOND),
                sent,
                delivered: sent - again,
                retransmitted: again,
                received: sent.div_ceil(2),
                ..*flow
            });
        }
        self.samples.sort_unstable_by_key(|sample| sample.time_ns);
        &self.samples
    }
}

/// A flow to this peer without news.
pub(crate) fn blank(peer: Ipv4Addr, number: u32, classifier: &Classifier) -> FlowSample {
    let local = Ipv4Addr::new(10, 1, 0, 207).into();
    let [.., high, low] = number.to_be_bytes();
    let port = u16::from_be_bytes([high, low]);
    quiet::flow(local, (peer.into(), port), classifier)
}
