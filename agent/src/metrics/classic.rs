//! The older text format of Prometheus (0.0.4) from `OpenMetrics`: a counter's family is called
//! like its series, with `_total`, and there are neither units nor an end.

use std::fmt::Write as _;

/// The same metrics in the older format.
pub(super) fn from_open_metrics(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut help = None;
    for line in text.lines() {
        // Writing to a string cannot fail.
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.split_once(' '))
        {
            let total = if kind == "counter" { "_total" } else { "" };
            if let Some((_, help)) = help.take() {
                let _ = writeln!(out, "# HELP {name}{total} {help}");
            }
            let _ = writeln!(out, "# TYPE {name}{total} {kind}");
        } else if !line.starts_with('#') {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_called_like_their_series() {
        let open = "# HELP x_sent_bytes Sent.\n# TYPE x_sent_bytes counter\n\
                    # UNIT x_sent_bytes bytes\nx_sent_bytes_total{a=\"#\"} 5\n\
                    # HELP x_open Open.\n# TYPE x_open gauge\nx_open 1\n# EOF\n";
        let classic = "# HELP x_sent_bytes_total Sent.\n# TYPE x_sent_bytes_total counter\n\
                       x_sent_bytes_total{a=\"#\"} 5\n\
                       # HELP x_open Open.\n# TYPE x_open gauge\nx_open 1\n";
        assert_eq!(from_open_metrics(open), classic);
    }
}
