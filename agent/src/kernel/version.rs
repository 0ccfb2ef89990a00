//! The kernel's release, for people to read. No decision hangs on it: distributions move changes
//! between versions, so what a kernel has is asked of its BTF.

use std::fmt;
use std::str::FromStr;

/// A kernel release as `uname -r` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The 6 of `6.1.141-155.222.amzn2023.x86_64`.
    pub major: u32,
    /// The 1.
    pub minor: u32,
    /// The 141; 0 where there is none, as in `6.12-rc1`.
    pub patch: u32,
    text: String,
}

/// A text that does not begin with a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a kernel release")]
pub struct ReleaseError(String);

impl Release {
    /// The release as it was told.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the distribution appended to the version, without the separator:
    /// `155.222.amzn2023.x86_64`. Empty for a kernel of one's own.
    pub fn flavour(&self) -> &str {
        let version = |c: char| c.is_ascii_digit() || c == '.';
        self.text
            .trim_start_matches(version)
            .trim_start_matches(['-', '+'])
    }
}

impl FromStr for Release {
    type Err = ReleaseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let version = text
            .split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .next()
            .unwrap_or_default();
        let mut numbers = version.split('.').map(str::parse);
        let mut number = || numbers.next().and_then(Result::ok);
        match (number(), number(), number()) {
            (Some(major), Some(minor), patch) => Ok(Self {
                major,
                minor,
                patch: patch.unwrap_or(0),
                text: text.to_owned(),
            }),
            _ => Err(ReleaseError(text.to_owned())),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_many_distributions() {
        for (text, version, flavour) in [
            (
                "6.1.141-155.222.amzn2023.x86_64",
                (6, 1, 141),
                "155.222.amzn2023.x86_64",
            ),
            ("5.10.0-1-amd64", (5, 10, 0), "1-amd64"),
            ("6.18.44-custom-v7", (6, 18, 44), "custom-v7"),
            (
                "5.10.238-231.953.amzn2.aarch64",
                (5, 10, 238),
                "231.953.amzn2.aarch64",
            ),
            ("6.17.0-1007-aws", (6, 17, 0), "1007-aws"),
            ("5.14.0-570.el9.x86_64", (5, 14, 0), "570.el9.x86_64"),
            ("6.12.0", (6, 12, 0), ""),
            ("6.12-rc1", (6, 12, 0), "rc1"),
            (
                "6.6.87.2-microsoft-standard-WSL2",
                (6, 6, 87),
                "microsoft-standard-WSL2",
            ),
            ("6.9.0+", (6, 9, 0), ""),
            (
                "6.1.141-155.222.amzn2023.x86_64\n",
                (6, 1, 141),
                "155.222.amzn2023.x86_64",
            ),
        ] {
            let release: Release = text.parse().unwrap();
            assert_eq!(
                (release.major, release.minor, release.patch),
                version,
                "{text}"
            );
            assert_eq!(release.flavour(), flavour, "{text}");
            assert_eq!(release.to_string(), text.trim());
            assert_eq!(release.as_str(), text.trim());
        }
    }

    #[test]
    fn what_is_no_release() {
        for text in [
            "",
            "6",
            "6.",
            "linux",
            "-6.1",
            ".6.1",
            "6..1",
            "99999999999.1",
            "v6.1",
        ] {
            assert_eq!(
                text.parse::<Release>(),
                Err(ReleaseError(text.to_owned())),
                "{text:?}"
            );
        }
        let error = "linux".parse::<Release>().unwrap_err();
        assert_eq!(error.to_string(), "\"linux\" is not a kernel release");
    }
}
