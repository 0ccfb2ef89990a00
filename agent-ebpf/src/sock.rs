//! Reading sockets, requests and skbs at offsets from BTF.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::read_volatile;

use aya_ebpf::helpers::generated::{bpf_jiffies64, bpf_probe_read_kernel, bpf_skc_to_tcp_sock};
use aya_ebpf::programs::BtfTracePointContext;
use edgeghost_common::Counter;
use edgeghost_common::offsets::ABSENT;
use edgeghost_common::record::{Endpoints, SocketView};

use crate::offsets::get;

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// `TCP_CHRONO_RWND_LIMITED` (enum `tcp_chrono`, `include/linux/tcp.h`).
const RWND_LIMITED: u8 = 2;
/// Where `chrono_stat` counts it: entry `TCP_CHRONO_RWND_LIMITED - 1`, of four bytes each.
const RWND_LIMITED_STAT: u32 = 4;

/// A `struct sock *` argument.
#[derive(Clone, Copy)]
pub(crate) struct Sock(*const u8);

/// A `struct sk_buff *` argument.
#[derive(Clone, Copy)]
pub(crate) struct Skb(*const u8);

/// A `struct request_sock *` argument.
#[derive(Clone, Copy)]
pub(crate) struct Request(*const u8);

/// A `struct tcp_sock *` that the verifier trusts: loads from it are checked when the program is
/// loaded and cost one instruction.
#[derive(Clone, Copy)]
pub(crate) struct TcpSock(*const u8);

macro_rules! argument {
    ($name:ident) => {
        impl $name {
            /// The tracepoint's argument `n`.
            #[inline(always)]
            pub(crate) fn arg(ctx: &BtfTracePointContext, n: usize) -> Self {
                Self(ctx.arg::<*const c_void>(n).cast())
            }
        }
    };
}
argument!(Sock);
argument!(Skb);
argument!(Request);

impl Sock {
    /// Key of the flow's state: the address, which is the socket's own until it is destroyed.
    #[inline(always)]
    pub(crate) fn key(self) -> u64 {
        self.0 as u64
    }

    /// As helpers take it.
    #[inline(always)]
    pub(crate) fn raw(self) -> *mut c_void {
        self.0.cast_mut().cast()
    }

    /// As a TCP socket, if it is a full one.
    #[inline(always)]
    pub(crate) fn tcp(self) -> Result<TcpSock, Counter> {
        // SAFETY: the helper checks the pointer's kind and returns NULL for another.
        let tcp = unsafe { bpf_skc_to_tcp_sock(self.0.cast_mut().cast()) };
        if tcp.is_null() {
            Err(Counter::NotTcpSock)
        } else {
            Ok(TcpSock(tcp.cast_const().cast()))
        }
    }
}

impl Skb {
    /// Segments and payload bytes of a TCP skb (`tcp_skb_pcount`, `skb->len` before the headers
    /// are put in front, as in the retransmit queue).
    #[inline(always)]
    pub(crate) fn segments_and_bytes(self) -> Result<(u32, u64), Counter> {
        let cb = get!(skb_cb) + get!(gso_segs);
        let segments: u16 = read(self.0, cb)?;
        let bytes: u32 = read(self.0, get!(skb_len))?;
        Ok((u32::from(segments).max(1), u64::from(bytes)))
    }

    /// Ethernet protocol, host byte order.
    #[inline(always)]
    pub(crate) fn protocol(self) -> u16 {
        u16::from_be(self.load(get!(skb_protocol)))
    }

    /// Whether it did not come in by a device.
    #[inline(always)]
    pub(crate) fn made_here(self) -> bool {
        self.load::<u32>(get!(skb_iif)) == 0
    }

    /// What lies so many bytes after the start of the IP header.
    #[inline(always)]
    pub(crate) fn at_network_header<T: Copy>(self, offset: u32) -> Result<T, Counter> {
        let head: u64 = self.load(get!(skb_head));
        let network: u16 = self.load(get!(skb_network_header));
        read(head as *const u8, u32::from(network) + offset)
    }

    /// Whether the byte so many bytes after the start of the IP header lies in the buffer itself.
    #[inline(always)]
    pub(crate) fn holds(self, offset: u32) -> bool {
        let network: u16 = self.load(get!(skb_network_header));
        u32::from(network) + offset < self.load::<u32>(get!(skb_tail))
    }

    /// Segments that it is, or becomes, on the wire.
    #[inline(always)]
    pub(crate) fn wire_segments(self) -> Result<u64, Counter> {
        let head: u64 = self.load(get!(skb_head));
        let end: u32 = self.load(get!(skb_end));
        let segments: u16 = read(head as *const u8, end + get!(shared_gso_segs))?;
        Ok(u64::from(segments).max(1))
    }

