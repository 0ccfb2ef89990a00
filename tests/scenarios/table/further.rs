//! Collapses that the issue names beyond the list of P: X01 to X22.

use super::Verdict::{Client, Collapse, Healthy, Partial, Recovering, Silent, Suspect};
use super::negative::throttled;
use super::{Advice, App, END, Group, Local, ONSET, Scenario, Vanish, bad, group};
use crate::sim::link::Shape;

/// The usual control group: two busy neighbours.
const NEIGHBOURS: Group = Group::private(2, App::web(3.0));

const fn web(networks: u8, prefixes: u8) -> Group {
    group(networks, prefixes, App::web(6.0))
}

pub(super) const TABLE: &[Scenario] = &[
    // Only answers tell of it, and of those there are few: it takes longer.
    Scenario::positive("X01", "14 % inbound only, web", 180.0)
        .of(&[web(12, 2).faulty(bad(0.14).inbound_only()), NEIGHBOURS]),
    Scenario::positive("X02", "27 % inbound only, terminals on 6 networks", 120.0).of(&[
        group(6, 1, App::ssh(2.0)).faulty(bad(0.27).inbound_only()),
        NEIGHBOURS,
    ]),
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
    .of(&[web(12, 2).faulty(bad(0.14)), web(6, 1).at(Local::V6)]),
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
    .judged_at(Local::Second),
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
        150.0,
    )
    .of(&[web(8, 1).faulty(bad(0.14).short_bursts(12.0)), NEIGHBOURS]),
    Scenario::positive("X21", "uploads, 14 % inbound only", 180.0).of(&[
        group(12, 1, App::upload(4.0)).faulty(bad(0.14).inbound_only()),
        NEIGHBOURS,
    ]),
    Scenario::positive(
        "X22",
        "14 %, and the network allowance exceeded for half a minute in the middle of it",
        180.0,
    )
    .of(&[
        web(12, 2).faulty(bad(0.14)).also(throttled(330.0, 360.0)),
        NEIGHBOURS,
    ]),
];
