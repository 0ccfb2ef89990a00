//! Playing a mix: real sockets, real loss, and what `ss` says of each at the right moments.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgeghost_tests::offload;
use edgeghost_tests::pair::{DEVICE, Pair};
use edgeghost_tests::{traffic, wait};
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_linger;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::figures::{Figures, Id};
use super::plan::{Begin, End, FlowPlan, PairPlan, Work};

/// Longest that any one step may take.
pub(super) const LIMIT: Duration = Duration::from_mins(2);

/// Payload of the first message of an old flow, and of a poke.
const POKE: u64 = 10;

/// What the kernel says of one end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub(super) id: Id,
    /// What is to be told: nothing less, and where it is `whole`, nothing more.
    pub(super) expected: Figures,
    pub(super) whole: bool,
    /// Retransmitted segments that `ss` shows, and that had no occasion to be told.
    pub(super) seen_last: Option<u64>,
    /// Whether the connection came in: it then has the SYN-ACKs of its request in its count.
    pub(super) accepted: bool,
    /// Whether it is older than the agent.
    pub(super) old: bool,
}

/// A connection that is up.
#[derive(Debug)]
pub(super) struct Live {
    plan: FlowPlan,
    /// The near end, then the far one.
    ends: [TcpStream; 2],
    /// What each end had before the agent could see it.
    base: [Figures; 2],
}

/// Turns offloads off as planned.
pub(super) fn set_up(pair: &Pair, plan: &PairPlan) -> Result<()> {
    for (host, cut) in [&pair.near, &pair.far].into_iter().zip(plan.cut) {
        if cut {
            offload::cut_on_the_wire(&host.netns, DEVICE)?;
        }
    }
    Ok(())
}

impl Live {
    /// Connects.
    pub(super) fn new(pair: &Pair, plan: &FlowPlan) -> Result<Self> {
        let (near, far) = wait::until("free ports", LIMIT, || {
            let ends = pair.connect_within(plan.kind, plan.port, plan.far_port, LIMIT);
            // A program that another thread is starting has a copy of a socket just closed, until
            // it runs.
            match ends {
                Err(error) if error.downcast_ref() == Some(&Errno::ADDRNOTAVAIL) => Ok(None),
                ends => ends.map(Some),
            }
        })
        .with_context(|| format!("{plan:?}"))?;
        Ok(Self {
            plan: plan.clone(),
            ends: [near, far],
            base: [Figures::default(); 2],
        })
    }

    /// What it does, with all that it has sent acknowledged at the end.
    pub(super) fn work(&self) -> Result<()> {
        let [near, far] = &self.ends;
        let processors = self.processors()?;
        let (rounds, bytes) = match self.plan.work {
            Work::Bulk { rounds, bytes, .. } | Work::Talk { rounds, bytes } => (rounds, bytes),
        };
        for processor in processors.iter().cycle().take(usize::try_from(rounds)?) {
            sched_setaffinity(None, processor)?;
            match self.plan.work {
                Work::Bulk { out: true, .. } => traffic::bulk(near, far, bytes, LIMIT)?,
                Work::Bulk { out: false, .. } => traffic::bulk(far, near, bytes, LIMIT)?,
                Work::Talk { .. } => traffic::echo(far, near, 1, bytes, LIMIT)?,
            }
        }
        self.settle()
    }

    /// The processors that it is on in turn; all at once if it does not move.
    fn processors(&self) -> Result<Vec<CpuSet>> {
        let all = sched_getaffinity(None)?;
        if !self.plan.moves {
            return Ok(vec![all]);
        }
        let single = |number| {
            let mut set = CpuSet::new();
            set.set(number);
            set
        };
        let usable = (0..CpuSet::MAX_CPU).filter(|number| all.is_set(*number));
        Ok(usable.map(single).collect())
    }

    /// Nothing is on its way that could have to be sent again.
    fn settle(&self) -> Result<()> {
        self.ends
            .iter()
            .try_for_each(|end| traffic::wait_all_acked(end, LIMIT))
    }

    fn look(&self, pair: &Pair) -> Result<[Figures; 2]> {
        let [near, far] = &self.ends;
        Ok([
            Figures::look(&pair.near.netns, near)?,
            Figures::look(&pair.far.netns, far)?,
        ])
    }

