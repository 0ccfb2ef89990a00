//! The running agent and the instance metadata: who it says it is, what it does when the metadata
//! changes, hangs or comes late, and that a replay of all that is the same.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::event::Event;
use edgeghost_tests::imds::{Data, Imds, Mode};
use edgeghost_tests::netns::Network;
use edgeghost_tests::pair::{DEVICE, Pair};
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{binary, tool, traffic};
use rustix::process::Signal;
use serde_json::Value;

const LIMIT: Duration = Duration::from_mins(1);

const INSTANCE: &str = "i-0123456789abcdef0";

/// In no built-in range: public, unless a VPC has it.
const NEAR: Ipv4Addr = Ipv4Addr::new(198, 18, 77, 1);
const FAR: Ipv4Addr = Ipv4Addr::new(198, 18, 77, 2);

fn config(imds: &Imds) -> Config {
    Config::new()
        .set("ec2", "endpoints", &imds.endpoints())
        .set("ec2", "refresh_seconds", "1.0")
        .set("window", "seconds", "1.0")
        .set("health", "seconds", "1.0")
}

fn names_the_instance(event: &Event) -> bool {
    event.text("host.id") == INSTANCE
        && event.text("cloud.provider") == "aws"
        && event.text("cloud.platform") == "aws_ec2"
        && event.text("cloud.region") == "us-east-1"
        && event.text("cloud.availability_zone") == "us-east-1a"
        && event.text("cloud.account.id") == "123456789012"
}

fn context(agent: &mut Agent, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
    let is = |event: &Event| event.name() == "context" && wanted(event);
    agent.wait_for(what, LIMIT, is).unwrap()
}

#[test]
fn every_event_names_the_instance_and_a_change_is_an_event() {
    crate::require_root();
    let imds = Imds::start(Data::default()).unwrap();
    let mut agent = Launch::new().config(config(&imds)).start().unwrap();
    let start = agent.started().unwrap().clone();
    assert_eq!(start.text("agent.ec2.source"), "metadata", "{}", start.line);
    assert_eq!(start.get("agent.ec2.context"), &Value::Bool(true));
    assert_eq!(start.get("agent.ec2.absence"), &Value::Null);
    let eni = "eni-0123456789abcde00";
    let first = context(&mut agent, "the context", |_| true);
    let interface = &first.list("context.interfaces")[0];
    assert_eq!(interface["id"], eni, "{}", first.line);
    assert_eq!(interface["associations"][0]["public_ip"], "203.0.113.25");
    assert_eq!(first.get("context.vpc_cidr_blocks")[0], "10.1.0.0/16");
    agent
        .wait_for("health", LIMIT, |event| event.name() == "agent_health")
        .unwrap();

    imds.change(|data| data.card().public.clear());
    let without = context(&mut agent, "the mapping gone", |event| {
        event.list("context.interfaces")[0]["associations"].is_null()
    });
    assert!(without.text("message").contains("no public IPv4 address"));
    let other = Ipv4Addr::new(203, 0, 113, 99);
    imds.change(|data| {
        let private = data.card().private[0];
        data.card().public.insert(private, other);
    });
    context(&mut agent, "another mapping", |event| {
        event.list("context.interfaces")[0]["associations"][0]["public_ip"] == "203.0.113.99"
    });
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let nameless = ended.events.iter().find(|event| !names_the_instance(event));
    assert!(nameless.is_none(), "{nameless:?}");
    assert_eq!(imds.complaints(), Vec::<String>::new());
}

#[test]
fn metadata_that_hangs_delays_nothing_and_is_told_when_it_comes() {
    crate::require_root();
    let imds = Imds::start(Data::default()).unwrap();
    imds.set_mode(Mode::Hang);
    let begin = Instant::now();
    let mut agent = Launch::new().config(config(&imds)).start().unwrap();
    let hung = begin.elapsed();
    let start = agent.started().unwrap().clone();
    // The first attempt may have failed while the programs were loaded.
    let absence = start.text("agent.ec2.absence");
    assert!(
        ["waiting", "timed_out"].contains(&absence),
        "{}",
        start.line
    );
    assert!(
        hung < Duration::from_secs(30),
        "the first event took {hung:?}"
    );
    let first = context(&mut agent, "the host's own addresses", |_| true);
    assert_ne!(first.text("context.source"), "metadata", "{}", first.line);
    // Ticks go on while each reading hangs for two seconds.
    agent
        .wait_until("three agent_health", LIMIT, |events| {
            let healths = events.iter().filter(|e| e.name() == "agent_health");
            (healths.count() >= 3).then_some(())
        })
        .unwrap();
    imds.set_mode(Mode::Ok);
    let known = context(&mut agent, "the context after all", |event| {
        event.text("context.source") == "metadata"
    });
    assert!(names_the_instance(&known), "{}", known.line);
    // It ends at once even if somebody waits for the metadata.
    imds.set_mode(Mode::Hang);
    let ended = agent.stop(Signal::TERM).unwrap();
    assert!(
        ended.stderr.contains("does not answer in time"),
        "{}",
        ended.stderr
    );
    ended.assert_clean();
}

