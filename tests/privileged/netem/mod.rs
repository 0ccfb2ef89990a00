//! What the internet does to packets besides losing them, on kernels that have netem: delays that
//! vary, reordering and duplicates are no fault, bursts of loss are one, and counts stay exact.

mod crowd;

use std::time::Duration;

use edgeghost_tests::agent::{Agent, Ended, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::counters::Counters;
use edgeghost_tests::event::Event;
use rustix::process::Signal;

use crate::exactness;
use crate::witness::stage::{HOST, Stage};
use crowd::Crowd;

const LIMIT: Duration = Duration::from_mins(4);

/// Windows of both paths to wait for, of two seconds each: more than twice as long as advice takes
/// with the configuration below.
const WINDOWS: usize = 30;

/// Short times: advice would come 12 s after the onset.
fn agent(stage: &Stage) -> Agent {
    let config = Config::new()
        .set("window", "seconds", "2.0")
        .set("detect", "confirm_seconds", "12.0")
        .set("detect", "hold_seconds", "4.0");
    let launch = Launch::new().config(config).inside(&stage.host);
    launch.start().unwrap()
}

fn windows(events: &[Event]) -> usize {
    let about = |event: &&Event| event.is_about("path_window", HOST.into());
    events.iter().filter(about).count()
}

/// Under this disturbance of the public path, from the beginning on, nothing is ever told but that
/// all is well. Returns what the host's kernel counted meanwhile.
fn stays_healthy(how: &str) -> Counters {
    crate::require_root();
    let stage = Stage::build().unwrap();
    let _disturbed = stage.disturb(how).unwrap();
    let mut agent = agent(&stage);
    let crowd = Crowd::gather(&stage).unwrap();
    agent
        .wait_until("windows of both paths", LIMIT, |events| {
            (windows(events) >= WINDOWS).then_some(())
        })
        .unwrap();
    drop(crowd);
    let counters = Counters::of(&stage.host).unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let told = verdicts(&ended);
    ended.assert(
        told.contains(&"healthy")
            && told
                .iter()
                .all(|name| ["healthy", "insufficient_evidence"].contains(name)),
        &format!("under {how}: {told:?}"),
    );
    let trouble = ended
        .events
        .iter()
        .any(|event| event.name() == "incident" || event.name() == "recommendation");
    ended.assert(!trouble, &format!("an incident under {how}"));
    counters
}

fn verdicts(ended: &Ended) -> Vec<&str> {
    let about = |event: &&Event| event.is_about("verdict", HOST.into());
    let verdicts = ended.events.iter().filter(about);
    verdicts.map(|event| event.text("verdict.name")).collect()
}

/// Times that the kernel saw segments overtake each other.
fn overtaken(counters: &Counters) -> u64 {
    counters.get("TCPSACKReorder") + counters.get("TCPTSReorder") + counters.get("TCPRenoReorder")
}

#[test]
fn reordering_alone_is_no_fault() {
    let counters = stays_healthy("delay 20ms reorder 25% 50% limit 10000");
    assert!(overtaken(&counters) > 0, "{counters:#?}");
}

#[test]
fn jitter_alone_is_no_fault() {
    let counters = stays_healthy("delay 40ms 25ms limit 10000");
    assert!(overtaken(&counters) > 0, "{counters:#?}");
}

#[test]
fn duplicates_alone_are_no_fault() {
    let counters = stays_healthy("delay 10ms duplicate 20% limit 10000");
    assert!(counters.get("TCPDSACKRecv") > 0, "{counters:#?}");
}

/// Bursts of five packets on average, a fifth of all (Gilbert-Elliott: 5 % into a burst, 20 % out
/// of it).
#[test]
fn bursts_of_loss_on_the_public_side_alone_are_a_collapse() {
    crate::require_root();
    let stage = Stage::build().unwrap();
    let mut agent = agent(&stage);
    let _crowd = Crowd::gather(&stage).unwrap();
    let verdict = |agent: &mut Agent, name: &str| {
        agent
            .wait_for(&format!("the verdict {name}"), LIMIT, |event| {
                event.is_about("verdict", HOST.into()) && event.text("verdict.name") == name
            })
            .unwrap()
    };
    verdict(&mut agent, "healthy");
    let _disturbed = stage
        .disturb("delay 10ms loss gemodel 5% 20% limit 10000")
        .unwrap();
    verdict(&mut agent, "public_only_collapse");
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

/// Everything at once, on top of flows that are reset, reused and moved.
#[test]
fn counts_are_exact_under_reordering_and_duplicates() {
    let how = "delay 4ms 3ms reorder 20% duplicate 5% limit 10000";
    for seed in [11, 12] {
        let again = exactness::exact_under(seed, how);
        assert!(again > 0, "nothing was reported as a duplicate");
    }
}

#[test]
fn counts_are_exact_under_bursts_of_loss_and_jitter() {
    exactness::exact_under(13, "delay 4ms 3ms loss gemodel 3% 30% limit 10000");
}
