//! Findings, as an operator would read them.

use super::*;
use crate::event::{DriverDetail, HostDetail, InterfaceDetail, RouteDetail, RouteKind};
use crate::host::{History, HostSample};

const SECOND: u64 = 1_000_000_000;

fn address() -> IpAddr {
    [10, 1, 0, 207].into()
}

fn subject() -> Subject {
    Subject {
        address: address(),
        own_namespace: true,
    }
}

fn route(peer: Option<[u8; 4]>, kind: RouteKind) -> RouteDetail {
    RouteDetail {
        peer: peer.map(IpAddr::from),
        local: peer.map(|_| address()),
        ip_version: peer.is_none().then_some(4),
        kind,
        prefix: 0,
        device: Some("ens5".to_owned()),
        gateway: Some([10, 1, 0, 1].into()),
    }
}

/// A sound instance, ten seconds of it.
fn sound() -> HostDetail {
    let allowances = ["bw_out_allowance_exceeded", "pps_allowance_exceeded"];
    let driver = DriverDetail {
        name: "ena".to_owned(),
        allowances: allowances.map(|name| (name.to_owned(), 0)).into(),
        conntrack_left: Some(136_812),
        resets: Some(0),
        error_counters: 41,
        ..DriverDetail::default()
    };
    let none = Some(0);
    let ens5 = InterfaceDetail {
        name: "ens5".to_owned(),
        in_use: true,
        set_up: true,
        carrier: Some(true),
        operstate: Some("up".to_owned()),
        carrier_changes: none,
        rx_errors: none,
        tx_errors: none,
        rx_dropped: none,
        tx_dropped: none,
        queue_drops: none,
        driver: Some(driver),
    };
    let protocol = [
        "RetransSegs",
        "InErrs",
        "PruneCalled",
        "ListenDrops",
        "TCPTimeouts",
        "TCPLostRetransmit",
        "TCPFastRetrans",
        "TCPSackRecoveryFail",
        "TCPSpuriousRTOs",
        "TCPSynRetrans",
        "TCPAbortOnTimeout",
        "TCPBacklogDrop",
        "IPReversePathFilter",
        "TCPSpuriousRtxHostQueues",
        "TCPMTUPFail",
        "TCPMemoryPressures",
    ];
    HostDetail {
        period_ms: 10_000,
        protocol: protocol.map(|name| (name.to_owned(), 0)).into(),
        interfaces: vec![ens5],
        routes: vec![
            route(None, RouteKind::Unicast),
            route(Some([198, 51, 100, 7]), RouteKind::Unicast),
        ],
    }
}

/// A second with so many segments sent again.
fn tick(retransmitted: u64, detail: Option<HostDetail>) -> HostSample {
    HostSample {
        local_drops: Some(0),
        segments_sent: Some(100),
        segments_retransmitted: Some(retransmitted),
        retransmissions_failed: Some(0),
        no_route: Some(0),
        detail: detail.map(Box::new),
        ..HostSample::default()
    }
}

/// A minute that is well, and half a minute of an incident changed by `change`.
fn incident(change: impl Fn(&mut HostSample)) -> Vec<HostFinding> {
    let mut history = History::default();
    for second in 1..=90_u64 {
        let detail = second.is_multiple_of(10).then(sound);
        let mut host = tick(u64::from(second > 60) * 10, detail);
        if second > 60 {
            change(&mut host);
        }
        history.note(second * SECOND, &host);
    }
    let during = history.window(60 * SECOND, 90 * SECOND);
    findings(&during, &history.window(0, 60 * SECOND), subject())
}

fn of(findings: &[HostFinding], check: HostCheck) -> &HostFinding {
    findings.iter().find(|f| f.check == check).unwrap()
}

/// Changes what is read every ten seconds.
fn detail(change: impl Fn(&mut HostDetail)) -> impl Fn(&mut HostSample) {
    move |host| {
        if let Some(detail) = &mut host.detail {
            change(detail);
        }
    }
}

#[test]
fn a_sound_host_is_clean_in_every_respect() {
    let found = incident(|_| {});
    for finding in &found {
        assert_eq!(finding.state, CheckState::Clean, "{finding:?}");
    }
    let value = |check| of(&found, check).value.as_str();
    assert_eq!(
        value(HostCheck::NicDriverCounters),
        "ena on ens5: none of 41 error counters grew"
    );
    assert_eq!(
        value(HostCheck::DefaultRoute),
        "default route via 10.1.0.1 on ens5"
    );
    let peer = "198.51.100.7 is reached via 10.1.0.1 on ens5";
    assert_eq!(value(HostCheck::PeerRoute), peer);
    let mut checks: Vec<_> = found.iter().map(|finding| finding.check).collect();
    checks.dedup();
    assert_eq!(checks.len(), found.len(), "one line each");
}

