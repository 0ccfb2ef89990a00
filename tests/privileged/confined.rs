//! As a service: a user of its own with two capabilities, and less of everything once it runs. The
//! kernel's word on that is `/proc/PID/status`.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::service::{self, NOBODY};
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{tool, traffic, witness};
use rustix::process::Signal;

use crate::totals;

const LIMIT: Duration = Duration::from_mins(1);
const PORT: u16 = 7000;

/// Numbers of capabilities (include/uapi/linux/capability.h).
const DAC_OVERRIDE: u64 = 1 << 1;
const DAC_READ_SEARCH: u64 = 1 << 2;
const SYS_PTRACE: u64 = 1 << 19;
const PERFMON: u64 = 1 << 38;
const BPF: u64 = 1 << 39;

/// Starts what follows as the service.
pub(crate) fn as_service() -> Vec<String> {
    service::words().unwrap()
}

/// From 5.19 on, who holds a map may read it without any capability; before, that took `CAP_BPF`.
fn for_reading() -> u64 {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut parts = release.split('.').map(str::parse::<u32>);
    let version = (
        parts.next().unwrap().unwrap(),
        parts.next().unwrap().unwrap(),
    );
    if version >= (5, 19) { 0 } else { BPF }
}

/// What the kernel says of every thread of the agent.
fn threads(agent: &Agent) -> Vec<BTreeMap<String, String>> {
    let tasks = format!("/proc/{}/task", agent.pid());
    let tasks = std::fs::read_dir(tasks).unwrap();
    tasks
        .map(|task| {
            let status = task.unwrap().path().join("status");
            let text = std::fs::read_to_string(status).unwrap();
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
                .collect()
        })
        .collect()
}

/// Holds every thread to one set of capabilities, and to the rest of the sandbox.
#[track_caller]
fn assert_confined(agent: &Agent, uid: u32, effective: u64, bounding: u64) {
    let threads = threads(agent);
    assert!(threads.len() >= 2, "the writer at least: {threads:#?}");
    for status in threads {
        let set = |key: &str| u64::from_str_radix(&status[key], 16).unwrap();
        let uids: Vec<u32> = status["Uid"]
            .split_whitespace()
            .map(|uid| uid.parse().unwrap())
            .collect();
        assert_eq!(uids, [uid; 4], "{status:#?}");
        assert_eq!(set("CapEff"), effective, "{status:#?}");
        assert_eq!(set("CapPrm"), effective, "{status:#?}");
        assert_eq!(set("CapInh"), 0, "{status:#?}");
        assert_eq!(set("CapAmb"), 0, "{status:#?}");
        assert_eq!(set("CapBnd") & !bounding, 0, "{status:#?}");
        assert_eq!(status["NoNewPrivs"], "1", "{status:#?}");
        // SECCOMP_MODE_FILTER
        assert_eq!(status["Seccomp"], "2", "{status:#?}");
    }
}

/// A folder that the service may write to.
pub(crate) fn folder_of_nobody() -> TempDir {
    service::folder().unwrap()
}

/// Loses segments until ten were sent again, and holds the agent's sums to `ss`.
fn sees_what_ss_sees(launch: Launch, look: impl Fn(&Agent)) {
    let pair = Pair::new().unwrap();
    let mut agent = launch.start().unwrap();
    look(&agent);
    let (server, client) = pair.connect(Kind::V4, PORT).unwrap();
    let loss = pair.lose_outbound(20).unwrap();
    witness::until_retransmitted(&pair.near.netns, 10, LIMIT, || {
        traffic::bulk(&server, &client, 100_000, LIMIT)
    })
    .unwrap();
    loss.lift().unwrap();
    let seen = witness::socket(&pair.near.netns, &server).unwrap();
    let (local, peer) = (pair.near.v4.into(), pair.far.v4.into());
    agent
        .wait_for("its tcp_retransmit", LIMIT, |event| {
            event.is_about("tcp_retransmit", local)
        })
        .unwrap();
    traffic::close_in_order(server, client, LIMIT).unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    totals::check_windows(&ended, &pair.near.netns, (local, peer), &seen);
}

