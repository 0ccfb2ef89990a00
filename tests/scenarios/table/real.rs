//! What is also run with real TCP between namespaces, all at once: fewer peers than in the
//! simulator alone, and shorter. Where a scenario has the name of another one, it is that one in
//! small.

use super::Verdict::{Client, Collapse, Healthy, Host, Partial, Recovering, Silent, Suspect};
use super::{Advice, App, Group, Scenario, bad, group};
use crate::sim::link::Fault;
use crate::sim::window::Control;

/// When every fault begins and ends, and how long all of it lasts, seconds.
const ONSET: f64 = 60.0;
const END: f64 = 210.0;
const LENGTH: f64 = 330.0;

const CALM: &[super::Verdict] = &[Healthy, Client];

/// The usual control group: two busy neighbours.
const NEIGHBOURS: Group = Group::private(2, App::web(3.0)).soon();

impl Group {
    /// The agent sees every flow begin.
    const fn soon(self) -> Self {
        self.begins(0.0, 5.0)
    }
}

const fn public(networks: u8, app: App) -> Group {
    group(networks, 1, app).rtt(0.01, 0.15).soon()
}

const fn web(networks: u8) -> Group {
    public(networks, App::web(4.0))
}

const fn ill(loss: f64) -> Fault {
    bad(loss).during(ONSET, END)
}

const fn sound(id: &'static str, text: &'static str) -> Scenario {
    Scenario::positive(id, text, 120.0).from(ONSET, END, LENGTH)
}

const fn other(
    id: &'static str,
    text: &'static str,
    verdicts: &'static [super::Verdict],
) -> Scenario {
    Scenario::negative(id, text, verdicts).from(ONSET, END, LENGTH)
}

/// Those whose recovery has to be told in the time that is left after the end: where flows back off
/// or peers come seldom, there is not enough to tell it from.
pub(super) const RECOVER: [&str; 2] = ["P01", "P11"];

pub(super) const TABLE: &[Scenario] = &[
    sound("P01", "web, 14 %").of(&[web(10).faulty(ill(0.14)), NEIGHBOURS]),
    sound("P02", "web, 27 %").of(&[web(10).faulty(ill(0.27)), NEIGHBOURS]),
    sound("P03", "web, 14 % in bursts of 4 that wait for packets")
        .of(&[web(10).faulty(ill(0.14).bursts(4.0)), NEIGHBOURS]),
    sound("P11", "web with BBR, whose window stays, 14 %").of(&[
        web(10).with(Some(Control::Bbr)).faulty(ill(0.14)),
        NEIGHBOURS,
    ]),
    sound("P23", "nothing gets out, requests come in")
        .of(&[web(10).faulty(ill(1.0).outbound_only()), NEIGHBOURS]),
    sound(
        "P24",
        "the incident: one terminal from outside, one from the jump host, 27 %",
    )
    .of(&[
        public(1, App::ssh(1.0)).mobile(0.0).faulty(ill(0.27)),
        Group::private(1, App::ssh(1.0)).soon(),
    ])
    .expect(&[Suspect], Advice::Never),
    sound("P26", "total silence of the public path")
        .of(&[web(10).faulty(ill(1.0)), NEIGHBOURS])
        .expect(
            &[Silent, Suspect, Partial, Collapse, Recovering],
            Advice::Either,
        ),
    sound("X01", "14 % inbound only, web")
        .of(&[web(10).faulty(ill(0.14).inbound_only()), NEIGHBOURS]),
    sound("X14", "the incident with six sparse web clients, 27 %").of(&[
        public(1, App::ssh(1.0)).mobile(0.0).faulty(ill(0.27)),
        public(6, App::short(20.0, 4.0)).faulty(ill(0.27)),
        Group::private(1, App::ssh(1.0)).soon(),
    ]),
    sound("X18", "5 %, the floor")
        .of(&[web(12).faulty(ill(0.05)), NEIGHBOURS])
        .expect(
            &[Healthy, Client, Suspect, Partial, Collapse, Recovering],
            Advice::Either,
        ),
    other("N00", "2 % everywhere", &[Healthy, Client, Suspect])
        .of(&[web(10).faulty(ill(0.02)), NEIGHBOURS]),
    other("N03", "one network of ten bad, 25 %", CALM).of(&[
        web(1).mobile(0.0).faulty(ill(0.25)),
        web(9),
        NEIGHBOURS,
    ]),
    other("N07", "both paths bad, 14 %", &[Host]).of(&[
        web(10).faulty(ill(0.14)),
        Group::private(3, App::web(3.0)).soon().faulty(ill(0.14)),
    ]),
];
