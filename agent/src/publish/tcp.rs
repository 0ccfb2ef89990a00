//! Single retransmissions and window changes.

use std::net::SocketAddr;

use edgeghost_common::record::{
    CwndChange, CwndRecord, RetransmitKind, RetransmitRecord, SocketView, SynAckRecord,
};

use super::Note;
use crate::event::{
    CwndDetail, End, Event, Network, PathInfo, RetransmitDetail, RetransmitType, Severity, TcpCwnd,
    TcpCwndInfo, TcpRetransmit, TcpRetransmitInfo, TcpSocket, Time,
};
use crate::flow::{FlowKey, ca_state, state};
use crate::path::PathClass;

/// `TCP_INFINITE_SSTHRESH`: no loss yet.
const NO_SSTHRESH: u32 = 0x7fff_ffff;

/// A retransmission on a socket.
pub fn retransmit(record: &RetransmitRecord, class: PathClass, time: Time) -> Note {
    let key = FlowKey::from(&record.ends);
    let kind = match record.kind {
        kind if kind == RetransmitKind::Syn as u32 => RetransmitType::Syn,
        kind if kind == RetransmitKind::Fast as u32 => RetransmitType::Fast,
        kind if kind == RetransmitKind::Timeout as u32 => RetransmitType::Timeout,
        _ => RetransmitType::TailLossProbe,
    };
    let view = &record.view;
    let message = format!(
        "{} of {} segment(s) to {} ({class}), cwnd {}, {} retransmitted in all",
        kind.words(),
        record.segments,
        SocketAddr::new(key.peer, key.peer_port),
        view.snd_cwnd,
        view.total_retrans,
    );
    let detail = RetransmitDetail {
        r#type: kind,
        segments: record.segments,
        bytes: record.bytes,
    };
    note(&key, class, time, message, detail, socket(view, key.netns))
}

/// A SYN-ACK sent again: there is no socket yet.
pub fn syn_ack(record: &SynAckRecord, class: PathClass, time: Time) -> Note {
    let key = FlowKey::from(&record.ends);
    let message = format!(
        "SYN-ACK to {} ({class}) sent again, {} time(s) so far",
        SocketAddr::new(key.peer, key.peer_port),
        record.attempts,
    );
    let detail = RetransmitDetail {
        r#type: RetransmitType::SynAck,
        segments: 1,
        bytes: 0,
    };
    let socket = TcpSocket {
        state: Some("new_syn_recv"),
        total_retrans: Some(record.attempts),
        netns: key.netns,
        ..TcpSocket::default()
    };
    note(&key, class, time, message, detail, socket)
}

/// A change of a congestion window.
pub fn cwnd(record: &CwndRecord, class: PathClass, time: Time) -> Note {
    let key = FlowKey::from(&record.ends);
    let (change, words) = match record.change {
        change if change == CwndChange::Floor as u32 => ("floor", "fell to the floor"),
        change if change == CwndChange::Recovered as u32 => ("recovered", "recovered"),
        _ => ("halved", "fell to half or less"),
    };
    let message = format!(
        "congestion window to {} ({class}) {words}: {} to {}",
        SocketAddr::new(key.peer, key.peer_port),
        record.before,
        record.after,
    );
    let event = Event::TcpCwnd(TcpCwnd {
        network: network(&key),
        path: PathInfo { class },
        tcp: TcpCwndInfo {
            cwnd: CwndDetail {
                change,
                before: record.before,
                after: record.after,
            },
            socket: socket(&record.view, key.netns),
        },
    });
    Note {
        time,
        severity: Severity::Info,
        message,
        event,
    }
}

fn note(
    key: &FlowKey,
    class: PathClass,
    time: Time,
    message: String,
    retransmit: RetransmitDetail,
    socket: TcpSocket,
) -> Note {
    let event = Event::TcpRetransmit(TcpRetransmit {
        network: network(key),
        path: PathInfo { class },
        tcp: TcpRetransmitInfo { retransmit, socket },
    });
    Note {
        time,
        severity: Severity::Info,
        message,
        event,
    }
}

fn network(key: &FlowKey) -> Network {
    Network {
        transport: "tcp",
        r#type: key.peer.into(),
        local: End {
            address: key.local,
            port: Some(key.local_port),
        },
        peer: End {
            address: key.peer,
            port: Some(key.peer_port),
        },
    }
}

fn socket(view: &SocketView, netns: u32) -> TcpSocket {
    TcpSocket {
        state: Some(state(view.state)),
        ca_state: Some(ca_state(view.ca_state)),
        snd_cwnd: Some(view.snd_cwnd),
        snd_ssthresh: (view.snd_ssthresh != NO_SSTHRESH).then_some(view.snd_ssthresh),
        srtt_us: (view.srtt_us > 0).then_some(view.srtt_us),
        total_retrans: Some(view.total_retrans),
        bytes_retrans: Some(view.bytes_retrans),
        bytes_acked: Some(view.bytes_acked),
        bytes_sent: Some(view.bytes_sent),
        delivered: Some(view.delivered),
        netns,
    }
}
