//! The instance metadata: what is read of good ones, and that bad ones, missing ones and hostile
//! ones stop nothing and let nothing through.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::time::{Duration, Instant};

use edgeghost::ec2::{Absence, Context, Firmware, MetadataWatch, Origin, Reading, Settings};
use edgeghost::flow::Local;
use edgeghost_tests::imds::{Card, Data, Imds, Mode};
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{binary, wait};

use crate::call::{Outcome, run};

/// How long anything about a metadata service that answers may take on a machine under load.
const LIMIT: Duration = Duration::from_secs(20);

const WEB3: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 207);
const EIP: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 25);

/// `check` with this endpoint, as whoever is behind a proxy would run it.
fn check(endpoints: &str) -> Outcome {
    let folder = TempDir::new().unwrap();
    let config = format!("[ec2]\nendpoints = {endpoints}\n");
    let config = folder.write("edgeghost.toml", &config).unwrap();
    let mut command = Command::new(binary::agent().unwrap());
    command.arg("check").arg("--config").arg(config);
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY"] {
        command.env(name, "http://127.0.0.1:9");
    }
    run(&mut command)
}

/// The line of `check` about the metadata.
fn told(check: &Outcome) -> String {
    let mut lines = check.stdout.lines();
    let line = lines.find(|line| line.contains(" EC2 metadata "));
    line.unwrap_or_else(|| panic!("{check:#?}")).to_owned()
}

fn watch(imds: &Imds) -> MetadataWatch {
    MetadataWatch::start(Settings {
        endpoints: vec![imds.endpoint().parse().unwrap()],
        refresh: Duration::from_hours(1),
    })
    .unwrap()
}

/// What is known once an attempt has come to its end.
fn first(imds: &Imds) -> Reading {
    let reading = watch(imds).first(LIMIT);
    assert_eq!(reading.attempts, 1, "{reading:?}");
    assert_eq!(imds.complaints(), Vec::<String>::new());
    reading
}

fn context(reading: &Reading) -> Context {
    Context::joined(reading, &Firmware::default(), &BTreeSet::new())
}

fn local(address: impl Into<IpAddr>) -> Local {
    Local {
        address: address.into(),
        netns: 1,
    }
}

#[test]
fn check_names_instance_and_mapping_and_uses_no_proxy() {
    let imds = Imds::start(Data::default()).unwrap();
    let line = told(&check(&imds.endpoints()));
    assert!(line.starts_with("ok "), "{line}");
    for part in [
        "i-0123456789abcdef0 m5.large us-east-1a",
        "1 network interface(s)",
        "10.1.0.207 is 203.0.113.25",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert_eq!(imds.complaints(), Vec::<String>::new());
    assert!(imds.requests().len() > 10, "{:?}", imds.requests());
}

#[test]
fn check_says_why_there_is_none_and_goes_on() {
    for (mode, words) in [
        (
            Mode::Disabled,
            ["disabled", "modify-instance-metadata-options"],
        ),
        (Mode::Busy, ["busy or broken", "503"]),
        (Mode::Hang, ["does not answer in time", "hop limit"]),
        (Mode::ExpiredAlways, ["refuses the very token", "401"]),
        (Mode::NoTimeToLive, ["no IMDSv2", "no time to live"]),
        (Mode::Gibberish, ["no IMDSv2", "no status line"]),
    ] {
        let imds = Imds::start(Data::default()).unwrap();
        imds.set_mode(mode);
        let begin = Instant::now();
        let check = check(&imds.endpoints());
        let line = told(&check);
        assert!(line.starts_with("warn "), "{mode:?}: {line}");
        for word in words {
            assert!(line.contains(word), "{mode:?}, {word}: {line}");
        }
        assert!(line.contains("placeholders"), "{line}");
        assert!(check.stdout.contains("kernel"), "it goes on: {check:#?}");
        assert!(begin.elapsed() < LIMIT, "{mode:?}: {:?}", begin.elapsed());
        assert_eq!(imds.complaints(), Vec::<String>::new(), "{mode:?}");
    }
}

#[test]
fn check_of_nobody_and_switched_off() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("[\"http://{}\"]", closed.local_addr().unwrap());
    drop(closed);
    let line = told(&check(&endpoint));
    assert!(
        line.starts_with("warn ") && line.contains("no way to the metadata service"),
        "{line}"
    );
    let folder = TempDir::new().unwrap();
    let config = folder
        .write("edgeghost.toml", "[ec2]\nmetadata = \"off\"\n")
        .unwrap();
    let off = crate::call::agent(&["check", "--config", config.to_str().unwrap()]);
    let line = told(&off);
    assert!(
        line.starts_with("ok ") && line.contains("switched off"),
        "{line}"
    );
}

