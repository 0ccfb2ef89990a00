//! The command lines of an advice, with what is known filled in and the rest marked.

use crate::ec2::Id;
use crate::event::{Command, Target};

/// Fills the target's values into commands, and remembers which were missing. What is not what it
/// should be counts as missing: nothing but checked ids and addresses gets into a command.
pub(super) struct Values<'a> {
    target: &'a Target,
    missing: Vec<&'static str>,
}

impl<'a> Values<'a> {
    pub(super) const fn new(target: &'a Target) -> Self {
        Self {
            target,
            missing: Vec::new(),
        }
    }

    /// Names of the placeholders used so far, in order of first use.
    pub(super) fn into_missing(self) -> Vec<String> {
        self.missing.into_iter().map(str::to_owned).collect()
    }

    pub(super) fn region(&mut self) -> String {
        self.id(Id::Region, self.target.region.as_deref(), "REGION")
    }

    pub(super) fn allocation_id(&mut self) -> String {
        let known = self.target.allocation_id.as_deref();
        self.id(Id::Allocation, known, "ALLOCATION_ID")
    }

    pub(super) fn association_id(&mut self) -> String {
        let known = self.target.association_id.as_deref();
        self.id(Id::Association, known, "ASSOCIATION_ID")
    }

    pub(super) fn network_interface_id(&mut self) -> String {
        let known = self.target.network_interface_id.as_deref();
        self.id(Id::Interface, known, "NETWORK_INTERFACE_ID")
    }

    pub(super) fn instance_id(&mut self) -> String {
        self.id(
            Id::Instance,
            self.target.instance_id.as_deref(),
            "INSTANCE_ID",
        )
    }

    pub(super) fn vpc_id(&mut self) -> String {
        self.id(Id::Vpc, self.target.vpc_id.as_deref(), "VPC_ID")
    }

    pub(super) fn private_ip(&mut self) -> String {
        let known = self.target.private_ip.map(|address| address.to_string());
        self.fill(known, "PRIVATE_IP")
    }

    pub(super) fn public_ip(&mut self) -> String {
        let known = self.target.public_ip.map(|address| address.to_string());
        self.fill(known, "PUBLIC_IP")
    }

    pub(super) const fn knows_public_ip(&self) -> bool {
        self.target.public_ip.is_some()
    }

    /// A value that is not in the target, but for somebody to find.
    pub(super) fn find(&mut self, name: &'static str) -> String {
        self.fill(None, name)
    }

    fn id(&mut self, kind: Id, known: Option<&str>, name: &'static str) -> String {
        self.fill(kind.checked(known), name)
    }

    /// A placeholder is in capitals between angle brackets: a shell refuses it, so a command that
    /// was not completed does nothing.
    fn fill(&mut self, known: Option<String>, name: &'static str) -> String {
        known.unwrap_or_else(|| {
            if !self.missing.contains(&name) {
                self.missing.push(name);
            }
            format!("<{name}>")
        })
    }
}

/// A command that only looks.
pub(super) fn look(purpose: &str, command: impl Into<String>) -> Command {
    Command {
        purpose: purpose.to_owned(),
        command: command.into(),
        changes: false,
    }
}

/// A command that changes something.
pub(super) fn change(purpose: &str, command: impl Into<String>) -> Command {
    Command {
        purpose: purpose.to_owned(),
        command: command.into(),
        changes: true,
    }
}

/// What every sequence of AWS CLI commands begins with. Versions 1 and 2 know `AWS_PAGER` alike.
pub(super) fn region(values: &mut Values<'_>) -> Command {
    look(
        "Set the region; no pager.",
        format!("export AWS_PAGER=\"\" AWS_REGION={}", values.region()),
    )
}

/// The interface that has the address, by what is known of it.
pub(super) fn find_interface(values: &mut Values<'_>) -> Command {
    let known = values.target;
    let mut filters = vec![match &known.network_interface_id {
        Some(_) => format!(
            "Name=network-interface-id,Values={}",
            values.network_interface_id()
        ),
        None => format!(
            "Name=addresses.private-ip-address,Values={}",
            values.private_ip()
        ),
    }];
    if known.network_interface_id.is_none() {
        // A private address may be there once in every VPC.
        if known.instance_id.is_some() {
            filters.push(format!(
                "Name=attachment.instance-id,Values={}",
                values.instance_id()
            ));
        }
        if let Some(mac) = known
            .mac
            .as_deref()
            .and_then(|mac| Id::Mac.checked(Some(mac)))
        {
            filters.push(format!("Name=mac-address,Values={mac}"));
        }
    }
    look(
        "Find the interface of this address. Expect exactly one, of your account \
         (OwnerId), attached to this instance, RequesterManaged false: else a service manages it, \
         and it is not yours to touch. Note NetworkInterfaceId. A DnsHostnameType of \
         public-dual-stack-dns-name makes EC2 refuse to disassociate its last public IPv4 address: \
         set another type first (modify-public-ip-dns-name-options).",
        format!(
            "aws ec2 describe-network-interfaces --filters {} --query \
             'NetworkInterfaces[].[NetworkInterfaceId,OwnerId,VpcId,Attachment.InstanceId,\
             RequesterManaged,InterfaceType,PublicIpDnsNameOptions.DnsHostnameType,\
             Association.PublicIp]'",
            filters.join(" ")
        ),
    )
}
