//! Memory of the way from records to events while more comes than anybody wants: short flows of
//! ever new peers, a scan of ports, spoofed SYNs. It must stand still.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;
use edgeghost::clock::Clock;
use edgeghost::config::Config;
use edgeghost::event::Time;
use edgeghost::host::HostSample;
use edgeghost::pipeline::{Output, Pipeline};
use edgeghost_common::record::{
    Endpoints, FLOW_BORN, FLOW_CLOSED, FlowRecord, Header, Kind, SocketView, SynAckRecord, VERSION,
    Wire,
};

use crate::host::SECOND;
use crate::measure::{mebibytes, once, resident};

/// Parts after each of which memory is looked at.
const QUARTERS: u64 = 4;

/// This host, in the namespace 1.
const LOCAL: u32 = 0x0a01_00cf;

/// Options of `flood`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Flows in all; each is reported twice, the second time as closed
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u64).range(4..=1_000_000_000))]
    flows: u64,

    /// Different peers that they come from
    #[arg(long, value_name = "N", default_value_t = 100_000,
          value_parser = clap::value_parser!(u64).range(1..=16_000_000))]
    peers: u64,

    /// Only tell what the process takes in the end, bytes
    #[arg(long, hide = true)]
    resident: bool,

    /// Flows a second
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rate: u64,
}

/// Measures, and tells as a table.
pub(crate) fn report(options: &Options) -> Result<String> {
    let mut flood = Flood::new(options);
    if options.resident {
        flood.run_until(options.flows);
        return Ok(format!("{}\n", resident()?));
    }
    let mut text = format!(
        "{} flows of {} peers, {} a second; each second as many spoofed SYNs as flows / 8\n\n\
         {:12}{:>14}{:>14}{:>14}{:>16}\n",
        options.flows,
        options.peers,
        options.rate,
        "quarter",
        "resident",
        "flows kept",
        "events",
        "a record"
    );
    for quarter in 1..=QUARTERS {
        let until = options.flows * quarter / QUARTERS;
        let before = flood.records;
        let ((), took) = once(|| flood.run_until(until));
        let _ = writeln!(
            text,
            "{quarter:<12}{:>10.1} MiB{:>14}{:>14}{:>13.2} us",
            mebibytes(resident()?),
            flood.pipeline.figures().flows,
            flood.notes,
            took.as_secs_f64() * 1e6 / (flood.records - before).max(1) as f64,
        );
    }
    Ok(text)
}

/// Resident memory of a process of its own after so many flows, MiB.
pub(crate) fn resident_after(flows: u64) -> Result<f64> {
    let program = std::env::current_exe().context("cannot tell what program this is")?;
    let output = Command::new(program)
        .args(["flood", "--resident", "--flows", &flows.to_string()])
        .output()
        .context("cannot run a flood of its own")?;
    let bytes: i64 = String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(mebibytes(bytes))
}

struct Flood<'a> {
    options: &'a Options,
    pipeline: Pipeline,
    out: Output,
    clock: Clock,
    next: u64,
    records: u64,
    notes: u64,
}

impl<'a> Flood<'a> {
    fn new(options: &'a Options) -> Self {
        Self {
            options,
            pipeline: Pipeline::new(&Config::default(), None),
            out: Output::default(),
            clock: Clock::at(0, Time(1_780_000_000 * 1_000_000_000)),
            next: 0,
            records: 0,
            notes: 0,
        }
    }

    fn run_until(&mut self, until: u64) {
        while self.next < until {
            self.flow(self.next);
            self.next += 1;
            if self.next.is_multiple_of(self.options.rate) {
                self.tick();
            }
        }
    }

    fn tick(&mut self) {
        let now_ns = self.now_ns();
        let host = HostSample::default();
        self.pipeline.tick(now_ns, &host, self.clock, &mut self.out);
        self.notes += self.out.notes.drain(..).count() as u64;
    }

    /// A second after the other.
    fn now_ns(&self) -> u64 {
        (1_000 + self.next / self.options.rate) * SECOND
    }

    /// A flow that is born and, in every second case, closes; the others are left behind, as where
    /// a peer just goes. Every eighth comes with a spoofed SYN.
    fn flow(&mut self, number: u64) {
        let ends = ends(number % self.options.peers, number);
        let mut record = FlowRecord {
            header: self.header::<FlowRecord>(Kind::Flow),
            ends,
            flags: FLOW_BORN,
            born_ns: self.now_ns(),
            view: SocketView {
                data_segs_out: 3,
                delivered: 2,
                total_retrans: 1,
                bytes_sent: 3_000,
                bytes_acked: 2_000,
                bytes_retrans: 1_000,
                snd_cwnd: 10,
                srtt_us: 31_000,
                state: 1,
                ..SocketView::default()
            },
            cwnd_min: 10,
            ..FlowRecord::default()
        };
        self.take(&record);
        if number.is_multiple_of(2) {
            record.flags |= FLOW_CLOSED;
            record.reports = 1;
            record.view.data_segs_out += 1;
            record.view.delivered += 1;
            self.take(&record);
        }
        if number.is_multiple_of(8) {
            let syn_ack = SynAckRecord {
                header: self.header::<SynAckRecord>(Kind::SynAck),
                ends: self::ends(number.wrapping_mul(2_654_435_761) % 0x4000_0000, number),
                attempts: 1,
                ..SynAckRecord::default()
            };
            self.take(&syn_ack);
        }
        self.notes += self.out.notes.drain(..).count() as u64;
    }

    fn take<T: Wire>(&mut self, record: &T) {
        let bytes = record.as_bytes();
        self.pipeline.take(bytes, self.clock, &mut self.out);
        self.records += 1;
    }

    fn header<T>(&self, kind: Kind) -> Header {
        Header {
            time_ns: self.now_ns(),
            len: u16::try_from(size_of::<T>()).unwrap_or_default(),
            kind: kind as u8,
            version: VERSION,
            cpu: 0,
        }
    }
}

/// A connection of a peer, to another port of ours each time.
fn ends(peer: u64, number: u64) -> Endpoints {
    let peer = 0x4000_0000_u32.wrapping_add(u32::try_from(peer & 0x3fff_ffff).unwrap_or_default());
    Endpoints {
        local: mapped(LOCAL),
        peer: mapped(peer),
        local_port: u16::try_from(number % 65_000).unwrap_or_default() + 1,
        peer_port: u16::try_from(number / 7 % 60_000).unwrap_or_default() + 1_024,
        netns: 1,
    }
}

/// As the kernel half writes it.
fn mapped(address: u32) -> [u8; 16] {
    std::net::Ipv4Addr::from(address).to_ipv6_mapped().octets()
}
