//! Being scraped: real figures against the events of the same run, clients that hang, and what is
//! shipped against what there is.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::event::Event;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::scrape::{
    expressions, families, free_address, metrics_in, promtool, request, scrape, sum,
};
use edgeghost_tests::{binary, traffic, wait};
use rustix::process::Signal;

const LIMIT: Duration = Duration::from_mins(1);

/// More than are answered at the same time.
const HANGING: usize = 12;

fn start(config: Config) -> (Agent, SocketAddr) {
    let at = free_address().unwrap();
    let config =
        config
            .set("window", "seconds", "1.0")
            .set("metrics", "listen", &format!("\"{at}\""));
    let agent = Launch::new().config(config).start().unwrap();
    wait::until_true("a first page", LIMIT, || Ok(scrape(at).is_ok())).unwrap();
    (agent, at)
}

/// What the events of a run say of a local address: segments sent, delivered, sent again.
fn told(events: &[Event], local: &str) -> [f64; 3] {
    let windows = events.iter().filter(|event| {
        event.name() == "path_window" && event.text("network.local.address") == local
    });
    windows.fold([0.0; 3], |[sent, delivered, again], window| {
        [
            sent + window.count("path.segments_sent") as f64,
            delivered + window.count("path.segments_delivered") as f64,
            again + window.count("path.segments_retransmitted") as f64,
        ]
    })
}

/// The same by the counters.
fn counted(page: &str, local: &str) -> [f64; 3] {
    let of = |name: &str, more: &[(&str, &str)]| {
        let labels: Vec<_> = [&[("local_address", local)], more].concat();
        sum(page, name, &labels).unwrap_or_default()
    };
    let again = "edgeghost_segments_retransmitted_total";
    [
        of("edgeghost_segments_sent_total", &[]),
        of("edgeghost_segments_delivered_total", &[]),
        of(again, &[]) - of(again, &[("kind", "syn_ack")]),
    ]
}

#[test]
fn counters_are_the_sums_of_the_events() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let peers = Config::new().set("metrics", "peers", "true");
    let (mut agent, at) = start(peers);
    let local = pair.near.v4.to_string();
    let (near, far) = pair.connect(Kind::V4, 7200).unwrap();
    let loss = pair.lose_outbound(20).unwrap();
    traffic::echo(&near, &far, 60, 100, LIMIT).unwrap();
    loss.lift().unwrap();
    traffic::close_in_order(near, far, LIMIT).unwrap();
    // Nothing moves any more: both must come to the same.
    let page = wait::until("equal sums", LIMIT, || {
        agent.check_alive()?;
        let page = scrape(at)?;
        let (told, counted) = (told(&agent.events(), &local), counted(&page, &local));
        let enough = told[0] >= 60.0 && told[2] > 0.0;
        let equal = told.iter().zip(&counted).all(|(a, b)| (a - b).abs() < 0.5);
        Ok((enough && equal).then_some(page))
    })
    .unwrap_or_else(|error| {
        let told = told(&agent.events(), &local);
        panic!(
            "{error}: events {told:?}\n{}",
            scrape(at).unwrap_or_default()
        )
    });
    let labels = [("local_address", local.as_str())];
    let by_peer = sum(
        &page,
        "edgeghost_peer_segments_retransmitted_total",
        &labels,
    );
    assert_eq!(by_peer, Some(counted(&page, &local)[2]), "{page}");
    let peer = [("peer_address", pair.far.v4.to_string())];
    let peer = peer.each_ref().map(|(key, value)| (*key, value.as_str()));
    assert!(
        sum(&page, "edgeghost_peer_segments_retransmitted_total", &peer) > Some(0.0),
        "{page}"
    );
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

#[test]
fn peers_are_told_of_only_where_somebody_asks() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let (agent, at) = start(Config::new());
    let (near, far) = pair.connect(Kind::V6, 7201).unwrap();
    let local = pair.near.v6.to_string();
    let page = wait::until("traffic over IPv6", LIMIT, || {
        traffic::echo(&near, &far, 5, 100, LIMIT)?;
        let page = scrape(at)?;
        Ok((counted(&page, &local)[0] > 0.0).then_some(page))
    })
    .unwrap();
    assert!(!page.contains("peer_address"), "{page}");
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

