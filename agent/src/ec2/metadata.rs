//! What the metadata says of the instance and its interfaces. Nothing in it is taken on trust: each
//! value must look like what it is called, or it is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::time::Instant;

use ipnet::IpNet;
use serde::Deserialize;

use super::context::{Instance, Interface};
use super::id::Id;
use super::imds::{Absence, Keys, Value};
use super::valid;

/// Interfaces of the largest instance types are about a hundred; more than these are not asked for.
const MAX_INTERFACES: usize = 64;

/// Entries of one list.
const MAX_ENTRIES: usize = 256;

/// All interfaces together.
const MAX_ASSOCIATIONS: usize = 128;

const MACS: &str = "meta-data/network/interfaces/macs/";

/// What the metadata says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The instance.
    pub instance: Instance,
    /// Its interfaces, by network card and device number: the order that they are listed in has
    /// no meaning.
    pub interfaces: Vec<Interface>,
    /// The blocks of their VPCs.
    pub vpc: BTreeSet<IpNet>,
}

/// How much to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Everything that can change.
    All,
    /// Private and public addresses only: during an incident it is asked for often, and shares an
    /// allowance of packets with DNS.
    Mappings,
}

/// The identity document, as far as it is of use.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    account_id: String,
    availability_zone: String,
    instance_id: String,
    instance_type: String,
    region: String,
}

/// Reads the metadata. What cannot change while the instance runs is taken from `before`.
pub(super) fn read<K: Keys>(
    imds: &mut K,
    before: &Metadata,
    depth: Depth,
    told: &mut BTreeSet<String>,
    deadline: Instant,
) -> Result<Metadata, Absence> {
    let mut reader = Reader {
        imds,
        told,
        deadline,
    };
    let instance = match &before.instance {
        known if known.id.is_some() => known.clone(),
        _ => reader.instance()?,
    };
    let mut vpc = match depth {
        Depth::All => BTreeSet::new(),
        Depth::Mappings => before.vpc.clone(),
    };
    let mut interfaces = Vec::new();
    let mut associations = 0;
    for mac in reader.macs()? {
        let known = before.interfaces.iter().find(|known| known.mac == mac);
        let depth = if known.is_some() { depth } else { Depth::All };
        let mut interface = match known {
            Some(known) if known.id.is_some() => known.clone(),
            _ => reader.interface(&mac)?,
        };
        reader.addresses(&mut interface, &mut associations)?;
        if depth == Depth::All {
            reader.blocks(&mut interface, &mut vpc)?;
        }
        interfaces.push(interface);
    }
    interfaces.sort_by(|a, b| {
        let place = |i: &Interface| (i.network_card, i.device_number.unwrap_or(u32::MAX));
        place(a).cmp(&place(b)).then_with(|| a.mac.cmp(&b.mac))
    });
    Ok(Metadata {
        instance,
        interfaces,
        vpc,
    })
}

struct Reader<'a, K> {
    imds: &'a mut K,
    /// Keys whose values were complained of.
    told: &'a mut BTreeSet<String>,
    deadline: Instant,
}

