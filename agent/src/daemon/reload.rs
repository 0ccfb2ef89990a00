//! SIGHUP: the outputs are opened anew, and the configuration is read again.

use std::time::Duration;

use super::pace::Pace;
use super::ranges::RangesWatch;
use super::{Daemon, config_info};
use crate::config::Config;
use crate::event::Time;
use crate::{publish, startup};

impl Daemon {
    /// Reads the configuration again, puts in force what can be, and tells. What is wrong changes
    /// nothing.
    pub(super) fn reload(&mut self) {
        self.supervisor.reloading();
        self.sinks.reopen();
        // What came before it is judged by what was in force.
        self.drain();
        let read = self.sources.read();
        let change = read.as_ref().map(|read| self.config.changed_to(read));
        match &change {
            Ok(change) => self.put_in_force(&change.config),
            Err(error) => log::error!("{error}"),
        }
        let info = config_info(&self.config, &self.sources);
        let note = publish::reload(change.as_ref().map_err(|error| *error), info, Time::now());
        log::info!("{}", note.message);
        if let Some(recorder) = &mut self.recorder {
            recorder.reload(note.clone());
        }
        self.tell(note);
        self.supervisor.ready();
    }

    fn put_in_force(&mut self, config: &Config) {
        if config.report != self.config.report {
            let settings = startup::settings(config);
            self.pace = Pace::new(settings);
            if let Err(error) = self.kernel.set(settings) {
                log::error!("the report interval cannot be changed: {error}");
            }
        }
        if config.path.aws_ranges != self.config.path.aws_ranges {
            let file = &config.path.aws_ranges;
            let is_named = !file.as_os_str().is_empty();
            if !is_named {
                self.pipeline.set_aws_ranges(None);
            }
            self.aws_ranges = is_named.then(|| RangesWatch::unread(file));
        }
        self.health = Duration::from_secs_f64(config.health.seconds);
        self.pipeline.reconfigure(config);
        self.config = config.clone();
    }
}
