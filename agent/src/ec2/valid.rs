//! What counts as an id, a region, a block: nothing else of the metadata is kept, for it ends up in
//! command lines that somebody pastes into a shell.

use ipnet::IpNet;

/// An id of EC2's, as `i-0123456789abcdef0`: the kind, a hyphen, and 8 or 17 hex digits ("Resource
/// IDs", EC2 user guide).
pub(super) fn id(kind: &str, text: &str) -> Option<String> {
    let digits = text.strip_prefix(kind)?.strip_prefix('-')?;
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (matches!(digits.len(), 8 | 17) && digits.bytes().all(hex)).then(|| text.to_owned())
}

/// A region, as `us-east-1` or `us-gov-west-1`: two letters or more of an area, words, a number.
pub(super) fn region(text: &str) -> Option<String> {
    let (words, number) = text.rsplit_once('-')?;
    let mut parts = words.split('-');
    let area = parts.next()?;
    let mut words = 0_usize;
    for part in parts {
        words += 1;
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return None;
        }
    }
    let fits = area.len() == 2
        && area.bytes().all(|byte| byte.is_ascii_lowercase())
        && (1..=3).contains(&words)
        && matches!(number.len(), 1 | 2)
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && text.len() <= 32;
    fits.then(|| text.to_owned())
}

/// An availability zone, as `us-east-1a`, or a local one, as `us-west-2-lax-1a`: the region before
/// it, and small letters, digits and hyphens.
pub(super) fn zone(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let shape = text.len() <= 48
        && text.bytes().all(plain)
        && text
            .bytes()
            .next_back()
            .is_some_and(|last| last.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.contains('-')
        && text
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_lowercase());
    shape.then(|| text.to_owned())
}

/// An account: twelve digits.
pub(super) fn account(text: &str) -> Option<String> {
    let fits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.to_owned())
}

/// An instance type, as `m5.large` or `u-6tb1.metal`.
pub(super) fn instance_type(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let (family, size) = text.split_once('.')?;
    let part = |part: &str| (1..=24).contains(&part.len()) && part.bytes().all(plain);
    let fits = part(family) && part(size) && !family.starts_with('-');
    fits.then(|| text.to_owned())
}

/// A word of small letters and hyphens, as `on-demand` or `aws-cn`.
pub(super) fn word(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    let fits = (2..=24).contains(&text.len())
        && text.bytes().all(plain)
        && !text.starts_with('-')
        && !text.ends_with('-');
    fits.then(|| text.to_owned())
}

/// A MAC address, in small letters with colons.
pub(super) fn mac(text: &str) -> Option<String> {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let mut parts = 0_usize;
    for part in text.split(':') {
        parts += 1;
        if part.len() != 2 || !part.bytes().all(hex) {
            return None;
        }
    }
    (parts == 6).then(|| text.to_owned())
}

/// A block of a VPC: IPv4 from /16 to /28, IPv6 from /44 to /64 ("VPC CIDR blocks", VPC user
/// guide). A wider one, 0.0.0.0/0 say, would make everything private.
pub(super) fn vpc_block(text: &str) -> Option<IpNet> {
    let block: IpNet = text.parse().ok()?;
    let length = block.prefix_len();
    let fits = match block {
        IpNet::V4(_) => (16..=28).contains(&length),
        IpNet::V6(_) => (44..=64).contains(&length),
    };
    fits.then(|| block.trunc())
}

