use super::*;
use crate::host::witness::Talk;

const LOCAL: Local = Local {
    address: std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 0, 207)),
    netns: 1,
};

fn told() -> RoundTold {
    let seconds = Duration::from_secs(30);
    let mut told = RoundTold::new(LOCAL, VerdictName::PublicSuspect, 3, seconds);
    for (at, class) in [
        ("198.51.100.7:443", PathClass::Public),
        ("192.0.2.7:443", PathClass::Public),
        ("10.1.1.21:22", PathClass::Private),
    ] {
        let talk = Talk::Connect;
        let at: SocketAddr = at.parse().unwrap();
        let network = Network::of(at.ip(), class);
        told.add(&Target { at, talk }, class, network, 12);
    }
    told
}

fn visit(outcome: Outcome, sent: u32, again: u32) -> Visit {
    Visit {
        outcome,
        handshake_retransmitted: again,
        segments_sent: sent,
        segments_retransmitted: again,
        rtt_us: (sent > 0).then_some(9_000 - sent),
    }
}

fn info(note: &Note) -> WitnessInfo {
    match &note.event {
        Event::Witness(witness) => witness.witness.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_begin_tells_why_and_how_much_and_the_end_what_came_of_it() {
    let mut told = told();
    let begun = told.begin();
    assert_eq!(info(&begun).connections, 36);
    for words in [
        "10.1.0.207 is public_suspect",
        "2 other network(s)",
        "36",
        "30 s",
    ] {
        assert!(begun.message.contains(words), "{}", begun.message);
    }
    told.count(0, visit(Outcome::Connected, 6, 2));
    told.count(0, visit(Outcome::Connected, 4, 0));
    told.count(1, visit(Outcome::Refused, 0, 0));
    told.count(1, visit(Outcome::Failed("no route".to_owned()), 0, 0));
    told.count(2, visit(Outcome::Connected, 4, 0));
    told.count(2, visit(Outcome::TimedOut, 0, 0));
    told.count(9, visit(Outcome::TimedOut, 0, 0));
    let ended = told.end(WitnessEnd::Complete, Duration::from_secs(31));
    let info = info(&ended);
    assert_eq!((info.connections, info.round), (6, 3));
    let [first, second, control] = &info.targets[..] else {
        panic!("{info:?}")
    };
    assert_eq!((first.connections, first.connected), (2, 2));
    assert_eq!((first.segments_sent, first.segments_retransmitted), (10, 2));
    assert_eq!(first.srtt_us_min, Some(8_994));
    assert_eq!((second.refused, second.failed), (1, 1));
    assert_eq!(second.error.as_deref(), Some("no route"));
    assert_eq!((control.connected, control.timed_out), (1, 1));
    for words in [
        "1 of 2 answered, 2 of 10 segments sent again (20.0 %)",
        "1 refused",
        "control answered, 0 of 4 segments",
    ] {
        assert!(ended.message.contains(words), "{}", ended.message);
    }
}

#[test]
fn the_best_target_is_public_and_answered() {
    let mut told = told();
    assert_eq!(told.best(), None);
    told.count(2, visit(Outcome::Connected, 4, 0));
    told.count(0, visit(Outcome::Connected, 10, 3));
    assert_eq!(told.best(), "198.51.100.7:443".parse().ok());
    told.count(1, visit(Outcome::Connected, 10, 2));
    assert_eq!(told.best(), "192.0.2.7:443".parse().ok());
}

/// The message about a way whose hops answer so many of nine probes.
fn said(answers: &[u32]) -> (String, HopsInfo) {
    let to: std::net::IpAddr = [198, 51, 100, 7].into();
    let mut view = View::new(to);
    for (ttl, answered) in (1..).zip(answers) {
        let last = usize::from(ttl) == answers.len();
        let who = if last { to } else { [10, 0, 0, ttl].into() };
        for probe in 0..9 {
            view.sent_to(ttl);
            if probe < *answered {
                view.answered(ttl, who, Duration::from_micros(700));
            }
        }
    }
    let worst = HopsDestination::WorstPeer;
    let note = hops(LOCAL, VerdictName::PublicSuspect, worst, &view);
    match note.event {
        Event::Hops(hops) => (note.message, hops.hops),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_view_says_where_loss_begins_and_what_was_before() {
    let (message, info) = said(&[9, 0, 5, 5]);
    for words in [
        "from 10.1.0.207 to 198.51.100.7 (the worst peer)",
        "begins at hop 3 (10.0.0.3), 44.4 %",
        "after hop 1 (10.0.0.1) that left 0.0 % unanswered",
        "not who is to blame",
    ] {
        assert!(message.contains(words), "{message}");
    }
    assert_eq!((info.loss_begins_at, info.reached), (Some(3), true));
    let [first, silent, ..] = &info.path[..] else {
        panic!("{info:?}")
    };
    assert_eq!((first.ttl, first.rtt_us_mean), (1, Some(700)));
    assert_eq!((silent.address, silent.rtt_us_min), (None, None));
    let (message, _) = said(&[4, 5]);
    assert!(
        message.contains("hop 1 (10.0.0.1)") && message.contains("the first"),
        "{message}"
    );
    let (message, info) = said(&[9, 9, 9]);
    assert!(message.contains("3 hop(s), and no loss"), "{message}");
    assert_eq!(info.loss_begins_at, None);
    let (message, info) = said(&[0, 0]);
    assert!(
        message.contains("no hop answers") && info.path.is_empty(),
        "{message}"
    );
}
