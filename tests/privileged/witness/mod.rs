//! Witnesses: what the agent asks when the one session that a host has goes bad.

pub(crate) mod people;
pub(crate) mod stage;
mod way;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use edgeghost_tests::agent::{Agent, Ended, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::event::Event;
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{binary, wait};
use rustix::process::Signal;

use people::{People, Visitors};
use stage::{CLIENT, HOST, JUMP, ROUTERS, Stage, WITNESSES, witness};

/// The longest that anything may take.
const LIMIT: Duration = Duration::from_mins(2);

/// The longest from the suspicion to the verdict that witnesses give.
const WITHIN: Duration = Duration::from_mins(1);

/// A host with one session from outside and one from the VPC, both under way, and everybody who
/// may be asked.
struct Scene {
    stage: Stage,
    agent: Agent,
    /// Visitors of the three witnesses that are there, and of the private one.
    visitors: [Visitors; 4],
    _people: People,
}

impl Scene {
    fn begin(witnesses: bool, record: Option<&Path>) -> Self {
        crate::require_root();
        let stage = Stage::build().unwrap();
        let people = People::default();
        let ssh = SocketAddr::new(HOST.into(), 22);
        people.server(&stage.host, ssh).unwrap();
        let at = [witness(0, 443), witness(1, 80), witness(2, 22)];
        let public = at.map(|at| people.server(&stage.internet, at).unwrap());
        let jump = SocketAddr::new(JUMP.into(), 2222);
        let private = people.server(&stage.jump, jump).unwrap();
        let [a, b, c] = public;
        let mut agent = Launch::new()
            .inside(&stage.host)
            .config(config(witnesses))
            .record(record.map(Into::into))
            .start()
            .unwrap();
        people.terminal(&stage.internet, CLIENT.into(), ssh);
        people.terminal(&stage.jump, JUMP.into(), ssh);
        verdict(&mut agent, "healthy");
        Self {
            stage,
            agent,
            visitors: [a, b, c, private],
            _people: people,
        }
    }

    fn verdict(&mut self, name: &str) -> Event {
        verdict(&mut self.agent, name)
    }

    fn came(&self) -> [usize; 4] {
        self.visitors.each_ref().map(Visitors::came)
    }
}

fn config(witnesses: bool) -> Config {
    let config = Config::new().set("window", "seconds", "2.0");
    if !witnesses {
        return config;
    }
    let targets = format!(
        "[\"{}\", \"http://{}\", \"{}\", \"{}\"]",
        witness(0, 443),
        witness(1, 80),
        witness(2, 22),
        witness(3, 9)
    );
    config
        .set("witness", "targets", &targets)
        .set("witness", "private", &format!("\"{JUMP}:2222\""))
        .set("witness", "round_seconds", "20.0")
        .set("witness", "pause_seconds", "5.0")
}

fn verdict(agent: &mut Agent, name: &str) -> Event {
    agent
        .wait_for(&format!("the verdict {name}"), LIMIT, |event| {
            event.is_about("verdict", HOST.into()) && event.text("verdict.name") == name
        })
        .unwrap()
}

/// What the `witness` event says of a target.
fn of<'a>(event: &'a Event, address: &str) -> &'a serde_json::Value {
    let found = event.list("witness.targets").iter();
    found
        .clone()
        .find(|target| target["address"] == address)
        .unwrap_or_else(|| panic!("{address} is not in {}", event.line))
}

fn witnessed(agent: &mut Agent, state: &str) -> Event {
    agent
        .wait_for(&format!("a round {state}"), LIMIT, |event| {
            event.is_about("witness", HOST.into()) && event.text("witness.state") == state
        })
        .unwrap()
}

#[test]
fn a_lone_session_under_a_collapse_is_told_from_a_bad_client() {
    let folder = TempDir::new().unwrap();
    let recording = folder.path().join("recording.gz");
    let mut scene = Scene::begin(true, Some(&recording));
    assert_eq!(scene.came(), [0; 4], "asked while all was well");
    let loss = scene.stage.lose(27).unwrap();
    let suspect = scene.verdict("public_suspect");
    let collapse = scene.verdict("public_only_collapse");
    let took = collapse.at.saturating_duration_since(suspect.at);
    println!("from suspect to collapse: {took:?}");
    let begun = witnessed(&mut scene.agent, "begun");
    let ended = witnessed(&mut scene.agent, "ended");
    let way = scene
        .agent
        .wait_for("the way to a target", LIMIT, |event| {
            event.name() == "hops" && event.text("hops.destination") == "target"
        })
        .unwrap();
    loss.lift().unwrap();
    scene.verdict("recovering");
    let came = scene.came();
    let all = scene.agent.stop(Signal::TERM).unwrap();
    all.assert_clean();
    all.assert(took <= WITHIN, &format!("it took {took:?}"));
    assert_eq!(
        begun.text("witness.verdict"),
        "public_suspect",
        "{}",
        begun.line
    );
    assert_asked(&all, &ended, came);
    assert_way(&all, &way);
    let worst = all
        .named("hops")
        .find(|event| event.text("hops.destination") == "worst_peer");
    let to = worst.map(|event| event.text("network.peer.address").to_owned());
    all.assert(
        to == Some(CLIENT.to_string()),
        &format!("the worst peer is {to:?}"),
    );
    assert_replayed(&all, &recording);
}

