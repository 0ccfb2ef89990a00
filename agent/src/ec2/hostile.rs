//! The readers of this room, for what no metadata service answers.

use std::collections::BTreeSet;
use std::time::Instant;

use super::id::Id;
use super::imds::{Absence, Keys, Value};
use super::metadata::{self, Depth, Metadata};
use crate::ec2::{Endpoint, Interface};
use crate::http::parse;

/// What HTTP looks like to the metadata's client: whole, and piece by piece as it comes in.
/// Whether it is an answer.
pub(crate) fn http(bytes: &[u8]) -> bool {
    let whole = parse(bytes, true).is_ok_and(|answer| answer.is_some());
    for end in (0..bytes.len()).step_by(1 + bytes.len() / 8) {
        let _ = parse(bytes.get(..end).unwrap_or_default(), false);
    }
    whole
}

/// The metadata of a service that answers one line of the bytes to each key that is asked for.
/// Whether anything of it was believed.
pub(crate) fn metadata(bytes: &[u8]) -> bool {
    let mut service = Service(bytes.split(|byte| *byte == b'\n'));
    let mut told = BTreeSet::new();
    let mut before = Metadata::default();
    let mut believed = false;
    for depth in [Depth::All, Depth::Mappings] {
        let read = metadata::read(&mut service, &before, depth, &mut told, Instant::now());
        if let Ok(known) = read {
            check(&known);
            believed |= known != Metadata::default();
            before = known;
        }
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = text.parse::<Endpoint>();
    believed
}

/// What is believed may stand in a command that somebody pastes into a shell.
fn check(known: &Metadata) {
    let instance = &known.instance;
    let of_instance = [
        &instance.id,
        &instance.kind,
        &instance.life_cycle,
        &instance.account,
        &instance.region,
        &instance.zone,
        &instance.partition,
    ];
    let of_interface = |interface: &Interface| {
        [&interface.id, &interface.owner, &interface.subnet_id].map(Option::clone)
    };
    let words = of_instance
        .into_iter()
        .flatten()
        .cloned()
        .chain(known.interfaces.iter().flat_map(of_interface).flatten());
    for word in words {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        assert!(word.len() <= 64 && word.bytes().all(plain), "{word:?}");
    }
    for interface in &known.interfaces {
        assert!(Id::Mac.fits(&interface.mac), "{:?}", interface.mac);
    }
}

/// A service that says anything. In a line, a vertical bar stands for the end of a line.
struct Service<I>(I);

impl<'a, I: Iterator<Item = &'a [u8]>> Keys for Service<I> {
    fn get(&mut self, _: &str, _: Instant) -> Result<Value, Absence> {
        match self.0.next() {
            None | Some(b"-") => Ok(Value::Absent),
            Some(b"+") => Ok(Value::TooLong),
            Some(b"!") => Err(Absence::TimedOut),
            Some(line) => {
                let bytes = line.iter();
                let bytes = bytes.map(|byte| if *byte == b'|' { b'\n' } else { *byte });
                Ok(Value::Known(bytes.collect()))
            }
        }
    }
}
