//! The table's offsets on six kernels as `bpftool btf dump file ... format raw`, or a BTF reader
//! of some lines of Python, prints them (`bits_offset` along the path, divided by 8): a witness that
//! shares no code with the resolver.

use edgeghost_common::Offsets;

/// The kernels of tests/fixtures/btf, in the order of the columns.
pub(super) const KERNELS: [&str; 6] = [
    "6.1",
    "6.12",
    "6.18",
    "5.10.0-46-cloud-amd64",
    "6.1.0-50-cloud-arm64",
    "6.12.107+deb13-cloud-arm64",
];

/// Struct and member path, then the byte offset on each kernel, in the order of the table.
#[rustfmt::skip]
pub(super) const OFFSETS: [(&str, &str, [u32; 6]); Offsets::FIELDS.len()] = [
    ("sock_common", "skc_family", [16, 16, 16, 16, 16, 16]),
    ("sock_common", "skc_state", [18, 18, 18, 18, 18, 18]),
    ("sock_common", "skc_daddr", [0, 0, 0, 0, 0, 0]),
    ("sock_common", "skc_rcv_saddr", [4, 4, 4, 4, 4, 4]),
    ("sock_common", "skc_dport", [12, 12, 12, 12, 12, 12]),
    ("sock_common", "skc_num", [14, 14, 14, 14, 14, 14]),
    ("sock_common", "skc_v6_daddr", [56, 56, 56, 56, 56, 56]),
    ("sock_common", "skc_v6_rcv_saddr", [72, 72, 72, 72, 72, 72]),
    ("sock_common", "skc_net.net", [48, 48, 48, 48, 48, 48]),
    ("net", "ns.inum", [144, 136, 176, 144, 144, 136]),
    ("tcp_sock", "inet_conn.icsk_inet.sk.__sk_common", [0, 0, 0, 0, 0, 0]),
    ("request_sock", "__req_common", [0, 0, 0, 0, 0, 0]),
    ("request_sock", "num_retrans", [146, 146, 146, 146, 146, 146]),
    ("tcp_sock", "inet_conn.icsk_ca_state", [1280, 1288, 1248, 1232, 1240, 1240]),
    ("tcp_sock", "inet_conn.icsk_ca_ops", [1232, 1240, 1208, 1168, 1192, 1192]),
    ("tcp_congestion_ops", "name", [88, 88, 88, 128, 88, 88]),
    ("tcp_sock", "bytes_acked", [1496, 1840, 1824, 1456, 1456, 1840]),
    ("tcp_sock", "bytes_sent", [1488, 1608, 1544, 1448, 1448, 1608]),
    ("tcp_sock", "bytes_retrans", [2136, 2208, 2192, 2096, 2096, 2208]),
    ("tcp_sock", "total_retrans", [2144, 2216, 2200, 2104, 2104, 2216]),
    ("tcp_sock", "data_segs_out", [1484, 1604, 1540, 1444, 1444, 1604]),
    ("tcp_sock", "data_segs_in", [1460, 1796, 1764, 1420, 1420, 1796]),
    ("tcp_sock", "delivered", [1808, 1740, 1692, 1768, 1768, 1740]),
    ("tcp_sock", "snd_cwnd", [1776, 1500, 1444, 1736, 1736, 1452]),
    ("tcp_sock", "snd_ssthresh", [1772, 1584, 1492, 1732, 1732, 1536]),
    ("tcp_sock", "srtt_us", [1672, 1728, 1680, 1632, 1632, 1728]),
    ("tcp_sock", "rtt_min.s", [1692, 1552, 1496, 1652, 1652, 1504]),
    ("minmax_sample", "v", [4, 4, 4, 4, 4, 4]),
    ("tcp_sock", "snd_wnd", [1572, 1492, 1436, 1532, 1532, 1444]),
    ("tcp_sock", "mss_cache", [1580, 1496, 1440, 1540, 1540, 1448]),
    ("tcp_sock", "packets_out", [1716, 1732, 1684, 1676, 1676, 1732]),
    ("tcp_sock", "dsack_dups", [1504, 1880, 1864, 1464, 1464, 1880]),
    ("tcp_sock", "reord_seen", [1740, 1944, 1928, 1700, 1700, 1944]),
    ("tcp_sock", "rcv_ooopack", [2168, 2252, 2236, 2128, 2128, 2252]),
    ("tcp_sock", "app_limited", [1820, 1748, 1716, 1780, 1780, 1748]),
    ("tcp_sock", "chrono_type", [1636, 1519, 1556, 1596, 1596, 1471]),
    ("tcp_sock", "chrono_start", [1620, 1620, 1560, 1580, 1580, 1620]),
    ("tcp_sock", "chrono_stat", [1624, 1624, 1564, 1584, 1584, 1624]),
    ("sk_buff", "cb", [40, 40, 40, 40, 40, 40]),
    ("sk_buff", "len", [112, 112, 112, 112, 112, 112]),
    ("tcp_skb_cb", "tcp_gso_segs", [8, 8, 8, 8, 8, 8]),
    ("sk_buff", "protocol", [180, 180, 176, 176, 180, 180]),
    ("sk_buff", "skb_iif", [144, 148, 144, 144, 144, 148]),
    ("sk_buff", "dev", [16, 16, 16, 16, 16, 16]),
    ("sk_buff", "sk", [24, 24, 24, 24, 24, 24]),
    ("sk_buff", "head", [200, 200, 192, 192, 200, 200]),
    ("sk_buff", "network_header", [184, 184, 180, 180, 184, 184]),
    ("sk_buff", "tail", [188, 188, 184, 184, 188, 188]),
    ("sk_buff", "end", [192, 192, 188, 188, 192, 192]),
    ("skb_shared_info", "gso_segs", [6, 6, 6, 6, 6, 6]),
    ("net_device", "nd_net.net", [1280, 280, 264, 1264, 1272, 280]),
];
