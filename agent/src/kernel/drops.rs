//! Why this kernel drops packets, by name: the numbers differ from kernel to kernel.

use std::collections::BTreeMap;

use edgeghost_common::Offsets;
use edgeghost_common::offsets::ABSENT;

use super::btf::Btf;

/// The tracepoint that every dropped packet passes.
pub const TRACEPOINT: &str = "kfree_skb";
/// Place of the reason among its arguments: after the packet and the place in the code.
const REASON: usize = 2;
/// Type of the reason (`include/net/dropreason-core.h`; since 5.17).
const ENUM: &str = "skb_drop_reason";
/// What nearly all names begin with.
const PREFIX: &str = "SKB_DROP_REASON_";
/// Numbers from here on are not in the enum: the upper half of the word is a subsystem with reasons
/// of its own (`SKB_DROP_REASON_SUBSYS_SHIFT`).
const SUBSYSTEM: u32 = 0x1_0000;

/// The reasons of this kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DropReasons(BTreeMap<u32, String>);

/// Why this kernel cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoReasons {
    /// There is no such tracepoint.
    #[error("this kernel does not have the tracepoint")]
    Tracepoint,
    /// It has no reason among its arguments.
    #[error("this kernel tells that it drops a packet, but not why: that is known since 5.17")]
    Argument,
    /// A field of the packet is missing.
    #[error("this kernel's packets do not have the fields that are read of them")]
    Fields,
}

impl DropReasons {
    /// Looks the reasons up, and whether a program can read the packets.
    pub fn of(btf: &Btf, offsets: &Offsets) -> Result<Self, NoReasons> {
        let tracepoint = btf.tracepoint(TRACEPOINT).ok_or(NoReasons::Tracepoint)?;
        let reason = tracepoint.params.get(REASON).ok_or(NoReasons::Argument)?.ty;
        if !btf.is_enum(reason, ENUM) {
            return Err(NoReasons::Argument);
        }
        let read = [
            offsets.skb_protocol,
            offsets.skb_iif,
            offsets.skb_dev,
            offsets.skb_sk,
            offsets.skb_head,
            offsets.skb_network_header,
            offsets.skb_tail,
            offsets.skb_end,
            offsets.shared_gso_segs,
            offsets.dev_net,
        ];
        if read.contains(&ABSENT) {
            return Err(NoReasons::Fields);
        }
        let values = btf.enum_values(reason).into_iter();
        let names = values.filter(|(value, _)| *value < SUBSYSTEM);
        Ok(Self(
            names
                .map(|(value, name)| (value, name.strip_prefix(PREFIX).unwrap_or(name).to_owned()))
                .collect(),
        ))
    }

    /// What the kernel calls a reason, without the prefix that all have.
    pub fn name(&self, reason: u32) -> String {
        match self.0.get(&reason) {
            Some(name) => name.clone(),
            None if reason >= SUBSYSTEM => {
                format!("SUBSYSTEM_{}_{}", reason >> 16, reason & 0xffff)
            }
            None => format!("REASON_{reason}"),
        }
    }
}

#[cfg(test)]
impl<const N: usize> From<[(u32, &str); N]> for DropReasons {
    fn from(names: [(u32, &str); N]) -> Self {
        Self(names.map(|(value, name)| (value, name.to_owned())).into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::btf::synthetic::{Builder, fixture, kind};
    use super::super::offsets::resolve;
    use super::*;

    /// Kernels that tell why they drop.
    const KERNELS: [&str; 5] = [
        "6.1",
        "6.12",
        "6.18",
        "6.1.0-50-cloud-arm64",
        "6.12.107+deb13-cloud-arm64",
    ];

    fn looked_up(kernel: &str) -> Result<DropReasons, NoReasons> {
        let btf = Btf::parse(fixture(kernel)).unwrap();
        DropReasons::of(&btf, &resolve(&btf).unwrap())
    }

    fn real(kernel: &str) -> DropReasons {
        looked_up(kernel).unwrap()
    }

    #[test]
    fn an_old_kernel_does_not_tell_why() {
        let known = looked_up("5.10.0-46-cloud-amd64");
        assert_eq!(known, Err(NoReasons::Argument));
    }

    /// Numbers as a BTF reader of some lines of Python prints them of the same files.
    #[test]
    fn the_same_reason_has_another_number_on_every_kernel() {
        let numbers = [
            ("NETFILTER_DROP", [7, 11, 12, 7, 11]),
            ("QDISC_DROP", [45, 57, 64, 45, 57]),
            ("NO_SOCKET", [2, 3, 3, 2, 3]),
            ("IP_RPFILTER", [11, 15, 16, 11, 15]),
        ];
        for (column, kernel) in KERNELS.iter().enumerate() {
            let reasons = real(kernel);
            for (name, numbers) in numbers {
                assert_eq!(reasons.name(numbers[column]), name, "{kernel}");
            }
        }
        let all = KERNELS.map(|kernel| real(kernel).0.len());
        assert_eq!(
            all,
            [67, 105, 129, 66, 101],
            "without the mask of the subsystems"
        );
    }

    #[test]
    fn what_the_enum_does_not_name_has_a_name_too() {
        let reasons = real("6.18");
        assert_eq!(reasons.name(60_000), "REASON_60000");
        assert_eq!(reasons.name(0x2_0005), "SUBSYSTEM_2_5");
        assert_eq!(reasons.name(0), "SKB_NOT_DROPPED_YET");
    }

    /// A kernel whose `kfree_skb` passes these arguments.
    fn kernel(params: impl Fn(&mut Builder) -> Vec<(&'static str, u32)>) -> Btf {
        let mut b = Builder::new();
        let params = params(&mut b);
        b.tracepoint(TRACEPOINT, &params);
        Btf::parse(b.finish()).unwrap()
    }

    #[test]
    fn without_tracepoint_reason_or_fields_it_says_so() {
        let known = resolve(&Btf::parse(fixture("6.1")).unwrap()).unwrap();
        let none = Btf::parse(Builder::new().finish()).unwrap();
        assert_eq!(DropReasons::of(&none, &known), Err(NoReasons::Tracepoint));
        let place_only = kernel(|b| {
            let pointer = b.refer(kind::PTR, "", 0);
            vec![("", pointer), ("skb", pointer), ("location", pointer)]
        });
        assert_eq!(
            DropReasons::of(&place_only, &known),
            Err(NoReasons::Argument)
        );
        let number = kernel(|b| {
            let (pointer, int) = (b.refer(kind::PTR, "", 0), b.int("int", 4));
            vec![("", pointer), ("", pointer), ("", pointer), ("", int)]
        });
        assert_eq!(DropReasons::of(&number, &known), Err(NoReasons::Argument));
        let good = kernel(|b| {
            let pointer = b.refer(kind::PTR, "", 0);
            let name = b.string("SKB_DROP_REASON_X");
            let reason = b.add(kind::ENUM, ENUM, 1, 4, &[name, 3]);
            vec![("", pointer), ("", pointer), ("", pointer), ("", reason)]
        });
        assert_eq!(DropReasons::of(&good, &known).unwrap().name(3), "X");
        let less = Offsets {
            skb_iif: ABSENT,
            ..known
        };
        assert_eq!(DropReasons::of(&good, &less), Err(NoReasons::Fields));
    }
}
