//! What is known of the host's surroundings: its own addresses, joined with what the metadata says.

use std::io;
use std::time::{Duration, Instant};

use super::Daemon;
use crate::config;
use crate::ec2::{Absence, Context, Firmware, MetadataWatch, READ_LIMIT, Reading};
use crate::event::Ec2Info;
use crate::host::AddressWatch;
use crate::publish;

/// The first line waits for the metadata no longer than this, what else is done meanwhile
/// included.
const FIRST: Duration = Duration::from_secs(1);

/// The metadata is asked for again before advice; whoever waits gives up after this.
const GIVE_UP_NS: u64 = READ_LIMIT.as_secs() * 1_000_000_000;

/// It is not asked for advice more often than this: an answer is as good a little later.
const ASK_EVERY_NS: u64 = 4_000_000_000;

/// Follows the surroundings.
pub(super) struct ContextWatch {
    addresses: AddressWatch,
    metadata: MetadataWatch,
    firmware: Firmware,
    told: Option<Context>,
    /// The metadata that was told of.
    attempts: u64,
    absence: Option<Absence>,
    request: Option<Request>,
    asked_ns: Option<u64>,
    started: Instant,
}

/// Somebody waits for the metadata.
struct Request {
    number: u64,
    since_ns: u64,
}

/// What there is to tell.
pub(super) struct News {
    /// Now.
    pub(super) context: Context,
    /// It says something that was not known.
    pub(super) changed: bool,
}

impl ContextWatch {
    /// Begins to follow them. The metadata may take a while: it is asked as soon as possible.
    pub(super) fn start(settings: &config::Ec2) -> io::Result<Self> {
        Ok(Self {
            addresses: AddressWatch::default(),
            metadata: MetadataWatch::start(settings.settings())?,
            firmware: Firmware::read(),
            told: None,
            attempts: 0,
            absence: None,
            request: None,
            asked_ns: None,
            started: Instant::now(),
        })
    }

    /// What is known at first, and what the first line says of it; waits a little for the
    /// metadata.
    pub(super) fn first(&self) -> (Context, Ec2Info) {
        let reading = self
            .metadata
            .first(FIRST.saturating_sub(self.started.elapsed()));
        let context = self.join(&reading);
        let info = Ec2Info {
            context: reading.known.is_some(),
            source: publish::source(context.source),
            absence: reading.absence.map(|absence| absence.as_str().to_owned()),
            reason: reading
                .absence
                .map(|absence| self.firmware.explain(absence)),
        };
        (context, info)
    }

    /// What there is to tell now: changes, and what was asked for. `wanted`: advice is near.
    /// `hurry`: an incident is open.
    pub(super) fn news(&mut self, now_ns: u64, wanted: bool, hurry: bool) -> Option<News> {
        self.metadata.hurry(hurry);
        if wanted {
            self.ask(now_ns);
        }
        let reading = self.metadata.latest();
        let answered = self.request.as_ref().is_some_and(|request| {
            reading.answered >= request.number
                || now_ns.saturating_sub(request.since_ns) >= GIVE_UP_NS
        });
        if answered {
            self.request = None;
        }
        let read = reading.attempts != self.attempts;
        self.attempts = reading.attempts;
        // With new metadata an interface may have come or gone.
        let looked = self.addresses.look(now_ns, read);
        if !looked && !answered {
            return None;
        }
        self.log(&reading, now_ns);
        let context = self.join(&reading);
        let changed = !self
            .told
            .as_ref()
            .is_some_and(|told| told.says_the_same(&context));
        if !changed && !answered {
            return None;
        }
        self.told = Some(context.clone());
        Some(News { context, changed })
    }

    fn ask(&mut self, now_ns: u64) {
        let lately = |at: u64| now_ns.saturating_sub(at) < ASK_EVERY_NS;
        if self.request.is_some() || self.asked_ns.is_some_and(lately) {
            return;
        }
        self.asked_ns = Some(now_ns);
        self.request = Some(Request {
            number: self.metadata.ask(),
            since_ns: now_ns,
        });
    }

    fn join(&self, reading: &Reading) -> Context {
        Context::joined(reading, &self.firmware, self.addresses.addresses())
    }

    /// Tells of the metadata once whenever that changes.
    fn log(&mut self, reading: &Reading, now_ns: u64) {
        let before = std::mem::replace(&mut self.absence, reading.absence);
        match (before, reading.absence) {
            (before, now) if before == now => {}
            (_, Some(Absence::Waiting | Absence::Off)) | (None | Some(Absence::Waiting), None) => {}
            (_, Some(absence)) => {
                let known = reading.read_ns.map_or_else(
                    || "advice will carry placeholders".to_owned(),
                    |read| {
                        let age = now_ns.saturating_sub(read) / 1_000_000_000;
                        format!("what was read {age} s ago is used on")
                    },
                );
                log::warn!("EC2 metadata: {}; {known}", self.firmware.explain(absence));
            }
            (Some(_), None) => log::info!("EC2 metadata: it answers again"),
        }
    }
}

impl Daemon {
    /// Hands on what is known of the surroundings, if there is news.
    pub(super) fn look_at_context(&mut self, now_ns: u64) {
        let wanted = self.pipeline.wants_context(now_ns);
        let hurry = self.pipeline.has_incident();
        let Some(News { context, changed }) = self.context.news(now_ns, wanted, hurry) else {
            return;
        };
        let (note, context) = publish::context(&context, self.clock.wall(now_ns));
        self.stream.learn(&context);
        if let Some(recorder) = &mut self.recorder {
            recorder.context(&context, note.clone());
        }
        if changed {
            self.tell(note);
        }
        self.pipeline.context(&context);
    }
}
