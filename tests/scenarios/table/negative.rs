//! What only looks like a collapse of the public path: N01 to N23.

use super::Verdict::{
    Client, Collapse, Congestion, Healthy, Host, Insufficient, NoControl, Partial,
};
use super::Verdict::{Private, Recovering, Suspect};
use super::{App, Group, ONSET, Scenario, Vanish, bad, group};
use crate::sim::link::Fault;
use crate::sim::strain::Culprit;
use crate::sim::window::Control;

/// The usual control group: two busy neighbours.
const NEIGHBOURS: Group = Group::private(2, App::web(3.0));

const CALM: &[super::Verdict] = &[Healthy, Client];

const fn web(networks: u8, prefixes: u8) -> Group {
    group(networks, prefixes, App::web(6.0))
}

/// Peers whose sending vanishes without a word some time after they begin.
const fn vanishing(networks: u8) -> Group {
    group(networks, 1, App::web(2.0))
        .loses(0.005, 1.0)
        .begins(0.0, 900.0)
        .vanishes(Vanish::After(5.0, 60.0))
}

const fn private_fault(loss: f64) -> Fault {
    bad(loss).for_good()
}

/// What the instance sends and gets beyond its allowance is lost.
pub(super) const fn throttled(from: f64, until: f64) -> Fault {
    bad(0.06)
        .bursts(6.0)
        .of(Culprit::Allowance)
        .during(from, until)
}

pub(super) const TABLE: &[Scenario] = &[
    Scenario::negative("N01", "ordinary web", CALM).of(&[web(20, 2), NEIGHBOURS]),
    Scenario::negative("N02", "ordinary web, all clients mobile", CALM)
        .of(&[web(20, 2).mobile(1.0), NEIGHBOURS]),
    Scenario::negative("N03", "one /24 of 24 bad, 25 %", CALM).of(&[
        web(1, 1).faulty(bad(0.25).for_good()),
        web(12, 2),
        NEIGHBOURS,
    ]),
    Scenario::negative(
        "N04",
        "one network of 8 prefixes bad, 20 %, six others fine",
        CALM,
    )
    .of(&[
        web(1, 8).mobile(0.0).faulty(bad(0.20).for_good()),
        web(6, 2),
        NEIGHBOURS,
    ]),
    Scenario::negative(
        "N05",
        "the only network there is bad, 20 %",
        &[Suspect, Client],
    )
    .of(&[
        web(1, 6).mobile(0.0).faulty(bad(0.20).for_good()),
        NEIGHBOURS,
    ]),
    Scenario::negative(
        "N06",
        "one /24 has nine tenths of the traffic, and is bad, 25 %",
        &[Client, Healthy, Partial],
    )
    .of(&[
        group(1, 1, App::web(0.3))
            .mobile(0.0)
            .faulty(bad(0.25).for_good()),
        group(5, 1, App::web(10.0)),
        NEIGHBOURS,
    ]),
    Scenario::negative("N07", "both paths bad, 14 %", &[Host]).of(&[
        web(12, 2).faulty(bad(0.14).for_good()),
        Group::private(3, App::web(3.0)).faulty(private_fault(0.14)),
    ]),
    Scenario::negative("N08", "public 14 %, private 6 %", &[Host, Private]).of(&[
        web(12, 2).faulty(bad(0.14).for_good()),
        Group::private(3, App::web(3.0)).faulty(private_fault(0.06)),
    ]),
    Scenario::negative("N09", "private 10 %, public fine", &[Private]).of(&[
        web(12, 2),
        Group::private(3, App::web(3.0)).faulty(private_fault(0.10)),
    ]),
    Scenario::negative(
        "N10",
        "the instance's network allowance exceeded: 6 % in bursts, mostly public",
        &[Congestion, Healthy, Client],
    )
    .of(&[
        web(12, 2).faulty(throttled(ONSET, 420.0)),
        Group::private(1, App::web(20.0)).faulty(
            private_fault(0.005)
                .of(Culprit::Allowance)
                .during(ONSET, 420.0),
        ),
    ])
    .from(ONSET, 420.0, 1_200.0),
    Scenario::negative(
        "N11",
        "20 s of 30 % everywhere",
        &[Healthy, Client, Partial, Suspect, Collapse, Recovering],
    )
    .of(&[
        web(20, 2).faulty(bad(0.30).during(ONSET, 320.0)),
        NEIGHBOURS,
    ])
    .from(ONSET, 320.0, 1_200.0)
    .at_fault(),
    Scenario::negative("N12", "this host scans addresses that do not answer", CALM).of(&[
        web(6, 2),
        group(1, 1, App::Scan(20.0)).loses(1.0, 1.0),
        NEIGHBOURS,
    ]),
    Scenario::negative("N13", "a third of the clients vanish in mid-transfer", CALM).of(&[
        web(14, 2),
        vanishing(12),
        NEIGHBOURS,
    ]),
    Scenario::negative(
        "N14",
        "quiet host, most clients vanish",
        &[Healthy, Client, Insufficient, Suspect, Partial],
    )
    .of(&[
        group(2, 1, App::web(20.0)),
        vanishing(10),
        Group::private(1, App::web(10.0)),
    ]),
    Scenario::negative("N15", "peers that take two segments at a time", CALM)
        .of(&[group(10, 1, App::slow_reader()), NEIGHBOURS]),
    Scenario::negative("N16", "idle terminals", &[Healthy, Client, Insufficient]).of(&[
        group(3, 1, App::ssh(8.0)).mobile(0.0),
        Group::private(1, App::ssh(8.0)),
    ]),
    Scenario::negative("N17", "satellite clients: 250 ms or more, 2 %", CALM)
        .of(&[web(10, 1).rtt(0.25, 0.60).loses(0.02, 1.0), NEIGHBOURS]),
    Scenario::negative(
        "N18",
        "four BBR bulk clients behind policers, 6 to 12 %, ten networks fine",
        &[Healthy, Client, Partial],
    )
    .of(&[
        group(2, 1, App::bulk(20))
            .with(Some(Control::Bbr))
            .mobile(0.0)
            .faulty(bad(0.06).for_good()),
        group(2, 1, App::bulk(20))
            .with(Some(Control::Bbr))
            .mobile(0.0)
            .faulty(bad(0.12).for_good()),
        web(10, 1),
        NEIGHBOURS,
    ]),
    Scenario::negative("N19", "two networks bad at once, 20 %, eight fine", CALM).of(&[
        web(2, 4).mobile(0.0).faulty(bad(0.20).for_good()),
        web(8, 2),
        NEIGHBOURS,
    ]),
    Scenario::negative(
        "N20",
        "one terminal over a wireless home network, 5 % in bursts of 3",
        &[Healthy, Client, Suspect],
    )
    .of(&[
        group(1, 1, App::ssh(1.0)).loses(0.05, 3.0),
        Group::private(1, App::ssh(1.0)),
    ]),
    Scenario::negative("N21", "almost no traffic", &[Insufficient, Healthy]).of(&[
        group(1, 1, App::web(200.0)).mobile(0.0),
        Group::private(1, App::web(200.0)),
    ]),
    Scenario::negative(
        "N22",
        "trouble in a backbone: 8 networks 15 %, 12 fine",
        &[Client, Partial, Healthy],
    )
    .of(&[
        web(8, 2).faulty(bad(0.15).for_good()),
        web(12, 2),
        NEIGHBOURS,
    ]),
    Scenario::negative("N23", "no control group at all, public 14 %", &[NoControl])
        .of(&[web(12, 2).faulty(bad(0.14).for_good())])
        .at_fault(),
];
