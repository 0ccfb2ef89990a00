//! More retransmissions than may be told: what is left out is counted, and the sum is right.

use std::time::Duration;

use edgeghost_tests::agent::Launch;
use edgeghost_tests::config::Config;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::{traffic, witness};
use rustix::process::Signal;

use crate::totals;

const LIMIT: Duration = Duration::from_mins(1);
const CONNECTIONS: u16 = 16;

/// Every message fits one segment and is answered before the next, so here one retransmission is
/// one segment, and both can be added up.
#[test]
fn what_is_not_told_is_counted() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let config = Config::new()
        .set("report", "detail_records_per_second", "1")
        .set("report", "detail_burst", "1")
        .set("health", "seconds", "1.0");
    let mut agent = Launch::new().config(config).start().unwrap();
    let streams: Vec<_> = (0..CONNECTIONS)
        .map(|number| pair.connect(Kind::V4, 7000 + number).unwrap())
        .collect();
    let loss = pair.lose_outbound(20).unwrap();
    std::thread::scope(|scope| {
        let chats: Vec<_> = streams
            .iter()
            .map(|(server, client)| scope.spawn(|| traffic::echo(client, server, 50, 100, LIMIT)))
            .collect();
        for chat in chats {
            chat.join().unwrap().unwrap();
        }
    });
    loss.lift().unwrap();
    let health = agent
        .wait_for(
            "tcp_retransmit.rate_limited in agent_health",
            LIMIT,
            |event| {
                event.name() == "agent_health"
                    && totals::lost(event, "tcp_retransmit.rate_limited").is_some()
            },
        )
        .unwrap();
    let left_out = totals::lost(&health, "tcp_retransmit.rate_limited").unwrap();
    let by_cpu = left_out["by_cpu"].as_array().expect(&health.line);
    let sum: u64 = by_cpu.iter().filter_map(serde_json::Value::as_u64).sum();
    assert!(left_out["count"].as_u64() > Some(0), "{}", health.line);
    assert_eq!(left_out["total"].as_u64(), Some(sum), "{}", health.line);

    for (server, client) in streams {
        traffic::close_in_order(server, client, LIMIT).unwrap();
    }
    let segs = witness::retrans_segs(&pair.near.netns).unwrap();
    let inode = pair.near.netns.inode().unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let (told, _) = totals::of_netns(ended.last(), inode);
    ended.assert(
        told.segments == segs,
        &format!("RetransSegs {segs}, agent_stop {told:?}"),
    );

    // The counters are the whole machine's. If nobody else has lost anything meanwhile, both
    // bounds are the same number.
    let number = ended.named("tcp_retransmit").count() as u64;
    let left_out = ["tcp_retransmit.", "syn_ack."]
        .map(|prefix| totals::lost_total(ended.last(), prefix))
        .iter()
        .sum::<u64>();
    let all = totals::of_all_netns(ended.last());
    ended.assert(
        (segs..=all).contains(&(number + left_out)),
        &format!("{number} told and {left_out} left out, of {segs} here and {all} in all"),
    );
    ended.assert(
        left_out > number,
        &format!("{left_out} left out is no flood"),
    );
    // Rate limits cost detail, never correctness.
    let (local, peer) = (pair.near.v4.into(), pair.far.v4.into());
    let windows = totals::by_windows(&ended, &pair.near.netns, local, peer).segments;
    ended.assert(
        windows == segs,
        &format!("peer_window {windows}, RetransSegs {segs}"),
    );
}
