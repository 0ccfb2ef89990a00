//! The little of bpf(2) that measuring needs: run statistics while somebody holds them on, programs
//! that do nothing, and what the kernel tells of the programs of a process.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};

use anyhow::{Context as _, Result, ensure};
use edgeghost::kernel::btf::Btf;

// enum bpf_cmd (include/uapi/linux/bpf.h).
const PROG_LOAD: libc::c_long = 5;
const PROG_GET_FD_BY_ID: libc::c_long = 13;
const OBJ_GET_INFO_BY_FD: libc::c_long = 15;
const RAW_TRACEPOINT_OPEN: libc::c_long = 17;
const ENABLE_STATS: libc::c_long = 32;

/// `BPF_PROG_TYPE_TRACING` and `BPF_TRACE_RAW_TP`.
const TRACING: u32 = 26;
const TRACE_RAW_TP: u32 = 23;

/// `r0 = 0; exit`, as `struct bpf_insn` has it.
static NOTHING: [u64; 2] = [0xb7, 0x95];
static LICENSE: [u8; 4] = *b"GPL\0";

/// What is asked of bpf(2): words of 4 bytes, as many as the kernel that knows least understands.
struct Request([u32; 30]);

impl Request {
    const fn new() -> Self {
        Self([0; 30])
    }

    fn word(mut self, at: usize, value: u32) -> Self {
        if let Some(word) = self.0.get_mut(at) {
            *word = value;
        }
        self
    }

    /// An address, low half first: of what lives as long as the request.
    fn address<T: ?Sized>(self, at: usize, of: *const T) -> Self {
        let address = of.cast::<u8>() as u64;
        let (low, high) = (address & u64::from(u32::MAX), address >> 32);
        self.word(at, u32::try_from(low).unwrap_or_default())
            .word(at + 1, u32::try_from(high).unwrap_or_default())
    }

    /// Asks; only the first `words` are shown to the kernel.
    fn ask(&self, command: libc::c_long, words: usize) -> io::Result<RawFd> {
        // SAFETY: the request outlives the call and is at least as long as said; addresses in it
        // are of what outlives it too.
        let result = unsafe { libc::syscall(libc::SYS_bpf, command, self.0.as_ptr(), words * 4) };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        RawFd::try_from(result).map_err(io::Error::other)
    }

    fn ask_for_fd(&self, command: libc::c_long, words: usize) -> io::Result<OwnedFd> {
        let fd = self.ask(command, words)?;
        // SAFETY: the kernel has just made it for us.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

/// Run statistics of all programs, on as long as this lives (Linux 5.8).
#[derive(Debug)]
pub(crate) struct Statistics {
    _fd: OwnedFd,
}

impl Statistics {
    /// From now on.
    pub(crate) fn on() -> Result<Self> {
        let fd = Request::new()
            .ask_for_fd(ENABLE_STATS, 1)
            .context("the kernel keeps no run statistics of eBPF programs (BPF_ENABLE_STATS)")?;
        Ok(Self { _fd: fd })
    }
}

/// Makes programs that do nothing.
#[derive(Debug)]
pub(crate) struct Blanks {
    btf: Btf,
}

/// A program that does nothing, attached to a tracepoint as long as this lives.
#[derive(Debug)]
pub(crate) struct Blank {
    program: OwnedFd,
    _link: OwnedFd,
}

impl Blanks {
    /// For the running kernel.
    pub(crate) fn new() -> Result<Self> {
        let path = "/sys/kernel/btf/vmlinux";
        let bytes = fs::read(path).with_context(|| format!("cannot read {path}"))?;
        Ok(Self {
            btf: Btf::parse(bytes)?,
        })
    }

    /// Number of the type that stands for a tracepoint.
    pub(crate) fn number(&self, tracepoint: &str) -> Result<u32> {
        self.btf
            .tracepoint_number(tracepoint)
            .with_context(|| format!("this kernel has no tracepoint {tracepoint}"))
    }

    /// One at a tracepoint, of the kind that edgeghost's programs are.
    pub(crate) fn attach(&self, tracepoint: &str) -> Result<Blank> {
        let number = self.number(tracepoint)?;
        let program = Request::new()
            .word(0, TRACING)
            .word(1, 2)
            .address(2, NOTHING.as_ptr())
            .address(4, LICENSE.as_ptr())
            .word(17, TRACE_RAW_TP)
            .word(27, number)
            .ask_for_fd(PROG_LOAD, 28)
            .with_context(|| format!("cannot load an empty program for {tracepoint}"))?;
        let link = Request::new()
            .word(2, program.as_raw_fd().unsigned_abs())
            .ask_for_fd(RAW_TRACEPOINT_OPEN, 4)
            .with_context(|| format!("cannot attach an empty program to {tracepoint}"))?;
        Ok(Blank {
            program,
            _link: link,
        })
    }
}

impl Blank {
    /// What it has cost so far.
    pub(crate) fn runs(&self) -> Result<Runs> {
        runs(&self.program)
    }
}

/// How often a program ran, and how long in all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Runs {
    pub(crate) count: u64,
    pub(crate) nanos: u64,
}

impl Runs {
    /// What came since.
    pub(crate) const fn since(self, before: Self) -> Self {
        Self {
            count: self.count.saturating_sub(before.count),
            nanos: self.nanos.saturating_sub(before.nanos),
        }
    }

