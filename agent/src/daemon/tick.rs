//! What is done once a second: the context, the host's counters, the judgement.

use super::Daemon;
use super::witness::News;
use crate::bpf::DropCounts;
use crate::clock::Clock;
use crate::host::HostSample;
use crate::vitals;

impl Daemon {
    /// Judges by all that was taken in.
    pub(super) fn judge(&mut self) {
        let (now_ns, host) = self.look_at_host(false);
        let window_closed = self.pipeline.tick(now_ns, &host, self.clock, &mut self.out);
        self.look_at_sockets(now_ns);
        if let Some(witnesses) = &mut self.witnesses {
            witnesses.tick(now_ns, &self.pipeline, &mut self.out.notes);
        }
        self.send();
        if window_closed && self.vitals.has_news(&self.kernel, &self.figures()) {
            self.tell_health();
        }
        self.show(now_ns);
        self.kernel.count_flows();
        self.kernel.flush_log();
        if let Some(settings) = self.pace.adapt(vitals::ring_full(&self.kernel))
            && let Err(error) = self.kernel.set(settings)
        {
            log::error!("the report interval cannot be changed: {error}");
        }
    }

    /// Tells what became of a connection or a look of the agent's own, if that is to be told.
    pub(super) fn hear_witnesses(&mut self, news: News) {
        let now_ns = Clock::monotonic_ns();
        let Some(witnesses) = &mut self.witnesses else {
            return;
        };
        for note in witnesses.take(news, now_ns) {
            self.tell(note);
        }
    }

    /// What a tick goes by, recorded before it is judged; `last` if no other follows.
    pub(super) fn look_at_host(&mut self, last: bool) -> (u64, HostSample) {
        let now_ns = Clock::monotonic_ns();
        let ranges = self
            .aws_ranges
            .as_mut()
            .and_then(|watch| watch.changed(now_ns));
        if ranges.is_some() {
            self.pipeline.set_aws_ranges(ranges);
        }
        self.look_at_context(now_ns);
        let figures = self.pipeline.figures();
        let busy = figures.flows > 0 || figures.received > self.received;
        self.received = figures.received;
        let mut host = self.host.news(busy, &self.pipeline.sufferers());
        // As long as the other counters are read.
        let reads = busy || host != HostSample::default();
        let counts = reads.then(|| self.drop_counts()).flatten();
        host.drops = self.drops.news(counts.as_deref());
        if let Some(recorder) = &mut self.recorder {
            recorder.tick(now_ns, &host, self.clock, last);
        }
        (now_ns, host)
    }

    /// What was dropped in this process's network namespace so far, where the programs tell.
    fn drop_counts(&self) -> Option<DropCounts> {
        self.kernel.drops(self.netns).unwrap_or_else(|error| {
            log::error!("the counts of dropped packets cannot be read: {error}");
            None
        })
    }
}
