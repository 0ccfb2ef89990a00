//! What stands around every event.

use schemars::JsonSchema;
use serde::Serialize;

use super::Time;

/// One line of the stream.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Line<'a, B> {
    /// When it happened.
    pub timestamp: Time,
    /// Version of these types.
    pub schema_version: &'a str,
    /// Name and place in the stream.
    pub event: EventMeta<'a>,
    /// `INFO`, `WARN` or `ERROR`.
    pub severity_text: &'a str,
    /// OpenTelemetry's severity number.
    pub severity_number: u8,
    /// The event in one sentence.
    pub message: &'a str,
    /// Who writes.
    pub service: Service<'a>,
    /// Where it happened.
    pub host: Host<'a>,
    /// The cloud around the host; absent outside one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud<'a>>,
    /// What it is about.
    #[serde(flatten)]
    pub body: B,
}

/// Identity of an event.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EventMeta<'a> {
    /// Which kind of event this is.
    pub name: &'a str,
    /// Counts up by one within a run; a gap means that events were dropped.
    pub sequence: u64,
    /// One run of the daemon, as 16 hex digits.
    pub run_id: &'a str,
}

/// The writing program.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Service<'a> {
    /// Always `edgeghost`.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
}

/// The host.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Host<'a> {
    /// Host name.
    pub name: &'a str,
    /// EC2 instance id; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
}

/// The cloud around the host.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Cloud<'a> {
    /// Always `aws`.
    pub provider: &'a str,
    /// Always `aws_ec2`.
    pub platform: &'a str,
    /// Region, as `us-east-1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<&'a str>,
    /// Availability zone, as `us-east-1a`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<&'a str>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Account<'a>>,
}

/// An account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Account<'a> {
    /// Twelve digits.
    pub id: &'a str,
}

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// For the record.
    Info,
    /// Somebody should look.
    Warn,
    /// Somebody should act.
    Error,
}

impl Severity {
    /// Text and number by the OpenTelemetry logs data model.
    pub const fn parts(self) -> (&'static str, u8) {
        match self {
            Self::Info => ("INFO", 9),
            Self::Warn => ("WARN", 13),
            Self::Error => ("ERROR", 17),
        }
    }
}