#[test]
fn a_service_with_two_capabilities_sees_everything_and_keeps_what_it_needs() {
    crate::require_root();
    let folder = folder_of_nobody();
    let socket = folder.path().join("status.sock");
    let config = Config::new()
        .set(
            "status",
            "socket",
            &format!("{:?}", socket.display().to_string()),
        )
        .set("sandbox", "seccomp", "\"strict\"");
    let launch = Launch::new()
        .config(config)
        .record(Some(folder.path().join("recording.gz")))
        .through(&as_service());
    sees_what_ss_sees(launch, |agent| {
        let said = UnixStream::connect(&socket);
        assert!(said.is_ok(), "its status socket: {said:?}");
        assert_confined(agent, NOBODY, for_reading(), BPF | PERFMON);
        let start = agent.started().unwrap();
        let line = &start.line;
        assert_eq!(
            start.count("agent.sandbox.uid"),
            u64::from(NOBODY),
            "{line}"
        );
        let told = start.list("agent.sandbox.capabilities").to_vec();
        let kept: Vec<&str> = if for_reading() == 0 {
            vec![]
        } else {
            vec!["CAP_BPF"]
        };
        assert_eq!(told, kept, "{line}");
        assert_eq!(start.get("agent.sandbox.no_new_privileges"), true, "{line}");
        assert_eq!(
            start.text("agent.sandbox.seccomp.state"),
            "strict",
            "{line}"
        );
        let landlock = start.text("agent.sandbox.landlock.state");
        let there = Path::new("/proc/sys/kernel/osrelease");
        let release = std::fs::read_to_string(there).unwrap();
        // Landlock came with 5.13, and a kernel may be built without it; then it must say so.
        assert!(
            ["on", "partial"].contains(&landlock)
                || start
                    .text("agent.sandbox.landlock.reason")
                    .contains("kernel"),
            "{release}: {line}"
        );
    });
    let recorded = std::fs::metadata(folder.path().join("recording.gz")).unwrap();
    assert!(recorded.len() > 0, "{recorded:?}");
}

/// As `ProcSubset=pid`, `ProtectProc=invisible` and `ProtectKernelTunables=yes` of a unit.
#[test]
fn hidden_processes_and_a_read_only_sys_take_nothing_from_it() {
    crate::require_root();
    let hide = "mount -o remount,bind,ro /sys && \
                mount -t proc -o hidepid=2,subset=pid proc /proc && \
                ! test -e /proc/sys && exec \"$@\"";
    let launch = Launch::new()
        .through(&["unshare", "--mount", "sh", "-ec", hide, "sh"])
        .through(&as_service());
    sees_what_ss_sees(launch, |_| ());
}

#[test]
fn root_keeps_little_of_what_it_has() {
    crate::require_root();
    let kept = for_reading() | SYS_PTRACE | DAC_READ_SEARCH | DAC_OVERRIDE;
    let agent = Launch::new()
        .config(Config::new().set("sandbox", "landlock", "\"on\""))
        .start()
        .unwrap();
    assert_confined(&agent, 0, kept, kept);
    let start = agent.started().unwrap();
    let seccomp = start.text("agent.sandbox.seccomp.state");
    assert_eq!(seccomp, "on", "{}", start.line);
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

#[test]
fn what_is_switched_off_is_off_and_said_so() {
    crate::require_root();
    let config = Config::new()
        .set("sandbox", "seccomp", "\"off\"")
        .set("sandbox", "landlock", "\"off\"");
    let agent = Launch::new().config(config).start().unwrap();
    for status in threads(&agent) {
        assert_eq!(status["Seccomp"], "0", "{status:#?}");
    }
    let start = agent.started().unwrap();
    for fence in ["seccomp", "landlock"] {
        let state = start.text(&format!("agent.sandbox.{fence}.state"));
        assert_eq!(state, "off", "{}", start.line);
    }
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

/// One capability of the two is not enough, and it says which is missing and how to give it.
#[test]
fn with_half_of_what_it_needs_it_names_the_other_half() {
    crate::require_root();
    for (given, lacks) in [("+bpf", "CAP_PERFMON"), ("+perfmon", "CAP_BPF")] {
        let inherited = format!("--inh-caps=-all,{given}");
        let ambient = format!("--ambient-caps=-all,{given}");
        let setpriv = tool::find("setpriv").unwrap();
        let setpriv = setpriv.to_str().unwrap();
        let words = [setpriv, "--reuid=65534", &inherited, &ambient, "--"];
        let agent = Launch::new().through(&words).start_unwatched().unwrap();
        let ended = agent.wait_end().unwrap();
        let said = &ended.stderr;
        ended.assert(ended.status.code() == Some(3), "exit code 3");
        ended.assert(said.contains(&format!("missing privilege: {lacks};")), said);
        ended.assert(said.contains("setcap"), said);
    }
}
