//! `[status]`: where `edgeghost status` finds the running daemon.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the socket is by default.
const SOCKET: &str = "/run/edgeghost/status.sock";

/// Longest path that a Unix socket can have (`sun_path`, unix(7)), bytes.
const LONGEST: usize = 107;

/// The socket at which the daemon tells how things stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Status {
    /// The Unix socket that `edgeghost status` asks, readable and writable by its owner and group.
    /// Its folder must be there; where it is not, or may not be written to, the daemon runs
    /// without. Empty for none.
    pub socket: PathBuf,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            socket: SOCKET.into(),
        }
    }
}

impl Status {
    /// The socket, if there is to be one.
    pub fn socket(&self) -> Option<&Path> {
        (!self.socket.as_os_str().is_empty()).then_some(&self.socket)
    }

    /// The first key that will not do, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        let socket = self.socket()?;
        let shown = socket.display();
        let why = if !socket.is_absolute() {
            format!("{shown} is no absolute path; give one, as {SOCKET}, or \"\" for no socket")
        } else if socket.as_os_str().len() > LONGEST {
            format!("{shown} is longer than {LONGEST} bytes, more than a Unix socket can have")
        } else {
            return None;
        };
        Some(("status.socket", why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("t.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn on_by_default_and_off_when_empty() {
        assert_eq!(Config::default().status.socket(), Some(Path::new(SOCKET)));
        assert_eq!(
            parse("[status]\nsocket = \"\"").unwrap().status.socket(),
            None
        );
    }

    #[test]
    fn what_no_socket_can_be_called_is_refused() {
        let long = format!("[status]\nsocket = \"/{}\"", "x".repeat(107));
        for (text, word) in [
            ("[status]\nsocket = \"status.sock\"", "absolute"),
            (long.as_str(), "107 bytes"),
        ] {
            let said = parse(text).unwrap_err();
            assert!(
                said.contains("status.socket") && said.contains(word),
                "{said}"
            );
        }
    }
}