#[test]
fn inside_a_namespace_it_is_found_at_its_own_address() {
    crate::require_root();
    let mut network = Network::new();
    let host = network.namespace("host").unwrap();
    let imds = Imds::start_inside(&host, Data::default()).unwrap();
    let default = Config::new().set("ec2", "metadata", "\"auto\"");
    let mut agent = Launch::new().config(default).inside(&host).start().unwrap();
    let known = context(&mut agent, "the context", |event| {
        event.text("context.source") == "metadata"
    });
    assert!(names_the_instance(&known), "{}", known.line);
    agent.stop(Signal::TERM).unwrap().assert_clean();
    assert_eq!(imds.complaints(), Vec::<String>::new());
}

/// Two hosts with public addresses, and a connection between them.
fn public_pair() -> (Pair, TcpStream, TcpStream) {
    let pair = Pair::new().unwrap();
    for (host, address) in [(&pair.near, NEAR), (&pair.far, FAR)] {
        let address = IpAddr::V4(address);
        host.netns.address(DEVICE, address, 24).unwrap();
    }
    let at = SocketAddr::from((NEAR, 7000));
    let listener = pair.near.netns.enter(|| traffic::listen(at)).unwrap();
    let listener = listener.unwrap();
    let client = pair.far.netns.enter(|| traffic::connect(None, at, LIMIT));
    let client = client.unwrap().unwrap();
    let (server, _) = listener.accept().unwrap();
    (pair, server, client)
}

/// Lets traffic flow until the window of its local address has this path.
fn until_path(
    agent: &mut Agent,
    (server, client): (&TcpStream, &TcpStream),
    netns: u64,
    class: &str,
) {
    let from = agent.events().len();
    let deadline = Instant::now() + LIMIT;
    let seen = |agent: &Agent| {
        agent.events_from(from).into_iter().any(|event| {
            event.is_about("path_window", NEAR.into())
                && event.count("path.netns") == netns
                && event.text("path.class") == class
        })
    };
    while !seen(agent) {
        agent.check_alive().unwrap();
        assert!(
            Instant::now() < deadline,
            "{class} in vain: {:#?}",
            lines(agent)
        );
        traffic::echo(client, server, 20, 1_000, LIMIT).unwrap();
    }
}

fn lines(agent: &Agent) -> Vec<String> {
    agent.events().into_iter().map(|event| event.line).collect()
}

#[test]
fn a_vpc_in_public_space_is_private_from_the_moment_it_is_known_and_replay_agrees() {
    crate::require_root();
    let folder = TempDir::new().unwrap();
    let recording = folder.path().join("recording.gz");
    let block = "198.18.77.0/24".to_owned();
    let mut data = Data::default();
    data.card().vpc.push(block);
    let imds = Imds::start(data).unwrap();
    let mut agent = Launch::new()
        .config(config(&imds))
        .record(Some(recording.clone()))
        .start()
        .unwrap();
    let (pair, server, client) = public_pair();
    let netns = pair.near.netns.inode().unwrap();
    until_path(&mut agent, (&server, &client), netns, "private");
    // The flow stays, its path becomes another one.
    imds.change(|data| {
        data.card().vpc.pop();
    });
    context(&mut agent, "the VPC without the block", |event| {
        event
            .get("context.vpc_cidr_blocks")
            .as_array()
            .map(Vec::len)
            == Some(1)
    });
    until_path(&mut agent, (&server, &client), netns, "public");
    let deadline = Instant::now() + LIMIT;
    while !agent
        .events()
        .iter()
        .any(|e| e.is_about("verdict", NEAR.into()))
    {
        assert!(
            Instant::now() < deadline,
            "no verdict: {:#?}",
            lines(&agent)
        );
        traffic::bulk(&server, &client, 100_000, LIMIT).unwrap();
    }
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let live: Vec<String> = ended
        .events
        .iter()
        .filter_map(|e| judgement(&e.line))
        .collect();
    assert!(live.iter().any(|line| line.contains(INSTANCE)), "{live:?}");
    assert_eq!(replayed(&recording), live);
}

/// What a replay tells, without the sequence.
fn replayed(recording: &Path) -> Vec<String> {
    let agent = binary::agent().unwrap();
    let (agent, recording) = (agent.to_str().unwrap(), recording.to_str().unwrap());
    let told = tool::run(agent, &["replay", recording]).unwrap();
    told.lines().filter_map(judgement).collect()
}

/// A verdict, incident or recommendation without its sequence.
fn judgement(line: &str) -> Option<String> {
    let mut event: Value = serde_json::from_str(line).ok()?;
    let name = event.pointer("/event/name")?.as_str()?.to_owned();
    event["event"].as_object_mut()?.remove("sequence");
    let judged = ["verdict", "incident", "recommendation"].contains(&name.as_str());
    judged.then(|| event.to_string())
}
