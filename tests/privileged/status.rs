//! Asking the running daemon: over its socket, while others hang, after it was killed, beside a
//! second one.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{binary, schema, traffic, wait};
use rustix::process::Signal;
use serde_json::Value;

const LIMIT: Duration = Duration::from_mins(1);

/// More than are answered at the same time.
const HANGING: usize = 40;

struct Site {
    folder: TempDir,
}

impl Site {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("status.sock")
    }

    fn config(&self) -> Config {
        Config::new().set("window", "seconds", "1.0").set(
            "status",
            "socket",
            &format!("\"{}\"", self.socket().display()),
        )
    }

    fn start(&self) -> Agent {
        let agent = Launch::new().config(self.config()).start().unwrap();
        wait::until_true("an answer", LIMIT, || Ok(ask(&self.socket()).is_some())).unwrap();
        agent
    }
}

/// The document, if one comes.
fn ask(socket: &Path) -> Option<Value> {
    let mut text = String::new();
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn command(socket: &Path) -> Output {
    let agent = binary::agent().unwrap();
    Command::new(agent)
        .args(["status", "--socket"])
        .arg(socket)
        .output()
        .unwrap()
}

#[test]
fn it_tells_of_paths_probes_and_its_own_health() {
    crate::require_root();
    let site = Site::new();
    let pair = Pair::new().unwrap();
    let agent = site.start();
    let start = agent.started().unwrap().clone();
    let (near, far) = pair.connect(Kind::V4, 7100).unwrap();
    let inode = pair.near.netns.inode().unwrap();
    let address = pair.near.v4.to_string();
    let (document, path) = wait::until("traffic in the status", LIMIT, || {
        traffic::echo(&far, &near, 5, 100, LIMIT)?;
        let document = ask(&site.socket()).unwrap_or_default();
        let addresses = document["addresses"].as_array();
        let own = addresses
            .into_iter()
            .flatten()
            .find(|known| known["address"] == address.as_str() && known["netns"] == inode);
        let path = own.map(|known| known["paths"][0].clone());
        Ok(path
            .filter(|path| path["segments_sent"].as_u64() > Some(0))
            .map(|path| (document, path)))
    })
    .unwrap();
    assert_eq!(path["class"], "private", "{document:#}");
    assert_eq!(path["flows"], 1, "{document:#}");
    assert_eq!(document["state"], "healthy");
    assert_eq!(document["agent"]["pid"], agent.pid());
    assert_eq!(document["agent"]["run_id"], start.text("event.run_id"));
    assert_eq!(document["agent"]["probes"], *start.get("agent.probes"));
    assert_eq!(
        document["agent"]["config_digest"],
        *start.get("agent.config.digest")
    );
    assert!(document["health"]["memory_bytes"].as_u64() > Some(1_000_000));
    assert_eq!(document["sinks"][0]["name"], "stdout", "{document:#}");
    let complaints = schema::complaints_of_status(&binary::agent().unwrap(), &document).unwrap();
    assert_eq!(complaints, [] as [&str; 0], "{document:#}");

    let mode = std::fs::metadata(site.socket()).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o660);
    let shown = command(&site.socket());
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    for words in [
        &address,
        "no incident is open",
        "attached",
        "not judged yet",
    ] {
        assert!(text.contains(words), "`{words}` is missing: {text}");
    }
    agent.stop(Signal::TERM).unwrap().assert_clean();
    assert!(!site.socket().exists(), "the socket goes with its daemon");
    assert_eq!(command(&site.socket()).status.code(), Some(5));
}

/// Clients that connect and never read; the daemon knows nothing of it, and others wait a moment.
#[test]
fn clients_that_hang_stall_nobody() {
    crate::require_root();
    let site = Site::new();
    let mut agent = site.start();
    let hanging: Vec<UnixStream> = (0..HANGING)
        .map(|_| UnixStream::connect(site.socket()).unwrap())
        .collect();
    assert!(ask(&site.socket()).is_some(), "no answer beside them");
    let time = || ask(&site.socket()).map(|status| status["timestamp"].clone());
    let first = time();
    wait::until_true("a newer status", LIMIT, || {
        agent.check_alive()?;
        Ok(time().is_some_and(|time| Some(time) != first))
    })
    .unwrap();
    drop(hanging);
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

#[test]
fn a_killed_run_leaves_a_socket_that_the_next_takes_and_a_second_run_is_refused() {
    crate::require_root();
    let site = Site::new();
    let first = site.start();
    let ended = first.stop(Signal::KILL).unwrap();
    assert_eq!(ended.status.code(), None);
    assert!(site.socket().exists(), "nobody has removed it");
    assert_eq!(command(&site.socket()).status.code(), Some(5));

    let second = site.start();
    let third = Launch::new()
        .config(site.config())
        .start_unwatched()
        .unwrap()
        .wait_end()
        .unwrap();
    assert_eq!(third.status.code(), Some(1), "{}", third.stderr);
    third.assert(third.events.is_empty(), "it told something");
    let holder = format!("process {}", second.pid());
    third.assert(
        third.stderr.contains(&holder) && third.stderr.contains("--set status.socket="),
        "it does not say who runs, and what to do",
    );
    let answer = ask(&site.socket()).unwrap();
    assert_eq!(answer["agent"]["pid"], second.pid(), "it keeps its socket");
    assert!(
        ask(&site.socket()).is_some(),
        "the other's end took it away"
    );
    second.stop(Signal::TERM).unwrap().assert_clean();
}

#[test]
fn without_its_folder_it_runs_all_the_same() {
    crate::require_root();
    let config = Config::new().set("status", "socket", "\"/no/such/folder/status.sock\"");
    let agent = Launch::new().config(config).start().unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    ended.assert(
        ended.stderr.contains("/no/such/folder/status.sock")
            && ended.stderr.contains("RuntimeDirectory"),
        "it does not say why nobody can ask it",
    );
}
