//! What was probably meant.

use toml::{Table, Value};

use super::Config;

/// Names as like one another as this are taken for one with a slip of the pen (Jaro-Winkler).
const ALIKE: f64 = 0.85;

/// What helps with a complaint of the TOML reader about an unknown name; empty if nothing does.
///
/// The reader puts names in backticks: first the unknown one, then those that it knows.
pub(super) fn help(complaint: &str) -> String {
    let mut quoted = complaint.split('`').skip(1).step_by(2);
    let Some(unknown) = quoted.next().filter(|_| complaint.starts_with("unknown")) else {
        return String::new();
    };
    let near = quoted
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    if let Some((_, name)) = near {
        return format!("; did you mean `{name}`?");
    }
    home(unknown).map_or_else(String::new, |section| {
        format!("; `{unknown}` belongs to [{section}]")
    })
}

/// The section that has a key of this name.
fn home(key: &str) -> Option<String> {
    let sections: Table = toml::from_str(&Config::default().to_toml().ok()?).ok()?;
    let has = |section: &Value| {
        section
            .as_table()
            .is_some_and(|keys| keys.contains_key(key))
    };
    let found = sections.into_iter().find(|(_, section)| has(section));
    found.map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_and_a_wrong_section() {
        for (complaint, wanted) in [
            (
                "unknown field `lenght_seconds`, expected `length_seconds` or `peers_max`",
                "; did you mean `length_seconds`?",
            ),
            (
                "unknown field `hold_seconds`, expected `seconds` or `peers_max`",
                "; `hold_seconds` belongs to [detect]",
            ),
            ("unknown field `xyz`, expected `seconds`", ""),
            ("invalid type: string \"`a`\", expected f64", ""),
            ("unknown", ""),
        ] {
            assert_eq!(help(complaint), wanted, "{complaint}");
        }
    }
}
