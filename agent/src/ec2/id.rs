//! What AWS's identifiers look like. Nothing else of the metadata, of a recording or of a report is
//! kept, for it ends up in a command that somebody may paste into a shell.
//!
//! Resource ids are a prefix, a hyphen and 8 or 17 hex digits (EC2 User Guide, "Resource IDs").

/// Kinds of identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Id {
    /// `i-…`.
    Instance,
    /// `eni-…`.
    Interface,
    /// `eipalloc-…`.
    Allocation,
    /// `eipassoc-…`.
    Association,
    /// `vpc-…`.
    Vpc,
    /// `subnet-…`.
    Subnet,
    /// As `us-east-1` or `us-gov-west-1`.
    Region,
    /// As `us-east-1a`, `us-west-2-lax-1a` or `us-east-1-wl1-bos-wlz-1`.
    Zone,
    /// `aws`, `aws-cn`, `aws-us-gov` and the like.
    Partition,
    /// Twelve digits.
    Account,
    /// Six pairs of lower-case hex digits with colons.
    Mac,
    /// An incident of ours.
    Incident,
}

impl Id {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::Instance,
        Self::Interface,
        Self::Allocation,
        Self::Association,
        Self::Vpc,
        Self::Subnet,
        Self::Region,
        Self::Zone,
        Self::Partition,
        Self::Account,
        Self::Mac,
        Self::Incident,
    ];

    /// Whether `text` is one.
    pub fn fits(self, text: &str) -> bool {
        match self {
            Self::Instance => is_resource(text, "i-"),
            Self::Interface => is_resource(text, "eni-"),
            Self::Allocation => is_resource(text, "eipalloc-"),
            Self::Association => is_resource(text, "eipassoc-"),
            Self::Vpc => is_resource(text, "vpc-"),
            Self::Subnet => is_resource(text, "subnet-"),
            Self::Region => is_region(text),
            Self::Zone => is_zone(text),
            Self::Partition => is_partition(text),
            Self::Account => text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Mac => is_mac(text),
            Self::Incident => rest_is_hex(text, "eg-", &[16]),
        }
    }

    /// `text`, if it is one.
    pub fn of(self, text: &str) -> Option<String> {
        self.fits(text).then(|| text.to_owned())
    }

    /// The same of what may be absent.
    pub fn checked(self, text: Option<&str>) -> Option<String> {
        text.and_then(|text| self.of(text))
    }
}

fn is_resource(text: &str, prefix: &str) -> bool {
    rest_is_hex(text, prefix, &[8, 17])
}

fn rest_is_hex(text: &str, prefix: &str, lengths: &[usize]) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| lengths.contains(&rest.len()) && rest.bytes().all(is_hex))
}

const fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

/// Two letters of an area, words, a number: parts between hyphens.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, words @ .., number] = parts.as_slice() else {
        return false;
    };
    let is_word = |word: &str| {
        (1..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let is_number = |text: &str| {
        (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    area.len() == 2
        && is_word(area)
        && (1..=3).contains(&words.len())
        && words.iter().all(|word| is_word(word))
        && is_number(number)
}

/// A region, and what tells the zone.
fn is_zone(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let Some(end) = text.find(|c: char| c.is_ascii_digit()) else {
        return false;
    };
    let digits = text[end..].bytes().take_while(u8::is_ascii_digit).count();
    let (region, rest) = text.split_at(end + digits);
    is_region(region) && (1..=24).contains(&rest.len()) && rest.bytes().all(plain)
}

fn is_partition(text: &str) -> bool {
    let plain = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let mut parts = text.split('-');
    parts.next() == Some("aws") && text.len() <= 24 && parts.all(plain)
}

fn is_mac(text: &str) -> bool {
    let pairs: Vec<&str> = text.split(':').collect();
    pairs.len() == 6
        && pairs
            .iter()
            .all(|pair| pair.len() == 2 && pair.bytes().all(is_hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(Id, &str); 23] = [
        (Id::Instance, "i-0123456789abcdef0"),
        (Id::Instance, "i-1a2b3c4d"),
        (Id::Interface, "eni-0a1b2c3d4e5f60718"),
        (Id::Allocation, "eipalloc-0123456789abcdef0"),
        (Id::Association, "eipassoc-0123456789abcdef0"),
        (Id::Vpc, "vpc-0123456789abcdef0"),
        (Id::Subnet, "subnet-9d4a7b6c"),
        (Id::Region, "us-east-1"),
        (Id::Region, "us-gov-west-1"),
        (Id::Region, "cn-northwest-1"),
        (Id::Region, "us-isob-east-1"),
        (Id::Region, "eu-isoe-west-1"),
        (Id::Region, "ap-southeast-4"),
        (Id::Zone, "us-east-1a"),
        (Id::Zone, "us-west-2-lax-1a"),
        (Id::Zone, "us-east-1-wl1-bos-wlz-1"),
        (Id::Partition, "aws"),
        (Id::Partition, "aws-us-gov"),
        (Id::Partition, "aws-iso-b"),
        (Id::Account, "123456789012"),
        (Id::Mac, "0e:49:61:0f:c3:11"),
        (Id::Mac, "06:00:00:00:00:ff"),
        (Id::Incident, "eg-fe4b5fb2da7f5688"),
    ];

    #[test]
    fn what_aws_gives_fits_its_own_kind_alone() {
        for (kind, text) in GOOD {
            for other in Id::ALL {
                assert_eq!(other.fits(text), other == kind, "{text} as {other:?}");
            }
        }
    }

    #[test]
    fn nothing_more_and_nothing_less_fits() {
        for (kind, text) in GOOD {
            let mut bad: Vec<String> = vec![
                text[1..].to_owned(),
                text.to_uppercase(),
                text.replacen('-', "_", 1),
            ];
            for odd in [
                " ", "\n", ";", "$(x)", "'", "\"", "<", "é", "\0", "`", "/", "-",
            ] {
                bad.push(format!("{text}{odd}"));
                bad.push(format!("{odd}{text}"));
                bad.push(format!("{}{odd}{}", &text[..3], &text[3..]));
            }
            bad.retain(|bad| bad != text);
            for bad in bad {
                // A zone may have a hyphen more; no kind lets through what a shell would read.
                let harmless =
                    kind == Id::Zone && bad.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
                assert!(!kind.fits(&bad) || harmless, "{bad:?} as {kind:?}");
            }
        }
        for kind in Id::ALL {
            assert!(!kind.fits(""), "{kind:?}");
            assert!(!kind.fits(&"a".repeat(100_000)), "{kind:?}");
        }
        assert_eq!(Id::Vpc.checked(Some("vpc-1; reboot")), None);
    }
}
