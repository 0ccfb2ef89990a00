//! The host's own firewall drops what public peers send, or what is sent to them: that looks like
//! a bad public path and is none.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::event::Event;
use edgeghost_tests::netns::{Netns, Network};
use edgeghost_tests::nft::nft;
use edgeghost_tests::{offload, traffic};
use rustix::process::Signal;

const LIMIT: Duration = Duration::from_mins(2);
const JUMP: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 21);
/// Each on a network of its own.
const CLIENTS: [Ipv4Addr; 4] = [
    Ipv4Addr::new(198, 51, 100, 14),
    Ipv4Addr::new(192, 0, 2, 77),
    Ipv4Addr::new(198, 18, 7, 31),
    Ipv4Addr::new(198, 19, 200, 5),
];
const PORT: u16 = 7000;
/// Verdicts and advice name addresses: one that no other run has.
fn server() -> Ipv4Addr {
    let run = u8::try_from(std::process::id() % 128).unwrap();
    Ipv4Addr::new(10, 64 + run, 77, 207)
}

/// What a rule says of packets from or to the VPC: nothing.
const PUBLIC: &str = "10.0.0.0/8 meta l4proto tcp";

/// A server with public and private peers, all on one cable.
struct Stage {
    server: Netns,
    peers: Netns,
    stop: Arc<AtomicBool>,
    _network: Network,
}

impl Stage {
    fn new() -> Self {
        let mut network = Network::new();
        let server = network.namespace("server").unwrap();
        let peers = network.namespace("peers").unwrap();
        network.link(&server, "eth0", &peers, "eth0").unwrap();
        let [a, b, c, _] = self::server().octets();
        let router = Ipv4Addr::new(a, b, c, 1);
        server.address("eth0", self::server().into(), 24).unwrap();
        peers.address("eth0", router.into(), 24).unwrap();
        server
            .ip(&format!("route add default via {router}"))
            .unwrap();
        for peer in CLIENTS.into_iter().chain([JUMP]) {
            peers.address("lo", peer.into(), 32).unwrap();
        }
        for host in [&server, &peers] {
            offload::cut_on_the_wire(host, "eth0").unwrap();
        }
        Self {
            server,
            peers,
            stop: Arc::new(AtomicBool::new(false)),
            _network: network,
        }
    }

    /// Requests and answers with every peer, until the stage is taken down.
    fn talk(&self) {
        let at = SocketAddr::new(server().into(), PORT);
        let listener = self.server.enter(|| traffic::listen(at)).unwrap().unwrap();
        for peer in CLIENTS.into_iter().chain([JUMP]) {
            let from = SocketAddr::new(peer.into(), 0);
            let client = self
                .peers
                .enter(|| traffic::connect(Some(from), at, LIMIT))
                .unwrap()
                .unwrap();
            let server = traffic::accept(&listener, LIMIT).unwrap();
            let stop = Arc::clone(&self.stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let until = Instant::now() + LIMIT;
                    for _ in 0..3 {
                        if traffic::echo(&client, &server, 1, 100, LIMIT).is_err() {
                            return;
                        }
                    }
                    if traffic::speak(&server, 20_000, until).is_err()
                        || traffic::hear(&client, 20_000, until).is_err()
                    {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(150));
                }
            });
        }
    }

    fn filter(&self, hook: &str, rule: &str) {
        let chain = format!("add chain ip own own {{ type filter hook {hook} priority 0 ; }}");
        for command in [
            "add table ip own",
            &chain,
            &format!("add rule ip own own {rule} counter drop"),
        ] {
            nft(&self.server, command).unwrap();
        }
    }
}

impl Stage {
    /// Packets that the rule has dropped, by its own counter.
    fn dropped(&self) -> u64 {
        let rules = nft(&self.server, "list table ip own").unwrap();
        let count = rules.split("counter packets ").nth(1).unwrap_or_default();
        let count = count.split(' ').next().unwrap_or_default();
        count.parse().unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Short times: advice would come 12 s after the onset.
fn agent(stage: &Stage) -> Agent {
    let config = Config::new()
        .set("window", "seconds", "2.0")
        .set("detect", "confirm_seconds", "12.0")
        .set("detect", "hold_seconds", "4.0");
    Launch::new()
        .config(config)
        .inside(&stage.server)
        .start()
        .unwrap()
}

fn is_verdict(event: &Event, names: &[&str]) -> bool {
    event.is_about("verdict", IpAddr::from(server())) && names.contains(&event.text("verdict.name"))
}

fn windows(events: &[Event]) -> usize {
    let about = |event: &&Event| event.is_about("path_window", IpAddr::from(server()));
    events.iter().filter(about).count()
}

/// With this rule on the host nothing is advised, and the path not blamed. `verdict` is waited for,
/// if one must come.
fn events_under(hook: &str, rule: &str, verdict: Option<&str>) -> Vec<Event> {
    crate::require_root();
    let stage = Stage::new();
    let mut agent = agent(&stage);
    stage.talk();
    agent
        .wait_for("a healthy address", LIMIT, |event| {
            is_verdict(event, &["healthy"])
        })
        .unwrap();
    stage.filter(hook, rule);
    if let Some(verdict) = verdict {
        agent
            .wait_for(verdict, LIMIT, |event| is_verdict(event, &[verdict]))
            .unwrap();
    }
    // Longer than advice takes: a window every 2 s for each of two paths.
    let seen = windows(&agent.events());
    agent
        .wait_until("some time under the rule", LIMIT, |events| {
            (windows(events) >= seen + 20).then_some(())
        })
        .unwrap();
    assert!(stage.dropped() > 50, "{} dropped", stage.dropped());
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let about = |event: &Event, name| event.is_about(name, IpAddr::from(server()));
    // What to do about the firewall may be told, if this took long.
    let advice = |event: &Event| about(event, "recommendation") && event.is_advice();
    ended.assert(!ended.events.iter().any(advice), "advice");
    let opened = ended.events.iter().any(|event| about(event, "incident"));
    ended.assert(!opened, "an incident");
    let blamed = ended
        .named("verdict")
        .any(|event| is_verdict(event, &["public_only_collapse"]));
    ended.assert(!blamed, "the path was blamed");
    ended.events
}

/// What the verdict of the host says.
fn sentence(events: &[Event]) -> String {
    let verdict = events
        .iter()
        .find(|event| is_verdict(event, &["local_congestion"]));
    verdict.unwrap().text("message").to_owned()
}

#[test]
fn a_rule_that_drops_what_comes_in_is_the_hosts_own_fault() {
    let rule = format!("ip saddr != {PUBLIC} numgen random mod 100 < 50");
    let said = sentence(&events_under("input", &rule, Some("local_congestion")));
    assert!(said.contains("the host's own firewall dropped"), "{said}");
}

/// TCP is told at once that its packet did not leave, and tries again: hardly anything is lost.
#[test]
fn a_rule_that_drops_what_goes_out_is_no_fault_of_the_path() {
    let rule = format!("ip daddr != {PUBLIC} numgen random mod 100 < 27");
    events_under("output", &rule, None);
}

#[test]
fn a_limit_on_packets_that_come_in_is_the_hosts_own_fault() {
    let rule = format!("ip saddr != {PUBLIC} limit rate over 40/second burst 5 packets");
    let said = sentence(&events_under("input", &rule, Some("local_congestion")));
    assert!(said.contains("the host's own firewall dropped"), "{said}");
}
