//! The context, put together from what the metadata, the firmware and the host itself say.

use std::collections::BTreeSet;

use super::context::{Context, Instance, Source};
use super::firmware::Firmware;
use super::imds::Absence;
use super::watch::Reading;
use crate::flow::Local;

impl Context {
    /// All that is known of a host with these addresses.
    pub fn joined(reading: &Reading, firmware: &Firmware, addresses: &BTreeSet<Local>) -> Self {
        let mut context = Self {
            read_ns: reading.read_ns,
            ..Self::default()
        };
        if let Some(metadata) = &reading.known {
            context.source = Source::Metadata;
            context.instance = metadata.instance.clone();
            context.interfaces.clone_from(&metadata.interfaces);
            context.vpc.clone_from(&metadata.vpc);
        } else if firmware.instance_id.is_some() {
            context.source = Source::Firmware;
            context.instance = Instance {
                id: firmware.instance_id.clone(),
                ..Instance::default()
            };
        }
        context.addresses = addresses
            .iter()
            .map(|local| (*local, context.mapping(*local)))
            .collect();
        context
    }
}

impl Firmware {
    /// Why the metadata is not known, with what the firmware says to it.
    pub fn explain(&self, absence: Absence) -> String {
        let silent = matches!(
            absence,
            Absence::TimedOut | Absence::Unreachable(_) | Absence::Strange(_)
        );
        match (silent, self.is_ec2()) {
            (true, Some(false)) => {
                let vendor = self.vendor.as_deref().unwrap_or_default();
                format!("by its firmware ({vendor:?}) this is no EC2 instance; {absence}")
            }
            (true, Some(true)) => {
                format!("by its firmware this is an EC2 instance, but {absence}")
            }
            _ => absence.to_string(),
        }
    }
}
