//! Loading the embedded object into the kernel.

use aya::maps::{Array, MapData};
use aya::{Ebpf, EbpfLoader, Endianness};
use aya_log::EbpfLogger;
use edgeghost_common::{Offsets, Settings};
use thiserror::Error;

use super::counters::Counters;
use super::drops::Drops;
use super::probes::{self, ProbeOutcome, ProbeState};
use super::reader::Records;
use super::walk::Flows;
use super::{CounterReading, DropCounts, FlowsReading, ProgramCost, ProgramMissed, Totals, cost};

/// The programs, built by build.rs.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/edgeghost-ebpf"));

/// Why the kernel half does not run.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The kernel's type information is unusable.
    #[error("cannot read the kernel's BTF: {0}")]
    Btf(#[from] aya::BtfError),
    /// The object was refused.
    #[error("the kernel refused the eBPF object: {0}")]
    Object(String),
    /// A map was refused or is not in the object.
    #[error("eBPF map {name}: {source}")]
    Map {
        /// Map.
        name: &'static str,
        /// What the kernel or aya said.
        source: aya::maps::MapError,
    },
    /// The object lacks a map that user space relies on.
    #[error("the eBPF object has no map {0}; agent and programs are not of one build")]
    NoMap(&'static str),
    /// A program that the agent cannot do without.
    #[error("program {name} cannot be attached: {reason}")]
    Probe {
        /// Tracepoint.
        name: &'static str,
        /// What the kernel said.
        reason: String,
    },
}

/// What the loader is told.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Bound of the map of flows.
    pub max_flows: u32,
    /// Settings that can be changed later.
    pub settings: Settings,
}

/// The kernel half, running. Dropping it detaches and unloads everything.
pub struct Kernel {
    ebpf: Ebpf,
    settings: Array<MapData, Settings>,
    counters: Counters,
    drops: Drops,
    flows: Option<Flows>,
    logger: Option<EbpfLogger<&'static dyn log::Log>>,
    probes: Vec<ProbeOutcome>,
}

impl Kernel {
    /// Loads and attaches everything. `btf` is the kernel's type information, from which
    /// `offsets` were taken; `lacks` says what this kernel has not that a program needs. Nothing is attached before the reader's map exists.
    pub fn load(
        btf: &[u8],
        offsets: &Offsets,
        lacks: impl Fn(&str) -> Option<String>,
        options: Options,
    ) -> Result<(Self, Records), LoadError> {
        let btf = aya::Btf::parse(btf, Endianness::default())?;
        // What nobody would read is not written in the first place.
        let log_level = log::max_level() as u8;
        let mut ebpf = EbpfLoader::new()
            .btf(Some(&btf))
            .override_global("OFFSETS", offsets, true)
            .override_global("AYA_LOG_LEVEL", &log_level, false)
            .map_max_entries("FLOWS", options.max_flows)
            .load(OBJECT)
            .map_err(|error| LoadError::Object(refusal(error)))?;
        let mut settings =
            Array::try_from(take(&mut ebpf, "SETTINGS")?).map_err(map("SETTINGS"))?;
        settings
            .set(0, options.settings, 0)
            .map_err(map("SETTINGS"))?;
        let counters = Counters::new(take(&mut ebpf, "COUNTERS")?, take(&mut ebpf, "NETNS")?)
            .map_err(map("COUNTERS"))?;
        let drops = Drops::new(take(&mut ebpf, "DROPS")?).map_err(map("DROPS"))?;
        let in_hash = offsets.state_in_socket != 1;
        let flows = in_hash.then(|| take(&mut ebpf, "FLOWS")).transpose()?;
        let flows = flows.and_then(|map| Flows::new(map, options.max_flows));
        let records = Records::new(take(&mut ebpf, "RECORDS")?).map_err(map("RECORDS"))?;
        let logger = logger(&mut ebpf);
        let probes = probes::attach(&mut ebpf, &btf, lacks)?;
        Ok((
            Self {
                ebpf,
                settings,
                counters,
                drops,
                flows,
                logger,
                probes,
            },
            records,
        ))
    }

