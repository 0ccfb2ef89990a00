use super::super::sample::window;
use super::*;
use crate::event::{
    KernelInfo, LocalOnly, PathWindow, Severity, Side, Time, VerdictInfo, VerdictName,
};
use crate::path::PathClass;

const SECOND: u64 = 1_000_000_000;

fn board() -> Board {
    let kernel = KernelInfo {
        release: "6.1".to_owned(),
        machine: "x86_64".to_owned(),
        missing_fields: Vec::new(),
    };
    let agent = AgentStatus {
        version: "0",
        pid: 1,
        run_id: "0".to_owned(),
        host_name: "web3".to_owned(),
        started: Time(0),
        kernel,
        probes: Vec::new(),
        config_digest: String::new(),
        config_file: None,
        recording: None,
    };
    Board::new(agent, 4, None)
}

fn note(event: Event) -> Note {
    Note {
        time: Time(7),
        severity: Severity::Info,
        message: "it happened".to_owned(),
        event,
    }
}

fn traffic(last: u8, class: PathClass) -> Note {
    note(Event::PathWindow(PathWindow {
        network: LocalOnly::new([10, 0, 0, last].into()),
        path: window(class, 90, 10),
    }))
}

fn verdict(last: u8, name: VerdictName) -> Note {
    note(Event::Verdict(Box::new(Verdict {
        network: LocalOnly::new([10, 0, 0, last].into()),
        verdict: VerdictInfo {
            name,
            netns: 1,
            previous: None,
            confidence: 0.9,
            public: Side::default(),
            private: Side::default(),
            ruled_out: Vec::new(),
        },
    })))
}

fn at(board: &mut Board, seconds: u64) -> Status {
    board.status(seconds * SECOND, |_| false, None, Vec::new())
}

#[test]
fn the_worst_verdict_comes_first_and_windows_are_the_latest() {
    let mut board = board();
    at(&mut board, 1);
    for last in [1, 2] {
        board.note(&traffic(last, PathClass::Public));
        board.note(&traffic(last, PathClass::Private));
    }
    board.note(&verdict(1, VerdictName::Healthy));
    board.note(&verdict(2, VerdictName::PublicOnlyCollapse));
    let status = at(&mut board, 2);
    let names: Vec<_> = status.addresses.iter().map(|a| a.address).collect();
    assert_eq!(names, [[10, 0, 0, 2], [10, 0, 0, 1]].map(IpAddr::from));
    assert_eq!(status.addresses[0].paths.len(), 2);
    at(&mut board, 11);
    board.note(&traffic(1, PathClass::Public));
    let status = at(&mut board, 12);
    let windows: Vec<_> = status.addresses.iter().map(|a| a.paths.len()).collect();
    assert_eq!(windows, [2, 1], "until its own is too old");
    let status = at(&mut board, 20);
    assert_eq!(status.addresses[0].paths.len(), 0, "silent");
}

#[test]
fn what_is_silent_and_not_judged_is_forgotten_but_not_its_sums() {
    let mut board = board();
    at(&mut board, 1);
    board.note(&traffic(1, PathClass::Public));
    board.note(&verdict(1, VerdictName::Healthy));
    assert_eq!(at(&mut board, 599).addresses.len(), 1);
    let judged = board.status(700 * SECOND, |_| true, None, Vec::new());
    assert_eq!(judged.addresses.len(), 1);
    let status = at(&mut board, 701);
    assert_eq!(status.addresses.len(), 0);
    assert_eq!(status.totals[0].sums.segments_delivered, 90);
    assert_eq!(status.state, State::Healthy);
}

#[test]
fn a_flood_of_addresses_is_bounded() {
    let mut board = board();
    at(&mut board, 1);
    for number in 0..5_000_u32 {
        let address = std::net::Ipv4Addr::from(0x0a00_0000 + number);
        board.note(&note(Event::PathWindow(PathWindow {
            network: LocalOnly::new(address.into()),
            path: window(PathClass::Public, 1, 0),
        })));
    }
    let status = at(&mut board, 2);
    assert_eq!(status.addresses.len(), MAX_SHOWN);
    assert_eq!(status.addresses_left_out, MAX_ADDRESSES - MAX_SHOWN);
    assert_eq!(status.totals.len(), 5, "four and the others");
    let delivered: u64 = status
        .totals
        .iter()
        .map(|t| t.sums.segments_delivered)
        .sum();
    assert_eq!(delivered, 5_000);
}

/// Through the very pipeline: a collapse with its advice, and its end.
#[test]
fn an_incident_is_there_with_its_advice_until_it_is_closed() {
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::flow::quiet;
    use crate::host::HostSample;
    use crate::pipeline::{Output, Pipeline};

    let mut board = board();
    let mut pipeline = Pipeline::new(&Config::default(), None);
    let mut seen = Vec::new();
    for second in 1..1_000_u64 {
        let now_ns = second * SECOND;
        let bad = (100..400).contains(&second);
        let peers = (0..12).map(|number| format!("{}.7.7.7", 50 + number));
        for (number, peer) in peers.chain(["10.1.1.21".to_owned()]).enumerate() {
            let mut sample = quiet(&peer);
            sample.time_ns = now_ns - SECOND / 2;
            sample.delivered = 20;
            let public = number < 12;
            sample.retransmitted = if bad && public { 8 } else { 0 };
            pipeline.replay(sample);
        }
        let mut out = Output::default();
        let clock = Clock::at(now_ns, Time(1_790_000_000 * 1_000_000_000));
        pipeline.tick(now_ns, &HostSample::default(), clock, &mut out);
        for note in &out.notes {
            board.note(note);
        }
        let judged = |local: &Local| pipeline.progress(*local).is_some();
        let status = board.status(now_ns, judged, None, Vec::new());
        assert_eq!(
            status.state == State::Incident,
            pipeline.has_incident(),
            "second {second}"
        );
        if seen.last().map(|(state, _)| *state) != Some(status.state) {
            seen.push((status.state, second));
        }
        if let [incident] = status.incidents.as_slice()
            && let Some(advice) = &incident.advice
        {
            assert_eq!(advice.incident.as_ref(), Some(&incident.id));
            let runbook = format!("edgeghost runbook {}", incident.id);
            assert_eq!(advice.runbook.as_deref(), Some(runbook.as_str()));
            assert_eq!(
                status.addresses[0].verdict.map(|v| v.confidence > 0.5),
                Some(true)
            );
        }
    }
    let course: Vec<State> = seen.iter().map(|(state, _)| *state).collect();
    let wanted = [State::Healthy, State::Incident, State::Healthy];
    assert_eq!(course, wanted, "{seen:?}");
    assert!((100..400).contains(&seen[1].1), "{seen:?}");
    let end = at(&mut board, 1_000);
    assert_eq!(end.counts.incidents_opened, 1);
    let given: u64 = end.counts.recommendations.values().sum();
    assert_eq!(end.recommendations.len() as u64, given);
    assert!(
        end.recommendations
            .iter()
            .any(|advice| advice.touches_address)
    );
}