#[test]
fn the_second_endpoint_is_tried_when_the_first_gives_nothing() {
    let (dead, alive) = (
        Imds::start(Data::default()).unwrap(),
        Imds::start(Data::default()).unwrap(),
    );
    dead.set_mode(Mode::Busy);
    let both = format!("[\"{}\", \"{}\"]", dead.endpoint(), alive.endpoint());
    let line = told(&check(&both));
    assert!(
        line.starts_with("ok ") && line.contains("i-0123456789abcdef0"),
        "{line}"
    );
}

#[test]
fn interfaces_are_put_in_order_with_all_their_addresses_and_blocks() {
    let mut second = Card::new(1, [10, 2, 0, 9].into());
    second.private.push([10, 2, 0, 10].into());
    second
        .public
        .insert([10, 2, 0, 10].into(), [203, 0, 113, 77].into());
    second.vpc = ["10.2.0.0/16", "198.18.0.0/20", "2600:1f18:100::/56"]
        .map(str::to_owned)
        .to_vec();
    second.ipv6.push("2600:1f18:100:7::9".parse().unwrap());
    let mut data = Data::default();
    // As real ones list them: in no order.
    data.cards.insert(0, second);
    let imds = Imds::start(data).unwrap();
    let context = context(&first(&imds));
    assert_eq!(context.instance.kind.as_deref(), Some("m5.large"));
    assert_eq!(context.instance.life_cycle.as_deref(), Some("on-demand"));
    assert_eq!(context.instance.account.as_deref(), Some("123456789012"));
    assert_eq!(context.instance.zone.as_deref(), Some("us-east-1a"));
    assert_eq!(context.instance.partition.as_deref(), Some("aws"));
    let numbers: Vec<_> = context.interfaces.iter().map(|i| i.device_number).collect();
    assert_eq!(numbers, [Some(0), Some(1)]);
    let mapped = context.mapping(local([10, 2, 0, 10]));
    assert_eq!(mapped.public_ip, Some([203, 0, 113, 77].into()));
    assert_eq!(
        mapped.network_interface_id.as_deref(),
        Some("eni-0123456789abcde01")
    );
    assert_eq!(context.mapping(local([10, 2, 0, 9])).public_ip, None);
    let blocks: Vec<_> = context.vpc_blocks().map(|b| b.to_string()).collect();
    let all = [
        "10.1.0.0/16",
        "10.2.0.0/16",
        "198.18.0.0/20",
        "2600:1f18:100::/56",
    ];
    assert_eq!(blocks, all);
    for (address, origin) in [
        ("10.1.0.207", Origin::OnInterface),
        ("2600:1f18:100:7::9", Origin::OnInterface),
        ("172.17.0.2", Origin::Elsewhere),
    ] {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(context.origin(local(address)), origin, "{address}");
    }
}

#[test]
fn what_an_instance_does_not_have_is_absent() {
    let mut data = Data::default();
    data.card().public.clear();
    data.absent = [
        "dynamic/",
        "meta-data/services",
        "meta-data/instance-life-cycle",
    ]
    .map(str::to_owned)
    .to_vec();
    let imds = Imds::start(data).unwrap();
    let context = context(&first(&imds));
    assert_eq!(
        context.instance.id.as_deref(),
        Some("i-0123456789abcdef0"),
        "by its key, where there is no document"
    );
    assert_eq!(context.instance.region.as_deref(), Some("us-east-1"));
    assert_eq!(context.instance.account, None);
    assert_eq!(context.instance.partition, None);
    assert_eq!(context.mapping(local(WEB3)).public_ip, None);
    assert!(context.public_addresses().is_empty());
}

#[test]
fn a_token_that_expired_is_renewed_once() {
    let imds = Imds::start(Data::default()).unwrap();
    let watch = watch(&imds);
    assert!(watch.first(LIMIT).known.is_some());
    let from = imds.requests().len();
    imds.set_mode(Mode::ExpiredOnce);
    let number = watch.ask();
    let reading = answered(&watch, number);
    assert_eq!(reading.absence, None, "{reading:?}");
    let puts = imds
        .requests()
        .iter()
        .skip(from)
        .filter(|request| request.method == "PUT")
        .count();
    assert_eq!(puts, 1);

    let from = imds.requests().len();
    imds.set_mode(Mode::ExpiredAlways);
    let number = watch.ask();
    let reading = answered(&watch, number);
    assert_eq!(reading.absence, Some(Absence::Refused));
    assert!(reading.known.is_some(), "what was known stays");
    assert!(
        imds.requests().len() - from <= 4,
        "it does not go on asking: {:?}",
        imds.requests()
    );
    assert_eq!(imds.complaints(), Vec::<String>::new());
}

