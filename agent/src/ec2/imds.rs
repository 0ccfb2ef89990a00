//! The instance metadata service, version 2: a session token first, then keys with it. Version 1,
//! which asks without a token, is never used (EC2 user guide, "How Instance Metadata Service
//! Version 2 works").

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use super::endpoint::Endpoint;
use crate::http::{Answer, HttpError, ask};

const TOKEN: &str = "/latest/api/token";
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER: &str = "X-aws-ec2-metadata-token";

/// The longest life of a token that may be asked for, seconds.
const TTL_S: u64 = 21_600;

/// A token is not used for the last bit of its life.
const MARGIN: Duration = Duration::from_secs(30);

/// Tokens are some 56 characters.
const MAX_TOKEN: usize = 1024;

/// A way to the service.
pub(super) struct Imds {
    endpoints: Vec<Endpoint>,
    session: Option<Session>,
}

struct Session {
    endpoint: Endpoint,
    token: String,
    until: Instant,
}

/// Why the metadata is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// The configuration says not to ask.
    Off,
    /// It has not been answered yet.
    Waiting,
    /// 403: switched off for this instance, or forbidden.
    Disabled,
    /// No answer in time.
    TimedOut,
    /// No way there.
    Unreachable(io::ErrorKind),
    /// The token is refused although it is new.
    Refused,
    /// Busy or broken: this HTTP status.
    Failed(u16),
    /// Whoever answers is no metadata service of version 2.
    Strange(&'static str),
}

impl Absence {
    /// One word, for events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Waiting => "waiting",
            Self::Disabled => "disabled",
            Self::TimedOut => "timed_out",
            Self::Unreachable(_) => "unreachable",
            Self::Refused => "refused",
            Self::Failed(_) => "failed",
            Self::Strange(_) => "strange",
        }
    }

    /// Of two endpoints that both gave nothing, the one that says more.
    fn or(self, other: Self) -> Self {
        let says = |absence: Self| match absence {
            Self::Off | Self::Waiting | Self::Unreachable(_) => 0,
            Self::TimedOut => 1,
            Self::Strange(_) | Self::Failed(_) => 2,
            Self::Refused | Self::Disabled => 3,
        };
        if says(other) > says(self) {
            other
        } else {
            self
        }
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("switched off by ec2.metadata = \"off\""),
            Self::Waiting => f.write_str("no answer yet"),
            Self::Disabled => f.write_str(
                "the metadata service is disabled for this instance, or forbidden (403); \
                 `aws ec2 modify-instance-metadata-options` enables it",
            ),
            Self::TimedOut => f.write_str(
                "the metadata service does not answer in time: in a container behind a bridge \
                 that is its hop limit, which must then be 2, or the container needs the host's \
                 network",
            ),
            Self::Unreachable(kind) => {
                write!(f, "there is no way to the metadata service ({kind})")
            }
            Self::Refused => {
                f.write_str("the metadata service refuses the very token that it gave (401)")
            }
            Self::Failed(status) => write!(
                f,
                "the metadata service is busy or broken (HTTP status {status})"
            ),
            Self::Strange(why) => write!(
                f,
                "whoever answers at the metadata's address is no IMDSv2: {why}"
            ),
        }
    }
}

/// The value of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    Known(Vec<u8>),
    /// 404: ordinary for what an instance does not have.
    Absent,
    /// Longer than anything of use.
    TooLong,
}

/// Who tells the values of keys.
pub(super) trait Keys {
    /// The value of a key, as `meta-data/mac`.
    fn get(&mut self, key: &str, deadline: Instant) -> Result<Value, Absence>;
}

impl Keys for Imds {
    /// A token that is not taken is renewed once.
    fn get(&mut self, key: &str, deadline: Instant) -> Result<Value, Absence> {
        let result = self.get_once(key, deadline);
        if result != Err(Absence::Refused) {
            return result;
        }
        self.session = None;
        self.get_once(key, deadline)
    }
}

impl Imds {
    pub(super) const fn new(endpoints: Vec<Endpoint>) -> Self {
        Self {
            endpoints,
            session: None,
        }
    }

    fn get_once(&mut self, key: &str, deadline: Instant) -> Result<Value, Absence> {
        let session = self.session(deadline)?;
        let path = format!("/latest/{key}");
        let header = (TOKEN_HEADER, session.token.as_str());
        let answer = ask(session.endpoint.socket(), "GET", &path, header, deadline);
        let value = match answer {
            Ok(Answer {
                status: 200, body, ..
            }) => Ok(Value::Known(body)),
            Ok(Answer { status: 404, .. }) => Ok(Value::Absent),
            Ok(Answer { status: 401, .. }) => Err(Absence::Refused),
            Ok(Answer { status: 403, .. }) => Err(Absence::Disabled),
            Ok(Answer { status, .. }) => Err(Absence::Failed(status)),
            Err(HttpError::TooLong) => Ok(Value::TooLong),
            Err(error) => Err(absence(&error)),
        };
        if value.is_err() {
            // The other endpoint gets its chance.
            self.session = None;
        }
        value
    }

    /// The session, begun anew if there is none or its token is old.
    fn session(&mut self, deadline: Instant) -> Result<&Session, Absence> {
        let good = self.session.take().filter(|s| s.until > Instant::now());
        let session = match good {
            Some(session) => session,
            None => begin(&self.endpoints, deadline)?,
        };
        Ok(self.session.insert(session))
    }
}

/// Asks each endpoint in turn for a token.
fn begin(endpoints: &[Endpoint], deadline: Instant) -> Result<Session, Absence> {
    let mut absence = None::<Absence>;
    for endpoint in endpoints {
        match token(*endpoint, deadline) {
            Ok(session) => return Ok(session),
            Err(this) => absence = Some(absence.map_or(this, |before| before.or(this))),
        }
    }
    Err(absence.unwrap_or(Absence::Off))
}

fn token(endpoint: Endpoint, deadline: Instant) -> Result<Session, Absence> {
    let asked = Instant::now();
    let wanted = TTL_S.to_string();
    let answer = ask(endpoint.socket(), "PUT", TOKEN, (TTL, &wanted), deadline)
        .map_err(|error| absence(&error))?;
    match answer.status {
        200 => {}
        403 => return Err(Absence::Disabled),
        status @ (400..=499) => {
            log::debug!("{endpoint} answers {status} to the request for a token");
            return Err(Absence::Strange("it gives no token"));
        }
        status => return Err(Absence::Failed(status)),
    }
    let life = answer
        .header(TTL)
        .and_then(|text| text.parse::<u64>().ok())
        .filter(|seconds| (1..=TTL_S).contains(seconds))
        .ok_or(Absence::Strange("its token has no time to live"))?;
    // It goes back into a header.
    let token = String::from_utf8(answer.body)
        .ok()
        .filter(|token| (1..=MAX_TOKEN).contains(&token.len()))
        .filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or(Absence::Strange("its token is none"))?;
    let life = Duration::from_secs(life);
    let margin = MARGIN.min(life / 2);
    Ok(Session {
        endpoint,
        token,
        until: asked + life.saturating_sub(margin),
    })
}

fn absence(error: &HttpError) -> Absence {
    match error {
        HttpError::Timeout => Absence::TimedOut,
        HttpError::Io(error) => Absence::Unreachable(error.kind()),
        HttpError::NotHttp(why) => Absence::Strange(why),
        HttpError::TooLong => Absence::Strange("its answer is too long"),
    }
}
