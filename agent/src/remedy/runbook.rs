//! The re-association as a shell script that stands alone: it looks, tries dry, asks, acts, and
//! brings the address back on every way out.
//!
//! What the report says gets into the script as variables at its head, and only if it has the
//! strict form of what it claims to be: a report passes through log shippers and chat channels
//! before somebody runs what comes of it.

use std::net::IpAddr;

use thiserror::Error;

use crate::ec2::Id;
use crate::event::{Target, Time};

/// The script with empty values: one file for who runs it, four for who reads it here.
const TEMPLATE: &str = concat!(
    include_str!("runbook/1-options.sh"),
    include_str!("runbook/2-ec2.sh"),
    include_str!("runbook/3-guards.sh"),
    include_str!("runbook/4-calls.sh"),
);

/// First and last line of the values in it.
const BEGIN: &str = "# values: begin\n";
const END: &str = "# values: end\n";

/// What a recommendation is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Id of the incident.
    pub incident: Option<String>,
    /// When the recommendation was made.
    pub time: Option<Time>,
    /// Name of the host that made it.
    pub host: Option<String>,
    /// The address and what belongs to it.
    pub target: Target,
}

/// Why a report does not become a script.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadReport {
    /// A value is not what it claims to be.
    #[error(
        "{field} is {value:?}, which is not {form}: the report is damaged or forged, and nothing \
         of it gets into a script. Take the recommendation from the agent's own output"
    )]
    Value {
        /// Path of the field in the event.
        field: &'static str,
        /// What it holds, shortened.
        value: String,
        /// What it should look like.
        form: &'static str,
    },
    /// Nothing in it tells which address is meant.
    #[error(
        "remediation.target has neither allocation_id nor public_ip nor private_ip: nothing tells \
         which Elastic IP is meant"
    )]
    NoAddress,
}

/// Writes the script. What the target lacks, the script looks up by what it has.
pub fn script(report: &Report) -> Result<String, BadReport> {
    let target = &report.target;
    let time = report.time.filter(|time| time.0 > 0);
    let public_ip = ipv4("remediation.target.public_ip", target.public_ip)?;
    let private_ip = ipv4("remediation.target.private_ip", target.private_ip)?;
    let allocation = checked(
        "remediation.target.allocation_id",
        target.allocation_id.as_deref(),
        |text| Id::Allocation.fits(text),
        "eipalloc- and 8 or 17 hex digits",
    )?;
    if allocation.is_empty() && public_ip.is_empty() && private_ip.is_empty() {
        return Err(BadReport::NoAddress);
    }
    let values = [
        ("INCIDENT", incident(report.incident.as_deref())?),
        ("REPORTED", time.map_or_else(String::new, seconds)),
        (
            "REPORTED_EPOCH",
            time.map_or_else(String::new, |time| (time.0 / 1_000_000_000).to_string()),
        ),
        ("HOST", host(report.host.as_deref())),
        (
            "REGION",
            checked(
                "remediation.target.region",
                target.region.as_deref(),
                |text| Id::Region.fits(text),
                "a region such as us-east-1",
            )?,
        ),
        ("PUBLIC_IP", public_ip),
        ("PRIVATE_IP", private_ip),
        ("ALLOCATION_ID", allocation),
        (
            "ASSOCIATION_ID",
            checked(
                "remediation.target.association_id",
                target.association_id.as_deref(),
                |text| Id::Association.fits(text),
                "eipassoc- and 8 or 17 hex digits",
            )?,
        ),
        (
            "NETWORK_INTERFACE_ID",
            checked(
                "remediation.target.network_interface_id",
                target.network_interface_id.as_deref(),
                |text| Id::Interface.fits(text),
                "eni- and 8 or 17 hex digits",
            )?,
        ),
        (
            "INSTANCE_ID",
            checked(
                "remediation.target.instance_id",
                target.instance_id.as_deref(),
                |text| Id::Instance.fits(text),
                "i- and 8 or 17 hex digits",
            )?,
        ),
    ];
    Ok(fill(&values))
}

/// The template with its block of empty values replaced.
fn fill(values: &[(&str, String)]) -> String {
    let mut lines: String = BEGIN.to_owned();
    for (name, value) in values {
        lines.extend([*name, "='", value, "'\n"]);
    }
    let (head, rest) = TEMPLATE.split_once(BEGIN).unwrap_or_default();
    let (_, tail) = rest.split_once(END).unwrap_or_default();
    [head, &lines, END, tail].concat()
}

fn incident(value: Option<&str>) -> Result<String, BadReport> {
    let good = |text: &str| {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    checked(
        "incident.id",
        value,
        good,
        "an incident id such as eg-0123456789abcdef",
    )
}

/// The address as text. An Elastic IP is IPv4, and so is what it maps to.
fn ipv4(field: &'static str, address: Option<IpAddr>) -> Result<String, BadReport> {
    match address {
        Some(IpAddr::V6(v6)) => Err(bad(field, &v6.to_string(), "an IPv4 address")),
        Some(IpAddr::V4(v4)) => Ok(v4.to_string()),
        None => Ok(String::new()),
    }
}

/// The host's name is for the reader alone: one that a shell could trip over is left out.
fn host(value: Option<&str>) -> String {
    value
        .filter(|text| {
            text.len() <= 253
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        })
        .unwrap_or_default()
        .to_owned()
}

/// To the second, as `2026-11-21T05:58:28Z`.
fn seconds(time: Time) -> String {
    let text = time.to_string();
    text.split_once('.')
        .map_or_else(String::new, |(whole, _)| format!("{whole}Z"))
}

fn checked(
    field: &'static str,
    value: Option<&str>,
    good: impl Fn(&str) -> bool,
    form: &'static str,
) -> Result<String, BadReport> {
    match value {
        None => Ok(String::new()),
        Some(text) if good(text) => Ok(text.to_owned()),
        Some(text) => Err(bad(field, text, form)),
    }
}

/// A refusal of a value, shown no longer than a line.
pub fn bad(field: &'static str, value: &str, form: &'static str) -> BadReport {
    BadReport::Value {
        field,
        value: value.chars().take(80).collect(),
        form,
    }
}

#[cfg(test)]
mod tests;
