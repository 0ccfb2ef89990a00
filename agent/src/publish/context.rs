//! What is known of the host's surroundings, to and from its published form.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::str::FromStr;

use super::Note;
use crate::ec2::{Context, Id, Instance, Interface, Mapping, Source};
use crate::event::{
    self, ContextAddress, ContextAssociation, ContextInfo, ContextInterface, ContextSource, Event,
    MAX_LINE_BYTES, Severity, Time,
};
use crate::flow::Local;
use crate::path::unmap;

/// Addresses told at most: a line of them stays below the longest that is allowed.
const MAX_ADDRESSES: usize = 48;

/// Bytes of a line that are not of the context.
const ENVELOPE: usize = 2 * 1024;

/// Mappings named in the sentence.
const MAPPINGS_IN_WORDS: usize = 3;

/// The event of a context, and the context as whoever reads the event knows it: the host judges by
/// that, too, so that a recording is judged as the host was.
pub fn context(context: &Context, time: Time) -> (Note, Context) {
    let event = event::Context {
        context: bounded(context),
    };
    let told = recorded_context(&event).unwrap_or_else(|error| {
        log::error!("the context cannot be read back: {error}");
        context.clone()
    });
    let note = Note {
        time,
        severity: Severity::Info,
        message: context_in_words(context),
        event: Event::Context(Box::new(event)),
    };
    (note, told)
}

/// Where it comes from, as published.
pub const fn source(source: Source) -> ContextSource {
    match source {
        Source::Unknown => ContextSource::Unknown,
        Source::Firmware => ContextSource::Firmware,
        Source::Metadata => ContextSource::Metadata,
    }
}

/// A context in one sentence.
pub fn context_in_words(context: &Context) -> String {
    let instance = &context.instance;
    let mut text = match (&instance.id, context.source) {
        (Some(id), _) => id.clone(),
        (None, Source::Metadata) => "an instance without an id".to_owned(),
        (None, _) => {
            let count = context.addresses.len();
            return format!("{count} local address(es); nothing is known of EC2");
        }
    };
    let details = [&instance.kind, &instance.zone];
    for detail in details.into_iter().flatten() {
        // Writing to a string cannot fail.
        let _ = write!(text, " {detail}");
    }
    if context.source == Source::Firmware {
        text.push_str(", by the firmware's tables; the metadata is not known");
        return text;
    }
    let _ = write!(text, ": {} network interface(s)", context.interfaces.len());
    let mapped = context.interfaces.iter().flat_map(|i| &i.associations);
    let count = mapped.clone().count();
    if count == 0 {
        text.push_str(", no public IPv4 address");
    }
    for (private, public) in mapped.take(MAPPINGS_IN_WORDS) {
        let _ = write!(text, ", {private} is {public}");
    }
    if count > MAPPINGS_IN_WORDS {
        let _ = write!(text, ", and {} more", count - MAPPINGS_IN_WORDS);
    }
    text
}

/// As much of it as fits into a line: of every list fewer entries, until it does.
fn bounded(context: &Context) -> ContextInfo {
    let mut most = 256_usize;
    loop {
        let info = published(context, most);
        let fits =
            serde_json::to_vec(&info).is_ok_and(|bytes| bytes.len() + ENVELOPE <= MAX_LINE_BYTES);
        if fits || most == 1 {
            return info;
        }
        most /= 2;
    }
}

/// With at most so many entries in every list.
fn published(context: &Context, most: usize) -> ContextInfo {
    let mut truncated = context.truncated;
    let mut interfaces = Vec::new();
    // The private addresses of a host with many containers are what is long.
    for interface in context.interfaces.iter().take(most.max(4)) {
        truncated |= interface.private_ipv4.len() > most
            || interface.associations.len() > most
            || interface.ipv6.len() > most
            || interface.prefixes.len() > most;
        interfaces.push(published_interface(interface, most));
    }
    truncated |= context.interfaces.len() > interfaces.len() || context.vpc.len() > most;
    let mut known: Vec<_> = context.addresses.iter().collect();
    known.sort_by_key(|(_, mapping)| mapping.public_ip.is_none());
    known.truncate(MAX_ADDRESSES.min(most.saturating_mul(2)));
    let addresses = known.into_iter().map(|(local, mapping)| ContextAddress {
        address: local.address,
        netns: local.netns,
        public_ip: mapping.public_ip,
        allocation_id: mapping.allocation_id.clone(),
        association_id: mapping.association_id.clone(),
        network_interface_id: mapping.network_interface_id.clone(),
    });
    let instance = &context.instance;
    ContextInfo {
        source: source(context.source),
        read_monotonic_ns: context.read_ns,
        region: instance.region.clone(),
        availability_zone: instance.zone.clone(),
        partition: instance.partition.clone(),
        account_id: instance.account.clone(),
        instance_id: instance.id.clone(),
        instance_type: instance.kind.clone(),
        life_cycle: instance.life_cycle.clone(),
        vpc_cidr_blocks: texts(context.vpc.iter().take(most)),
        interfaces,
        addresses: addresses.collect(),
        truncated,
    }
}

