//! What only looks like a collapse, beyond the list of N: Y01 to Y15.

use super::Verdict::{Client, Congestion, Healthy, Host, Insufficient, NoControl, Partial};
use super::Verdict::{Silent, Suspect};
use super::{App, Group, ONSET, Scenario, Vanish, bad, group};
use crate::sim::link::Unrest;
use crate::sim::strain::Culprit;

/// The usual control group: two busy neighbours.
const NEIGHBOURS: Group = Group::private(2, App::web(3.0));

const CALM: &[super::Verdict] = &[Healthy, Client];

/// Packets that overtake each other: one in twenty is 30 to 90 ms late.
const REORDERED: Unrest = Unrest {
    reordered: 0.05,
    detour: 0.06,
    ..Unrest::NONE
};

/// A radio link that stands still for up to 3 s, twice a minute.
const STALLING: Unrest = Unrest {
    stall_every: 30.0,
    stall: 3.0,
    ..Unrest::NONE
};

const fn web(networks: u8, prefixes: u8) -> Group {
    group(networks, prefixes, App::web(6.0))
}

pub(super) const TABLE: &[Scenario] = &[
    Scenario::negative("Y01", "packets overtake each other everywhere", CALM)
        .of(&[web(12, 2).restless(REORDERED), NEIGHBOURS]),
    Scenario::negative(
        "Y02",
        "radio links stand still for seconds: timeouts for nothing",
        CALM,
    )
    .of(&[web(12, 2).mobile(1.0).restless(STALLING), NEIGHBOURS]),
    Scenario::negative("Y03", "an elephant loses 25 %, ten mice are fine", CALM).of(&[
        group(1, 1, App::bulk(200))
            .mobile(0.0)
            .faulty(bad(0.25).for_good()),
        group(10, 1, App::web(10.0)),
        NEIGHBOURS,
    ]),
    Scenario::negative(
        "Y04",
        "clients of twelve networks vanish in the same second",
        CALM,
    )
    .of(&[
        web(10, 1),
        group(12, 1, App::web(2.0)).vanishes(Vanish::At(ONSET, ONSET + 1.0)),
        NEIGHBOURS,
    ]),
    Scenario::negative("Y05", "ordinary loss of 1 % in bursts of 12", CALM)
        .of(&[web(20, 2).loses(0.01, 12.0), NEIGHBOURS]),
    Scenario::negative(
        "Y06",
        "3 % everywhere, all the time",
        &[Healthy, Client, Suspect, Partial],
    )
    .of(&[web(12, 2).loses(0.03, 2.0), NEIGHBOURS]),
    Scenario::negative("Y07", "both paths bad, 27 %, few private peers", &[Host]).of(&[
        web(12, 2).faulty(bad(0.27).for_good()),
        Group::private(1, App::ssh(1.0)).faulty(bad(0.27).for_good()),
    ]),
    Scenario::negative(
        "Y08",
        "both paths bad, health checks the only private traffic, 20 %",
        &[Host],
    )
    .of(&[
        web(12, 2).faulty(bad(0.20).for_good()),
        Group::private(3, App::check()).faulty(bad(0.20).for_good()),
    ]),
    Scenario::negative(
        "Y09",
        "both paths black",
        &[Host, Silent, Suspect, NoControl],
    )
    .of(&[
        web(12, 2).faulty(bad(1.0).for_good()),
        NEIGHBOURS.faulty(bad(1.0).for_good()),
    ]),
    Scenario::negative(
        "Y10",
        "one sparse mobile client and a neighbour",
        &[Healthy, Client, Insufficient, Suspect],
    )
    .of(&[
        group(1, 1, App::web(20.0)).mobile(1.0),
        Group::private(1, App::web(5.0)),
    ]),
    Scenario::negative(
        "Y11",
        "short connections from mobile clients on 30 networks",
        CALM,
    )
    .of(&[group(30, 1, App::short(15.0, 3.0)).mobile(1.0), NEIGHBOURS]),
    Scenario::negative(
        "Y12",
        "three terminals on wireless home networks, 4 % in bursts of 3",
        &[Healthy, Client, Suspect, Partial],
    )
    .of(&[
        group(3, 1, App::ssh(1.5)).loses(0.04, 3.0),
        Group::private(1, App::ssh(1.0)),
    ]),
    Scenario::negative(
        "Y13",
        "uploads whose packets overtake each other on the way in",
        CALM,
    )
    .of(&[
        group(12, 1, App::upload(4.0)).restless(REORDERED),
        NEIGHBOURS,
    ]),
    Scenario::negative(
        "Y14",
        "the queueing discipline drops 5 % of what is sent, mostly public",
        &[Congestion, Healthy, Client, Host],
    )
    .of(&[
        web(12, 2).faulty(bad(0.05).outbound_only().of(Culprit::Queue).for_good()),
        NEIGHBOURS.faulty(bad(0.005).outbound_only().of(Culprit::Queue).for_good()),
    ]),
    Scenario::negative(
        "Y15",
        "the route to the internet is gone",
        &[Congestion, Silent, Suspect, NoControl],
    )
    .of(&[
        web(12, 2).faulty(bad(1.0).outbound_only().of(Culprit::Route).for_good()),
        NEIGHBOURS,
    ]),
];
