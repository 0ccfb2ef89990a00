//! Into a recording and out of it again.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use super::*;
use crate::event::{DriverDetail, HostDetail, InterfaceDetail, RouteDetail, RouteKind, Time};
use crate::host::{DropNews, Filtered};

/// xorshift64: every run tries the same samples.
struct Random(u64);

impl Random {
    /// Of any size, small ones included.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> (self.0 % 64)
    }

    fn short(&mut self) -> u32 {
        u32::try_from(self.next() & u64::from(u32::MAX)).unwrap()
    }

    fn port(&mut self) -> u16 {
        u16::try_from(self.next() & 0xffff).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.next() & 0xff).unwrap()
    }

    fn flag(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn perhaps(&mut self) -> Option<u64> {
        self.flag().then(|| self.next())
    }

    fn address(&mut self) -> IpAddr {
        if self.flag() {
            IpAddr::from(self.short().to_be_bytes())
        } else {
            let words = [self.next(), self.next()];
            unmap(IpAddr::from(
                (u128::from(words[0]) << 64 | u128::from(words[1])).to_be_bytes(),
            ))
        }
    }

    /// A name as the kernel has them: ASCII, then zeros.
    fn name(&mut self) -> [u8; 16] {
        let mut name = [0; 16];
        let length = usize::from(self.byte() % 16);
        for byte in &mut name[..length] {
            *byte = b'!' + self.byte() % 94;
        }
        name
    }

    fn sample(&mut self) -> FlowSample {
        let peer = self.address();
        FlowSample {
            time_ns: self.next(),
            key: FlowKey {
                local: self.address(),
                peer,
                local_port: self.port(),
                peer_port: self.port(),
                netns: self.short(),
            },
            class: PathClass::Public,
            network: Network::of(peer, PathClass::Public),
            judged: false,
            sent: self.next(),
            delivered: self.next(),
            retransmitted: self.next(),
            kinds: Kinds {
                syn: self.next(),
                fast: self.next(),
                timeout: self.next(),
                tail_loss_probe: self.next(),
            },
            bytes_sent: self.next(),
            bytes_acked: self.next(),
            bytes_retransmitted: self.next(),
            handshake_retransmitted: self.short(),
            snd_cwnd: self.short(),
            snd_cwnd_min: self.short(),
            snd_ssthresh: self.short(),
            srtt_us: self.short(),
            min_rtt_us: self.short(),
            packets_out: self.short(),
            snd_wnd: self.short(),
            mss: self.short(),
            state: self.byte(),
            ca_state: self.byte(),
            ca_name: self.name(),
            received: self.next(),
            out_of_order: self.next(),
            duplicates: self.next(),
            reordered: self.next(),
            rwnd_limited_ms: self.next(),
            established: self.flag(),
            age_ms: self.perhaps(),
            known: self.flag(),
            app_limited: self.flag(),
            closed: self.flag(),
        }
    }
}

impl Random {
    fn counts(&mut self) -> BTreeMap<String, u64> {
        let names = ["pps_allowance_exceeded", "TCPTimeouts", "Ip:OutNoRoutes"];
        let some = names
            .into_iter()
            .filter(|_| self.flag())
            .collect::<Vec<_>>();
        some.into_iter()
            .map(|name| (name.to_owned(), self.next()))
            .collect()
    }

    fn detail(&mut self) -> HostDetail {
        let driver = DriverDetail {
            name: "ena".to_owned(),
            version: String::new(),
            allowances: self.counts(),
            conntrack_left: self.perhaps(),
            resets: self.perhaps(),
            error_counters: 41,
            errors: self.counts(),
        };
        let interface = InterfaceDetail {
            name: "ens5".to_owned(),
            in_use: self.flag(),
            set_up: self.flag(),
            carrier: self.flag().then(|| self.flag()),
            operstate: self.flag().then(|| "up".to_owned()),
            carrier_changes: self.perhaps(),
            rx_errors: self.perhaps(),
            tx_errors: self.perhaps(),
            rx_dropped: self.perhaps(),
            tx_dropped: self.perhaps(),
            queue_drops: self.perhaps(),
            driver: self.flag().then_some(driver),
        };
        let route = RouteDetail {
            peer: self.flag().then(|| [198, 51, 100, 7].into()),
            local: self.flag().then(|| [10, 1, 0, 207].into()),
            ip_version: self.flag().then_some(6),
            kind: RouteKind::Blackhole,
            prefix: 32,
            device: self.flag().then(|| "ens5".to_owned()),
            gateway: self.flag().then(|| [10, 1, 0, 1].into()),
        };
        HostDetail {
            period_ms: self.next(),
            protocol: self.counts(),
            interfaces: self.flag().then_some(interface).into_iter().collect(),
            routes: self.flag().then_some(route).into_iter().collect(),
        }
    }
}

fn clock() -> Clock {
    Clock::at(0, Time(0))
}

#[test]
fn every_flow_sample_comes_back_as_it_was() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..10_000 {
        let sample = random.sample();
        let text = serde_json::to_string(&flow_sample(&sample, clock()).event).unwrap();
        let event: event::FlowSample = serde_json::from_str(&text).unwrap();
        assert_eq!(recorded(&event), sample, "{text}");
        let version = if sample.key.peer.is_ipv4() {
            "ipv4"
        } else {
            "ipv6"
        };
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["network"]["type"], version);
    }
}

#[test]
fn every_host_sample_comes_back_as_it_was() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..1_000 {
        let host = HostSample {
            allowance_exceeded: random.perhaps(),
            local_drops: random.perhaps(),
            segments_sent: random.perhaps(),
            segments_retransmitted: random.perhaps(),
            retransmissions_failed: random.perhaps(),
            no_route: random.perhaps(),
            detail: random.flag().then(|| Box::new(random.detail())),
            drops: random.perhaps().map(|filtered_in| DropNews {
                filtered_in,
                filtered_out: filtered_in / 3,
                by_address: vec![Filtered {
                    address: [10, 1, 0, 207].into(),
                    filtered_in,
                    filtered_out: 1,
                }],
                others: [("QDISC_DROP".to_owned(), 5)].into(),
            }),
        };
        let text = serde_json::to_string(&host_sample(7, &host, clock(), false).event).unwrap();
        assert!(!text.contains("null"), "{text}");
        let event: event::HostSample = serde_json::from_str(&text).unwrap();
        assert_eq!(recorded_host(&event.host_sample), host, "{text}");
    }
}

/// What 0.1.0 wrote before the newer fields came.
#[test]
fn what_an_older_recording_does_not_tell_is_the_ordinary_case() {
    let text =
        serde_json::to_string(&flow_sample(&crate::flow::quiet("198.51.100.7"), clock()).event);
    let mut value: Value = serde_json::from_str(&text.unwrap()).unwrap();
    let tcp = value["tcp"].as_object_mut().unwrap();
    for name in [
        "segments_received",
        "segments_out_of_order",
        "segments_duplicated",
        "reordered",
        "rwnd_limited_ms",
        "established",
        "known",
    ] {
        assert!(tcp.remove(name).is_some(), "{name}");
    }
    value["network"].as_object_mut().unwrap().remove("type");
    let event: event::FlowSample = serde_json::from_value(value).unwrap();
    let sample = recorded(&event);
    assert!(sample.established && sample.known && sample.age_ms.is_none());
    assert_eq!(sample.received, 0);
}
