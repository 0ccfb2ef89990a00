//! Routes.

use super::{Subject, finding, unknown};
use crate::event::{CheckState, HostCheck, HostFinding, RouteDetail, RouteKind};
use crate::host::history::Window;

pub(super) fn findings(during: &Window, subject: Subject) -> [HostFinding; 2] {
    let version = if subject.address.is_ipv4() { 4 } else { 6 };
    let routes = &during.routes;
    let internet = routes.iter().find(|r| r.ip_version == Some(version));
    let peer = routes.iter().find(|r| r.local == Some(subject.address));
    [
        default_route(during, internet, peer),
        peer_route(during, peer),
    ]
}

fn default_route(
    during: &Window,
    internet: Option<&RouteDetail>,
    peer: Option<&RouteDetail>,
) -> HostFinding {
    let check = HostCheck::DefaultRoute;
    let known = internet.filter(|route| route.kind != RouteKind::Unknown);
    let Some(route) = known else {
        return unknown(check, "the routing table was not read in this time");
    };
    let (value, state, meaning) = match (route.kind, route.prefix) {
        (RouteKind::Unicast, 0) => (
            format!("default route {}", way(route)),
            CheckState::Clean,
            "the host knows the way to the internet",
        ),
        (RouteKind::Unicast, prefix) => (
            format!(
                "the internet is reached by an entry of /{prefix} {}",
                way(route)
            ),
            CheckState::Clean,
            "the host knows the way to the internet",
        ),
        (kind, _) if peer.is_some_and(|peer| peer.kind == RouteKind::Unicast) => (
            format!("{}, but there is a way to the peer", nowhere(kind)),
            CheckState::Noteworthy,
            "the host reaches these peers by routes of their own",
        ),
        (kind, _) => (
            nowhere(kind).to_owned(),
            CheckState::Fault,
            "the host cannot send to the internet at all",
        ),
    };
    finding(check, state, during.detail_seconds, value, meaning)
}

fn peer_route(during: &Window, peer: Option<&RouteDetail>) -> HostFinding {
    let check = HostCheck::PeerRoute;
    let Some((route, address)) = peer.and_then(|route| Some((route, route.peer?))) else {
        return unknown(check, "no peer of this address was looked up in this time");
    };
    let (value, state, meaning) = match route.kind {
        RouteKind::Unknown => return unknown(check, "the way to the peer cannot be told"),
        RouteKind::Unicast => (
            format!("{address} is reached {}", way(route)),
            CheckState::Clean,
            "the host knows the way to the peer that suffers most",
        ),
        kind => (
            format!("to {address}: {}", nowhere(kind)),
            CheckState::Fault,
            "the host itself keeps packets to this peer from leaving",
        ),
    };
    finding(check, state, during.detail_seconds, value, meaning)
}

fn way(route: &RouteDetail) -> String {
    let gateway = route.gateway.map(|gateway| format!("via {gateway}"));
    let device = route.device.as_ref().map(|device| format!("on {device}"));
    let words: Vec<String> = [gateway, device].into_iter().flatten().collect();
    words.join(" ")
}

const fn nowhere(kind: RouteKind) -> &'static str {
    match kind {
        RouteKind::Blackhole => "a blackhole route",
        RouteKind::Unreachable => "a route that says unreachable",
        RouteKind::Prohibit => "a route that says prohibited",
        RouteKind::Unicast | RouteKind::None | RouteKind::Unknown => "no route",
    }
}
