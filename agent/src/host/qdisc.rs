//! What queueing disciplines dropped (`RTM_GETQDISC`): packets of the host that never came as far
//! as its interface.

use std::collections::BTreeMap;
use std::io;

use super::netlink::{Message, Netlink, attributes, u32_at};

const RTM_NEWQDISC: u16 = 36;
const RTM_GETQDISC: u16 = 38;
/// `struct tcmsg`.
const HEAD: usize = 20;
/// `TC_H_ROOT`: the discipline has no parent. A parent counts what its children drop.
const ROOT: u32 = 0xffff_ffff;

const TCA_STATS: u16 = 3;
const TCA_STATS2: u16 = 7;
const TCA_STATS_QUEUE: u16 = 3;
/// `drops` in `struct tc_stats`, after `bytes` (8 bytes) and `packets` (4).
const OLD_DROPS: usize = 12;
/// `drops` in `struct gnet_stats_queue`, after `qlen` and `backlog`.
const DROPS: usize = 8;

/// Drops of each interface's outermost discipline since it was set, by interface index. The
/// kernel counts in 32 bits.
pub(super) type QueueDrops = BTreeMap<u32, u32>;

/// The disciplines of this thread's namespace.
pub(super) fn queue_drops(netlink: &mut Netlink) -> io::Result<QueueDrops> {
    let mut queues = QueueDrops::new();
    netlink.list(RTM_GETQDISC, &[0; HEAD], |message| {
        queues.extend(drops(message));
    })?;
    Ok(queues)
}

pub(super) fn drops(message: &Message<'_>) -> Option<(u32, u32)> {
    let (index, parent) = (u32_at(message.body, 4)?, u32_at(message.body, 12)?);
    if message.kind != RTM_NEWQDISC || parent != ROOT {
        return None;
    }
    let mut drops = None;
    for (kind, value) in attributes(message.body.get(HEAD..)?) {
        let of = match kind {
            TCA_STATS2 => attributes(value)
                .find(|(kind, _)| *kind == TCA_STATS_QUEUE)
                .and_then(|(_, queue)| u32_at(queue, DROPS)),
            TCA_STATS => u32_at(value, OLD_DROPS),
            _ => None,
        };
        drops = drops.max(of);
    }
    Some((index, drops?))
}

#[cfg(test)]
mod tests {
    use super::super::netlink::attribute;
    use super::*;

    fn message(parent: u32, attributes: &[u8]) -> Vec<u8> {
        let mut body = vec![0; HEAD];
        body[4..8].copy_from_slice(&2_u32.to_ne_bytes());
        body[12..16].copy_from_slice(&parent.to_ne_bytes());
        body.extend(attributes);
        body
    }

    fn read(body: &[u8]) -> Option<(u32, u32)> {
        drops(&Message {
            kind: RTM_NEWQDISC,
            body,
        })
    }

    #[test]
    fn only_the_outermost_discipline_counts() {
        let mut queue = [0; 20];
        queue[DROPS..DROPS + 4].copy_from_slice(&7_u32.to_ne_bytes());
        let stats = attribute(TCA_STATS2, &attribute(TCA_STATS_QUEUE, &queue));
        let root = message(ROOT, &stats);
        assert_eq!(read(&root), Some((2, 7)));
        assert_eq!(read(&message(0x0001_0000, &stats)), None);
        assert_eq!(read(&message(ROOT, &[])), None, "absent is not zero");
        for length in 0..root.len() {
            read(&root[..length]);
        }
    }

    #[test]
    fn the_kernel_answers() {
        queue_drops(&mut Netlink::open().unwrap()).unwrap();
    }
}