impl<K: Keys> Reader<'_, K> {
    fn instance(&mut self) -> Result<Instance, Absence> {
        let key = "dynamic/instance-identity/document";
        let text = self.text(key)?.unwrap_or_default();
        let document = if text.is_empty() {
            Document::default()
        } else {
            serde_json::from_str(&text).unwrap_or_else(|_| {
                self.complain(key, &text);
                Document::default()
            })
        };
        let of_document = Instance {
            id: Id::Instance.of(&document.instance_id),
            kind: valid::instance_type(&document.instance_type),
            account: Id::Account.of(&document.account_id),
            region: Id::Region.of(&document.region),
            zone: Id::Zone.of(&document.availability_zone),
            ..Instance::default()
        };
        let mut or_key =
            |known: Option<String>, key: &str, valid: fn(&str) -> Option<String>| match known {
                Some(known) => Ok(Some(known)),
                None => self.value(key, valid),
            };
        Ok(Instance {
            id: or_key(of_document.id, "meta-data/instance-id", |text| {
                Id::Instance.of(text)
            })?,
            kind: or_key(
                of_document.kind,
                "meta-data/instance-type",
                valid::instance_type,
            )?,
            life_cycle: or_key(None, "meta-data/instance-life-cycle", valid::word)?,
            account: of_document.account,
            region: or_key(of_document.region, "meta-data/placement/region", |text| {
                Id::Region.of(text)
            })?,
            zone: or_key(
                of_document.zone,
                "meta-data/placement/availability-zone",
                |text| Id::Zone.of(text),
            )?,
            partition: or_key(None, "meta-data/services/partition", valid::word)?,
        })
    }

    /// The interfaces, by their MAC addresses.
    fn macs(&mut self) -> Result<Vec<String>, Absence> {
        let macs = self.list(MACS, |entry| {
            Id::Mac.of(entry.strip_suffix('/').unwrap_or(entry))
        })?;
        let mut seen = BTreeSet::new();
        let mut macs: Vec<_> = macs
            .into_iter()
            .filter(|mac| seen.insert(mac.clone()))
            .collect();
        macs.truncate(MAX_INTERFACES);
        Ok(macs)
    }

    /// What cannot change while it is attached.
    fn interface(&mut self, mac: &str) -> Result<Interface, Absence> {
        let key = |name: &str| format!("{MACS}{mac}/{name}");
        Ok(Interface {
            mac: mac.to_owned(),
            id: self.value(&key("interface-id"), |text| Id::Interface.of(text))?,
            device_number: self.value(&key("device-number"), number)?,
            network_card: self.value(&key("network-card-index"), number)?,
            owner: self.value(&key("owner-id"), |text| Id::Account.of(text))?,
            subnet_id: self.value(&key("subnet-id"), |text| Id::Subnet.of(text))?,
            vpc_id: self.value(&key("vpc-id"), |text| Id::Vpc.of(text))?,
            ..Interface::default()
        })
    }

    /// Its addresses, and what they are mapped to.
    fn addresses(&mut self, interface: &mut Interface, count: &mut usize) -> Result<(), Absence> {
        let folder = format!("{MACS}{}/", interface.mac);
        interface.private_ipv4 = self.list(&format!("{folder}local-ipv4s"), parsed::<Ipv4Addr>)?;
        let folder = format!("{folder}ipv4-associations/");
        let public = self.list(&folder, parsed::<Ipv4Addr>)?;
        let mut associations = BTreeMap::new();
        for public in public {
            *count += 1;
            if *count > MAX_ASSOCIATIONS {
                break;
            }
            let private = self.list(&format!("{folder}{public}"), parsed::<Ipv4Addr>)?;
            // The same address cannot be mapped twice; the first that says so is believed.
            for private in private {
                associations.entry(private).or_insert(public);
            }
        }
        interface.associations = associations;
        Ok(())
    }

    /// Blocks and IPv6 addresses.
    fn blocks(
        &mut self,
        interface: &mut Interface,
        vpc: &mut BTreeSet<IpNet>,
    ) -> Result<(), Absence> {
        let folder = format!("{MACS}{}/", interface.mac);
        interface.ipv6 = self.list(&format!("{folder}ipv6s"), parsed::<Ipv6Addr>)?;
        let mut prefixes = self.list(&format!("{folder}ipv4-prefix"), valid::delegated)?;
        prefixes.extend(self.list(&format!("{folder}ipv6-prefix"), valid::delegated)?);
        interface.prefixes = prefixes;
        for name in ["vpc-ipv4-cidr-blocks", "vpc-ipv6-cidr-blocks"] {
            vpc.extend(self.list(&format!("{folder}{name}"), valid::vpc_block)?);
        }
        Ok(())
    }

    /// One value that is what `valid` says, or none.
    fn value<T>(
        &mut self,
        key: &str,
        valid: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Absence> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        let found = valid(text.trim_end());
        if found.is_none() {
            self.complain(key, &text);
        }
        Ok(found)
    }

    /// A list, a line each; what `valid` does not let through is left out.
    fn list<T>(&mut self, key: &str, valid: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Absence> {
        let text = self.text(key)?.unwrap_or_default();
        let mut found = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if found.len() >= MAX_ENTRIES {
                self.complain(key, "a list without an end");
                break;
            }
            match valid(line.trim_end()) {
                Some(value) => found.push(value),
                None => self.complain(key, line),
            }
        }
        Ok(found)
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, Absence> {
        match self.imds.get(key, self.deadline)? {
            Value::Known(bytes) => Ok(Some(String::from_utf8(bytes).unwrap_or_else(|error| {
                self.complain(key, &String::from_utf8_lossy(error.as_bytes()));
                String::new()
            }))
            .filter(|text| !text.is_empty())),
            Value::Absent => Ok(None),
            Value::TooLong => {
                self.complain(key, "more than fits");
                Ok(None)
            }
        }
    }

    /// Once for each key; the value escaped and cut short, for it may be anything.
    fn complain(&mut self, key: &str, value: &str) {
        if self.told.len() < MAX_ENTRIES && self.told.insert(key.to_owned()) {
            let value: String = value.chars().take(60).collect();
            log::warn!(
                "the instance metadata's {key} is not what it should be, and left out: {value:?}"
            );
        }
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number < 1_000)
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}
