//! News out of absolute counters.

use edgeghost_common::record::{Endpoints, FLOW_CLOSED, FLOW_FIRST, FlowRecord};

use super::*;
use crate::path::Ranges;

/// A report of a flow from 10.1.0.207:22 to 198.51.100.7:`port`.
fn report(port: u16, sent: u32, retransmitted: u32) -> FlowRecord {
    let mut ends = Endpoints {
        local_port: 22,
        peer_port: port,
        netns: 1,
        ..Endpoints::default()
    };
    ends.local[10..].copy_from_slice(&[0xff, 0xff, 10, 1, 0, 207]);
    ends.peer[10..].copy_from_slice(&[0xff, 0xff, 198, 51, 100, 7]);
    FlowRecord {
        ends,
        flags: FLOW_BORN,
        born_ns: 5,
        cwnd_min: 2,
        view: SocketView {
            data_segs_out: sent,
            total_retrans: retransmitted,
            delivered: sent - retransmitted,
            bytes_sent: u64::from(sent) * 100,
            bytes_retrans: u64::from(retransmitted) * 100,
            bytes_acked: u64::from(sent - retransmitted) * 100,
            snd_cwnd: 10,
            ..SocketView::default()
        },
        ..FlowRecord::default()
    }
}

/// The same, as report number `number` of the flow.
fn numbered(number: u32, record: FlowRecord) -> FlowRecord {
    FlowRecord {
        reports: number,
        ..record
    }
}

fn table(capacity: usize) -> FlowTable {
    FlowTable::new(NonZeroUsize::new(capacity).unwrap())
}

fn classifier() -> Classifier {
    Classifier::new(&Ranges::default())
}

#[test]
fn a_flow_born_under_our_eyes_counts_from_zero() {
    let mut table = table(8);
    let first = table.take(&report(1, 10, 2), &classifier(), 0);
    assert!(first.first_in_window);
    assert_eq!(first.sample.class, PathClass::Public);
    assert_eq!((first.sample.sent, first.sample.retransmitted), (10, 2));
    let second = table.take(&report(1, 30, 5), &classifier(), 0);
    assert!(!second.first_in_window);
    assert_eq!((second.sample.sent, second.sample.retransmitted), (20, 3));
    assert_eq!(second.sample.bytes_retransmitted, 300);
    assert!(
        table
            .take(&report(1, 30, 5), &classifier(), 1)
            .first_in_window
    );
}

#[test]
fn a_flow_found_in_mid_life_begins_with_a_baseline() {
    let mut table = table(8);
    let found = FlowRecord {
        flags: FLOW_FIRST,
        born_ns: 0,
        ..report(1, 1_000, 400)
    };
    let first = table.take(&found, &classifier(), 0);
    assert_eq!(
        (first.sample.sent, first.sample.retransmitted),
        (0, 0),
        "old losses are no news"
    );
    let later = FlowRecord {
        flags: 0,
        born_ns: 0,
        ..report(1, 1_010, 404)
    };
    let second = table.take(&later, &classifier(), 0);
    assert_eq!((second.sample.sent, second.sample.retransmitted), (10, 4));
}

#[test]
fn a_syn_that_was_repeated_counts_once() {
    let mut table = table(8);
    // Found in SYN_SENT at its first retransmission, established later.
    let syn = FlowRecord {
        flags: FLOW_FIRST,
        born_ns: 0,
        ..report(1, 0, 0)
    };
    table.take(&syn, &classifier(), 0);
    let mut established = report(1, 5, 0);
    established.view.total_retrans = 2;
    established.handshake_retrans = 2;
    let step = table.take(&established, &classifier(), 0);
    assert_eq!(step.sample.retransmitted, 2);
    assert_eq!(step.sample.handshake_retransmitted, 2);
    let again = table.take(&established, &classifier(), 0);
    assert_eq!(again.sample.handshake_retransmitted, 0, "told once");
}

#[test]
fn a_closed_flow_is_told_whole_and_forgotten() {
    let mut table = table(8);
    table.take(&report(1, 10, 2), &classifier(), 0);
    let last = FlowRecord {
        flags: FLOW_BORN | FLOW_CLOSED,
        ..report(1, 12, 4)
    };
    let step = table.take(&last, &classifier(), 0);
    assert!(step.sample.closed);
    assert_eq!((step.sample.sent, step.sample.retransmitted), (2, 2));
    assert!(table.is_empty());
}

#[test]
fn the_same_ends_can_be_another_flow() {
    let mut table = table(8);
    table.take(&report(1, 100, 50), &classifier(), 0);
    let reborn = FlowRecord {
        born_ns: 9,
        ..report(1, 3, 1)
    };
    let step = table.take(&reborn, &classifier(), 0);
    assert_eq!((step.sample.sent, step.sample.retransmitted), (3, 1));
    assert_eq!(table.len(), 1);
}

#[test]
fn counters_of_32_bits_wrap() {
    let mut table = table(8);
    let mut near_the_end = report(1, 10, 0);
    near_the_end.view.delivered = u32::MAX - 4;
    table.take(&near_the_end, &classifier(), 0);
    let mut wrapped = report(1, 20, 0);
    wrapped.view.delivered = 5;
    assert_eq!(table.take(&wrapped, &classifier(), 0).sample.delivered, 10);
}

