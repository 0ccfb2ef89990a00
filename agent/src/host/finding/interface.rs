//! Devices, drivers and queues.

use super::{finding, per_second, rate, sum, unknown, weigh};
use crate::event::{CheckState, DriverDetail, HostCheck, HostFinding, InterfaceDetail};
use crate::host::history::Window;

/// Fewer connections left than this are next to none.
const CONNTRACK_LITTLE: u64 = 1_000;

pub(super) fn findings(during: &Window) -> Vec<HostFinding> {
    let interfaces = used(during);
    if interfaces.is_empty() {
        let checks = [
            HostCheck::NicDriverCounters,
            HostCheck::Allowances,
            HostCheck::DriverResets,
            HostCheck::InterfaceErrors,
            HostCheck::InterfaceDrops,
            HostCheck::Carrier,
            HostCheck::QueueDrops,
        ];
        let reason = "interfaces and drivers were not read in this time";
        return checks.map(|check| unknown(check, reason)).to_vec();
    }
    let mut findings = vec![driver_counters(&interfaces, during), allowances(during)];
    findings.extend(conntrack(during));
    findings.push(resets(&interfaces, during));
    findings.push(errors(&interfaces, during));
    findings.push(interface_drops(&interfaces, during));
    findings.push(carrier(&interfaces, during));
    findings.push(queues(&interfaces, during));
    findings
}

/// The interfaces that the ways to the peers lead through; all if that is not known.
fn used(during: &Window) -> Vec<&InterfaceDetail> {
    let all = || during.interfaces.values();
    let in_use: Vec<_> = all().filter(|interface| interface.in_use).collect();
    if in_use.is_empty() {
        return all().filter(|interface| interface.set_up).collect();
    }
    in_use
}

fn names(interfaces: &[&InterfaceDetail]) -> String {
    let names: Vec<&str> = interfaces.iter().map(|i| i.name.as_str()).collect();
    names.join(", ")
}

fn drivers<'a>(
    interfaces: &'a [&'a InterfaceDetail],
) -> impl Iterator<Item = (&'a str, &'a DriverDetail)> {
    let all = interfaces.iter();
    all.filter_map(|i| Some((i.name.as_str(), i.driver.as_ref()?)))
}

fn driver_counters(interfaces: &[&InterfaceDetail], during: &Window) -> HostFinding {
    let check = HostCheck::NicDriverCounters;
    let (mut looked_at, mut grown, mut count) = (0, Vec::new(), 0_u64);
    let mut of = Vec::new();
    for (name, driver) in drivers(interfaces) {
        looked_at += driver.error_counters;
        of.push(format!("{} on {name}", driver.name));
        for (counter, by) in &driver.errors {
            grown.push(format!("{counter} +{by}"));
            count = count.saturating_add(*by);
        }
    }
    if looked_at == 0 {
        return unknown(check, "no driver here has error counters of its own");
    }
    let of = of.join(", ");
    let (value, meaning) = if grown.is_empty() {
        (
            format!("{of}: none of {looked_at} error counters grew"),
            "the network device and its driver saw nothing wrong",
        )
    } else {
        (
            format!("{of}: {}", grown.join(", ")),
            "the network device or its driver had trouble of its own",
        )
    };
    counted(check, weigh(count, during), during, (value, meaning), count)
}

fn allowances(during: &Window) -> HostFinding {
    let check = HostCheck::Allowances;
    let all: Vec<&InterfaceDetail> = during.interfaces.values().collect();
    let (mut looked_at, mut exceeded, mut count) = (0, Vec::new(), 0_u64);
    for (name, driver) in drivers(&all) {
        for (allowance, by) in &driver.allowances {
            looked_at += 1;
            if *by > 0 {
                exceeded.push(format!("{allowance} +{by} on {name}"));
                count = count.saturating_add(*by);
            }
        }
    }
    if looked_at == 0 {
        // A recording may have the sum alone.
        return match during.sums.allowance_exceeded {
            None => unknown(check, "no driver here tells them (ENA does from 2.2.10 on)"),
            Some(count) => {
                let told = allowances_told(&format!("{count} packets beyond them"), count);
                counted(check, weigh(count, during), during, told, count)
            }
        };
    }
    let value = if exceeded.is_empty() {
        format!("none of {looked_at} network allowances was exceeded")
    } else {
        exceeded.join(", ")
    };
    let told = allowances_told(&value, count);
    counted(check, weigh(count, during), during, told, count)
}

fn allowances_told(value: &str, count: u64) -> (String, &'static str) {
    let meaning = if count == 0 {
        "EC2 does not throttle this instance"
    } else {
        "EC2 queues or drops packets beyond what the instance type allows: less traffic or a \
         larger type helps, another address does not"
    };
    (value.to_owned(), meaning)
}

fn conntrack(during: &Window) -> Option<HostFinding> {
    let drivers = during.interfaces.values().filter_map(|i| i.driver.as_ref());
    let left = drivers.filter_map(|driver| driver.conntrack_left).min()?;
    let (state, meaning) = match left {
        0 => (
            CheckState::Fault,
            "security groups track as many connections as they can: new ones are dropped",
        ),
        1..CONNTRACK_LITTLE => (
            CheckState::Noteworthy,
            "security groups can hardly track another connection",
        ),
        _ => (
            CheckState::Clean,
            "security groups can track further connections",
        ),
    };
    let value = format!("{left} connections can still be tracked");
    let check = HostCheck::ConntrackAllowance;
    Some(finding(check, state, during.detail_seconds, value, meaning))
}