    /// From here on the agent watches. What it finds of an old flow first is an answer that comes
    /// in, or something sent again; the message that was sent before is in the baseline.
    pub(super) fn age(&mut self, pair: &Pair) -> Result<()> {
        self.base = self.look(pair)?;
        self.base[0] += message(1);
        Ok(())
    }

    fn poke(&self) -> Result<()> {
        let [near, far] = &self.ends;
        traffic::echo(near, far, 1, POKE, LIMIT)?;
        self.settle()
    }

    fn accounts(&self, pair: &Pair, now: [Figures; 2], whole: bool) -> [Account; 2] {
        let ids = [
            Id::of(&pair.near.netns, &self.ends[0]),
            Id::of(&pair.far.netns, &self.ends[1]),
        ];
        [0, 1].map(|end| Account {
            id: ids[end],
            expected: now[end] - self.base[end],
            whole,
            seen_last: None,
            accepted: end == 0,
            old: self.plan.begin == Begin::Old,
        })
    }

    fn reset(self) -> Result<()> {
        for end in self.ends {
            set_socket_linger(&end, Some(Duration::ZERO))?;
        }
        Ok(())
    }

    /// By FINs, the one end's first.
    fn close(self, near_first: bool) -> Result<()> {
        let [near, far] = self.ends;
        if near_first {
            traffic::close_in_order(near, far, LIMIT)
        } else {
            traffic::close_in_order(far, near, LIMIT)
        }
    }
}

/// A message of [`POKE`] bytes, `number` times.
fn message(number: u64) -> Figures {
    Figures {
        sent: number,
        bytes_sent: number * POKE,
        ..Figures::default()
    }
}

/// All that happens under loss. Returns the accounts of what has ended, and the connection if it
/// is one that has not.
pub(super) fn under_loss(
    pair: &Pair,
    plan: &FlowPlan,
    live: Option<Live>,
) -> Result<(Vec<Account>, Option<Live>)> {
    let mut accounts = Vec::new();
    let mut live = live;
    for _ in 0..plan.connections {
        let flow = match live.take() {
            Some(flow) => flow,
            None => Live::new(pair, plan)?,
        };
        if plan.begin == Begin::Old {
            flow.poke()?;
        }
        flow.work().with_context(|| format!("{plan:?}"))?;
        let now = flow.look(pair)?;
        match plan.end {
            End::Orderly { .. } | End::Open => return Ok((accounts, Some(flow))),
            End::Reset => {
                accounts.extend(flow.accounts(pair, now, true));
                flow.reset()?;
            }
            End::Torn => {
                accounts.extend(flow.accounts(pair, now, false));
                // Little enough for the peer to take without reading.
                let [near, far] = &flow.ends;
                for end in [near, far] {
                    traffic::speak(end, 30_000, Instant::now() + LIMIT)?;
                }
                flow.reset()?;
            }
            End::Lossy { near_first } => {
                accounts.extend(flow.accounts(pair, now, false));
                flow.close(near_first)?;
            }
        }
    }
    Ok((accounts, None))
}

/// The end of what has come through. What is to stay open comes back.
pub(super) fn after_loss(pair: &Pair, flow: Live) -> Result<(Vec<Account>, Option<Live>)> {
    match flow.plan.end {
        End::Orderly { near_first } => {
            let now = flow.look(pair)?;
            let mut accounts = flow.accounts(pair, now, true);
            for account in &mut accounts {
                // The FIN.
                account.expected.bytes_acked += 1;
                account.expected.delivered += 1;
            }
            flow.close(near_first)?;
            Ok((accounts.to_vec(), None))
        }
        _ => Ok((Vec::new(), Some(flow))),
    }
}

/// Lets an open flow, silent for an interval, tell of all that was before. What the poke itself
/// has sent by then is the near end's message alone.
pub(super) fn tell_open(pair: &Pair, flow: &Live) -> Result<[Account; 2]> {
    let mut before = flow.look(pair)?;
    flow.poke()?;
    let after = flow.look(pair)?;
    before[0] += message(1);
    let mut accounts = flow.accounts(pair, before, true);
    for (end, account) in accounts.iter_mut().enumerate() {
        let last = after[end] - flow.base[end];
        account.seen_last = Some(last.retransmitted);
        // Something was sent again in the midst of it: then it may or may not be told.
        account.whole = last.retransmitted == account.expected.retransmitted;
    }
    Ok(accounts)
}
