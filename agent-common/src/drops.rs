//! TCP packets that the kernel dropped, counted by namespace, reason and kind (map `DROPS`).

/// What is counted apart.
///
/// The address is kept for segments of established connections only: that is what a judged address
/// is held against. SYNs come from whoever scans the internet, and whatever address they are sent
/// to, they say nothing of a path.
#[repr(C)]
#[cfg_attr(feature = "user", derive(zerocopy::FromBytes, zerocopy::IntoBytes))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DropKey {
    /// Inode number of the network namespace in which the packet was; 0 if it cannot be told.
    pub netns: u32,
    /// Number of the reason (enum `skb_drop_reason`, another on every kernel).
    pub reason: u32,
    /// This host's address, IPv4 as `::ffff:a.b.c.d`: where an incoming packet was to go, or where
    /// an outgoing one came from. All zero unless `class` is [`DropClass::Established`].
    pub local: [u8; 16],
    /// One of [`DropClass`].
    pub class: u8,
    /// 1 if the packet was made here, 0 if it came in by a device.
    pub outgoing: u8,
    /// Zero.
    pub padding: [u8; 2],
}

/// What a dropped TCP packet was.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropClass {
    /// Of an established connection: ACK, but neither SYN nor RST.
    Established = 0,
    /// A SYN or SYN-ACK.
    Handshake = 1,
    /// Anything else: a RST, a probe of a scanner, a part without TCP header.
    Other = 2,
}

/// How many of a kind.
#[repr(C)]
#[cfg_attr(feature = "user", derive(zerocopy::FromBytes, zerocopy::IntoBytes))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DropCount {
    /// Packets, as a firewall's own counters count them.
    pub packets: u64,
    /// Segments: a packet may be many, before they are cut apart or after they were put together
    /// (GSO, GRO).
    pub segments: u64,
}

impl DropCount {
    /// Adds the share of another CPU, or of another kind.
    pub const fn add(&mut self, other: &Self) {
        self.packets = self.packets.wrapping_add(other.packets);
        self.segments = self.segments.wrapping_add(other.segments);
    }
}

const _: () = assert!(size_of::<DropKey>() == 28);
const _: () = assert!(size_of::<DropCount>() == 16);

#[cfg(feature = "user")]
// SAFETY: `FromBytes` and `IntoBytes` are derived, which the compiler refuses unless every bit
// pattern is a value and there is no padding.
unsafe impl aya::Pod for DropKey {}

#[cfg(feature = "user")]
// SAFETY: `FromBytes` and `IntoBytes` are derived, which the compiler refuses unless every bit
// pattern is a value and there is no padding.
unsafe impl aya::Pod for DropCount {}