    /// Inode number of the network namespace that it is in; 0 if it is nowhere in particular.
    ///
    /// The device tells where it has one: on arrival from another namespace the packet may still
    /// belong to the sender's socket. On its way out it has none before routing is done, and in
    /// TCP's own queues that place holds something else (`sk_buff.rbnode`).
    #[inline(always)]
    pub(crate) fn netns(self) -> u32 {
        /// Smaller numbers belong to no namespace (`PROC_DYNAMIC_FIRST` in `fs/proc/generic.c`, and
        /// the fixed numbers below it in `include/uapi/linux/nsfs.h`).
        const FIRST: u32 = 0xe000_0000;
        let device: *const u8 = self.load(get!(skb_dev));
        if !device.is_null() {
            let netns = typed_netns(device, get!(dev_net));
            if netns >= FIRST {
                return netns;
            }
        }
        let sock: *const u8 = self.load(get!(skb_sk));
        if sock.is_null() {
            return 0;
        }
        typed_netns(sock, get!(skc_net))
    }

    #[inline(always)]
    fn load<T: Copy>(self, offset: u32) -> T {
        // SAFETY: the verifier admits this load only if the field lies at this offset with this
        // size in the kernel's own `struct sk_buff`.
        unsafe { read_volatile(self.0.add(offset as usize).cast::<T>()) }
    }
}

/// Inode number of the namespace that the pointer at `offset` of a device or socket points to. The
/// verifier knows the types on the way, so each step is one load, which reads 0 where nothing is.
#[inline(always)]
fn typed_netns(base: *const u8, offset: u32) -> u32 {
    let net: *const u8 = typed(base, offset);
    if net.is_null() {
        return 0;
    }
    typed(net, get!(net_inum))
}

#[inline(always)]
fn typed<T: Copy>(base: *const u8, offset: u32) -> T {
    // SAFETY: the verifier admits this load only if such a field lies there.
    unsafe { read_volatile(base.add(offset as usize).cast::<T>()) }
}

/// Inode number of the namespace that the pointer at `offset` of something points to.
#[inline(always)]
fn netns_at(base: u64, offset: u32) -> Result<u32, Counter> {
    let net: u64 = read(base as *const u8, offset)?;
    read(net as *const u8, get!(net_inum))
}

impl Request {
    /// Both ends.
    #[inline(always)]
    pub(crate) fn ends(self) -> Result<Endpoints, Counter> {
        ends(self.0)
    }

    /// Retransmissions of the SYN-ACK before this one.
    #[inline(always)]
    pub(crate) fn retransmissions(self) -> Result<u8, Counter> {
        read(self.0, get!(req_num_retrans))
    }
}