/// What was told of the first round is what the targets saw, and the control did well.
fn assert_asked(all: &Ended, ended: &Event, came: [usize; 4]) {
    let [first, http, last, absent] = WITNESSES.map(|address| of(ended, &address.to_string()));
    let count = |target: &serde_json::Value, what: &str| target[what].as_u64().unwrap_or_default();
    for (target, came) in [first, http, last].into_iter().zip(came) {
        let connected = count(target, "connected");
        let good = (1..=came as u64).contains(&connected) && count(target, "segments_sent") > 0;
        all.assert(good, &format!("{came} came: {target}"));
    }
    all.assert(
        count(absent, "refused") > 0 && count(absent, "connected") == 0,
        &format!("nobody is there: {absent}"),
    );
    let control = of(ended, &JUMP.to_string());
    let clean = count(control, "connected") == count(control, "connections")
        && count(control, "segments_retransmitted") == 0;
    all.assert(clean, &format!("the control: {control}"));
    let again: u64 = ended
        .list("witness.targets")
        .iter()
        .map(|target| count(target, "segments_retransmitted"))
        .sum();
    all.assert(again > 0, "nothing had to be sent again");
}

/// The view has the routers of the stage, and says that the loss begins behind the gateway.
fn assert_way(all: &Ended, way: &Event) {
    let hops = way.list("hops.path");
    let told: Vec<&str> = hops
        .iter()
        .map(|hop| hop["address"].as_str().unwrap_or("silent"))
        .collect();
    let peer = way.text("network.peer.address");
    let expected = [&ROUTERS[0].to_string(), &ROUTERS[1].to_string(), peer];
    all.assert(told == expected, &format!("{told:?}, not {expected:?}"));
    let begins = way.count("hops.loss_begins_at");
    all.assert(
        begins == 2,
        &format!("loss begins at {begins}: {}", way.line),
    );
}

/// The recording, judged anew, gives the same verdicts: the witnesses' flows are all there is of
/// them in it.
fn assert_replayed(all: &Ended, recording: &Path) {
    let replay = Command::new(binary::agent().unwrap())
        .arg("replay")
        .arg(recording)
        .output()
        .unwrap();
    assert!(replay.status.success(), "{replay:?}");
    let judgements = |lines: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        let judged = ["verdict", "incident", "recommendation"];
        lines
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .filter(|event| judged.iter().any(|name| event["event"]["name"] == *name))
            .map(|mut event| {
                event["event"].as_object_mut().unwrap().remove("sequence");
                event.to_string()
            })
            .collect()
    };
    let live = judgements(&mut all.events.iter().map(|event| event.line.as_str()));
    let anew = String::from_utf8(replay.stdout).unwrap();
    assert!(live.len() >= 4, "{live:#?}");
    assert_eq!(judgements(&mut anew.lines()), live);
}

#[test]
fn a_bad_client_alone_is_told_from_a_collapse() {
    let mut scene = Scene::begin(true, None);
    scene.stage.lose_of_client(27).unwrap();
    let suspect = scene.verdict("public_suspect");
    let client = scene.verdict("client_side");
    let ended = witnessed(&mut scene.agent, "ended");
    // Nobody is left inside once the round is over.
    let [a, b, c, d] = &scene.visitors;
    wait::until_true("the last visitor to leave", LIMIT, || {
        Ok([a, b, c, d].iter().all(|of| of.inside() == 0))
    })
    .unwrap();
    let came = scene.came();
    let said = scene.visitors[1].said();
    let all = scene.agent.stop(Signal::TERM).unwrap();
    all.assert_clean();
    let took = client.at.saturating_duration_since(suspect.at);
    println!("from suspect to client side: {took:?}");
    all.assert(took <= WITHIN, &format!("it took {took:?}"));
    all.assert(
        client.at > suspect.at && came.iter().all(|came| *came > 0),
        &format!("came: {came:?}"),
    );
    all.assert(said > 0, "no request was heard");
    all.assert(
        all.named("recommendation").next().is_none() && all.named("incident").next().is_none(),
        "an incident of one client",
    );
    let bad = ended.list("witness.targets").iter();
    let again: u64 = bad
        .filter_map(|target| target["segments_retransmitted"].as_u64())
        .sum();
    all.assert(again == 0, "the witnesses' ways are clean");
}

#[test]
fn without_targets_nobody_is_ever_asked() {
    let mut scene = Scene::begin(false, None);
    let loss = scene.stage.lose(27).unwrap();
    let suspect = scene.verdict("public_suspect");
    // As long as witnesses would have needed, and twice that.
    let windows = |events: &[Event]| {
        let later = events.iter().filter(|event| event.at > suspect.at);
        later.filter(|event| event.name() == "path_window").count()
    };
    scene
        .agent
        .wait_until("40 s of windows", LIMIT, |events| {
            (windows(events) >= 40).then_some(())
        })
        .unwrap();
    let came = scene.came();
    let all = scene.agent.stop(Signal::TERM).unwrap();
    drop(loss);
    all.assert_clean();
    all.assert(came == [0; 4], &format!("came: {came:?}"));
    for name in ["witness", "hops", "recommendation"] {
        all.assert(all.named(name).next().is_none(), name);
    }
}

#[test]
fn a_stop_in_the_middle_of_a_round_ends_it_at_once() {
    let mut scene = Scene::begin(true, None);
    let _loss = scene.stage.lose(27).unwrap();
    witnessed(&mut scene.agent, "begun");
    let visitors = scene.visitors.clone();
    wait::until_true("a visitor", LIMIT, || {
        Ok(visitors.iter().any(|of| of.came() > 0))
    })
    .unwrap();
    let all = scene.agent.stop(Signal::TERM).unwrap();
    all.assert_clean();
    all.assert(
        all.took < Duration::from_secs(1),
        &format!("it took {:?}", all.took),
    );
    let last = all.named("witness").last();
    let end = last.map(|event| event.text("witness.end").to_owned());
    all.assert(end.as_deref() == Some("stopped"), &format!("{end:?}"));
}