fn published_interface(interface: &Interface, most: usize) -> ContextInterface {
    let associations = interface.associations.iter().take(most);
    ContextInterface {
        mac: interface.mac.clone(),
        id: interface.id.clone(),
        device_number: interface.device_number,
        network_card: interface.network_card,
        owner_id: interface.owner.clone(),
        subnet_id: interface.subnet_id.clone(),
        vpc_id: interface.vpc_id.clone(),
        private_ipv4: interface.private_ipv4.iter().copied().take(most).collect(),
        associations: associations
            .map(|(private, public)| ContextAssociation {
                private_ip: *private,
                public_ip: *public,
            })
            .collect(),
        ipv6: interface.ipv6.iter().copied().take(most).collect(),
        prefixes: texts(interface.prefixes.iter().take(most)),
    }
}

fn texts<T: ToString>(values: impl Iterator<Item = T>) -> Vec<String> {
    values.map(|value| value.to_string()).collect()
}

/// The context, out of a recording. Its values end up in command lines that somebody may paste
/// into a shell, so what does not look like the id that it should be is refused.
pub fn recorded_context(context: &event::Context) -> Result<Context, String> {
    let info = &context.context;
    let mut addresses = BTreeMap::new();
    for known in &info.addresses {
        let local = Local {
            address: unmap(known.address),
            netns: known.netns,
        };
        let mapping = Mapping {
            public_ip: known.public_ip,
            allocation_id: id(
                Id::Allocation,
                "allocation_id",
                known.allocation_id.as_deref(),
            )?,
            association_id: id(
                Id::Association,
                "association_id",
                known.association_id.as_deref(),
            )?,
            network_interface_id: id(
                Id::Interface,
                "network_interface_id",
                known.network_interface_id.as_deref(),
            )?,
        };
        addresses.insert(local, mapping);
    }
    let interfaces = info.interfaces.iter().map(recorded_interface);
    Ok(Context {
        source: match info.source {
            ContextSource::Unknown => Source::Unknown,
            ContextSource::Firmware => Source::Firmware,
            ContextSource::Metadata => Source::Metadata,
        },
        read_ns: info.read_monotonic_ns,
        instance: Instance {
            id: id(Id::Instance, "instance_id", info.instance_id.as_deref())?,
            kind: word("instance_type", info.instance_type.as_deref())?,
            life_cycle: word("life_cycle", info.life_cycle.as_deref())?,
            account: id(Id::Account, "account_id", info.account_id.as_deref())?,
            region: id(Id::Region, "region", info.region.as_deref())?,
            zone: word("availability_zone", info.availability_zone.as_deref())?,
            partition: word("partition", info.partition.as_deref())?,
        },
        interfaces: interfaces.collect::<Result<_, _>>()?,
        vpc: blocks::<BTreeSet<_>>("vpc_cidr_blocks", &info.vpc_cidr_blocks)?,
        addresses,
        truncated: info.truncated,
    })
}

fn recorded_interface(interface: &ContextInterface) -> Result<Interface, String> {
    let associations = interface.associations.iter();
    Ok(Interface {
        mac: word("mac", Some(&interface.mac))?.unwrap_or_default(),
        id: id(Id::Interface, "interfaces.id", interface.id.as_deref())?,
        device_number: interface.device_number,
        network_card: interface.network_card,
        owner: word("owner_id", interface.owner_id.as_deref())?,
        subnet_id: id(Id::Subnet, "subnet_id", interface.subnet_id.as_deref())?,
        vpc_id: id(Id::Vpc, "vpc_id", interface.vpc_id.as_deref())?,
        private_ipv4: interface.private_ipv4.clone(),
        associations: associations.map(|a| (a.private_ip, a.public_ip)).collect(),
        ipv6: interface.ipv6.clone(),
        prefixes: blocks::<Vec<_>>("prefixes", &interface.prefixes)?,
    })
}

/// Blocks of addresses.
fn blocks<C: FromIterator<ipnet::IpNet>>(field: &str, texts: &[String]) -> Result<C, String> {
    let block = |text: &String| {
        ipnet::IpNet::from_str(text)
            .map_err(|_| format!("context: `{field}` has what is no block: {text:?}"))
    };
    texts.iter().map(block).collect()
}

fn id(kind: Id, field: &str, text: Option<&str>) -> Result<Option<String>, String> {
    checked(field, text, |text| kind.fits(text))
}

/// Letters, digits, hyphens, dots and colons: what gets into no command.
fn word(field: &str, text: Option<&str>) -> Result<Option<String>, String> {
    checked(field, text, |text| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
        !text.is_empty() && text.len() <= 64 && !text.starts_with('-') && text.bytes().all(fits)
    })
}