#[test]
fn it_stays_within_its_capacity_and_counts_what_made_room() {
    let mut table = table(4);
    for port in 1..=10 {
        table.take(&report(port, 10, 1), &classifier(), 0);
    }
    assert_eq!((table.len(), table.evicted()), (4, 6));
    // Flow 1 comes back with its whole life: what was counted before is not counted again.
    let back = FlowRecord {
        reports: 3,
        ..report(1, 15, 2)
    };
    let step = table.take(&back, &classifier(), 0);
    assert_eq!((step.sample.sent, step.sample.retransmitted), (0, 0));
    // A newcomer's first report still counts from zero.
    let newcomer = table.take(&report(99, 7, 1), &classifier(), 0);
    assert_eq!(newcomer.sample.sent, 7);
}

#[test]
fn one_namespace_is_not_the_other() {
    let mut table = table(8);
    table.take(&report(1, 10, 2), &classifier(), 0);
    let mut elsewhere = report(1, 4, 0);
    elsewhere.ends.netns = 2;
    assert_eq!(table.take(&elsewhere, &classifier(), 0).sample.sent, 4);
    assert_eq!(table.len(), 2);
}

#[test]
fn kinds_begin_anew_when_the_kernel_half_forgot_the_flow() {
    let mut table = table(8);
    let mut before = numbered(5, report(1, 100, 5));
    before.kinds.timeout = 5;
    table.take(&before, &classifier(), 0);
    let mut found_again = numbered(0, report(1, 120, 12));
    found_again.flags = FLOW_FIRST;
    found_again.born_ns = 0;
    found_again.kinds.timeout = 7;
    let step = table.take(&found_again, &classifier(), 0);
    assert_eq!(step.sample.retransmitted, 7);
    assert_eq!(step.sample.kinds.timeout, 7);
}

#[test]
fn what_comes_in_counts_as_well() {
    let mut table = table(8);
    let mut first = report(1, 10, 0);
    first.view.data_segs_in = 40;
    first.view.rcv_ooopack = 3;
    first.view.dsack_dups = 2;
    first.view.reord_seen = 1;
    let sample = table.take(&first, &classifier(), 0).sample;
    assert_eq!((sample.received, sample.out_of_order), (40, 3));
    assert_eq!((sample.duplicates, sample.reordered), (2, 1));
    let mut second = first;
    second.view.data_segs_in = 45;
    second.view.dsack_dups = 4;
    let sample = table.take(&second, &classifier(), 0).sample;
    assert_eq!((sample.received, sample.out_of_order), (5, 0));
    assert_eq!((sample.duplicates, sample.reordered), (2, 0));
}

#[test]
fn time_held_back_adds_up_to_the_millisecond() {
    let mut table = table(8);
    let told = [3_333, 6_666, 9_999, 13_332].map(|us| {
        let mut record = report(1, 10, 0);
        record.view.rwnd_limited_us = us;
        table.take(&record, &classifier(), 0).sample.rwnd_limited_ms
    });
    assert_eq!(told, [3, 3, 3, 4]);
}

#[test]
fn a_flow_born_under_our_eyes_has_an_age() {
    let mut table = table(8);
    let mut record = report(1, 10, 0);
    record.header.time_ns = 2_500_000_005;
    let sample = table.take(&record, &classifier(), 0).sample;
    assert_eq!((sample.age_ms, sample.established), (Some(2_500), true));
    // The kernel half has forgotten the flow and found it again.
    record.header.time_ns = 4_000_000_005;
    record.flags = FLOW_FIRST;
    record.born_ns = 0;
    for _ in 0..2 {
        let sample = table.take(&record, &classifier(), 0).sample;
        assert_eq!((sample.age_ms, sample.established), (Some(4_000), true));
    }
}

#[test]
fn an_attempt_that_failed_was_never_established() {
    let attempt = |state, flags| {
        let mut record = FlowRecord {
            flags,
            born_ns: 0,
            ..report(1, 0, 0)
        };
        record.view.state = state;
        record
    };
    // As inet_sock_set_state, and as tcp_destroy_sock shows its end.
    for last in [SYN_SENT, CLOSE] {
        let mut table = table(8);
        for record in [attempt(SYN_SENT, FLOW_FIRST), attempt(SYN_SENT, 0)] {
            assert!(!table.take(&record, &classifier(), 0).sample.established);
        }
        let end = table.take(&attempt(last, FLOW_CLOSED), &classifier(), 0);
        assert!(end.sample.closed && !end.sample.established);
        assert_eq!(end.sample.age_ms, None);
    }
}

#[test]
fn a_flow_found_in_mid_life_was_established() {
    for (state, acked) in [(1, 0), (8, 0), (CLOSE, 100)] {
        let mut record = FlowRecord {
            flags: FLOW_FIRST,
            born_ns: 0,
            ..report(1, 0, 0)
        };
        record.view.state = state;
        record.view.bytes_acked = acked;
        let sample = table(8).take(&record, &classifier(), 0).sample;
        assert!(sample.established, "state {state}");
        assert_eq!(sample.age_ms, None);
    }
}