/// Those who connect and say nothing are turned away after five seconds; until then others wait.
#[test]
fn clients_that_hang_hold_up_no_scrape_for_long_and_the_agent_not_at_all() {
    crate::require_root();
    let (mut agent, at) = start(Config::new());
    let mut hanging: Vec<TcpStream> = (0..HANGING)
        .map(|_| TcpStream::connect(at).unwrap())
        .collect();
    for client in &mut hanging {
        client.write_all(b"GET /met").unwrap();
    }
    let timestamp = |page: &str| sum(page, "edgeghost_status_timestamp_seconds", &[]);
    let first = timestamp(&scrape(at).unwrap()).unwrap();
    let second = timestamp(&scrape(at).unwrap());
    assert!(second >= Some(first), "{second:?} after {first}");
    agent.check_alive().unwrap();
    drop(hanging);
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

#[test]
fn what_is_no_scrape_gets_an_answer_and_no_more() {
    crate::require_root();
    let (agent, at) = start(Config::new());
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(9_000));
    for (text, code) in [
        ("GET /metrics?name=x HTTP/1.0\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\n\r\n", 200),
        ("GET /etc/passwd HTTP/1.1\r\n\r\n", 404),
        ("POST /metrics HTTP/1.1\r\n\r\n", 405),
        ("nonsense\r\n\r\n", 400),
        ("GET /metrics HTTP/2\r\n\r\n", 400),
        (long.as_str(), 431),
    ] {
        let answer = request(at, text).unwrap_or_else(|error| panic!("{error}: {text:.40}"));
        assert_eq!(answer.code, code, "{text:.40}: {answer:?}");
    }
    let head = request(at, "HEAD /metrics HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!((head.code, head.body.as_str()), (200, ""));
    let open =
        "GET /metrics HTTP/1.1\r\nACCEPT: application/openmetrics-text;version=1.0.0\r\n\r\n";
    let open = request(at, open).unwrap();
    assert!(
        open.head.contains("application/openmetrics-text") && open.body.ends_with("# EOF\n"),
        "{open:?}"
    );
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

/// An address that is taken keeps the agent from being scraped, not from running.
#[test]
fn a_taken_address_is_told_and_tried_again() {
    crate::require_root();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let config = Config::new().set("metrics", "listen", &format!("\"{at}\""));
    let agent = Launch::new().config(config).start().unwrap();
    wait::until_true("a word in the log", LIMIT, || {
        Ok(agent.stderr().contains("metrics.listen"))
    })
    .unwrap();
    drop(taken);
    wait::until_true("a page after all", LIMIT, || Ok(scrape(at).is_ok())).unwrap();
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

/// Real ones, with peers, and with whatever else there is only sometimes.
#[test]
fn promtool_takes_real_metrics_and_what_is_shipped_names_no_others() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let peers = Config::new().set("metrics", "peers", "true");
    let (agent, at) = start(peers);
    let (near, far) = pair.connect(Kind::V4, 7202).unwrap();
    let local = pair.near.v4.to_string();
    let page = wait::until("traffic", LIMIT, || {
        traffic::echo(&near, &far, 5, 100, LIMIT)?;
        let page = scrape(at)?;
        Ok((counted(&page, &local)[0] > 0.0).then_some(page))
    })
    .unwrap();
    let packaging: PathBuf = binary::packaging();
    promtool(&["check", "metrics"], &packaging, &page).unwrap_or_else(|e| panic!("{e}\n{page}"));
    let read = |file: &str| std::fs::read_to_string(packaging.join(file)).unwrap();
    let dashboard = serde_json::from_str(&read("grafana/edgeghost.json")).unwrap();
    let expressions = expressions(&dashboard).join("\n");
    let named = metrics_in(&(read("prometheus/edgeghost.rules.yml") + &expressions));
    assert!(named.len() > 20, "{named:?}");
    let families = families(&page);
    let unknown: Vec<_> = named.difference(&families).collect();
    assert!(unknown.is_empty(), "no such metrics: {unknown:?}\n{page}");
    agent.stop(Signal::TERM).unwrap().assert_clean();
}