fn checked(
    field: &str,
    text: Option<&str>,
    fits: impl Fn(&str) -> bool,
) -> Result<Option<String>, String> {
    match text {
        Some(text) if !fits(text) => Err(format!("context: `{field}` is no id: {text:?}")),
        text => Ok(text.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(addresses: u16) -> Context {
        let local = |number: u16| Local {
            address: std::net::Ipv6Addr::new(
                0xfd00, 0xe9e9, 0xe9e9, 0xe9e9, 0xe9e9, 0xe9e9, 1, number,
            )
            .into(),
            netns: u32::MAX,
        };
        let mapping = Mapping {
            public_ip: Some([203, 0, 113, 125].into()),
            allocation_id: Some("eipalloc-0123456789abcdef0".to_owned()),
            association_id: Some("eipassoc-0123456789abcdef0".to_owned()),
            network_interface_id: Some("eni-0123456789abcdef0".to_owned()),
        };
        Context {
            instance: Instance {
                region: Some("us-east-1".to_owned()),
                id: Some("i-0123456789abcdef0".to_owned()),
                ..Instance::default()
            },
            addresses: (0..addresses)
                .map(|number| (local(number), mapping.clone()))
                .collect(),
            ..Context::default()
        }
    }

    fn back(context: &Context) -> Result<Context, String> {
        let info = event::Context {
            context: bounded(context),
        };
        let text = serde_json::to_string(&info).unwrap();
        assert!(text.len() < MAX_LINE_BYTES - 1_000, "{} bytes", text.len());
        recorded_context(&serde_json::from_str(&text).unwrap())
    }

    /// A host with so many interfaces that have so many addresses each, as one with containers.
    fn crowded(interfaces: u8, each: u8) -> Context {
        let of = |number: u8| Interface {
            mac: format!("0e:49:61:0f:c3:{number:02x}"),
            id: Some(format!("eni-0123456789abcde{number:02x}")),
            device_number: Some(u32::from(number)),
            network_card: Some(0),
            owner: Some("123456789012".to_owned()),
            subnet_id: Some("subnet-0123456789abcdef0".to_owned()),
            vpc_id: Some("vpc-0123456789abcdef0".to_owned()),
            private_ipv4: (0..each).map(|host| [10, 1, number, host].into()).collect(),
            associations: [([10, 1, number, 0].into(), [203, 0, 113, number].into())].into(),
            ipv6: vec!["2600:1f18:100:200:300:400:500:600".parse().unwrap()],
            prefixes: vec!["10.2.0.16/28".parse().unwrap()],
        };
        Context {
            source: Source::Metadata,
            read_ns: Some(7_448_400_058_076),
            interfaces: (0..interfaces).map(of).collect(),
            vpc: ["10.1.0.0/16", "2600:1f18:100::/56"]
                .map(|block| block.parse().unwrap())
                .into(),
            ..host(2)
        }
    }

    #[test]
    fn interfaces_come_back_too_and_what_does_not_fit_is_said_to_be_left_out() {
        let ordinary = crowded(4, 15);
        assert_eq!(back(&ordinary), Ok(ordinary.clone()));
        let (note, told) = context(&ordinary, Time(0));
        assert_eq!(told, ordinary);
        assert!(
            note.message.contains("10.1.0.0 is 203.0.113.0"),
            "{}",
            note.message
        );
        for (interfaces, each) in [(15, 50), (64, 250), (255, 255)] {
            let told = back(&crowded(interfaces, each)).unwrap();
            assert!(told.truncated && !told.interfaces.is_empty());
            assert_eq!(told.vpc, ordinary.vpc, "paths are told apart all the same");
        }
    }

    #[test]
    fn it_comes_back_as_it_was() {
        assert_eq!(back(&host(3)), Ok(host(3)));
        assert_eq!(back(&Context::default()), Ok(Context::default()));
    }

    #[test]
    fn of_too_many_addresses_those_with_a_public_one_are_told() {
        let mut many = host(600);
        for mapping in many.addresses.values_mut().take(590) {
            *mapping = Mapping::default();
        }
        let told = back(&many).unwrap();
        assert_eq!(told.addresses.len(), MAX_ADDRESSES);
        let public = told.addresses.values().filter(|m| m.public_ip.is_some());
        assert_eq!(public.count(), 10);
    }

    #[test]
    fn what_is_no_id_does_not_get_into_a_command() {
        for bad in [
            "eipalloc-1; reboot",
            "$(x)",
            "",
            "--help",
            "<X>",
            "a\nb",
            "eipalloc-0a",
            "eni-0123456789abcdef0",
        ] {
            let mut context = host(1);
            for mapping in context.addresses.values_mut() {
                mapping.allocation_id = Some(bad.to_owned());
            }
            let error = back(&context).unwrap_err();
            assert!(error.contains("allocation_id"), "{error}");
        }
    }
}
