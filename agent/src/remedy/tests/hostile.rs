//! Whatever the situation, and whatever the metadata says: nothing is touched without cause, and
//! nothing gets into a command that does not belong there.

use std::collections::BTreeMap;

use super::*;
use crate::detect::{Assessment, Detector, Params};
use crate::ec2::{Context, Instance, Interface, Mapping};
use crate::flow::{Local, quiet};
use crate::hash::fnv1a;
use crate::host::HostSample;

/// Chance with a seed.
struct Chance {
    seed: u64,
    /// Texts may be another than they should be.
    hostile: bool,
}

impl Chance {
    const fn new(seed: u64) -> Self {
        Self {
            seed,
            hostile: true,
        }
    }

    /// All is there, and as it should be.
    const fn kind() -> Self {
        Self {
            seed: 0,
            hostile: false,
        }
    }

    fn below(&mut self, end: usize) -> usize {
        self.seed += 1;
        let end = u64::try_from(end).unwrap();
        usize::try_from(fnv1a(self.seed.to_le_bytes()) % end).unwrap()
    }

    fn is(&mut self) -> bool {
        self.below(2) == 0
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    fn text(&mut self, good: &str) -> Option<String> {
        match self.below(3) {
            _ if !self.hostile => Some(good.to_owned()),
            0 => None,
            1 => Some(good.to_owned()),
            _ => Some(self.of(&HOSTILE).to_owned()),
        }
    }
}

const HOSTILE: [&str; 9] = [
    "i-0; touch /tmp/x",
    "$(reboot)",
    "`id`",
    "eni-0a1b2c3d4e5f60718 --allow-reassociation",
    "'; rm -rf / #",
    "us-east-1\nreboot",
    "<REGION>",
    "--public-ips",
    "../../x",
];

fn target(chance: &mut Chance) -> Target {
    Target {
        private_ip: chance.is().then(|| [10, 1, 0, 207].into()),
        public_ip: chance.is().then(|| [203, 0, 113, 25].into()),
        allocation_id: chance.text("eipalloc-0123456789abcdef0"),
        association_id: chance.text("eipassoc-0123456789abcdef0"),
        network_interface_id: chance.text("eni-0a1b2c3d4e5f60718"),
        instance_id: chance.text("i-0123456789abcdef0"),
        region: chance.text("us-east-1"),
        partition: chance.text("aws"),
        account: chance.text("123456789012"),
        vpc_id: chance.text("vpc-0123456789abcdef0"),
        mac: chance.text("0e:49:61:0f:c3:11"),
        device_number: chance.is().then_some(1),
        primary: chance.is().then_some(false),
        read_seconds_ago: None,
    }
}

fn any(chance: &mut Chance) -> Situation {
    let others = |chance: &mut Chance| Others {
        well: chance.below(3),
        bad: chance.below(3),
    };
    Situation {
        verdict: chance.of(&VERDICTS),
        escalation: chance.of(&[
            None,
            None,
            Some(Escalation::Repeated),
            Some(Escalation::Exhausted),
            Some(Escalation::Flapping),
            Some(Escalation::NotRecovered),
        ]),
        cause: chance.of(&[
            None,
            Some(LocalCause::Allowance),
            Some(LocalCause::NoRoute),
            Some(LocalCause::Interrupted),
            Some(LocalCause::Filtered),
            Some(LocalCause::Refused),
            Some(LocalCause::Dropped),
        ]),
        target: target(chance),
        source: chance.of(&[Source::Unknown, Source::Firmware, Source::Metadata]),
        place: chance.of(&[
            Place::Unknown,
            Place::Mapped,
            Place::Unmapped,
            Place::Elsewhere,
        ]),
        managed: chance.is(),
        local_zone: chance.is(),
        spot: chance.is(),
        interfaces: chance.below(4),
        ipv6: others(chance),
        elastic: others(chance),
        worst: chance.is().then(|| [198, 51, 100, 14].into()),
        ..plain()
    }
}

/// Nothing of what somebody else may have put there stands in anything to run.
fn assert_clean(advice: &Remediation) {
    let commands = advice.commands.iter().chain(&advice.rollback);
    let run = commands
        .map(|command| &command.command)
        .chain(&advice.runbook);
    for text in run {
        for hostile in HOSTILE.iter().filter(|text| **text != "<REGION>") {
            assert!(!text.contains(hostile), "{hostile:?} in {text}");
        }
        assert!(!text.contains('\n'), "{text:?}");
    }
}

#[test]
fn only_a_collapse_of_the_public_path_alone_leads_to_touching_an_address() {
    let mut chance = Chance::new(1);
    let mut touched = 0;
    for _ in 0..50_000 {
        let situation = any(&mut chance);
        let particulars = Particulars {
            incident: chance.text("eg-fe4b5fb2da7f5688"),
            ..Particulars::default()
        };
        let Some(advice) = advise(&situation, particulars) else {
            continue;
        };
        let collapse = situation.verdict == Raw::PublicOnlyCollapse;
        assert_eq!(advice.touches_address, advice.action.touches_address());
        let all = advice.commands.iter().chain(&advice.rollback);
        let changes = all.filter(|command| command.changes).count();
        if advice.touches_address {
            touched += 1;
            assert!(collapse, "{situation:?}");
            assert!(
                situation.escalation.is_none() && !situation.managed,
                "{situation:?}"
            );
            assert!(changes > 0);
        } else {
            assert_eq!(changes, 0, "{situation:?}");
            assert!(advice.runbook.is_none());
            let touching = ["associate-address", "allocate-address", "release-address"];
            let all = advice.commands.iter().chain(&advice.rollback);
            for command in all {
                assert!(
                    touching.iter().all(|call| !command.command.contains(call)),
                    "{}",
                    command.command
                );
            }
        }
        assert_clean(&advice);
    }
    assert!(touched > 100, "{touched}");
}

fn local() -> Local {
    quiet("198.51.100.7").key.local()
}

/// Surroundings of which any text may be another than it should be.
fn surroundings(chance: &mut Chance) -> Context {
    let mapping = Mapping {
        public_ip: chance.is().then(|| [203, 0, 113, 25].into()),
        allocation_id: chance.text("eipalloc-0123456789abcdef0"),
        association_id: chance.text("eipassoc-0123456789abcdef0"),
        network_interface_id: chance.text("eni-0a1b2c3d4e5f60718"),
    };
    let std::net::IpAddr::V4(own) = local().address else {
        panic!("the sample's local address is an IPv4 one");
    };
    let interface = Interface {
        mac: chance.text("0e:49:61:0f:c3:11").unwrap_or_default(),
        id: chance.text("eni-0a1b2c3d4e5f60718"),
        device_number: Some(0),
        owner: chance.text("123456789012"),
        vpc_id: chance.text("vpc-0123456789abcdef0"),
        private_ipv4: vec![own],
        ..Interface::default()
    };
    Context {
        source: if chance.hostile {
            chance.of(&[Source::Unknown, Source::Metadata])
        } else {
            Source::Metadata
        },
        instance: Instance {
            id: chance.text("i-0123456789abcdef0"),
            life_cycle: chance.text("spot"),
            account: chance.text("123456789012"),
            region: chance.text("us-east-1"),
            zone: chance.text("us-east-1a"),
            partition: chance.text("aws"),
            kind: chance.text("m5.large"),
        },
        interfaces: if !chance.hostile || chance.is() {
            vec![interface]
        } else {
            Vec::new()
        },
        addresses: BTreeMap::from([(local(), mapping)]),
        ..Context::default()
    }
}

/// An assessment of anything: what it says does not matter here.
fn assessment() -> Assessment {
    let mut detector = Detector::new(Params {
        confirm_ns: 1,
        hold_ns: 1,
        recovered_ns: 1,
        cooldown_ns: 1,
        advices_a_day: 1,
        counsel_ns: 1,
        settle_ns: 1,
    });
    detector.observe(&quiet("198.51.100.7"));
    detector.tick(2_000_000_000, &HostSample::default());
    let (_, assessment) = detector.assessments().next().expect("an assessment");
    assessment.clone()
}

#[test]
fn hostile_metadata_gets_into_no_command_and_no_target() {
    let mut chance = Chance::new(7);
    let assessment = assessment();
    for _ in 0..20_000 {
        let context = surroundings(&mut chance);
        let verdict = (chance.of(&VERDICTS), None);
        let none = std::iter::empty();
        let situation = Situation::of(local(), verdict, &assessment, &context, none);
        let Some(advice) = advise(&situation, Particulars::default()) else {
            continue;
        };
        assert_clean(&advice);
        let target = serde_json::to_string(&advice.target).unwrap();
        for hostile in HOSTILE {
            let hostile = serde_json::to_string(hostile).unwrap();
            assert!(
                !target.contains(hostile.trim_matches('"')),
                "{hostile} in {target}"
            );
        }
    }
}

/// What the surroundings say of an address, row by row.
#[test]
fn situations_are_read_off_the_surroundings() {
    let assessment = assessment();
    let context = surroundings(&mut Chance::kind());
    let of = |context: &Context| {
        let verdict = (Raw::PublicOnlyCollapse, None);
        Situation::of(local(), verdict, &assessment, context, std::iter::empty())
    };
    let with = |change: &dyn Fn(&mut Context)| {
        let mut context = context.clone();
        change(&mut context);
        of(&context)
    };
    let map = |context: &mut Context, public: Option<[u8; 4]>| {
        for mapping in context.addresses.values_mut() {
            mapping.public_ip = public.map(Into::into);
        }
    };
    let mapped = with(&|c| map(c, Some([203, 0, 113, 25])));
    assert_eq!(mapped.place, Place::Mapped);
    assert!(!mapped.managed);
    assert_eq!(with(&|c| map(c, None)).place, Place::Unmapped);
    let elsewhere = with(&|c| {
        map(c, None);
        c.interfaces[0].private_ipv4 = vec![[10, 9, 9, 9].into()];
        for mapping in c.addresses.values_mut() {
            mapping.network_interface_id = None;
        }
    });
    assert_eq!(elsewhere.place, Place::Elsewhere);
    let unknown = with(&|c| {
        map(c, None);
        c.source = Source::Firmware;
        c.interfaces.clear();
    });
    assert_eq!(unknown.place, Place::Unknown);
    assert!(with(&|c| c.interfaces[0].owner = Some("999999999999".to_owned())).managed);
    let zone = |zone: &str| {
        with(&|c| {
            c.instance.region = Some("us-west-2".to_owned());
            c.instance.zone = Some(zone.to_owned());
        })
        .local_zone
    };
    assert!(zone("us-west-2-lax-1a") && !zone("us-west-2b"));
    assert!(with(&|c| c.instance.life_cycle = Some("spot".to_owned())).spot);
    let second = with(&|c| c.interfaces[0].private_ipv4.insert(0, [10, 1, 0, 9].into()));
    assert!(second.is_secondary());
}
