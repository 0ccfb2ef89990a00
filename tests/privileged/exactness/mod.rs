//! Random mixes of flows under random loss: whatever the mix, what the agent tells of each flow,
//! each path and each namespace is what the kernel counts, or is counted as lost by name.
//!
//! A mix follows from its seed. `EDGEGHOST_SEED=N cargo xtask test --privileged any_seed` plays
//! the one of seed N; with `EDGEGHOST_SEEDS=30` it and the 29 after it.

mod check;
mod figures;
mod kinds;
mod plan;
mod play;
mod random;

use std::time::Duration;

use anyhow::{Result, ensure};
use edgeghost_tests::agent::{Agent, Ended, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::counters::Counters;
use edgeghost_tests::event::Event;
use edgeghost_tests::netem::Netem;
use edgeghost_tests::nft::{Loss, Where};
use edgeghost_tests::pair::{DEVICE, Host, Pair};
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{tool, wait};
use rustix::net::sockopt::set_tcp_user_timeout;
use rustix::net::{AddressFamily, SocketType, connect, socket};
use rustix::process::Signal;

use crate::recording;
use plan::{Begin, Mix, PairPlan};
use play::{Account, LIMIT, Live};

/// Where nobody answers.
const SILENT_PORT: u16 = 9;

/// `TCP_USER_TIMEOUT` of an attempt there, milliseconds: a SYN or two are sent again.
const ATTEMPT_MS: u32 = 2_500;

/// Longer than the interval in which a flow reports at most once.
const SILENCE: Duration = Duration::from_millis(1_100);

/// What came of a mix.
struct Outcome {
    ended: Ended,
    recording: Vec<Event>,
    accounts: Vec<Account>,
    hosts: Vec<Counted>,
}

/// A host, and what its kernel counted while the agent ran.
struct Counted {
    /// Of its namespace.
    name: String,
    inode: u64,
    counters: Counters,
}

#[test]
fn a_mix_of_seed_1() {
    exact(1);
}

#[test]
fn a_mix_of_seed_2() {
    exact(2);
}

#[test]
fn a_mix_of_seed_3() {
    exact(3);
}

/// A seed that nobody chose, unless the environment does.
#[test]
fn any_seed() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let any = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let first: u64 = number("EDGEGHOST_SEED").unwrap_or(any);
    for seed in first..first + number("EDGEGHOST_SEEDS").unwrap_or(1) {
        exact(seed);
    }
}

#[expect(clippy::print_stdout, reason = "shown where the test fails")]
fn exact(seed: u64) {
    crate::require_root();
    let mix = Mix::new(seed);
    println!("EDGEGHOST_SEED={seed} repeats it: {mix:#?}");
    let outcome = play_it(&mix, None).unwrap();
    check::all(&outcome);
    println!("seed {seed}: {}", check::summary(&outcome));
}

/// The same, where packets are not just lost: the words are those of tc-netem(8). Returns how many
/// segments the hosts heard to have sent in vain (DSACK).
#[expect(clippy::print_stdout, reason = "shown where the test fails")]
pub(crate) fn exact_under(seed: u64, how: &str) -> u64 {
    crate::require_root();
    let mix = Mix::new(seed);
    println!("seed {seed} under {how}: {mix:#?}");
    let outcome = play_it(&mix, Some(how)).unwrap();
    check::all(&outcome);
    println!("seed {seed} under {how}: {}", check::summary(&outcome));
    let in_vain = |host: &Counted| host.counters.get("TCPDSACKRecv");
    outcome.hosts.iter().map(in_vain).sum()
}