    /// How each program fared.
    pub fn probes(&self) -> &[ProbeOutcome] {
        &self.probes
    }

    /// Puts new settings in force.
    pub fn set(&mut self, settings: Settings) -> Result<(), LoadError> {
        self.settings.set(0, settings, 0).map_err(map("SETTINGS"))
    }

    /// Whether this thread may read what the programs count, and put settings in force.
    pub fn can_be_read(&self) -> bool {
        self.counters().is_ok() && self.totals().is_ok() && self.settings.get(&0, 0).is_ok()
    }

    /// Reads all counters.
    pub fn counters(&self) -> Result<CounterReading, LoadError> {
        self.counters.read().map_err(map("COUNTERS"))
    }

    /// Reads the totals of all network namespaces.
    pub fn totals(&self) -> Result<Totals, LoadError> {
        self.counters.totals().map_err(map("NETNS"))
    }

    /// Counts of the packets dropped in one network namespace since the programs were attached, or
    /// nothing if the program does not run.
    pub fn drops(&self, netns: u32) -> Result<Option<DropCounts>, LoadError> {
        let runs = self
            .probes
            .iter()
            .any(|probe| probe.name == "kfree_skb" && probe.state == ProbeState::Attached);
        if !runs {
            return Ok(None);
        }
        self.drops.read(netns).map(Some).map_err(map("DROPS"))
    }

    /// How full the hash of flows was when it was counted last; nothing before the first time, and
    /// where the state of a flow is in its socket.
    pub fn flows(&self) -> Option<FlowsReading> {
        self.flows.as_ref().and_then(Flows::read)
    }

    /// Counts on in the hash of flows, if there is one: a bounded part of it, once a second.
    pub fn count_flows(&mut self) {
        if let Some(Err(error)) = self.flows.as_mut().map(Flows::step) {
            log::debug!("the flows that the programs know cannot be counted: {error}");
        }
    }

    /// Run time of each program, where the kernel keeps run statistics.
    pub fn costs(&self) -> Vec<ProgramCost> {
        cost::read(&self.ebpf)
    }

    /// Programs that the kernel left runs out of, and how many.
    pub fn missed(&self) -> Vec<ProgramMissed> {
        cost::missed(&self.ebpf)
    }

    /// Passes on what the programs logged.
    pub fn flush_log(&mut self) {
        if let Some(logger) = &mut self.logger {
            logger.flush();
        }
    }
}

/// The error with all that lies behind it, and what it may come from.
fn refusal(error: aya::EbpfError) -> String {
    let reason = format!("{:#}", anyhow::Error::new(error));
    match rustix::process::getrlimit(rustix::process::Resource::Memlock).current {
        Some(bytes) if reason.contains("not permitted") => format!(
            "{reason}; before Linux 5.11 maps count as locked memory, of which this process may \
             have {} KiB: raise that (`ulimit -l unlimited`, LimitMEMLOCK=infinity)",
            bytes / 1_024
        ),
        Some(_) | None => reason,
    }
}

/// The programs' own messages go into the agent's log. They are an aid, not a need.
fn logger(ebpf: &mut Ebpf) -> Option<EbpfLogger<&'static dyn log::Log>> {
    match EbpfLogger::init(ebpf) {
        Ok(logger) => Some(logger),
        Err(error) => {
            log::debug!("the eBPF programs' own log is off: {error}");
            None
        }
    }
}

fn take(ebpf: &mut Ebpf, name: &'static str) -> Result<aya::maps::Map, LoadError> {
    ebpf.take_map(name).ok_or(LoadError::NoMap(name))
}

fn map(name: &'static str) -> impl FnOnce(aya::maps::MapError) -> LoadError {
    move |source| LoadError::Map { name, source }
}
