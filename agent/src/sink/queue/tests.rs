use super::*;

fn line(name: &'static str, priority: Priority) -> Line {
    Line {
        name,
        priority,
        head: false,
        bytes: name.as_bytes().into(),
    }
}

fn names(queue: &Queue) -> Vec<&'static str> {
    let mut names = Vec::new();
    while let Next::Write(line) = queue.next(Duration::ZERO) {
        names.push(line.name);
        queue.done();
    }
    names
}

#[test]
fn detail_goes_first_and_alerts_stay() {
    let queue = Queue::new(3);
    queue.push(line("incident", Priority::Alert));
    queue.push(line("tcp_retransmit", Priority::Detail));
    queue.push(line("path_window", Priority::Window));
    queue.push(line("recommendation", Priority::Alert));
    queue.push(line("tcp_retransmit", Priority::Detail));
    queue.push(line("incident", Priority::Alert));
    assert_eq!(names(&queue), ["incident", "recommendation", "incident"]);
    let dropped = queue.read().dropped;
    assert_eq!(dropped.get("tcp_retransmit"), Some(&2));
    assert_eq!(dropped.get("path_window"), Some(&1));
    assert_eq!(dropped.get("incident"), None);
}

#[test]
fn among_equals_the_oldest_goes() {
    let queue = Queue::new(1);
    queue.push(line("incident", Priority::Alert));
    queue.push(line("recommendation", Priority::Alert));
    assert_eq!(names(&queue), ["recommendation"]);
}

#[test]
fn it_ends_when_closed_and_says_when_all_is_out() {
    let queue = Queue::new(4);
    queue.push(line("agent_stop", Priority::State));
    let soon = || Instant::now() + Duration::from_millis(1);
    assert!(!queue.wait_until_written(soon()));
    assert!(matches!(queue.next(Duration::ZERO), Next::Write(_)));
    assert!(!queue.wait_until_written(soon()), "it is in hand");
    queue.done();
    assert!(queue.wait_until_written(soon()));
    queue.close();
    assert!(matches!(queue.next(Duration::ZERO), Next::End));
}

#[test]
fn nobody_waits_for_a_writer_that_has_ended() {
    let queue = Queue::new(4);
    queue.push(line("incident", Priority::Alert));
    queue.ended();
    let far = Instant::now() + Duration::from_mins(1);
    assert!(!queue.wait_until_written(far));
    assert!(Instant::now() < far);
}

#[test]
fn what_could_not_be_written_comes_first_again() {
    let queue = Queue::new(4);
    queue.push(line("incident", Priority::Alert));
    queue.push(line("verdict", Priority::State));
    assert!(matches!(queue.next(Duration::ZERO), Next::Write(_)));
    queue.put_back();
    assert_eq!(names(&queue), ["incident", "verdict"]);
}

#[test]
fn alerts_can_be_taken_out_and_put_back_before_all_others() {
    let queue = Queue::new(3);
    queue.push(line("verdict", Priority::State));
    queue.push(line("incident", Priority::Alert));
    queue.push(line("recommendation", Priority::Alert));
    let alerts = queue.take_alerts(false);
    assert_eq!(alerts.len(), 2);
    queue.push(line("tcp_cwnd", Priority::Detail));
    queue.push(line("path_window", Priority::Window));
    queue.put_back_alerts(alerts);
    assert_eq!(names(&queue), ["incident", "recommendation", "verdict"]);
    let dropped = queue.read().dropped;
    assert_eq!(
        dropped.into_keys().collect::<Vec<_>>(),
        ["path_window", "tcp_cwnd"]
    );
}

#[test]
fn a_rest_ends_early_when_the_output_is_to_be_opened_anew() {
    let queue = Queue::new(3);
    queue.reopen();
    let begin = Instant::now();
    assert!(queue.rest(Duration::from_mins(1)));
    assert!(begin.elapsed() < Duration::from_mins(1));
    assert!(matches!(queue.next(Duration::ZERO), Next::Reopen));
    queue.close();
    assert!(!queue.rest(Duration::from_mins(1)));
}

#[test]
fn it_is_bounded_in_bytes_too() {
    let queue = Queue::new(1_000_000 / BYTES_A_LINE);
    let long = Line {
        bytes: vec![b'x'; 16_384].into(),
        ..line("path_window", Priority::Window)
    };
    queue.push(line("incident", Priority::Alert));
    for _ in 0..100 {
        queue.push(long.clone());
    }
    let reading = queue.read();
    assert_eq!(reading.dropped["path_window"] + reading.depth as u64, 101);
    assert!((50..=61).contains(&reading.depth), "{reading:?}");
    let expected: Vec<_> = ["incident"]
        .into_iter()
        .chain(["path_window"; 100])
        .collect();
    assert_eq!(names(&queue), expected[..reading.depth]);
}
