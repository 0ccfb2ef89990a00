//! What befalls a whole machine: somebody sets its clock, it is put to sleep. In guests of
//! `cargo xtask vm` only, for it befalls whoever else uses the machine, too.

use std::net::TcpStream;
use std::time::Duration;

use edgeghost::event::Time;
use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::event::Event;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::{traffic, wait, witness};
use rustix::process::Signal;
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};

use crate::totals;

const LIMIT: Duration = Duration::from_mins(1);

/// What xtask/src/vm/guest.sh calls a guest.
const GUEST: &str = "edgeghost-vm";

/// How far a timestamp may be from the clock when it is read, seconds.
const NEAR: i64 = 30;

/// Seconds that the machine is to sleep.
const SLEEP: i64 = 5;

#[track_caller]
fn require_guest() {
    crate::require_root();
    let name = rustix::system::uname();
    assert_eq!(
        name.nodename().to_str(),
        Ok(GUEST),
        "this test sets the clock of the machine: `cargo xtask vm --only guest::` runs it"
    );
}

/// An agent with a connection before its eyes.
struct Watched {
    pair: Pair,
    agent: Agent,
    ends: (TcpStream, TcpStream),
}

impl Watched {
    fn start() -> Self {
        let pair = Pair::new().unwrap();
        let config = Config::new()
            .set("window", "seconds", "1.0")
            .set("health", "seconds", "1.0");
        let mut watched = Self {
            agent: Launch::new().config(config).start().unwrap(),
            ends: pair.connect(Kind::V4, 7000).unwrap(),
            pair,
        };
        watched.talk();
        watched
    }

    /// Traffic, until a window of now tells it; tells nothing but the truth of the time.
    fn talk(&mut self) {
        let from = self.agent.events().len();
        let local = self.pair.near.v4.into();
        let (near, far) = &self.ends;
        let window = wait::until("a window of now", LIMIT, || {
            traffic::echo(near, far, 3, 100, LIMIT)?;
            self.agent.check_alive()?;
            let mut news = self.agent.events_from(from).into_iter();
            Ok(news.find(|event| event.is_about("path_window", local) && is_of_now(event)))
        });
        let window = window.unwrap_or_else(|error| {
            let news = self.agent.events_from(from);
            panic!("{error}: {news:#?}\n{}", self.agent.stderr())
        });
        let length = window.number("path.window_seconds").unwrap();
        assert!(
            (0.5..=LIMIT.as_secs_f64()).contains(&length),
            "{}",
            window.line
        );
    }

    /// The counts are those of `ss`, and nobody was alarmed.
    fn end(self) {
        let (near, far) = self.ends;
        let seen = witness::socket(&self.pair.near.netns, &near).unwrap();
        traffic::close_in_order(near, far, LIMIT).unwrap();
        let ended = self.agent.stop(Signal::TERM).unwrap();
        ended.assert_clean();
        let alarms = ended
            .events
            .iter()
            .filter(|event| event.name() == "incident");
        ended.assert(alarms.count() == 0, "an incident");
        let uptime = ended.last().number("agent.uptime_seconds").unwrap();
        ended.assert((0.0..600.0).contains(&uptime), "an odd time of running");
        let ends = (self.pair.near.v4.into(), self.pair.far.v4.into());
        totals::check_windows(&ended, &self.pair.near.netns, ends, &seen);
    }
}

fn seconds(clock: ClockId) -> i64 {
    clock_gettime(clock).tv_sec
}

fn is_of_now(event: &Event) -> bool {
    let at: Time = event.text("timestamp").parse().unwrap();
    (at.0 / 1_000_000_000 - seconds(ClockId::Realtime)).abs() < NEAR
}

/// Sets the wall clock forward, or back.
fn step(by: i64) {
    let now = clock_gettime(ClockId::Realtime);
    let then = Timespec {
        tv_sec: now.tv_sec + by,
        tv_nsec: now.tv_nsec,
    };
    clock_settime(ClockId::Realtime, then).unwrap();
}

#[test]
fn a_clock_that_is_set_changes_timestamps_and_nothing_else() {
    require_guest();
    let mut watched = Watched::start();
    for by in [3_600, -7_200, 3_600] {
        step(by);
        watched.talk();
    }
    watched.end();
}

/// The kernel's monotonic clock stands still while a machine sleeps, the wall clock does not.
#[test]
fn a_machine_that_slept_is_watched_as_before() {
    require_guest();
    let mut watched = Watched::start();
    let asleep = || seconds(ClockId::Boottime) - seconds(ClockId::Monotonic);
    let before = asleep();
    std::fs::write("/sys/class/rtc/rtc0/wakealarm", format!("+{SLEEP}")).unwrap();
    // QEMU's clock wakes a machine from that (ACPI's S3), and from no lighter sleep.
    std::fs::write("/sys/power/mem_sleep", "deep").unwrap();
    std::fs::write("/sys/power/state", "mem").unwrap();
    assert!(
        asleep() - before >= SLEEP - 2,
        "{} s of sleep",
        asleep() - before
    );
    watched.talk();
    watched.end();
}