    /// Nanoseconds a run, if there were enough for a mean.
    pub(crate) fn each(self) -> Option<f64> {
        (self.count >= 200).then(|| self.nanos as f64 / self.count as f64)
    }
}

/// A program of a process. It stays, detached, until this is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) info: Info,
    fd: OwnedFd,
    id: u32,
}

impl Program {
    /// What it has cost so far.
    pub(crate) fn runs(&self) -> Result<Runs> {
        runs(&self.fd)
    }

    /// Whether it is the one at this tracepoint.
    pub(crate) fn is_at(&self, tracepoint: &str, number: u32) -> bool {
        let Info {
            attached_to, name, ..
        } = &self.info;
        *attached_to == number || *attached_to == 0 && tracepoint.starts_with(name.as_str())
    }
}

/// The programs that a process holds; none where it is not there yet.
pub(crate) fn programs(pid: u32) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fdinfo")) else {
        return Ok(programs);
    };
    for file in files.flatten() {
        // It may have been closed in between.
        let text = fs::read_to_string(file.path()).unwrap_or_default();
        if let Some(id) = value(&text, "prog_id").and_then(|id| u32::try_from(id).ok())
            && !programs.iter().any(|known: &Program| known.id == id)
        {
            let fd = Request::new()
                .word(0, id)
                .ask_for_fd(PROG_GET_FD_BY_ID, 3)
                .with_context(|| format!("cannot look at the eBPF program {id}"))?;
            let info = Info::of(&fd)?;
            programs.push(Program { info, fd, id });
        }
    }
    Ok(programs)
}

/// Out of what the kernel shows of a program (`bpf_prog_show_fdinfo`).
fn runs(program: &OwnedFd) -> Result<Runs> {
    let fd = program.as_raw_fd();
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}"))?;
    let told = || {
        Some(Runs {
            count: value(&info, "run_cnt")?,
            nanos: value(&info, "run_time_ns")?,
        })
    };
    told().context("the kernel tells nothing of a program")
}

fn value(info: &str, name: &str) -> Option<u64> {
    let line = info.lines().find_map(|line| line.strip_prefix(name))?;
    line.strip_prefix(':')?.trim().parse().ok()
}

/// `struct bpf_prog_info`, as far as it is wanted here.
#[repr(C)]
#[derive(Default)]
struct Raw {
    kind: u32,
    id: u32,
    tag: [u8; 8],
    jited: u32,
    xlated: u32,
    jited_at: u64,
    xlated_at: u64,
    load_time: u64,
    uid: u32,
    maps: u32,
    maps_at: u64,
    name: [u8; 16],
    /// What lies between, up to `verified_insns`.
    between: [u64; 17],
    verified: u32,
    attach_object: u32,
    attach_type: u32,
    padding: u32,
}

/// What the kernel made of a program.
#[derive(Debug, Clone)]
pub(crate) struct Info {
    /// Cut off after 15 characters.
    pub(crate) name: String,
    /// Number of the type that stands for its tracepoint; 0 if it is attached in another way.
    pub(crate) attached_to: u32,
    /// Instructions after the verifier, on all ways through it.
    pub(crate) instructions: usize,
    /// Calls of functions of the kernel among them.
    pub(crate) calls: usize,
}

impl Info {
    fn of(program: &OwnedFd) -> Result<Self> {
        let first = look(program, Raw::default())?;
        let bytes = usize::try_from(first.xlated)?;
        let code = vec![0_u64; bytes / 8];
        let wanted = Raw {
            xlated: first.xlated,
            xlated_at: code.as_ptr() as u64,
            ..Raw::default()
        };
        look(program, wanted)?;
        // BPF_JMP | BPF_CALL, with neither another program nor a function of its own as target.
        let calls = code.iter().filter(|code| **code & 0xf0ff == 0x85).count();
        let length = first.name.iter().position(|byte| *byte == 0);
        let name = first.name.get(..length.unwrap_or(16)).unwrap_or_default();
        Ok(Self {
            name: String::from_utf8_lossy(name).into_owned(),
            attached_to: first.attach_type,
            instructions: bytes / 8,
            calls,
        })
    }
}

fn look(program: &OwnedFd, mut raw: Raw) -> Result<Raw> {
    let size = u32::try_from(size_of::<Raw>())?;
    ensure!(size % 4 == 0, "bpf_prog_info of {size} bytes");
    Request::new()
        .word(0, program.as_raw_fd().unsigned_abs())
        .word(1, size)
        .address(2, &raw mut raw)
        .ask(OBJ_GET_INFO_BY_FD, 4)
        .context("the kernel tells nothing of a program")?;
    Ok(raw)
}
