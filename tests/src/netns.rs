//! Network namespaces: small networks of their own, gone when the test is.

use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::tool;
use crate::undo::Undo;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Several namespaces and the links between them. Dropping it takes all of it down.
#[derive(Debug)]
pub struct Network {
    number: u32,
    namespaces: Vec<Netns>,
    undo: Undo,
}

impl Network {
    /// Nothing yet. Its number keeps names apart from those of other tests and other runs.
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            number,
            namespaces: Vec::new(),
            undo: Undo::new(),
        }
    }

    /// Makes a namespace whose loopback is up.
    pub fn namespace(&mut self, role: &str) -> Result<Netns> {
        let name = format!("eg-{}-{}-{role}", std::process::id(), self.number);
        tool::run("ip", &["netns", "add", &name])?;
        let netns = Netns { name: name.into() };
        let doomed = netns.clone();
        self.undo
            .push(format!("namespace {}", netns.name), move || doomed.remove());
        netns.ip("link set lo up")?;
        self.namespaces.push(netns.clone());
        Ok(netns)
    }

    /// Joins two namespaces with a cable, both ends up.
    pub fn link(&mut self, a: &Netns, a_device: &str, b: &Netns, b_device: &str) -> Result<()> {
        let line = format!(
            "link add {a_device} netns {} type veth peer name {b_device} netns {}",
            a.name, b.name
        );
        tool::run("ip", &line.split_whitespace().collect::<Vec<_>>())?;
        let (end, device) = (a.clone(), a_device.to_owned());
        self.undo
            .push(format!("link {device} of {}", a.name), move || {
                end.ip(&format!("link del {device}"))
            });
        a.ip(&format!("link set {a_device} up"))?;
        b.ip(&format!("link set {b_device} up"))
    }

    /// Every namespace made, in order.
    pub fn namespaces(&self) -> &[Netns] {
        &self.namespaces
    }

    /// Leaves everything standing when this is dropped.
    pub fn keep(&mut self) {
        self.undo.forget();
    }

    /// Takes everything down now, and returns what could not be.
    pub fn remove(mut self) -> Vec<String> {
        self.undo.run()
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

/// A handle on one namespace; the [`Network`] that made it owns it.
#[derive(Debug, Clone)]
pub struct Netns {
    name: Arc<str>,
}

impl Netns {
    /// One that another process has made, and owns.
    pub fn named(name: &str) -> Self {
        Self { name: name.into() }
    }

    /// Its name, as `ip netns` knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&*self.name)
    }

    /// Its inode number, as in `/proc/PID/ns/net`.
    pub fn inode(&self) -> Result<u64> {
        let metadata = std::fs::metadata(self.path())
            .with_context(|| format!("cannot look at namespace {}", self.name))?;
        Ok(metadata.ino())
    }

    /// Runs `ip` in it; the arguments are separated by blanks.
    pub fn ip(&self, args: &str) -> Result<()> {
        let args: Vec<&str> = ["-n", &self.name]
            .into_iter()
            .chain(args.split_whitespace())
            .collect();
        tool::run("ip", &args).map(drop)
    }

    /// Gives `device` an address. IPv6 addresses work at once: nobody else has them here.
    pub fn address(&self, device: &str, address: IpAddr, prefix: u8) -> Result<()> {
        let flag = if address.is_ipv6() { " nodad" } else { "" };
        self.ip(&format!("addr add {address}/{prefix} dev {device}{flag}"))
    }

    /// Sets a setting below `/proc/sys/net` in it.
    pub fn sysctl(&self, key: &str, value: &str) -> Result<()> {
        let path = format!("/proc/sys/net/{key}");
        self.enter(|| std::fs::write(&path, value))?
            .with_context(|| format!("cannot write {value} to {path} in {}", self.name))
    }

    /// Reads a file below `/proc/net` in it.
    pub fn proc_net(&self, file: &str) -> Result<String> {
        // Not /proc/net: that is the main thread's.
        let path = format!("/proc/thread-self/net/{file}");
        self.enter(|| std::fs::read_to_string(&path))?
            .with_context(|| format!("cannot read {path} in {}", self.name))
    }

    /// Runs `work` in it, on a thread of its own. Sockets made and programs started there stay in
    /// the namespace.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.join()?;
                Ok(work())
            });
            match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Like [`Self::enter`], without waiting for the end.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> JoinHandle<Result<T>> {
        let netns = self.clone();
        std::thread::spawn(move || {
            netns.join()?;
            work()
        })
    }

    /// Moves this thread, and only it, into the namespace.
    fn join(&self) -> Result<()> {
        let context = || format!("cannot enter namespace {}", self.name);
        let file = std::fs::File::open(self.path()).with_context(context)?;
        move_into_link_name_space(
            std::os::fd::AsFd::as_fd(&file),
            Some(LinkNameSpaceType::Network),
        )
        .with_context(context)
    }

    fn remove(&self) -> Result<()> {
        let kill = self.kill_processes();
        tool::run("ip", &["netns", "del", &self.name])?;
        kill
    }

    /// Ends what still runs in the namespace. This very process is only there with threads, and
    /// `ip netns pids` goes by processes.
    fn kill_processes(&self) -> Result<()> {
        let pids = tool::run("ip", &["netns", "pids", &self.name])?;
        for pid in pids.split_whitespace().filter_map(|pid| pid.parse().ok()) {
            if let Some(pid) = Pid::from_raw(pid).filter(|pid| *pid != rustix::process::getpid()) {
                // It may have ended by itself in between.
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        Ok(())
    }
}
