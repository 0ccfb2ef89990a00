//! What peers do.

use crate::sim::script::{Amount, Prompt, Script};

/// What a group's peers do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum App {
    /// A conversation.
    Talk(Script),
    /// This host opens connections to addresses that do not answer, so many a second.
    Scan(f64),
}

/// A request, an answer, over a connection that is kept.
const KEPT: Script = Script {
    gap: 1.0,
    answer: Amount::Around(8.0),
    ask: Amount::Exactly(1),
    prompt: Prompt::Request,
    turns: 30.0,
    pause: 1.0,
    hangs_up: false,
    active: false,
    room: 400,
};

impl App {
    /// Pages over connections that are kept.
    pub(crate) const fn web(gap: f64) -> Self {
        Self::Talk(Script { gap, ..KEPT })
    }

    /// A connection for each small request; this host hangs up.
    pub(crate) const fn short(gap: f64, median: f64) -> Self {
        Self::Talk(Script {
            gap,
            answer: Amount::Around(median),
            turns: 0.0,
            hangs_up: true,
            ..KEPT
        })
    }

    /// A load balancer's check: one small answer, a connection each.
    pub(crate) const fn check() -> Self {
        Self::short(5.0, 1.0)
    }

    /// Peers that send 20 segments at a time; this host confirms with one.
    pub(crate) const fn upload(gap: f64) -> Self {
        Self::Talk(Script {
            gap,
            answer: Amount::Exactly(1),
            ask: Amount::Exactly(20),
            ..KEPT
        })
    }

    /// A terminal.
    pub(crate) const fn ssh(gap: f64) -> Self {
        Self::Talk(Script {
            gap,
            answer: Amount::Terminal,
            prompt: Prompt::Keystroke,
            turns: 1e9,
            ..KEPT
        })
    }

    /// So many segments a second, as long as it lasts.
    pub(crate) const fn bulk(per_second: u32) -> Self {
        Self::Talk(Script {
            answer: Amount::Exactly(per_second),
            prompt: Prompt::Clock,
            turns: 1e9,
            ..KEPT
        })
    }

    /// A peer that takes two segments at a time.
    pub(crate) const fn slow_reader() -> Self {
        Self::Talk(Script {
            gap: 0.5,
            answer: Amount::Exactly(4),
            prompt: Prompt::Clock,
            turns: 1e9,
            room: 2,
            ..KEPT
        })
    }

    /// This host asks others, on kept connections.
    pub(crate) const fn client(gap: f64) -> Self {
        Self::Talk(Script {
            gap,
            answer: Amount::Around(2.0),
            ask: Amount::Around(4.0),
            prompt: Prompt::Need,
            turns: 20.0,
            hangs_up: true,
            active: true,
            ..KEPT
        })
    }

    /// This host asks one small thing now and then, on a connection each.
    pub(crate) const fn poll(pause: f64) -> Self {
        Self::Talk(Script {
            answer: Amount::Exactly(1),
            prompt: Prompt::Need,
            turns: 0.0,
            pause,
            hangs_up: true,
            active: true,
            ..KEPT
        })
    }
}