macro_rules! field {
    ($(#[$doc:meta])* $name:ident: $type:ty) => {
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name(self) -> $type {
            self.load::<$type>(get!($name))
        }
    };
}

impl TcpSock {
    field!(/** Congestion window, segments. */ snd_cwnd: u32);
    field!(/** Segments retransmitted. */ total_retrans: u32);
    field!(/** Payload bytes retransmitted. */ bytes_retrans: u64);

    /// Connection state.
    #[inline(always)]
    pub(crate) fn state(self) -> u8 {
        self.load(get!(skc_state))
    }

    /// Congestion-avoidance state.
    #[inline(always)]
    pub(crate) fn ca_state(self) -> u8 {
        let byte: u8 = self.load(get!(icsk_ca_state));
        (byte >> get!(ca_state_shift)) & get!(ca_state_mask) as u8
    }

    /// Both ends.
    #[inline(always)]
    pub(crate) fn ends(self) -> Result<Endpoints, Counter> {
        ends(self.0)
    }

    /// Name of the congestion control.
    #[inline(always)]
    pub(crate) fn ca_name(self) -> Result<[u8; 16], Counter> {
        let operations: u64 = self.load(get!(icsk_ca_ops));
        if operations == 0 {
            return Ok([0; 16]);
        }
        read(operations as *const u8, get!(ca_name))
    }

    /// Writes all that every record tells of the socket.
    #[inline(always)]
    pub(crate) fn view(self, to: &mut SocketView) {
        to.bytes_acked = self.load(get!(bytes_acked));
        to.bytes_sent = self.load(get!(bytes_sent));
        to.bytes_retrans = self.bytes_retrans();
        to.rwnd_limited_us = self.rwnd_limited_us();
        to.total_retrans = self.total_retrans();
        to.data_segs_out = self.load(get!(data_segs_out));
        to.data_segs_in = self.load(get!(data_segs_in));
        to.delivered = self.load(get!(delivered));
        to.snd_cwnd = self.snd_cwnd();
        to.snd_ssthresh = self.load(get!(snd_ssthresh));
        to.srtt_us = self.load::<u32>(get!(srtt_us)) >> 3;
        to.min_rtt_us = self.load(get!(rtt_min) + get!(minmax_value));
        to.snd_wnd = self.load(get!(snd_wnd));
        to.mss = self.load(get!(mss_cache));
        to.packets_out = self.load(get!(packets_out));
        to.dsack_dups = self.load(get!(dsack_dups));
        to.reord_seen = self.load(get!(reord_seen));
        let rcv_ooopack = get!(rcv_ooopack);
        to.rcv_ooopack = if rcv_ooopack == ABSENT {
            0
        } else {
            self.load(rcv_ooopack)
        };
        to.app_limited = self.load(get!(app_limited));
        to.state = self.state();
        to.ca_state = self.ca_state();
        to.padding = [0; 2];
    }

    /// Time spent waiting for the peer's receive window, what runs now included, as
    /// `tcp_get_info_chrono_stats` reckons it; 0 where the kernel does not measure it.
    #[inline(always)]
    fn rwnd_limited_us(self) -> u64 {
        let (kind, since, spent) = (get!(chrono_type), get!(chrono_start), get!(chrono_stat));
        if kind == ABSENT || since == ABSENT || spent == ABSENT {
            return 0;
        }
        let mut jiffies: u32 = self.load(spent + RWND_LIMITED_STAT);
        let byte: u8 = self.load(kind);
        if (byte >> get!(chrono_type_shift)) & get!(chrono_type_mask) as u8 == RWND_LIMITED {
            // SAFETY: a helper without arguments.
            let now = unsafe { bpf_jiffies64() } as u32;
            jiffies = jiffies.wrapping_add(now.wrapping_sub(self.load(since)));
        }
        u64::from(jiffies) * u64::from(get!(jiffy_us))
    }

    #[inline(always)]
    fn load<T: Copy>(self, offset: u32) -> T {
        // SAFETY: the verifier admits this load only if the field lies at this offset with this
        // size in the kernel's own `struct tcp_sock`.
        unsafe { read_volatile(self.0.add(offset as usize).cast::<T>()) }
    }
}

/// Both ends of anything that begins with a `struct sock_common`.
#[inline(always)]
fn ends(common: *const u8) -> Result<Endpoints, Counter> {
    let mut ends = Endpoints::default();
    match read::<u16>(common, get!(skc_family))? {
        AF_INET => {
            let local: [u8; 4] = read(common, get!(skc_rcv_saddr))?;
            let peer: [u8; 4] = read(common, get!(skc_daddr))?;
            map_v4(&mut ends.local, local);
            map_v4(&mut ends.peer, peer);
        }
        AF_INET6 if get!(skc_v6_daddr) != ABSENT && get!(skc_v6_rcv_saddr) != ABSENT => {
            ends.local = read(common, get!(skc_v6_rcv_saddr))?;
            ends.peer = read(common, get!(skc_v6_daddr))?;
        }
        _ => return Err(Counter::NotTcpSock),
    }
    ends.local_port = read(common, get!(skc_num))?;
    ends.peer_port = u16::from_be(read(common, get!(skc_dport))?);
    ends.netns = netns_at(common as u64, get!(skc_net))?;
    Ok(ends)
}

/// Writes an IPv4 address in its IPv6 form.
#[inline(always)]
pub(crate) fn map_v4(to: &mut [u8; 16], address: [u8; 4]) {
    to[10] = 0xff;
    to[11] = 0xff;
    to[12] = address[0];
    to[13] = address[1];
    to[14] = address[2];
    to[15] = address[3];
}

/// Reads kernel memory that the verifier has no type for; rare paths only.
#[inline(always)]
fn read<T: Copy>(base: *const u8, offset: u32) -> Result<T, Counter> {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the helper checks the source itself and writes `size_of::<T>()` bytes or zeroes.
    let status = unsafe {
        bpf_probe_read_kernel(
            value.as_mut_ptr().cast(),
            size_of::<T>() as u32,
            base.wrapping_add(offset as usize).cast(),
        )
    };
    if status == 0 {
        // SAFETY: written above; T is a plain integer or byte array.
        Ok(unsafe { value.assume_init() })
    } else {
        Err(Counter::ReadFailed)
    }
}
