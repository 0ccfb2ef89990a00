use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::thread::JoinHandle;

use super::*;

/// Visits what `serve` makes of one connection, and returns both sides' stories.
fn visited<T: Send + 'static>(
    talk: Talk,
    bytes: usize,
    serve: impl FnOnce(std::net::TcpStream) -> T + Send + 'static,
) -> (Visit, T) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let server: JoinHandle<T> = std::thread::spawn(move || serve(listener.accept().unwrap().0));
    let visit = run(Target { at, talk }, bytes);
    (visit, server.join().unwrap())
}

fn run(target: Target, bytes: usize) -> Visit {
    let from = match target.at {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::LOCALHOST),
        SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::LOCALHOST),
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let end = Instant::now() + Duration::from_secs(30);
            visit(from, target, bytes, end).await
        })
}

fn all(mut stream: std::net::TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    heard
}

#[test]
fn an_empty_connection_ends_cleanly_though_the_server_greets() {
    let (visit, heard) = visited(Talk::Connect, 1_024, |mut stream| {
        stream.write_all(b"SSH-2.0-test\r\n").unwrap();
        all(stream)
    });
    assert_eq!((visit.outcome, heard.len()), (Outcome::Connected, 0));
    assert!(
        (3..10).contains(&visit.segments_sent),
        "{}",
        visit.segments_sent
    );
    assert_eq!(visit.segments_retransmitted, 0);
}

#[test]
fn requests_say_who_asks_and_the_last_says_that_it_is() {
    let (visit, heard) = visited(Talk::Http, 16_384, |mut stream| {
        let (mut heard, mut buffer) = (String::new(), [0; 4_096]);
        loop {
            let length = stream.read(&mut buffer).unwrap();
            if length == 0 {
                return heard;
            }
            heard.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
            // In two pieces, to be put together again.
            stream.write_all(b"HTTP/1.1 200 OK\r\nX: 1\r").unwrap();
            stream.write_all(b"\n\r\n").unwrap();
        }
    });
    assert_eq!(visit.outcome, Outcome::Connected);
    let count = |what: &str| heard.matches(what).count();
    assert_eq!(
        count("HEAD / HTTP/1.1\r\nHost: 127.0.0.1:"),
        REQUESTS as usize,
        "{heard}"
    );
    assert_eq!(count("User-Agent: edgeghost-witness/"), REQUESTS as usize);
    assert_eq!(count("Connection: close"), 1);
}

#[test]
fn a_server_that_hangs_up_or_never_stops_talking_ends_it_soon() {
    let (visit, ()) = visited(Talk::Http, 16_384, drop);
    assert_eq!(visit.outcome, Outcome::Connected);
    let begin = std::time::Instant::now();
    let (visit, written) = visited(Talk::Http, 4_096, |mut stream| {
        let mut written = 0;
        while let Ok(length) = stream.write(&[b'x'; 8_192]) {
            written += length;
        }
        written
    });
    assert_eq!(visit.outcome, Outcome::Connected);
    assert!(begin.elapsed() < Duration::from_secs(8), "{written} bytes");
}

#[test]
fn nobody_there_is_refused_and_an_address_of_others_fails() {
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let talk = Talk::Connect;
    assert_eq!(run(Target { at, talk }, 1_024).outcome, Outcome::Refused);
    let from = IpAddr::from([198, 51, 100, 1]);
    let at = "127.0.0.1:9".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let visit = runtime.block_on(async {
        let end = Instant::now() + Duration::from_secs(5);
        visit(from, Target { at, talk }, 1_024, end).await
    });
    assert!(matches!(visit.outcome, Outcome::Failed(_)), "{visit:?}");
}
