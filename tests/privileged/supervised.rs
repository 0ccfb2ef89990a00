//! What the service manager is told, over a socket as it makes one.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::expect;
use edgeghost_tests::temp::TempDir;
use rustix::process::Signal;

const LIMIT: Duration = Duration::from_secs(30);

/// A service manager's end.
struct Manager {
    socket: UnixDatagram,
    heard: Vec<String>,
    folder: TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        Self {
            socket,
            heard: Vec::new(),
            folder,
        }
    }

    fn launch(&self) -> Launch {
        Launch::new().env("NOTIFY_SOCKET", self.folder.path().join("notify"))
    }

    /// Listens until a line has come so many times.
    fn wait_for(&mut self, line: &str, times: usize, agent: &Agent) {
        let begin = Instant::now();
        while self.count(line) < times {
            let mut message = [0; 4_096];
            if let Ok(length) = self.socket.recv(&mut message) {
                let text = String::from_utf8(message[..length].to_vec()).unwrap();
                self.heard.extend(text.lines().map(str::to_owned));
            }
            assert!(
                begin.elapsed() < LIMIT,
                "{}",
                expect::report(
                    &format!("no {times} x {line}; heard: {:#?}", self.heard),
                    &agent.events(),
                    &agent.stderr()
                )
            );
        }
    }

    fn count(&self, line: &str) -> usize {
        self.heard
            .iter()
            .filter(|heard| heard.starts_with(line))
            .count()
    }
}

#[test]
fn ready_alive_reloading_and_stopping_in_this_order() {
    crate::require_root();
    let mut manager = Manager::new();
    let launch = manager.launch().env("WATCHDOG_USEC", "2000000");
    let agent = launch.start().unwrap();
    manager.wait_for("READY=1", 1, &agent);
    assert_eq!(manager.heard[0], "READY=1", "{:#?}", manager.heard);
    manager.wait_for("WATCHDOG=1", 3, &agent);
    manager.wait_for("STATUS=watching ", 1, &agent);
    assert_eq!(manager.count("STOPPING=1"), 0, "{:#?}", manager.heard);
    agent.signal(Signal::HUP).unwrap();
    manager.wait_for("RELOADING=1", 1, &agent);
    manager.wait_for("MONOTONIC_USEC=", 1, &agent);
    manager.wait_for("READY=1", 2, &agent);
    agent.signal(Signal::TERM).unwrap();
    manager.wait_for("STOPPING=1", 1, &agent);
    manager.wait_for("STATUS=stopping: SIGTERM", 1, &agent);
    agent.wait_end().unwrap().assert_clean();
}

/// It goes on feeding when it gets on again, and not before.
#[test]
fn an_agent_that_does_not_get_on_feeds_no_watchdog() {
    crate::require_root();
    let mut manager = Manager::new();
    let launch = manager.launch().env("WATCHDOG_USEC", "500000");
    let agent = launch.start().unwrap();
    manager.wait_for("WATCHDOG=1", 1, &agent);
    agent.signal(Signal::STOP).unwrap();
    // What it had sent before.
    let mut message = [0; 4_096];
    while manager.socket.recv(&mut message).is_ok() {}
    manager
        .socket
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let silent = manager.socket.recv(&mut message);
    assert!(
        silent.is_err(),
        "fed while it stood still, for four times its interval: {silent:?}"
    );
    agent.signal(Signal::CONT).unwrap();
    let before = manager.count("WATCHDOG=1");
    manager.wait_for("WATCHDOG=1", before + 1, &agent);
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

#[test]
fn a_manager_without_a_watchdog_is_not_fed() {
    crate::require_root();
    let mut manager = Manager::new();
    let mut agent = manager.launch().start().unwrap();
    manager.wait_for("STATUS=watching ", 1, &agent);
    agent.check_alive().unwrap();
    agent.signal(Signal::TERM).unwrap();
    manager.wait_for("STOPPING=1", 1, &agent);
    agent.wait_end().unwrap().assert_clean();
    assert_eq!(manager.count("WATCHDOG=1"), 0, "{:#?}", manager.heard);
}

#[test]
fn a_manager_that_is_gone_holds_nothing_up() {
    crate::require_root();
    let launch = Launch::new()
        .env("NOTIFY_SOCKET", "/no/such/socket")
        .env("WATCHDOG_USEC", "500000");
    let agent = launch.start().unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let complaints = ended.stderr.matches("NOTIFY_SOCKET").count();
    ended.assert(complaints == 1, "one complaint");
}
