//! What the double tells: an instance and its interfaces, as real ones show them (cloud-init's
//! `tests/unittests/sources/test_ec2.py` has captures).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;

const MACS: &str = "meta-data/network/interfaces/macs/";

/// An instance.
#[derive(Debug, Clone)]
pub struct Data {
    /// `i-…`.
    pub instance_id: String,
    /// As `us-east-1`.
    pub region: String,
    /// Its interfaces, in the order that they are listed in.
    pub cards: Vec<Card>,
    /// Keys below `/latest/` that are told in place of what would be.
    pub instead: BTreeMap<String, String>,
    /// Keys below `/latest/` that are absent, with all that begins like them.
    pub absent: Vec<String>,
}

/// A network interface.
#[derive(Debug, Clone)]
pub struct Card {
    /// In small letters.
    pub mac: String,
    /// `eni-…`.
    pub id: String,
    /// 0 is the primary one.
    pub device_number: u32,
    /// The primary one first.
    pub private: Vec<Ipv4Addr>,
    /// Private to public.
    pub public: BTreeMap<Ipv4Addr, Ipv4Addr>,
    /// IPv6 addresses.
    pub ipv6: Vec<IpAddr>,
    /// Blocks of its VPC.
    pub vpc: Vec<String>,
}

impl Card {
    /// An interface with one private address in 10.1.0.0/16, number `number`.
    pub fn new(number: u8, private: Ipv4Addr) -> Self {
        Self {
            mac: format!("0e:49:61:0f:c3:{number:02x}"),
            id: format!("eni-0123456789abcde{number:02x}"),
            device_number: u32::from(number),
            private: vec![private],
            public: BTreeMap::new(),
            ipv6: Vec::new(),
            vpc: vec!["10.1.0.0/16".to_owned()],
        }
    }

    /// With a public address for its primary one.
    #[must_use]
    pub fn mapped(mut self, public: Ipv4Addr) -> Self {
        if let Some(private) = self.private.first() {
            self.public.insert(*private, public);
        }
        self
    }
}

impl Default for Data {
    /// One interface, with an Elastic IP: the server of the incident.
    fn default() -> Self {
        let card = Card::new(0, [10, 1, 0, 207].into());
        Self {
            instance_id: "i-0123456789abcdef0".to_owned(),
            region: "us-east-1".to_owned(),
            cards: vec![card.mapped([203, 0, 113, 25].into())],
            instead: BTreeMap::new(),
            absent: Vec::new(),
        }
    }
}

impl Data {
    /// The first interface, made if there is none.
    pub fn card(&mut self) -> &mut Card {
        if self.cards.is_empty() {
            self.cards.push(Card::new(0, [10, 1, 0, 207].into()));
        }
        &mut self.cards[0]
    }

    /// The value of a key below `/latest/`.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        if self
            .absent
            .iter()
            .any(|absent| key.starts_with(absent.as_str()))
        {
            return None;
        }
        if let Some(text) = self.instead.get(key) {
            return Some(text.clone());
        }
        if let Some(rest) = key.strip_prefix(MACS) {
            return self.of_interfaces(rest);
        }
        let text = match key {
            "dynamic/instance-identity/document" => json!({
                "accountId": "123456789012",
                "architecture": "x86_64",
                "availabilityZone": self.zone(),
                "imageId": "ami-0123456789abcdef0",
                "instanceId": self.instance_id,
                "instanceType": "m5.large",
                "privateIp": self.cards.first()?.private.first()?,
                "region": self.region,
                "version": "2017-09-30",
            })
            .to_string(),
            "meta-data/instance-id" => self.instance_id.clone(),
            "meta-data/instance-type" => "m5.large".to_owned(),
            "meta-data/instance-life-cycle" => "on-demand".to_owned(),
            "meta-data/placement/region" => self.region.clone(),
            "meta-data/placement/availability-zone" => self.zone(),
            "meta-data/services/partition" => "aws".to_owned(),
            _ => return None,
        };
        Some(text)
    }

    fn zone(&self) -> String {
        format!("{}a", self.region)
    }

    fn of_interfaces(&self, rest: &str) -> Option<String> {
        if rest.is_empty() {
            let macs = self.cards.iter().map(|card| format!("{}/", card.mac));
            return Some(lines(macs));
        }
        let (mac, key) = rest.split_once('/')?;
        let card = self.cards.iter().find(|card| card.mac == mac)?;
        let is = |v6: bool| move |block: &&String| block.contains(':') == v6;
        let text = match key {
            "interface-id" => card.id.clone(),
            "device-number" => card.device_number.to_string(),
            "owner-id" => "123456789012".to_owned(),
            "subnet-id" => "subnet-0123456789abcdef0".to_owned(),
            "vpc-id" => "vpc-0123456789abcdef0".to_owned(),
            "local-ipv4s" => lines(card.private.iter()),
            "ipv6s" => lines(card.ipv6.iter()),
            "vpc-ipv4-cidr-blocks" => lines(card.vpc.iter().filter(is(false))),
            "vpc-ipv6-cidr-blocks" => lines(card.vpc.iter().filter(is(true))),
            "ipv4-associations/" => lines(card.public.values()),
            _ => {
                let public: Ipv4Addr = key.strip_prefix("ipv4-associations/")?.parse().ok()?;
                let of = card.public.iter().filter(|(_, mapped)| **mapped == public);
                lines(of.map(|(private, _)| private))
            }
        };
        // What there is none of has no key.
        (!text.is_empty()).then_some(text)
    }
}

fn lines<T: ToString>(values: impl Iterator<Item = T>) -> String {
    let lines: Vec<String> = values.map(|value| value.to_string()).collect();
    lines.join("\n")
}
