//! What two programs say to each other.

/// What the programs say to each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    /// Seconds between one turn and the next, on average.
    pub(crate) gap: f64,
    /// What this host says in a turn.
    pub(crate) answer: Amount,
    /// What the peer says in a turn.
    pub(crate) ask: Amount,
    /// Who begins a turn.
    pub(crate) prompt: Prompt,
    /// Turns on one connection, on average.
    pub(crate) turns: f64,
    /// Seconds between one connection and the next, on average.
    pub(crate) pause: f64,
    /// This host ends the connection after its last turn, rather than the peer.
    pub(crate) hangs_up: bool,
    /// This host opened the connection.
    pub(crate) active: bool,
    /// The peer's receive window, segments.
    pub(crate) room: u32,
}

/// How much is said in a turn, segments.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    /// One segment nine times out of ten, otherwise two to six: a terminal.
    Terminal,
    /// Log-normal with this median.
    Around(f64),
    /// So many.
    Exactly(u32),
}

/// What makes this host send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// A request of the peer's; the next comes only after the answer.
    Request,
    /// A keystroke of the peer's; the next does not wait for anything.
    Keystroke,
    /// Its own clock; the peer says nothing.
    Clock,
    /// A need of its own, which the peer answers; the next comes only after that.
    Need,
}