/// A block delegated to an interface: /28 of IPv4, /80 of IPv6 ("Assign prefixes to network
/// interfaces", EC2 user guide).
pub(super) fn delegated(text: &str) -> Option<IpNet> {
    let block: IpNet = text.parse().ok()?;
    let fits = match block {
        IpNet::V4(_) => block.prefix_len() >= 28,
        IpNet::V6(_) => block.prefix_len() >= 80,
    };
    fits.then(|| block.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_a_kind_and_hex_digits() {
        for good in ["i-0123abcd", "i-0123456789abcdef0"] {
            assert_eq!(id("i", good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "i-",
            "i-0123abc",
            "i-0123ABCD",
            "i-0123456789abcdef01",
            "eni-0123abcd",
            "i-0123abc;",
            "i-0123abcd\n",
            " i-0123abcd",
            "i-$(whoami)",
            "i-0123456789abcdeg0",
        ] {
            assert_eq!(id("i", bad), None, "{bad:?}");
        }
    }

    #[test]
    fn regions_and_zones() {
        for good in [
            "us-east-1",
            "us-gov-west-1",
            "ap-southeast-7",
            "us-iso-east-1",
            "eu-isoe-west-1",
        ] {
            assert_eq!(region(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "us-east",
            "us-east-",
            "us--1",
            "usa-east-1",
            "US-EAST-1",
            "us-east-1;",
            "us-east-1a",
            "us-1",
            "us-east-123",
            "-east-1",
            "us-east-1\n",
            "$(a)-b-1",
        ] {
            assert_eq!(region(bad), None, "{bad:?}");
        }
        for good in ["us-east-1a", "us-west-2-lax-1a", "us-east-1-wl1-bos-wlz1a"] {
            assert_eq!(zone(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "us-east-1",
            "us-east-1A",
            "a b-1a",
            "1-a",
            "us-east-1a\n",
            "`a`-1a",
        ] {
            assert_eq!(zone(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn whatever_comes_only_what_is_harmless_in_a_shell_gets_through() {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap()
        };
        let good = [
            "i-0123456789abcdef0",
            "us-east-1",
            "us-west-2-lax-1a",
            "123456789012",
            "m5.large",
            "on-demand",
            "0e:49:61:0f:c3:11",
            "10.1.0.0/16",
            "2600:1f18:100::/56",
        ];
        let odd: Vec<char> = "$`;|&<>(){}'\"\\ \n\t\0\u{1b}\u{202e}é/..--A"
            .chars()
            .collect();
        let harmless = |text: &str| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            let fits = |c: char| plain(c) || matches!(c, '-' | '.' | ':');
            text.chars().all(fits) && text.starts_with(plain)
        };
        let valid: [fn(&str) -> Option<String>; 7] = [
            |text| id("i", text),
            region,
            zone,
            account,
            instance_type,
            word,
            mac,
        ];
        let (mut passed, mut refused) = (0, 0);
        for _ in 0..200_000 {
            let mut text: Vec<char> = good[random(good.len())].chars().collect();
            for _ in 0..random(3) {
                let at = random(text.len() + 1);
                let odd = odd[random(odd.len())];
                match random(3) {
                    0 => text.insert(at, odd),
                    1 if at < text.len() => text[at] = odd,
                    _ => text.truncate(at),
                }
            }
            let text: String = text.into_iter().collect();
            for valid in valid {
                match valid(&text) {
                    Some(kept) => {
                        assert!(kept == text && harmless(&kept), "{kept:?}");
                        passed += 1;
                    }
                    None => refused += 1,
                }
            }
            for block in [vpc_block(&text), delegated(&text)].into_iter().flatten() {
                assert!(block.prefix_len() >= 16, "{block}");
            }
        }
        assert!(passed > 10_000 && refused > 10_000, "{passed} {refused}");
    }

    #[test]
    fn the_rest() {
        assert!(account("123456789012").is_some());
        for bad in ["", "12345678901", "1234567890123", "12345678901a"] {
            assert_eq!(account(bad), None);
        }
        for good in [
            "m5.large",
            "u-6tb1.metal",
            "mac2-m2pro.metal",
            "c7gn.16xlarge",
        ] {
            assert!(instance_type(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "m5",
            "m5.",
            ".large",
            "m5.large ",
            "m5.la rge",
            "M5.large",
        ] {
            assert_eq!(instance_type(bad), None, "{bad:?}");
        }
        for (good, bad) in [
            ("on-demand", "on demand"),
            ("aws-us-gov", "-aws"),
            ("spot", "s"),
        ] {
            assert!(word(good).is_some() && word(bad).is_none());
        }
        assert!(mac("0e:49:61:0f:c3:11").is_some());
        for bad in [
            "0e:49:61:0f:c3",
            "0E:49:61:0f:c3:11",
            "0e:49:61:0f:c3:11/",
            "../../x",
            "::::::",
        ] {
            assert_eq!(mac(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_vpc_is_not_the_world() {
        for good in ["10.1.0.0/16", "52.1.0.0/28", "2600:1f18:100::/56"] {
            assert!(vpc_block(good).is_some(), "{good}");
        }
        for bad in [
            "0.0.0.0/0",
            "10.0.0.0/8",
            "10.0.0.0/15",
            "::/0",
            "2000::/3",
            "10.0.0.1",
            "x",
        ] {
            assert_eq!(vpc_block(bad), None, "{bad}");
        }
        assert!(delegated("10.1.64.16/28").is_some() && delegated("10.0.0.0/8").is_none());
    }
}
