//! What the issue names beyond the list above: X for collapses, Y for what only looks like one.

use super::Verdict::{Client, Collapse, Healthy, Host, Insufficient, NoControl, Partial};
use super::Verdict::{Recovering, Silent, Suspect};
use super::{Advice, App, END, Group, Local, ONSET, Scenario, Vanish, bad, group};
use crate::sim::link::{Shape, Unrest};

/// The usual control group: two busy neighbours.
const NEIGHBOURS: Group = Group::private(2, App::web(3.0));

const CALM: &[super::Verdict] = &[Healthy, Client];

const RECEIVER: &str = "what came in out of order or twice (rcv_ooopack, dsack_dups)";

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
    Scenario::positive("X01", "14 % inbound only, web", 120.0)
        .of(&[web(12, 2).faulty(bad(0.14).inbound_only()), NEIGHBOURS])
        .lacking(RECEIVER),
    Scenario::positive("X02", "27 % inbound only, terminals on 6 networks", 120.0)
        .of(&[
            group(6, 1, App::ssh(2.0)).faulty(bad(0.27).inbound_only()),
            NEIGHBOURS,
        ])
        .lacking(RECEIVER),
    Scenario::positive("X03", "grows to 20 % over ten minutes", 420.0)
        .of(&[
            web(20, 2).faulty(bad(0.20).shaped(Shape::Ramp(600.0)).during(ONSET, 1_200.0)),
            NEIGHBOURS,
        ])
        .from(ONSET, 1_200.0, 1_620.0),
    Scenario::positive("X04", "three minutes of 20 %, then well by itself", 100.0)
        .of(&[
            web(12, 2).faulty(bad(0.20).during(ONSET, 480.0)),
            NEIGHBOURS,
        ])
        .from(ONSET, 480.0, 1_020.0),
    Scenario::positive("X05", "14 %, an elephant among ten mice", 100.0).of(&[
        group(1, 1, App::bulk(200)).faulty(bad(0.14)),
        group(10, 1, App::web(10.0)).faulty(bad(0.14)),
        NEIGHBOURS,
    ]),
    Scenario::positive(
        "X06",
        "14 %, the only private peers check the host's health",
        100.0,
    )
    .of(&[
        web(12, 2).faulty(bad(0.14)),
        Group::private(3, App::check()),
    ]),
    Scenario::positive(
        "X07",
        "14 %, no private traffic, IPv6 clients are fine",
        120.0,
    )
    .of(&[web(12, 2).faulty(bad(0.14)), web(6, 1).at(Local::V6)])
    .lacking("IPv6 as a control group of the IPv4 address"),
    Scenario::positive(
        "X08",
        "the agent starts in the middle of it, flows are old, 20 %",
        90.0,
    )
    .of(&[
        web(12, 2)
            .faulty(bad(0.20).during(-600.0, 600.0))
            .begins(-300.0, -100.0),
        Group::private(2, App::web(3.0)).begins(-300.0, -100.0),
    ])
    .from(0.0, 600.0, 1_020.0),
    Scenario::positive(
        "X09",
        "two Elastic IPs, both bad; private traffic on both",
        100.0,
    )
    .of(&[
        web(10, 2).faulty(bad(0.14)),
        web(10, 2).at(Local::Second).faulty(bad(0.14)),
        NEIGHBOURS,
        NEIGHBOURS.at(Local::Second),
    ]),
    Scenario::positive(
        "X10",
        "the second of two Elastic IPs bad; private traffic on the first",
        100.0,
    )
    .of(&[
        web(10, 2),
        web(10, 2).at(Local::Second).faulty(bad(0.14)),
        NEIGHBOURS,
    ])
    .judged_at(Local::Second)
    .lacking("other addresses of the host as a control group"),
    Scenario::positive("X11", "14 %, congestion controls mixed", 90.0)
        .of(&[web(12, 2).with(None).faulty(bad(0.14)), NEIGHBOURS]),
    Scenario::positive(
        "X12",
        "fixed by another address: old flows die, clients come anew",
        90.0,
    )
    .of(&[
        web(12, 2).faulty(bad(0.20)).vanishes(Vanish::At(END, END)),
        web(12, 2).begins(END, END + 60.0),
        NEIGHBOURS,
    ]),
    Scenario::positive(
        "X13",
        "sparse: four networks, a request each 15 s, 14 %",
        180.0,
    )
    .of(&[group(4, 1, App::web(15.0)).faulty(bad(0.14)), NEIGHBOURS]),
    Scenario::positive(
        "X14",
        "the incident with six sparse web clients, 27 %",
        100.0,
    )
    .of(&[
        group(1, 1, App::ssh(1.0)).mobile(0.0).faulty(bad(0.27)),
        group(6, 1, App::short(20.0, 4.0)).faulty(bad(0.27)),
        Group::private(1, App::ssh(1.0)),
    ]),
    Scenario::positive("X15", "nothing comes in, what is sent arrives", 120.0)
        .of(&[
            group(16, 2, App::web(4.0)).faulty(bad(1.0).inbound_only()),
            NEIGHBOURS,
        ])
        .expect(
            &[Silent, Suspect, Partial, Collapse, Recovering],
            Advice::Either,
        ),
    Scenario::positive("X16", "20 %, this host is the client", 100.0)
        .of(&[group(10, 1, App::client(4.0)).faulty(bad(0.20)), NEIGHBOURS]),
    Scenario::positive(
        "X17",
        "8 networks, 14 % in bursts of 12 that wait for packets",
        150.0,
    )
    .of(&[web(8, 1).faulty(bad(0.14).bursts(12.0)), NEIGHBOURS]),
    Scenario::positive("X18", "5 %, the floor", 600.0)
        .of(&[web(20, 2).faulty(bad(0.05)), NEIGHBOURS])
        .expect(
            &[Healthy, Client, Suspect, Partial, Collapse, Recovering],
            Advice::Either,
        ),
    Scenario::positive(
        "X19",
        "busy web, 14 % in bursts of 12 that pass in a second",
        90.0,
    )
    .of(&[web(20, 2).faulty(bad(0.14).short_bursts(12.0)), NEIGHBOURS]),
    Scenario::positive(
        "X20",
        "8 networks, 14 % in bursts of 12 that pass in a second",
        120.0,
    )
    .of(&[web(8, 1).faulty(bad(0.14).short_bursts(12.0)), NEIGHBOURS]),
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
];
