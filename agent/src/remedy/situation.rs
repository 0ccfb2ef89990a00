//! All that a row of the decision table may ask.

use std::net::{IpAddr, Ipv6Addr};

use super::cause::LocalCause;
use crate::detect::{Assessment, Escalation, Judged, Raw};
use crate::ec2::{Context, Id, Interface, Mapping, Origin, Source};
use crate::event::Target;
use crate::flow::Local;

/// What is known of one address at the moment of advice. Plain data: what it says is what counts,
/// not where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// The verdict to advise on.
    pub verdict: Raw,
    /// Why the next step is due instead of the usual one.
    pub escalation: Option<Escalation>,
    /// The host's own biggest trouble.
    pub cause: Option<LocalCause>,
    /// Public side.
    pub public: Judged,
    /// Private side.
    pub private: Judged,
    /// What the advice is about; every id in it is one.
    pub target: Target,
    /// How the surroundings are known.
    pub source: Source,
    /// Where the address is.
    pub place: Place,
    /// A service or another account owns the interface.
    pub managed: bool,
    /// The instance is in a Local Zone or a Wavelength Zone.
    pub local_zone: bool,
    /// A spot instance.
    pub spot: bool,
    /// Interfaces of the instance; 0 if not known.
    pub interfaces: usize,
    /// IPv6 addresses of this host: their public traffic passes no address translation.
    pub ipv6: Others,
    /// Other addresses of this host that have a public one.
    pub elastic: Others,
    /// The public peer that suffers most.
    pub worst: Option<IpAddr>,
}

/// Where a local address is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Place {
    /// Nothing tells.
    #[default]
    Unknown,
    /// On an interface, with a public address mapped to it.
    Mapped,
    /// On an interface, without one.
    Unmapped,
    /// On none of the instance: a container's, behind the host's own address translation.
    Elsewhere,
}

/// How other addresses of the host are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Others {
    /// Well on their public side.
    pub well: usize,
    /// Bad on it.
    pub bad: usize,
}

impl Others {
    const fn add(&mut self, health: Option<bool>) {
        match health {
            Some(true) => self.well += 1,
            Some(false) => self.bad += 1,
            None => {}
        }
    }
}

impl Situation {
    /// The situation of `local` in its surroundings; `others` are the judgements of all addresses.
    pub fn of<'a>(
        local: Local,
        (verdict, escalation): (Raw, Option<Escalation>),
        assessment: &Assessment,
        context: &Context,
        others: impl Iterator<Item = (Local, &'a Assessment)>,
    ) -> Self {
        let mapping = context.mapping(local);
        let interface = context.interface_of(local.address);
        let (mut ipv6, mut elastic) = (Others::default(), Others::default());
        for (other, judged) in others {
            if other == local || other.netns != local.netns {
                continue;
            }
            if is_global_v6(other.address) {
                ipv6.add(health(judged));
            } else if context.mapping(other).public_ip.is_some() {
                elastic.add(health(judged));
            }
        }
        let instance = &context.instance;
        let foreign = |interface: &Interface| match (&interface.owner, &instance.account) {
            (Some(owner), Some(account)) => owner != account,
            _ => false,
        };
        Self {
            verdict,
            escalation,
            cause: LocalCause::of(&assessment.trouble),
            public: assessment.public,
            private: assessment.private,
            target: target(local, context, &mapping, interface),
            source: context.source,
            place: place(context, local, &mapping),
            managed: interface.is_some_and(foreign),
            local_zone: is_local_zone(instance.zone.as_deref(), instance.region.as_deref()),
            spot: instance.life_cycle.as_deref() == Some("spot"),
            interfaces: context.interfaces.len(),
            ipv6,
            elastic,
            worst: None,
        }
    }

    /// With the public peer that suffers most.
    #[must_use]
    pub fn with_worst(self, worst: Option<IpAddr>) -> Self {
        Self { worst, ..self }
    }

    /// The address is an IPv6 one.
    pub fn is_v6(&self) -> bool {
        self.target
            .private_ip
            .is_some_and(|address| address.is_ipv6())
    }

    /// Other public ways of the host are bad as well, and none is well.
    pub const fn others_are_bad(&self) -> bool {
        let Others { well, bad } = self.elastic;
        self.ipv6.bad > self.ipv6.well || (bad > 0 && well == 0)
    }

    /// The address is not the primary one of the primary interface.
    pub fn is_secondary(&self) -> bool {
        self.target.device_number.is_some_and(|number| number > 0)
            || self.target.primary == Some(false)
    }
}

/// Whether the public side of an address is well; `None` if it does not say.
fn health(assessment: &Assessment) -> Option<bool> {
    let public = &assessment.public;
    match assessment.raw {
        Raw::PublicOnlyCollapse | Raw::PublicDegradedNoControl | Raw::HostWide => Some(false),
        Raw::Healthy | Raw::ClientSide | Raw::PrivateOnly if public.good > public.bad => Some(true),
        _ => None,
    }
}

/// Global unicast, `2000::/3` (RFC 4291): what can leave through an internet gateway.
fn is_global_v6(address: IpAddr) -> bool {
    let is_global = |v6: Ipv6Addr| v6.segments()[0] & 0xe000 == 0x2000;
    matches!(address, IpAddr::V6(v6) if is_global(v6))
}

fn place(context: &Context, local: Local, mapping: &Mapping) -> Place {
    match context.origin(local) {
        _ if mapping.public_ip.is_some() => Place::Mapped,
        Origin::OnInterface => Place::Unmapped,
        Origin::Elsewhere => Place::Elsewhere,
        Origin::Unknown => Place::Unknown,
    }
}

/// Zones have the region's name and a letter; Local Zones and Wavelength Zones have more between.
fn is_local_zone(zone: Option<&str>, region: Option<&str>) -> bool {
    let rest = zone
        .zip(region)
        .and_then(|(zone, region)| zone.strip_prefix(region));
    rest.is_some_and(|rest| rest.len() > 1)
}

/// Whatever of the surroundings is what it should be.
fn target(
    local: Local,
    context: &Context,
    mapping: &Mapping,
    interface: Option<&Interface>,
) -> Target {
    let instance = &context.instance;
    let of_interface = |get: fn(&Interface) -> &Option<String>| {
        interface.and_then(|interface| get(interface).as_deref())
    };
    let eni = mapping
        .network_interface_id
        .as_deref()
        .or_else(|| of_interface(|interface| &interface.id));
    Target {
        private_ip: Some(local.address),
        public_ip: mapping.public_ip,
        allocation_id: Id::Allocation.checked(mapping.allocation_id.as_deref()),
        association_id: Id::Association.checked(mapping.association_id.as_deref()),
        network_interface_id: Id::Interface.checked(eni),
        instance_id: Id::Instance.checked(instance.id.as_deref()),
        region: Id::Region.checked(instance.region.as_deref()),
        partition: Id::Partition.checked(instance.partition.as_deref()),
        account: Id::Account.checked(instance.account.as_deref()),
        vpc_id: Id::Vpc.checked(of_interface(|interface| &interface.vpc_id)),
        mac: Id::Mac.checked(interface.map(|interface| interface.mac.as_str())),
        device_number: interface.and_then(|interface| interface.device_number),
        primary: interface.and_then(|interface| match local.address {
            IpAddr::V4(v4) => interface.private_ipv4.first().map(|first| *first == v4),
            IpAddr::V6(_) => None,
        }),
        read_seconds_ago: None,
    }
}