#[test]
fn every_cause_on_the_host_is_a_fault() {
    type Change = Box<dyn Fn(&mut HostSample)>;
    let first = |change: fn(&mut InterfaceDetail)| -> Change {
        Box::new(detail(move |detail| change(&mut detail.interfaces[0])))
    };
    let counter = |name: &'static str| -> Change {
        Box::new(detail(move |detail| {
            detail.protocol.insert(name.to_owned(), 40);
        }))
    };
    let way = |place: usize, kind: RouteKind| -> Change {
        Box::new(detail(move |detail| {
            detail.routes[place].kind = kind;
            detail.routes[1 - place].kind = RouteKind::None;
        }))
    };
    let cases: Vec<(HostCheck, Change)> = vec![
        (
            HostCheck::Allowances,
            first(|i| {
                let driver = i.driver.as_mut().unwrap();
                driver
                    .allowances
                    .insert("pps_allowance_exceeded".to_owned(), 500);
            }),
        ),
        (
            HostCheck::ConntrackAllowance,
            first(|i| i.driver.as_mut().unwrap().conntrack_left = Some(0)),
        ),
        (
            HostCheck::DriverResets,
            first(|i| i.driver.as_mut().unwrap().resets = Some(1)),
        ),
        (
            HostCheck::NicDriverCounters,
            first(|i| {
                let driver = i.driver.as_mut().unwrap();
                driver.errors.insert("tx_missed_tx".to_owned(), 80);
            }),
        ),
        (
            HostCheck::InterfaceErrors,
            first(|i| i.tx_errors = Some(50)),
        ),
        (
            HostCheck::InterfaceDrops,
            first(|i| i.tx_dropped = Some(50)),
        ),
        (HostCheck::Carrier, first(|i| i.carrier_changes = Some(2))),
        (HostCheck::Carrier, first(|i| i.carrier = Some(false))),
        (HostCheck::QueueDrops, first(|i| i.queue_drops = Some(50))),
        (HostCheck::DefaultRoute, way(0, RouteKind::None)),
        (HostCheck::PeerRoute, way(1, RouteKind::Blackhole)),
        (HostCheck::LocalDrops, Box::new(|h| h.local_drops = Some(5))),
        (
            HostCheck::RetransmissionsFailed,
            Box::new(|h| h.retransmissions_failed = Some(5)),
        ),
        (HostCheck::NoRoute, Box::new(|h| h.no_route = Some(5))),
        (HostCheck::HostQueues, counter("TCPSpuriousRtxHostQueues")),
        (HostCheck::ReversePathFilter, counter("IPReversePathFilter")),
        (HostCheck::ReceiveDrops, counter("TCPBacklogDrop")),
    ];
    for (check, change) in cases {
        let found = incident(change);
        let finding = of(&found, check);
        assert_eq!(finding.state, CheckState::Fault, "{finding:?}");
    }
}

#[test]
fn what_explains_too_little_is_worth_a_look_and_no_fault() {
    let found = incident(|host| host.local_drops = Some(1));
    let drops = of(&found, HostCheck::LocalDrops);
    assert_eq!(drops.state, CheckState::Noteworthy, "{drops:?}");
    assert_eq!(drops.count, Some(30));
}

#[test]
fn symptoms_are_told_as_rates_against_the_time_before() {
    let mut history = History::default();
    for second in 1..=90_u64 {
        let mut host = tick(0, second.is_multiple_of(10).then(sound));
        let timeouts = if second > 60 { 120 } else { 1 };
        detail(|d| {
            d.protocol.insert("TCPTimeouts".to_owned(), timeouts);
            d.protocol.insert("TCPFastRetrans".to_owned(), 7);
        })(&mut host);
        history.note(second * SECOND, &host);
    }
    let during = history.window(60 * SECOND, 90 * SECOND);
    let found = findings(&during, &history.window(0, 60 * SECOND), subject());
    let timeouts = of(&found, HostCheck::TcpTimeouts);
    assert_eq!(timeouts.value, "TCPTimeouts 360 (12/s, before 0.1/s)");
    assert_eq!(timeouts.state, CheckState::Noteworthy);
    assert_eq!(timeouts.per_second_before, Some(0.1));
    let fast = of(&found, HostCheck::FastRetransmits);
    assert_eq!(
        fast.state,
        CheckState::Clean,
        "as often as before: {fast:?}"
    );
}

#[test]
fn what_was_not_read_is_unknown_and_excludes_nothing() {
    let nothing = Window::default();
    let found = findings(&nothing, &nothing, subject());
    for finding in &found {
        assert_eq!(finding.state, CheckState::Unknown, "{finding:?}");
    }
    let other = incident(detail(|d| {
        let driver = d.interfaces[0].driver.as_mut().unwrap();
        driver.name = "virtio_net".to_owned();
        driver.allowances.clear();
        (driver.conntrack_left, driver.resets) = (None, None);
    }));
    // The good minute before is ENA's; the latest driver is what counts for its name alone.
    let driver = of(&other, HostCheck::NicDriverCounters);
    assert!(driver.value.starts_with("virtio_net"), "{driver:?}");
    assert_eq!(of(&other, HostCheck::Allowances).state, CheckState::Unknown);
    assert_eq!(
        of(&other, HostCheck::DriverResets).state,
        CheckState::Unknown
    );
}

#[test]
fn in_another_namespace_only_devices_say_something() {
    let mut history = History::default();
    history.note(SECOND, &tick(1, Some(sound())));
    let window = history.window(0, SECOND);
    let elsewhere = Subject {
        own_namespace: false,
        ..subject()
    };
    let found = findings(&window, &Window::default(), elsewhere);
    assert_eq!(of(&found, HostCheck::Allowances).state, CheckState::Clean);
    for check in [
        HostCheck::TcpTimeouts,
        HostCheck::NoRoute,
        HostCheck::PeerRoute,
    ] {
        assert_eq!(of(&found, check).state, CheckState::Unknown);
    }
}

#[test]
fn a_host_without_a_default_route_may_still_know_the_peer() {
    let found = incident(detail(|d| d.routes[0].kind = RouteKind::None));
    let route = of(&found, HostCheck::DefaultRoute);
    assert_eq!(route.state, CheckState::Noteworthy, "{route:?}");
}
