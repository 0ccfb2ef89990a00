//! SIGHUP: the configuration is read again while the agent runs.

use std::time::Duration;

use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::event::Event;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::{memory, traffic};
use rustix::process::Signal;

const LIMIT: Duration = Duration::from_mins(1);

/// The next `config_reload` after those seen.
fn reloaded(agent: &mut Agent, seen: &mut usize) -> Event {
    let number = *seen;
    *seen += 1;
    agent
        .wait_until("config_reload", LIMIT, |events| {
            let mut reloads = events.iter().filter(|e| e.name() == "config_reload");
            reloads.nth(number).cloned()
        })
        .unwrap()
}

fn texts(event: &Event, path: &str) -> Vec<String> {
    let list = event.list(path).iter();
    list.filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

#[test]
fn what_can_change_at_once_does_and_the_rest_is_named() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let mut agent = Launch::new()
        .config(Config::new().set("window", "seconds", "600.0"))
        .inside(&pair.near.netns)
        .start()
        .unwrap();
    let (near, far) = pair.connect(Kind::V4, 7000).unwrap();
    let first = agent
        .started()
        .unwrap()
        .text("agent.config.digest")
        .to_owned();
    agent
        .configure(
            &Config::new()
                .set("window", "seconds", "2.0")
                .set("flows", "table_max", "4096"),
        )
        .unwrap();
    agent.signal(Signal::HUP).unwrap();
    let mut seen = 0;
    let reload = reloaded(&mut agent, &mut seen);
    assert_eq!(
        reload.text("agent.reload.state"),
        "applied",
        "{}",
        reload.line
    );
    assert_eq!(texts(&reload, "agent.reload.applied"), ["window.seconds"]);
    assert_eq!(
        texts(&reload, "agent.reload.needs_restart"),
        ["flows.table_max"]
    );
    assert_ne!(reload.text("agent.config.digest"), first);
    let toml = reload.text("agent.config.toml").to_owned();
    assert!(
        toml.contains("seconds = 2.0") && toml.contains("table_max = 65536"),
        "what is in force: {toml}"
    );
    // The window that was open for ten minutes to come closes, and the next is as short as told.
    agent
        .wait_until("a window of two seconds", LIMIT, |events| {
            traffic::echo(&far, &near, 1, 100, LIMIT).ok()?;
            let is_short = |event: &&Event| {
                event.name() == "path_window"
                    && event
                        .number("path.window_seconds")
                        .is_some_and(|length| (1.0..3.5).contains(&length))
            };
            events.iter().find(is_short).map(drop)
        })
        .unwrap();
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

#[test]
fn garbage_in_the_file_changes_nothing_and_is_told() {
    crate::require_root();
    let mut agent = Launch::new().start().unwrap();
    let first = agent
        .started()
        .unwrap()
        .text("agent.config.digest")
        .to_owned();
    let mut seen = 0;
    for (garbage, words) in [
        ("\u{0}\u{1}not toml", "TOML"),
        ("[window]\nsecconds = 3\n", "did you mean `seconds`"),
        ("[window]\nseconds = 0.0\n", "1 to 3600"),
        ("[path]\nas_table = 7\n", "as_table"),
    ] {
        agent.configure_text(garbage).unwrap();
        agent.signal(Signal::HUP).unwrap();
        let reload = reloaded(&mut agent, &mut seen);
        assert_eq!(reload.text("agent.reload.state"), "refused");
        assert_eq!(reload.text("agent.config.digest"), first);
        assert!(
            reload.text("agent.reload.error").contains(words),
            "{}",
            reload.line
        );
    }
    agent.remove_config().unwrap();
    agent.signal(Signal::HUP).unwrap();
    let reload = reloaded(&mut agent, &mut seen);
    assert_eq!(reload.text("agent.reload.state"), "refused");
    assert!(reload.text("agent.reload.error").contains("No such file"));
    agent
        .configure(&Config::new().set("health", "seconds", "1.0"))
        .unwrap();
    agent.signal(Signal::HUP).unwrap();
    let reload = reloaded(&mut agent, &mut seen);
    assert_eq!(reload.text("agent.reload.state"), "applied");
    agent
        .wait_for("agent_health after a second", LIMIT, |event| {
            event.name() == "agent_health"
        })
        .unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    // The log tells of what was refused; all else is as ever.
    assert!(ended.status.success(), "{}", ended.status);
    assert!(ended.invalid.is_empty(), "{:?}", ended.invalid);
}

fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .count()
}

#[test]
fn a_thousand_hangups_leave_nothing_behind() {
    crate::require_root();
    let mut agent = Launch::new().start().unwrap();
    let pid = agent.pid();
    let mut seen = 0;
    // Signals that come while one waits are one: each is answered before the next is sent.
    let mut hang_up = |agent: &mut Agent, times: usize| {
        for _ in 0..times {
            agent.signal(Signal::HUP).unwrap();
            let reload = reloaded(agent, &mut seen);
            assert_eq!(reload.text("agent.reload.state"), "unchanged");
        }
    };
    hang_up(&mut agent, 100);
    let (memory, open) = (memory::resident_kib(pid).unwrap(), descriptors(pid));
    hang_up(&mut agent, 900);
    assert_eq!(descriptors(pid), open, "open descriptors");
    let now = memory::resident_kib(pid).unwrap();
    assert!(now < memory + 2_048, "{memory} KiB, then {now} KiB");
    agent.stop(Signal::TERM).unwrap().assert_clean();
}
