//! Which of the host's own troubles is the one to mend.

use crate::detect::Trouble;

/// The host's own trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocalCause {
    /// An interface was reset, or its link came or went: nobody counts what that cost.
    Interrupted,
    /// The instance exceeds its network allowance.
    Allowance,
    /// Packets find no route.
    NoRoute,
    /// The host's own packet filter drops segments of established connections.
    Filtered,
    /// Segments do not leave: a firewall says no, or there is no room.
    Refused,
    /// An interface drops what it should send.
    Dropped,
}

impl LocalCause {
    /// The biggest; of equals the one that says most, for one packet may be in several counts.
    pub fn of(trouble: &Trouble) -> Option<Self> {
        if trouble.interrupted > 0 {
            return Some(Self::Interrupted);
        }
        let counts = [
            (Self::Allowance, trouble.allowance_exceeded),
            (Self::NoRoute, trouble.no_route),
            (Self::Filtered, trouble.firewall.recent),
            (Self::Refused, trouble.retransmissions_failed),
            (Self::Dropped, trouble.dropped),
        ];
        let most = counts.iter().map(|(_, count)| *count).max()?;
        let biggest = counts
            .into_iter()
            .find(|(_, count)| *count == most && most > 0);
        biggest.map(|(cause, _)| cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_biggest_is_to_be_mended_and_none_if_there_is_none() {
        let none = Trouble::default();
        assert_eq!(LocalCause::of(&none), None);
        let some = Trouble {
            allowance_exceeded: 3,
            dropped: 7,
            retransmissions_failed: 7,
            no_route: 1,
            ..none
        };
        assert_eq!(LocalCause::of(&some), Some(LocalCause::Refused));
        let mut filtered = some;
        filtered.firewall.recent = 7;
        assert_eq!(LocalCause::of(&filtered), Some(LocalCause::Filtered));
        let reset = Trouble {
            interrupted: 1,
            ..filtered
        };
        assert_eq!(LocalCause::of(&reset), Some(LocalCause::Interrupted));
        let more = Trouble {
            allowance_exceeded: 8,
            ..some
        };
        assert_eq!(LocalCause::of(&more), Some(LocalCause::Allowance));
    }
}
