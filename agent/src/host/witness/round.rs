//! A round: every target is asked, side by side, within bounds.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::bounds::Bounds;
use super::connection::{Visit, visit};
use super::plan::due_s;
use super::target::Target;

/// What was begun within a round may end so much later.
const GRACE: Duration = Duration::from_secs(10);

/// A round under way. It ends, and with it every connection, when this is dropped.
#[derive(Debug)]
pub struct Round {
    visits: mpsc::Receiver<(usize, Visit)>,
    // Dropped, it takes its tasks along.
    _tasks: JoinSet<()>,
}

impl Round {
    /// Begins to ask `targets` from `from`; `number` keeps the rounds apart. To be called within a
    /// runtime.
    pub fn begin(from: IpAddr, targets: &[Target], bounds: &Bounds, number: u64) -> Self {
        let (told, visits) = mpsc::channel(64);
        let turns = Arc::new(Semaphore::new(bounds.at_once));
        let mut tasks = JoinSet::new();
        for (index, target) in targets.iter().enumerate() {
            let asker = Asker {
                from,
                target: *target,
                index,
                number,
                bounds: *bounds,
                turns: Arc::clone(&turns),
                told: told.clone(),
            };
            tasks.spawn(asker.ask(Instant::now()));
        }
        Self {
            visits,
            _tasks: tasks,
        }
    }

    /// The next connection that is over, with the number of its target; nothing when all are.
    pub async fn next(&mut self) -> Option<(usize, Visit)> {
        self.visits.recv().await
    }

    /// A connection that is already over.
    pub fn try_next(&mut self) -> Option<(usize, Visit)> {
        self.visits.try_recv().ok()
    }
}

/// Who asks one target.
struct Asker {
    from: IpAddr,
    target: Target,
    index: usize,
    number: u64,
    bounds: Bounds,
    turns: Arc<Semaphore>,
    told: mpsc::Sender<(usize, Visit)>,
}

impl Asker {
    async fn ask(self, begin: Instant) {
        let end = begin + self.bounds.round;
        let seed = format!("{}/{}/{}", self.from, self.target, self.number);
        let visits = self.bounds.visits(&self.target);
        for number in 0..visits {
            let due = due_s(&seed, number, visits, self.bounds.round.as_secs_f64());
            sleep_until(begin + Duration::from_secs_f64(due)).await;
            let Ok(_turn) = self.turns.acquire().await else {
                return;
            };
            if Instant::now() >= end {
                return;
            }
            let visit = visit(self.from, self.target, self.bounds.bytes, end + GRACE).await;
            if self.told.send((self.index, visit)).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::connection::Outcome;
    use super::super::target::Talk;
    use super::*;

    fn bounds(segments: u32, at_once: usize) -> Bounds {
        Bounds {
            segments,
            at_once,
            bytes: 1_024,
            round: Duration::from_secs(2),
            pause: Duration::from_secs(5),
            rounds_per_hour: 5,
        }
    }

    /// A server that counts connections, and holds each until the next comes or a while is over.
    fn server() -> (Target, Arc<AtomicUsize>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                counter.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        let talk = Talk::Connect;
        (Target { at, talk }, count)
    }

    fn in_runtime<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(work)
    }

    #[test]
    fn every_target_is_asked_as_often_as_planned() {
        let servers = [server(), server()];
        let targets = servers.each_ref().map(|(target, _)| *target);
        let visits = in_runtime(async {
            let mut round = Round::begin(Ipv4Addr::LOCALHOST.into(), &targets, &bounds(8, 1), 1);
            let mut visits = Vec::new();
            while let Some(visit) = round.next().await {
                visits.push(visit);
            }
            visits
        });
        for (index, (_, count)) in servers.iter().enumerate() {
            assert_eq!(count.load(Ordering::SeqCst), 4);
            let told = visits.iter().filter(|(of, _)| *of == index);
            assert_eq!(told.count(), 4, "{visits:?}");
        }
        let all_good = |(_, visit): &(usize, Visit)| visit.outcome == Outcome::Connected;
        assert!(visits.iter().all(all_good), "{visits:?}");
    }

    #[test]
    fn one_that_is_dropped_asks_no_more() {
        let (target, count) = server();
        let before = in_runtime(async {
            let from = Ipv4Addr::LOCALHOST.into();
            let mut round = Round::begin(from, &[target], &bounds(40, 1), 1);
            round.next().await.unwrap();
            drop(round);
            let before = count.load(Ordering::SeqCst);
            // As long as five more would take.
            tokio::time::sleep(Duration::from_millis(500)).await;
            before
        });
        assert_eq!(count.load(Ordering::SeqCst), before);
    }
}
