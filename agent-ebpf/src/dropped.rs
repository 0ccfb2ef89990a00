//! A packet is dropped.

use aya_ebpf::bindings::BPF_ANY;
use edgeghost_common::drops::DropClass;
use edgeghost_common::{Counter, DropCount, DropKey};

use crate::Outcome;
use crate::maps::DROPS;
use crate::sock::{Skb, map_v4};

const ETH_P_IP: u16 = 0x0800;
const ETH_P_IPV6: u16 = 0x86dd;
const IPPROTO_TCP: u8 = 6;
/// Bytes of an IPv6 header. What stands between it and TCP is rare, and such a packet not counted.
const IPV6_HEADER: u32 = 40;
/// Where the flags lie in a TCP header (RFC 9293, 3.1).
const TCP_FLAGS: u32 = 13;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// `kfree_skb`: every dropped packet of the machine passes here, and most are not TCP.
#[inline(always)]
pub(crate) fn on_drop(skb: Skb, reason: u32) -> Outcome {
    let mut key = DropKey {
        netns: 0,
        reason,
        local: [0; 16],
        class: DropClass::Other as u8,
        outgoing: u8::from(skb.made_here()),
        padding: [0; 2],
    };
    let tcp = match skb.protocol() {
        ETH_P_IP => v4(skb, &mut key)?,
        ETH_P_IPV6 => v6(skb, &mut key)?,
        _ => false,
    };
    if !tcp {
        return Ok(());
    }
    if key.class != DropClass::Established as u8 {
        key.local = [0; 16];
    }
    key.netns = skb.netns();
    let news = DropCount {
        packets: 1,
        segments: skb.wire_segments()?,
    };
    if let Some(count) = DROPS.get_ptr_mut(key) {
        // SAFETY: this CPU's own share.
        unsafe { (*count).add(&news) };
        return Ok(());
    }
    DROPS
        .insert(key, news, u64::from(BPF_ANY))
        .map_err(|_| Counter::DropInsertFailed)
}

/// Fills in address and class of an IPv4 packet; tells whether it is TCP.
#[inline(always)]
fn v4(skb: Skb, key: &mut DropKey) -> Result<bool, Counter> {
    let header: [u8; 20] = skb.at_network_header(0)?;
    if header[0] >> 4 != 4 || header[9] != IPPROTO_TCP {
        return Ok(false);
    }
    let own = if key.outgoing == 1 { 12 } else { 16 };
    let address = [
        header[own],
        header[own + 1],
        header[own + 2],
        header[own + 3],
    ];
    map_v4(&mut key.local, address);
    // Only a packet's first part has the TCP header; the upper three bits are flags.
    if header[6] << 3 == 0 && header[7] == 0 {
        key.class = class(skb, u32::from(header[0] & 0xf) * 4)?;
    }
    Ok(true)
}

/// The same for IPv6.
#[inline(always)]
fn v6(skb: Skb, key: &mut DropKey) -> Result<bool, Counter> {
    let header: [u8; 8] = skb.at_network_header(0)?;
    if header[0] >> 4 != 6 || header[6] != IPPROTO_TCP {
        return Ok(false);
    }
    key.local = skb.at_network_header(if key.outgoing == 1 { 8 } else { 24 })?;
    key.class = class(skb, IPV6_HEADER)?;
    Ok(true)
}

/// What kind of segment follows an IP header of so many bytes.
#[inline(always)]
fn class(skb: Skb, ip_header: u32) -> Result<u8, Counter> {
    let at = ip_header + TCP_FLAGS;
    if !skb.holds(at) {
        return Ok(DropClass::Other as u8);
    }
    let flags: u8 = skb.at_network_header(at)?;
    Ok(if flags & SYN != 0 {
        DropClass::Handshake
    } else if flags & (ACK | RST) == ACK {
        DropClass::Established
    } else {
        DropClass::Other
    } as u8)
}