fn play_it(mix: &Mix, how: Option<&str>) -> Result<Outcome> {
    let pairs: Vec<Pair> = mix
        .pairs
        .iter()
        .map(|_| Pair::new())
        .collect::<Result<_>>()?;
    let mut flows = Vec::new();
    for (pair, plan) in pairs.iter().zip(&mix.pairs) {
        play::set_up(pair, plan)?;
        flows.push(old_flows(pair, plan, how)?);
    }
    let hosts: Vec<&Host> = pairs
        .iter()
        .flat_map(|pair| [&pair.near, &pair.far])
        .collect();
    let before: Vec<Counters> = counters(&hosts)?;
    let folder = TempDir::new()?;
    let path = folder.path().join("recording.gz");
    let config = Config::new()
        .set("report", "detail_records_per_second", "1000000")
        .set("report", "detail_burst", "1000000")
        .set("health", "seconds", "1.0");
    let launch = Launch::new().config(config).record(Some(path.clone()));
    let agent = launch.start()?;
    let played: Vec<Result<(Vec<Account>, Vec<Live>)>> = std::thread::scope(|scope| {
        let all = pairs.iter().zip(&mix.pairs).zip(flows);
        let threads: Vec<_> = all
            .map(|((pair, plan), flows)| scope.spawn(|| play_pair(pair, plan, how, flows)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut accounts = Vec::new();
    let mut open = Vec::new();
    for (played, pair) in played.into_iter().zip(&pairs) {
        let (ended, left) = played?;
        accounts.extend(ended);
        open.extend(left.into_iter().map(|flow| (pair, flow)));
    }
    wait_until_quiet(&hosts, open.len() * 2)?;
    std::thread::sleep(SILENCE);
    for (pair, flow) in &open {
        accounts.extend(play::tell_open(pair, flow)?);
    }
    let after = counters(&hosts)?;
    let ended = stop(agent)?;
    let counted = hosts.into_iter().zip(after.iter().zip(&before));
    let counted = counted.map(|(host, (after, before))| {
        Ok(Counted {
            name: host.netns.name().to_owned(),
            inode: host.netns.inode()?,
            counters: after.since(before),
        })
    });
    Ok(Outcome {
        ended,
        recording: recording::read(&path),
        accounts,
        hosts: counted.collect::<Result<_>>()?,
    })
}

fn counters(hosts: &[&Host]) -> Result<Vec<Counters>> {
    hosts.iter().map(|host| Counters::of(&host.netns)).collect()
}

fn stop(agent: Agent) -> Result<Ended> {
    let ended = agent.stop(Signal::TERM)?;
    ended.assert_clean();
    Ok(ended)
}

/// The flows that are older than the agent, with a past; `None` for the others.
fn old_flows(pair: &Pair, plan: &PairPlan, how: Option<&str>) -> Result<Vec<Option<Live>>> {
    let old = |flow: &plan::FlowPlan| flow.begin == Begin::Old;
    let mut flows = Vec::new();
    for flow in &plan.flows {
        flows.push(old(flow).then(|| Live::new(pair, flow)).transpose()?);
    }
    let disturbed = disturb(pair, plan, how)?;
    for flow in flows.iter().flatten() {
        flow.work()?;
    }
    disturbed.lift()?;
    for flow in flows.iter_mut().flatten() {
        flow.age(pair)?;
    }
    Ok(flows)
}

/// What lies between two hosts.
enum Disturbed {
    Lossy([Loss; 2]),
    Shaped([Netem; 2]),
}

/// The planned loss, or what netem makes of both ways.
fn disturb(pair: &Pair, plan: &PairPlan, how: Option<&str>) -> Result<Disturbed> {
    let Some(how) = how else {
        return Ok(Disturbed::Lossy([
            pair.lose_outbound(plan.outbound)?,
            pair.lose_inbound(plan.inbound)?,
        ]));
    };
    Ok(Disturbed::Shaped([
        Netem::new(&pair.near.netns, DEVICE, how)?,
        Netem::new(&pair.far.netns, DEVICE, how)?,
    ]))
}

impl Disturbed {
    fn lift(self) -> Result<()> {
        match self {
            Self::Lossy(losses) => losses.into_iter().try_for_each(Loss::lift),
            Self::Shaped(shaped) => shaped.into_iter().try_for_each(Netem::lift),
        }
    }
}

/// All flows of a pair side by side. What comes back is over or open for good.
fn play_pair(
    pair: &Pair,
    plan: &PairPlan,
    how: Option<&str>,
    mut flows: Vec<Option<Live>>,
) -> Result<(Vec<Account>, Vec<Live>)> {
    for (flow, live) in plan.flows.iter().zip(&mut flows) {
        if flow.begin == Begin::Calm {
            *live = Some(Live::new(pair, flow)?);
        }
    }
    let disturbed = disturb(pair, plan, how)?;
    let silence = nobody_at(pair)?;
    let played: Vec<Result<_>> = std::thread::scope(|scope| {
        let attempt = plan.attempt.then(|| scope.spawn(|| attempt(pair)));
        let threads: Vec<_> = plan
            .flows
            .iter()
            .zip(flows)
            .map(|(flow, live)| scope.spawn(|| play::under_loss(pair, flow, live)))
            .collect();
        let played = threads.into_iter().map(|thread| thread.join().unwrap());
        let played = played.collect();
        attempt.map_or(Ok(()), |thread| thread.join().unwrap())?;
        Ok::<_, anyhow::Error>(played)
    })?;
    disturbed.lift()?;
    silence.lift()?;
    let (mut accounts, mut open) = (Vec::new(), Vec::new());
    for played in played {
        let (ended, live) = played?;
        accounts.extend(ended);
        if let Some(live) = live {
            let (ended, live) = play::after_loss(pair, live)?;
            accounts.extend(ended);
            open.extend(live);
        }
    }
    Ok((accounts, open))
}

fn nobody_at(pair: &Pair) -> Result<Loss> {
    let chosen = Where::Chosen {
        name: "silence",
        hook: "prerouting",
        rules: &[format!("tcp dport {SILENT_PORT}")],
    };
    Loss::new(&pair.far.netns, chosen, 100)
}

/// A connection that does not come about.
fn attempt(pair: &Pair) -> Result<()> {
    let to = std::net::SocketAddrV4::new(pair.far.v4, SILENT_PORT);
    let answered = pair.near.netns.enter(|| {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        set_tcp_user_timeout(&socket, ATTEMPT_MS)?;
        rustix::io::Result::Ok(connect(&socket, &to).is_ok())
    })??;
    ensure!(!answered, "somebody answered at {to}");
    Ok(())
}

/// Waits until nothing is left that could send anything again, but for `open` ends.
fn wait_until_quiet(hosts: &[&Host], open: usize) -> Result<()> {
    wait::until_true("the end of all that was closed", LIMIT, || {
        let mut left = 0;
        for host in hosts {
            let list = || tool::run("ss", &["-t", "-a", "-n", "-H"]);
            let sockets = host.netns.enter(list)??;
            let over = ["TIME-WAIT", "LISTEN"];
            left += sockets
                .lines()
                .filter(|line| !over.iter().any(|state| line.starts_with(state)))
                .count();
        }
        Ok(left == open)
    })
}
