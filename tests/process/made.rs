//! Recordings made up: a host with six public clients and a jump host, a sample each second.

use serde_json::{Value, json};

pub(crate) const ADDRESS: &str = "10.1.0.207";
pub(crate) const ELASTIC_IP: &str = "203.0.113.25";

const PUBLIC: [&str; 6] = [
    "198.51.100.7",
    "192.0.2.44",
    "198.18.3.9",
    "198.19.12.5",
    "203.0.113.200",
    "100.20.30.40",
];
const JUMP_HOST: &str = "10.1.1.21";
/// 09:00:00 of the day.
const START: i64 = 9 * 3_600;

/// Lines of a recording.
pub(crate) struct Recording {
    lines: Vec<String>,
    second: i64,
}

impl Recording {
    /// Of a host called `web3`, by the configuration given.
    pub(crate) fn new(toml: &str) -> Self {
        let mut recording = Self {
            lines: Vec::new(),
            second: 0,
        };
        recording.line(json!({
            "event": { "name": "agent_start", "run_id": "0123456789abcdef" },
            "host": { "name": "web3" },
            "agent": { "config": { "toml": toml } },
        }));
        recording
    }

    fn line(&mut self, mut line: Value) {
        let at = time_of_day(START + self.second);
        line["timestamp"] = Value::from(at);
        self.lines.push(line.to_string());
    }

    /// What EC2 knows of the address: the Elastic IP maps to it by this association, or not.
    pub(crate) fn context(&mut self, association: Option<&str>) {
        let mut address = json!({
            "address": ADDRESS,
            "netns": 1,
            "network_interface_id": "eni-0123456789abcdef0",
        });
        if let Some(association) = association {
            address["public_ip"] = ELASTIC_IP.into();
            address["allocation_id"] = "eipalloc-0123456789abcdef0".into();
            address["association_id"] = association.into();
        }
        self.line(json!({
            "event": { "name": "context" },
            "context": {
                "region": "us-east-1",
                "instance_id": "i-0123456789abcdef0",
                "addresses": [address],
            },
        }));
    }

    /// The configuration is read again, and this is in force.
    pub(crate) fn reload(&mut self, toml: &str) {
        self.line(json!({
            "event": { "name": "config_reload" },
            "agent": { "config": { "toml": toml } },
        }));
    }

    /// So many seconds, in which every public client loses so many of each ten segments, and the
    /// jump host so many.
    pub(crate) fn seconds(&mut self, seconds: u32, public: u64, private: u64) {
        for _ in 0..seconds {
            for (peer, lost) in PUBLIC
                .into_iter()
                .map(|peer| (peer, public))
                .chain([(JUMP_HOST, private)])
            {
                self.flow(peer, 10 - lost, lost);
            }
            self.second += 1;
            self.line(json!({
                "event": { "name": "host_sample" },
                "host_sample": { "monotonic_ns": self.second * 1_000_000_000 },
            }));
        }
    }

    fn flow(&mut self, peer: &str, delivered: u64, retransmitted: u64) {
        self.line(json!({
            "event": { "name": "flow_sample" },
            "network": {
                "local": { "address": ADDRESS, "port": 443 },
                "peer": { "address": peer, "port": 40112 },
            },
            "tcp": {
                "monotonic_ns": self.second * 1_000_000_000,
                "netns": 1,
                "segments_sent": delivered + retransmitted,
                "segments_delivered": delivered,
                "segments_retransmitted": retransmitted,
                "bytes_sent": 14_480,
                "bytes_acked": 14_480,
                "bytes_retransmitted": 0,
                "snd_cwnd": 10,
                "snd_cwnd_min": 5,
                "snd_ssthresh": 7,
                "srtt_us": 31_000,
                "min_rtt_us": 30_000,
                "packets_out": 0,
                "snd_wnd": 64_256,
                "mss": 1_448,
                "state": 1,
                "ca_state": 0,
            },
        }));
    }

    /// What has come since the last time.
    pub(crate) fn take(&mut self) -> String {
        let text = self.text();
        self.lines.clear();
        text
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// A second of the day that recordings are of.
fn time_of_day(second: i64) -> String {
    format!(
        "2026-11-21T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}
