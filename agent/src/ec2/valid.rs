//! What else counts as a value of the metadata: words and blocks. Identifiers are [`Id`](super::Id)'s.

use ipnet::IpNet;

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
    use crate::ec2::Id;

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
            |text| Id::Instance.of(text),
            |text| Id::Region.of(text),
            |text| Id::Zone.of(text),
            |text| Id::Account.of(text),
            |text| Id::Mac.of(text),
            instance_type,
            word,
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