fn answered(watch: &MetadataWatch, number: u64) -> Reading {
    wait::until("an answer", LIMIT, || {
        Ok(Some(watch.latest()).filter(|reading| reading.answered >= number))
    })
    .unwrap()
}

#[test]
fn a_mapping_that_goes_and_comes_is_seen_when_asked_for() {
    let imds = Imds::start(Data::default()).unwrap();
    let watch = watch(&imds);
    let public = |reading: &Reading| context(reading).mapping(local(WEB3)).public_ip;
    assert_eq!(public(&watch.first(LIMIT)), Some(EIP.into()));
    imds.change(|data| data.card().public.clear());
    assert_eq!(public(&answered(&watch, watch.ask())), None);
    imds.change(|data| {
        data.card().public.insert(WEB3, EIP);
    });
    let from = imds.requests().len();
    assert_eq!(public(&answered(&watch, watch.ask())), Some(EIP.into()));
    let asked = imds.requests().len() - from;
    assert!(asked <= 4, "only the mappings are asked for: {asked}");
}

#[test]
fn hostile_metadata_ends_and_nothing_of_it_is_kept() {
    for mode in [
        Mode::Huge,
        Mode::Binary,
        Mode::Endless,
        Mode::SlowDrip,
        Mode::Injection,
    ] {
        let imds = Imds::start(Data::default()).unwrap();
        imds.set_mode(mode);
        let begin = Instant::now();
        let reading = first(&imds);
        assert!(begin.elapsed() < Duration::from_secs(10), "{mode:?}");
        let context = context(&reading);
        assert_eq!(
            context.instance,
            edgeghost::ec2::Instance::default(),
            "{mode:?}"
        );
        assert!(
            context.interfaces.is_empty() && context.vpc.is_empty(),
            "{mode:?}"
        );
    }
}

/// Each key in turn says something that it must not say; the others are kept, and what is printed
/// of it is printed once and with everything odd escaped.
#[test]
fn a_bad_value_is_left_out_told_once_and_escaped() {
    let macs = "meta-data/network/interfaces/macs/0e:49:61:0f:c3:00";
    let bad = "x\u{1b}[31m$(reboot)`id`";
    for key in [
        "dynamic/instance-identity/document".to_owned(),
        "meta-data/services/partition".to_owned(),
        format!("{macs}/interface-id"),
        format!("{macs}/local-ipv4s"),
        format!("{macs}/vpc-ipv4-cidr-blocks"),
        format!("{macs}/ipv4-associations/"),
        "meta-data/network/interfaces/macs/".to_owned(),
    ] {
        let mut data = Data::default();
        data.instead.insert(key.clone(), bad.to_owned());
        let imds = Imds::start(data).unwrap();
        let check = check(&imds.endpoints());
        let line = told(&check);
        assert!(line.contains("i-0123456789abcdef0"), "{key}: {line}");
        let all = format!("{}{}", check.stdout, check.stderr);
        assert_eq!(all.matches("reboot").count(), 1, "{key}: {all}");
        assert!(!all.contains('\u{1b}'), "{key}: {all}");
        check.expect_stderr(&[&format!("{key} is not what it should be")]);
        let known = format!("{:?}", context(&first(&imds)));
        assert!(!known.contains("reboot"), "{key}: {known}");
    }
}

#[test]
fn a_vpc_that_claims_the_world_is_no_vpc() {
    let mut data = Data::default();
    data.card().vpc = vec!["0.0.0.0/0".to_owned(), "10.1.0.0/16".to_owned()];
    let imds = Imds::start(data).unwrap();
    let blocks: Vec<_> = context(&first(&imds)).vpc_blocks().collect();
    assert_eq!(blocks, ["10.1.0.0/16".parse().unwrap()]);
}

#[test]
fn nobody_waits_long_for_metadata_that_hangs() {
    let imds = Imds::start(Data::default()).unwrap();
    imds.set_mode(Mode::Hang);
    let watch = watch(&imds);
    let begin = Instant::now();
    let reading = watch.first(Duration::from_millis(200));
    assert_eq!(reading.absence, Some(Absence::Waiting));
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    let reading = watch.first(LIMIT);
    assert_eq!(reading.absence, Some(Absence::TimedOut));
    // It comes back to life by itself.
    imds.set_mode(Mode::Ok);
    wait::until_true("metadata that is read after all", LIMIT, || {
        Ok(watch.latest().known.is_some())
    })
    .unwrap();
}
