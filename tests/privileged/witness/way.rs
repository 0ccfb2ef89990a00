//! The way, hop by hop, against what was built.

use std::net::{IpAddr, Ipv6Addr};

use edgeghost::host::witness::{View, look};
use edgeghost_tests::netns::{Netns, Network};
use edgeghost_tests::nft::nft;
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

const ROUTERS: u8 = 4;

/// A host, routers in a row and a destination: cable number `n` is `192.0.2.(4 n)/30` and
/// `2001:db8:n::/64`, with the end towards the host first.
struct Row {
    hosts: Vec<Netns>,
    _network: Network,
}

fn ends(cable: u8) -> [(IpAddr, IpAddr); 2] {
    let v6 = |end| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, cable.into(), 0, 0, 0, 0, end));
    let v4 = |end| IpAddr::from([192, 0, 2, 4 * cable + end]);
    [(v4(1), v6(1)), (v4(2), v6(2))]
}

impl Row {
    fn build() -> anyhow::Result<Self> {
        let mut network = Network::new();
        let mut hosts = Vec::new();
        for number in 0..ROUTERS + 2 {
            let host = network.namespace(&format!("row{number}"))?;
            // Routers of this kernel answer one of ours a second; those out there have their own
            // limits, and the test is about ours.
            host.sysctl("ipv4/icmp_ratelimit", "0")?;
            host.sysctl("ipv6/icmp/ratelimit", "0")?;
            host.sysctl("ipv4/ip_forward", "1")?;
            host.sysctl("ipv6/conf/all/forwarding", "1")?;
            hosts.push(host);
        }
        for (cable, pair) in (0..).zip(hosts.windows(2)) {
            network.link(&pair[0], "right", &pair[1], "left")?;
            for ((host, device), (v4, v6)) in pair.iter().zip(["right", "left"]).zip(ends(cable)) {
                host.address(device, v4, 30)?;
                host.address(device, v6, 64)?;
            }
        }
        for (number, host) in (0..).zip(&hosts) {
            if number <= ROUTERS {
                let [_, (v4, v6)] = ends(number);
                host.ip(&format!("route add default via {v4}"))?;
                host.ip(&format!("-6 route add default via {v6}"))?;
            }
            for cable in 0..number.saturating_sub(1) {
                let [_, (via4, via6)] = [ends(number - 1)[1], ends(number - 1)[0]];
                host.ip(&format!(
                    "route replace 192.0.2.{}/30 via {via4}",
                    4 * cable
                ))?;
                host.ip(&format!(
                    "-6 route replace 2001:db8:{cable}::/64 via {via6}"
                ))?;
            }
        }
        Ok(Self {
            hosts,
            _network: network,
        })
    }

    /// Looks at the way from one end to the other, on a thread without any privilege.
    fn look(&self, v6: bool, passes: u32) -> View {
        let pick = |(four, six): (IpAddr, IpAddr)| if v6 { six } else { four };
        let (from, to) = (pick(ends(0)[0]), pick(ends(ROUTERS)[1]));
        let looked = self.hosts[0].enter(|| {
            drop_privileges().unwrap();
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(look(from, to, passes))
        });
        looked.unwrap().unwrap()
    }
}

/// Of this thread only.
fn drop_privileges() -> rustix::io::Result<()> {
    let none = CapabilitySet::empty();
    set_capabilities(
        None,
        CapabilitySets {
            effective: none,
            permitted: none,
            inheritable: none,
        },
    )
}

/// Addresses of the hops as built: the near ends of the routers, then the destination.
fn built(v6: bool) -> Vec<IpAddr> {
    (0..=ROUTERS)
        .map(|cable| {
            let (four, six) = ends(cable)[1];
            if v6 { six } else { four }
        })
        .collect()
}

fn told(view: &View) -> Vec<IpAddr> {
    view.hops().iter().filter_map(|hop| hop.address).collect()
}

#[test]
fn it_is_told_as_it_was_built_without_any_privilege() {
    crate::require_root();
    let row = Row::build().unwrap();
    for v6 in [false, true] {
        let view = row.look(v6, 3);
        assert_eq!(told(&view), built(v6), "{view:?}");
        assert!(
            view.is_reached() && view.loss_begins().is_none(),
            "{view:?}"
        );
        assert!(view.hops().iter().all(|hop| hop.answered == 3), "{view:?}");
        assert!(view.sent() <= 3 * 5 + 3 * 5, "{view:?}");
    }
}

#[test]
fn loss_is_told_where_it_begins_and_a_silent_router_is_none() {
    crate::require_root();
    let row = Row::build().unwrap();
    // The second router never answers; the third loses what it forwards, both ways.
    for (host, rule) in [
        (2, "add table inet mute"),
        (
            2,
            "add chain inet mute rules { type filter hook output priority 0 ; }",
        ),
        (2, "add rule inet mute rules icmp type time-exceeded drop"),
        (3, "add table inet lossy"),
        (
            3,
            "add chain inet lossy rules { type filter hook forward priority 0 ; }",
        ),
        (
            3,
            "add rule inet lossy rules numgen random mod 100 < 27 drop",
        ),
    ] {
        nft(&row.hosts[host], rule).unwrap();
    }
    let view = row.look(false, 10);
    let mut expected: Vec<_> = built(false).into_iter().map(Some).collect();
    expected[1] = None;
    let told: Vec<_> = view.hops().iter().map(|hop| hop.address).collect();
    assert_eq!(told, expected, "{view:?}");
    assert_eq!(view.loss_begins(), Some(4), "{view:?}");
    assert!(view.sent() <= 90, "{view:?}");
}