fn resets(interfaces: &[&InterfaceDetail], during: &Window) -> HostFinding {
    let check = HostCheck::DriverResets;
    let told = drivers(interfaces).filter_map(|(name, driver)| Some((name, driver.resets?)));
    let told: Vec<_> = told.collect();
    let Some(count) = sum(told.iter().map(|(_, resets)| Some(*resets))) else {
        return unknown(check, "no driver here tells of resets (ENA does)");
    };
    let (state, meaning) = if count == 0 {
        (CheckState::Clean, "the network device ran through")
    } else {
        (
            CheckState::Fault,
            "the network device was reset: what was on its way then is lost",
        )
    };
    let names: Vec<&str> = told.iter().map(|(name, _)| *name).collect();
    let value = format!("{count} resets on {}", names.join(", "));
    counted(check, state, during, (value, meaning), count)
}

fn errors(interfaces: &[&InterfaceDetail], during: &Window) -> HostFinding {
    let all = interfaces.iter();
    let Some(received) = sum(all.clone().map(|i| i.rx_errors)) else {
        return unknown(HostCheck::InterfaceErrors, "no interface tells of them");
    };
    let sent = sum(all.map(|i| i.tx_errors)).unwrap_or_default();
    let count = received.saturating_add(sent);
    let value = format!(
        "{}: {received} receive errors, {sent} transmit errors",
        names(interfaces)
    );
    let meaning = if count == 0 {
        "no packet was damaged or refused at the interface"
    } else {
        "the interface itself loses packets"
    };
    let state = weigh(count, during);
    counted(
        HostCheck::InterfaceErrors,
        state,
        during,
        (value, meaning),
        count,
    )
}

fn interface_drops(interfaces: &[&InterfaceDetail], during: &Window) -> HostFinding {
    let all = interfaces.iter();
    let Some(received) = sum(all.clone().map(|i| i.rx_dropped)) else {
        return unknown(HostCheck::InterfaceDrops, "no interface tells of them");
    };
    let sent = sum(all.map(|i| i.tx_dropped)).unwrap_or_default();
    let value = format!(
        "{}: {received} dropped on arrival, {sent} on their way out",
        names(interfaces)
    );
    let count = received.saturating_add(sent);
    // Arrivals are dropped for many reasons, such as a protocol that nobody speaks.
    let state = match weigh(sent, during) {
        CheckState::Clean if received > 0 => CheckState::Noteworthy,
        state => state,
    };
    let meaning = match (received, sent) {
        (0, 0) => "the interface dropped nothing",
        (_, 0) => {
            "the host may be too slow to take packets in, or nobody here speaks their protocol"
        }
        _ => "the host drops its own packets at the interface",
    };
    counted(
        HostCheck::InterfaceDrops,
        state,
        during,
        (value, meaning),
        count,
    )
}

fn carrier(interfaces: &[&InterfaceDetail], during: &Window) -> HostFinding {
    let check = HostCheck::Carrier;
    let is_down = |i: &&&InterfaceDetail| !i.set_up || i.carrier == Some(false);
    let down: Vec<&InterfaceDetail> = interfaces.iter().filter(is_down).copied().collect();
    let changes = sum(interfaces.iter().map(|i| i.carrier_changes));
    let state = if down.is_empty() && changes.unwrap_or_default() == 0 {
        CheckState::Clean
    } else {
        CheckState::Fault
    };
    let now = if down.is_empty() {
        format!("{} up", names(interfaces))
    } else {
        format!("{} down", names(&down))
    };
    let value = changes.map_or_else(
        || now.clone(),
        |changes| format!("{now}, carrier came or went {changes} times"),
    );
    let meaning = match state {
        CheckState::Clean => "the link is up and stable",
        _ if !down.is_empty() => "the link is down",
        _ => "the link was down for a while: what was sent then is lost",
    };
    let count = changes.unwrap_or_default();
    counted(check, state, during, (value, meaning), count)
}

fn queues(interfaces: &[&InterfaceDetail], during: &Window) -> HostFinding {
    let check = HostCheck::QueueDrops;
    let Some(count) = sum(interfaces.iter().map(|i| i.queue_drops)) else {
        return unknown(check, "no interface in use has a queueing discipline");
    };
    let value = format!(
        "{count} packets dropped by the queue of {}",
        names(interfaces)
    );
    let meaning = if count == 0 {
        "nothing is lost in the host's own queues"
    } else {
        "the host sends more than its own queue lets through: packets never leave it"
    };
    counted(check, weigh(count, during), during, (value, meaning), count)
}

/// A finding with a number, of the time that details are of.
fn counted(
    check: HostCheck,
    state: CheckState,
    during: &Window,
    (mut value, meaning): (String, &str),
    count: u64,
) -> HostFinding {
    let of = per_second(count, during.detail_seconds);
    if let Some(of) = of.filter(|_| count > 0) {
        value = format!("{value} ({})", rate(of));
    }
    HostFinding {
        count: Some(count),
        per_second: of,
        ..finding(check, state, during.detail_seconds, value, meaning)
    }
}
