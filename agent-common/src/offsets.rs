//! The kernel fields that the eBPF half reads: one table, from which both the struct of offsets
//! (frozen into the programs before they are loaded) and the list to resolve are made.
//!
//! Rust emits no CO-RE relocations, so user space looks every field up in the running kernel's
//! BTF and hands the byte offsets over as a read-only global. The verifier sees constants.

/// Offset of a field that this kernel does not have.
pub const ABSENT: u32 = u32::MAX;

/// One field to find in the kernel's BTF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Struct that the path starts from.
    pub root: &'static str,
    /// Member path; anonymous structs and unions in between are looked through.
    pub path: &'static str,
    /// Bytes that the eBPF half reads there; 0 for a bit field (the byte that holds it is read).
    pub size: u32,
    /// Whether the programs cannot do without it.
    pub required: bool,
}

macro_rules! kernel_fields {
    ($( $(#[$doc:meta])* $name:ident: $need:ident $root:literal $path:literal $size:literal; )*) => {
        /// Byte offsets of every field of the table, in the same order, then what else the
        /// programs need to know of the kernel.
        #[repr(C)]
        #[cfg_attr(feature = "user", derive(zerocopy::FromBytes, zerocopy::IntoBytes))]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Offsets {
            $( $(#[$doc])* pub $name: u32, )*
            /// Bit position of `icsk_ca_state` within its byte.
            pub ca_state_shift: u32,
            /// Mask of `icsk_ca_state` after the shift.
            pub ca_state_mask: u32,
            /// Bit position of `chrono_type` within its byte.
            pub chrono_type_shift: u32,
            /// Mask of `chrono_type` after the shift.
            pub chrono_type_mask: u32,
            /// Length of a jiffy, microseconds (`USEC_PER_SEC / HZ`); not in the BTF.
            pub jiffy_us: u32,
            /// 1 if `tcp_retransmit_skb` passes `err` as its third argument: then it also fires
            /// for retransmissions that failed.
            pub retransmit_has_err: u32,
            /// 1 if programs keep the state of a flow in its socket (`BPF_MAP_TYPE_SK_STORAGE`),
            /// 0 if in a hash of their own.
            pub state_in_socket: u32,
        }

        impl Offsets {
            /// The table, in the order of the struct's members.
            pub const FIELDS: &'static [Field] = &[
                $( Field {
                    root: $root,
                    path: $path,
                    size: $size,
                    required: kernel_fields!(@need $need),
                }, )*
            ];

            /// Every field absent: what the object carries before the loader fills it in.
            pub const UNRESOLVED: Self = Self {
                $( $name: ABSENT, )*
                ca_state_shift: 0,
                ca_state_mask: 0,
                chrono_type_shift: 0,
                chrono_type_mask: 0,
                jiffy_us: 0,
                retransmit_has_err: 0,
                state_in_socket: 0,
            };

            /// The table's members as a slice, in the order of [`Self::FIELDS`].
            pub fn members_mut(&mut self) -> [&mut u32; Self::FIELDS.len()] {
                [ $( &mut self.$name, )* ]
            }

            /// The table's offsets, in the order of [`Self::FIELDS`].
            pub const fn members(&self) -> [u32; Self::FIELDS.len()] {
                [ $( self.$name, )* ]
            }
        }
    };
    (@need required) => { true };
    (@need optional) => { false };
}

kernel_fields! {
    /// Address family.
    skc_family: required "sock_common" "skc_family" 2;
    /// Connection state.
    skc_state: required "sock_common" "skc_state" 1;
    /// Peer's IPv4 address.
    skc_daddr: required "sock_common" "skc_daddr" 4;
    /// Own IPv4 address.
    skc_rcv_saddr: required "sock_common" "skc_rcv_saddr" 4;
    /// Peer's port, network byte order.
    skc_dport: required "sock_common" "skc_dport" 2;
    /// Own port, host byte order.
    skc_num: required "sock_common" "skc_num" 2;
    /// Peer's IPv6 address (absent without `CONFIG_IPV6`).
    skc_v6_daddr: optional "sock_common" "skc_v6_daddr" 16;
    /// Own IPv6 address (absent without `CONFIG_IPV6`).
    skc_v6_rcv_saddr: optional "sock_common" "skc_v6_rcv_saddr" 16;
    /// Pointer to the network namespace.
    skc_net: required "sock_common" "skc_net.net" 8;
    /// Inode number of a network namespace.
    net_inum: required "net" "ns.inum" 4;
    /// `struct sock_common` within a TCP socket; the programs rely on 0, the resolver checks it.
    sk_common: required "tcp_sock" "inet_conn.icsk_inet.sk.__sk_common" 0;
    /// `struct sock_common` within a connection request; likewise 0.
    req_common: required "request_sock" "__req_common" 0;
    /// Retransmissions of a request's SYN-ACK.
    req_num_retrans: required "request_sock" "num_retrans" 1;
    /// Congestion-avoidance state, a bit field.
    icsk_ca_state: required "tcp_sock" "inet_conn.icsk_ca_state" 0;
    /// Pointer to the congestion control's operations.
    icsk_ca_ops: required "tcp_sock" "inet_conn.icsk_ca_ops" 8;
    /// Name of a congestion control.
    ca_name: required "tcp_congestion_ops" "name" 16;
    /// See [`crate::record::SocketView`].
    bytes_acked: required "tcp_sock" "bytes_acked" 8;
    /// See [`crate::record::SocketView`].
    bytes_sent: required "tcp_sock" "bytes_sent" 8;
    /// See [`crate::record::SocketView`].
    bytes_retrans: required "tcp_sock" "bytes_retrans" 8;
    /// See [`crate::record::SocketView`].
    total_retrans: required "tcp_sock" "total_retrans" 4;
    /// See [`crate::record::SocketView`].
    data_segs_out: required "tcp_sock" "data_segs_out" 4;
    /// See [`crate::record::SocketView`].
    data_segs_in: required "tcp_sock" "data_segs_in" 4;
    /// See [`crate::record::SocketView`].
    delivered: required "tcp_sock" "delivered" 4;
    /// See [`crate::record::SocketView`].
    snd_cwnd: required "tcp_sock" "snd_cwnd" 4;
    /// See [`crate::record::SocketView`].
    snd_ssthresh: required "tcp_sock" "snd_ssthresh" 4;
    /// Smoothed round-trip time, eighths of a microsecond.
    srtt_us: required "tcp_sock" "srtt_us" 4;
    /// Windowed minimum of the round-trip time: the samples of its `struct minmax`.
    rtt_min: required "tcp_sock" "rtt_min.s" 0;
    /// Value within a `struct minmax_sample`.
    minmax_value: required "minmax_sample" "v" 4;
    /// See [`crate::record::SocketView`].
    snd_wnd: required "tcp_sock" "snd_wnd" 4;
    /// See [`crate::record::SocketView`].
    mss_cache: required "tcp_sock" "mss_cache" 4;
    /// See [`crate::record::SocketView`].
    packets_out: required "tcp_sock" "packets_out" 4;
    /// See [`crate::record::SocketView`].
    dsack_dups: required "tcp_sock" "dsack_dups" 4;
    /// See [`crate::record::SocketView`].
    reord_seen: required "tcp_sock" "reord_seen" 4;
    /// See [`crate::record::SocketView`]; since 5.5.
    rcv_ooopack: optional "tcp_sock" "rcv_ooopack" 4;
    /// See [`crate::record::SocketView`].
    app_limited: required "tcp_sock" "app_limited" 4;
    /// What the connection is doing (enum `tcp_chrono`), a bit field until 6.18; this and the next
    /// two since 4.10.
    chrono_type: optional "tcp_sock" "chrono_type" 0;
    /// Jiffy since when it does that.
    chrono_start: optional "tcp_sock" "chrono_start" 4;
    /// Jiffies spent on each but the first of enum `tcp_chrono`, what runs now left out.
    chrono_stat: optional "tcp_sock" "chrono_stat" 12;
    /// Control block of an skb, where TCP keeps `struct tcp_skb_cb`.
    skb_cb: required "sk_buff" "cb" 0;
    /// Payload bytes of an skb.
    skb_len: required "sk_buff" "len" 4;
    /// Segments in an skb, within `struct tcp_skb_cb`.
    gso_segs: required "tcp_skb_cb" "tcp_gso_segs" 2;
    /// Ethernet protocol of an skb, network byte order; this and all below for dropped packets.
    skb_protocol: optional "sk_buff" "protocol" 2;
    /// Index of the device that an skb came in by, 0 if it was made here.
    skb_iif: optional "sk_buff" "skb_iif" 4;
    /// Pointer to the device that an skb is at, if it is at one.
    skb_dev: optional "sk_buff" "dev" 8;
    /// Pointer to the socket that an skb belongs to, if it does.
    skb_sk: optional "sk_buff" "sk" 8;
    /// Pointer to an skb's buffer.
    skb_head: optional "sk_buff" "head" 8;
    /// Start of the IP header, from the buffer's start.
    skb_network_header: optional "sk_buff" "network_header" 2;
    /// End of what lies in the buffer itself, from its start.
    skb_tail: optional "sk_buff" "tail" 4;
    /// Where `struct skb_shared_info` begins, from the buffer's start.
    skb_end: optional "sk_buff" "end" 4;
    /// Segments that a packet is to be cut into, or was put together from.
    shared_gso_segs: optional "skb_shared_info" "gso_segs" 2;
    /// Pointer to a device's network namespace.
    dev_net: optional "net_device" "nd_net.net" 8;
}

const _: () = assert!(size_of::<Offsets>() == 4 * (Offsets::FIELDS.len() + 7));

#[cfg(feature = "user")]
// SAFETY: `FromBytes` and `IntoBytes` are derived, which the compiler refuses unless every bit
// pattern is a value and there is no padding.
unsafe impl aya::Pod for Offsets {}
