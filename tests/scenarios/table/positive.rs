//! The public path of one address collapses: P01 to P26.

use super::Verdict::{Collapse, Partial, Recovering, Silent, Suspect};
use super::{Advice, App, END, Group, Local, ONSET, Scenario, bad, group};
use crate::sim::link::Shape;
use crate::sim::window::Control;

/// The usual control group: two busy neighbours.
const NEIGHBOURS: Group = Group::private(2, App::web(3.0));

const BBR: Option<Control> = Some(Control::Bbr);

const fn web(networks: u8, prefixes: u8) -> Group {
    group(networks, prefixes, App::web(6.0))
}

const fn sound(id: &'static str, text: &'static str, within: f64) -> Scenario {
    Scenario::positive(id, text, within)
}

pub(super) const TABLE: &[Scenario] = &[
    sound("P01", "busy web, 20 networks, 14 %", 75.0)
        .of(&[web(20, 2).faulty(bad(0.14)), NEIGHBOURS]),
    sound("P02", "busy web, 27 %", 75.0).of(&[web(20, 2).faulty(bad(0.27)), NEIGHBOURS]),
    sound(
        "P03",
        "busy web, 14 % in bursts of 4 that wait for packets",
        90.0,
    )
    .of(&[web(20, 2).faulty(bad(0.14).bursts(4.0)), NEIGHBOURS]),
    sound(
        "P04",
        "busy web, 14 % in bursts of 12 that wait for packets",
        150.0,
    )
    .of(&[web(20, 2).faulty(bad(0.14).bursts(12.0)), NEIGHBOURS]),
    sound("P05", "busy web, 8 %", 120.0).of(&[web(20, 2).faulty(bad(0.08)), NEIGHBOURS]),
    sound("P06", "busy web, 40 %", 90.0).of(&[web(20, 2).faulty(bad(0.40)), NEIGHBOURS]),
    sound("P07", "web, 8 networks, 14 %", 120.0).of(&[web(8, 1).faulty(bad(0.14)), NEIGHBOURS]),
    sound(
        "P08",
        "sparse web, 5 networks, a request each 15 s, 14 %",
        240.0,
    )
    .of(&[group(5, 1, App::web(15.0)).faulty(bad(0.14)), NEIGHBOURS]),
    sound("P09", "terminals on 4 networks, 20 %", 150.0)
        .of(&[group(4, 1, App::ssh(2.0)).faulty(bad(0.20)), NEIGHBOURS]),
    sound("P10", "terminals on 3 networks, 20 %", 360.0)
        .of(&[group(3, 1, App::ssh(2.0)).faulty(bad(0.20)), NEIGHBOURS]),
    sound("P11", "web with BBR, whose window stays, 14 %", 90.0).of(&[
        group(12, 1, App::web(5.0)).with(BBR).faulty(bad(0.14)),
        NEIGHBOURS,
    ]),
    sound("P12", "bulk with BBR, 20 %", 90.0).of(&[
        group(8, 1, App::bulk(20)).with(BBR).faulty(bad(0.20)),
        NEIGHBOURS,
    ]),
    sound("P13", "short connections only, 14 %", 120.0).of(&[
        group(12, 2, App::short(10.0, 3.0)).faulty(bad(0.14)),
        NEIGHBOURS,
    ]),
    sound("P14", "four of five clients mobile, 20 %", 90.0)
        .of(&[web(20, 2).mobile(0.8).faulty(bad(0.20)), NEIGHBOURS]),
    sound("P15", "14 % outbound only", 90.0)
        .of(&[web(12, 2).faulty(bad(0.14).outbound_only()), NEIGHBOURS]),
    sound("P16", "there when the agent starts, 14 %", 90.0)
        .of(&[
            web(12, 2)
                .faulty(bad(0.14).during(0.0, 600.0))
                .begins(0.0, 5.0),
            NEIGHBOURS,
        ])
        .from(0.0, 600.0, 1_020.0),
    sound(
        "P17",
        "control group of one neighbour, two segments each 20 s",
        // It takes so many of its segments since the onset to acquit the host.
        300.0,
    )
    .of(&[
        web(12, 2).faulty(bad(0.14)),
        Group::private(1, App::client(20.0)),
    ]),
    sound(
        "P18",
        "no private traffic; the agent asks the metadata service every 5 s",
        120.0,
    )
    .of(&[web(12, 2).faulty(bad(0.14)), Group::metadata()]),
    sound("P19", "peers far away, 150 to 350 ms, 14 %", 120.0)
        .of(&[web(12, 2).rtt(0.15, 0.35).faulty(bad(0.14)), NEIGHBOURS]),
    sound("P20", "IPv6, networks of /32, 14 %", 100.0)
        .of(&[
            web(10, 2).at(Local::V6).faulty(bad(0.14)),
            NEIGHBOURS.at(Local::V6),
        ])
        .judged_at(Local::V6),
    sound(
        "P21",
        "two Elastic IPs, only the second bad; private traffic on both",
        100.0,
    )
    .of(&[
        web(10, 2),
        web(10, 2).at(Local::Second).faulty(bad(0.14)),
        NEIGHBOURS,
        NEIGHBOURS.at(Local::Second),
    ])
    .judged_at(Local::Second),
    sound("P22", "20 % and nothing in turns of 40 s", 120.0).of(&[
        web(20, 2).faulty(bad(0.20).shaped(Shape::Flapping(40.0))),
        NEIGHBOURS,
    ]),
    sound("P23", "nothing gets out, requests come in", 120.0).of(&[
        group(16, 2, App::web(4.0)).faulty(bad(1.0).outbound_only()),
        NEIGHBOURS,
    ]),
    sound(
        "P24",
        "the incident: one terminal from outside, one from the jump host, 27 %",
        0.0,
    )
    .of(&[
        group(1, 1, App::ssh(1.0)).mobile(0.0).faulty(bad(0.27)),
        Group::private(1, App::ssh(1.0)),
    ])
    .expect(&[Suspect], Advice::Never),
    sound(
        "P25",
        "the incident with six sparse web clients beside it, 20 %",
        240.0,
    )
    .of(&[
        group(1, 1, App::ssh(1.0)).mobile(0.0).faulty(bad(0.20)),
        group(6, 1, App::short(20.0, 4.0)).faulty(bad(0.20)),
        Group::private(1, App::ssh(1.0)),
    ]),
    sound("P26", "total silence of the public path", 120.0)
        .of(&[group(16, 2, App::web(4.0)).faulty(bad(1.0)), NEIGHBOURS])
        .from(ONSET, END, 1_320.0)
        .expect(
            &[Silent, Suspect, Partial, Collapse, Recovering],
            Advice::Either,
        ),
];
