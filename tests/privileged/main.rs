//! smoke
use edgeghost_tests::{pair::*, traffic, witness};
use std::time::Duration;
#[test]
fn harness() {
    for kind in [Kind::V4, Kind::V6, Kind::Mapped] {
        let pair = Pair::new().unwrap();
        println!("{:?} {}", pair.near, pair.near.netns.inode().unwrap());
        let t = pair
            .near
            .netns
            .enter(|| std::fs::read_link("/proc/thread-self/ns/net"))
            .unwrap();
        println!("{t:?}");
        let (server, client) = pair.connect(kind, 8080).unwrap();
        let loss = pair.lose_outbound(10).unwrap();
        let b = std::time::Instant::now();
        traffic::bulk(&server, &client, 20_000_000, Duration::from_secs(60)).unwrap();
        println!("{:?} lost {}", b.elapsed(), loss.lost().unwrap());
        loss.lift().unwrap();
        println!(
            "{:?} {}",
            witness::socket(&pair.near.netns, &server).unwrap(),
            witness::retrans_segs(&pair.near.netns).unwrap()
        );
        traffic::echo(&client, &server, 10, 36, Duration::from_secs(5)).unwrap();
        traffic::close_in_order(server, client, Duration::from_secs(5)).unwrap();
    }
}
