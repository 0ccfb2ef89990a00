//! Readers of sockets that come, go and are slow.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use super::*;

#[test]
fn a_stream_is_connected_anew_and_begins_with_the_head() {
    let folder = Folder::new("stream");
    let at = folder.path("socket");
    let listener = UnixListener::bind(&at).unwrap();
    let (sinks, writers) = start(vec![settings(Target::Stream(at.clone()))], &folder.spool());
    sinks.push(line("agent_start", Priority::State, 1));
    sinks.push(incident(2));
    let read = |stream: UnixStream, count| -> Vec<u64> {
        let lines = BufReader::new(stream).lines();
        lines
            .take(count)
            .map(|line| number(&line.unwrap()))
            .collect()
    };
    let (stream, _) = listener.accept().unwrap();
    assert_eq!(read(stream, 2), [1, 2]);
    // That reader is gone, and so is its socket.
    drop(listener);
    fs::remove_file(&at).unwrap();
    sinks.push(incident(3));
    sinks.push(incident(4));
    wait(&sinks, "the alerts on disk", || {
        (sinks.read()[0].spooled == 2).then_some(())
    });
    let listener = UnixListener::bind(&at).unwrap();
    let (stream, _) = listener.accept().unwrap();
    assert_eq!(read(stream, 3), [1, 3, 4]);
    writers.finish();
}

#[test]
fn a_datagram_is_a_line_and_a_reader_may_come_late_and_be_full() {
    let folder = Folder::new("datagram");
    let at = folder.path("socket");
    let (sinks, writers) = start(
        vec![settings(Target::Datagram(at.clone()))],
        &folder.spool(),
    );
    sinks.push(incident(0));
    wait(&sinks, "the trouble", || {
        sinks.read()[0].trouble.is_some().then_some(())
    });
    let socket = UnixDatagram::bind(&at).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut receive = || {
        let length = socket.recv(&mut buffer).unwrap();
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        number(text)
    };
    assert_eq!(receive(), 0);
    // More than a socket holds (net.unix.max_dgram_qlen) and the queue: what does not fit is
    // counted, and the alerts among it come all the same.
    for number in 1..=2_000 {
        sinks.push(if number % 500 == 0 {
            incident(number)
        } else {
            detail(number)
        });
        if number % 100 == 0 {
            thread::yield_now();
        }
    }
    let mut got = Vec::new();
    while got.last() != Some(&2_000) {
        got.push(receive());
    }
    for alert in [500, 1_000, 1_500, 2_000] {
        assert!(got.contains(&alert), "{alert} is missing: {got:?}");
    }
    let lost = sinks.read()[0].queue.dropped.get("tcp_retransmit").copied();
    assert_eq!(lost.unwrap_or(0) + got.len() as u64, 2_000);
    writers.finish();
}

#[test]
fn a_line_too_long_for_a_socket_is_counted_and_holds_up_nothing() {
    let folder = Folder::new("long");
    let at = folder.path("socket");
    let socket = UnixDatagram::bind(&at).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let (sinks, writers) = start(vec![settings(Target::Datagram(at))], &folder.spool());
    // Longer than any send buffer of a datagram socket by default.
    let long = vec![b'x'; 1 << 22];
    sinks.push(Line {
        bytes: long.into(),
        ..incident(1)
    });
    sinks.push(incident(2));
    let mut buffer = vec![0; 1 << 16];
    let length = socket.recv(&mut buffer).unwrap();
    assert_eq!(number(std::str::from_utf8(&buffer[..length]).unwrap()), 2);
    assert_eq!(sinks.read()[0].queue.dropped["incident"], 1);
    writers.finish();
}
