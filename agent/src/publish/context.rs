//! What is known of the host's addresses, to and from its published form.

use std::collections::BTreeMap;

use super::Note;
use crate::ec2::{Context, Instance, Mapping};
use crate::event::{self, ContextAddress, ContextInfo, Event, Severity, Time};
use crate::flow::Local;
use crate::path::unmap;
use crate::remedy::ids::Id;

/// Addresses told at most: a line of them stays below the longest that is allowed.
const MAX_ADDRESSES: usize = 48;

/// The context, for a recording.
pub fn context(context: &Context, time: Time) -> Note {
    let mut known: Vec<_> = context.addresses.iter().collect();
    known.sort_by_key(|(_, mapping)| mapping.public_ip.is_none());
    known.truncate(MAX_ADDRESSES);
    let addresses = known.into_iter().map(|(local, mapping)| ContextAddress {
        address: local.address,
        netns: local.netns,
        public_ip: mapping.public_ip,
        allocation_id: mapping.allocation_id.clone(),
        association_id: mapping.association_id.clone(),
        network_interface_id: mapping.network_interface_id.clone(),
    });
    Note {
        time,
        severity: Severity::Info,
        message: "what is known of the host's addresses".to_owned(),
        event: Event::Context(Box::new(event::Context {
            context: ContextInfo {
                region: context.instance.region.clone(),
                instance_id: context.instance.id.clone(),
                addresses: addresses.collect(),
            },
        })),
    }
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
    Ok(Context {
        instance: Instance {
            region: id(Id::Region, "region", info.region.as_deref())?,
            id: id(Id::Instance, "instance_id", info.instance_id.as_deref())?,
            ..Instance::default()
        },
        addresses,
        ..Context::default()
    })
}

fn id(kind: Id, field: &str, text: Option<&str>) -> Result<Option<String>, String> {
    match text {
        Some(text) if !kind.fits(text) => Err(format!("context: `{field}` is no id: {text:?}")),
        text => Ok(text.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::MAX_LINE_BYTES;

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
        let text = serde_json::to_string(&super::context(context, Time(0)).event).unwrap();
        assert!(text.len() < MAX_LINE_BYTES - 1_000, "{} bytes", text.len());
        recorded_context(&serde_json::from_str(&text).unwrap())
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
