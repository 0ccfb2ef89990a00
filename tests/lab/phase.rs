//! The four phases of the story.

/// Where the story is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Nothing is wrong.
    Healthy,
    /// The gateway loses public packets.
    Collapse,
    /// The recommended step is being taken.
    Fix,
    /// The mapping has been made anew, on a clean path.
    Recovery,
}

impl Phase {
    pub(crate) const ALL: [Self; 4] = [Self::Healthy, Self::Collapse, Self::Fix, Self::Recovery];

    pub(crate) const fn number(self) -> usize {
        self as usize + 1
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Collapse => "collapse",
            Self::Fix => "fix",
            Self::Recovery => "recovery",
        }
    }
}
