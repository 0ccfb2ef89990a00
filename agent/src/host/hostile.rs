//! The readers of this room, for bytes that no kernel made.

use std::collections::BTreeMap;

use super::addresses::{of_fib_trie, of_if_inet6};
use super::driver::Driver;
use super::drops::Drops;
use super::netlink::{attributes, messages, text};
use super::protocol::{Protocol, Tables};
use super::sockets::{diag, owner};
use super::{link, qdisc, route};

/// Files of `/proc`: as each of those that are read. Whether any of them said something.
pub(crate) fn proc(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let tables = Tables {
        snmp: text.clone().into_owned(),
        netstat: text.clone().into_owned(),
        snmp6: text.clone().into_owned(),
    };
    let addresses = of_fib_trie(&text).len() + of_if_inet6(&text).len();
    let drops = Drops::parse(&text);
    let grown = drops.since(&drops).is_some();
    let inode = owner::inode(bytes).is_some();
    let known = Protocol::of(&tables) != Protocol::default();
    known || inode || grown || addresses > 0 || !tables.counters().is_empty()
}

/// Answers of rtnetlink: interfaces, queueing disciplines and routes. Whether any was understood.
pub(crate) fn netlink(bytes: &[u8]) -> bool {
    let mut understood = false;
    for (_, message) in messages(bytes) {
        understood |= link::link(&message).is_some();
        understood |= qdisc::drops(&message).is_some();
        understood |= route::read(&message).is_some();
    }
    for (_, value) in attributes(bytes) {
        let _ = text(value);
    }
    understood
}

/// An answer of the socket diagnostics.
pub(crate) fn socket(bytes: &[u8]) -> bool {
    matches!(diag::answer(bytes), Ok(Some(_)))
}

/// A driver's counters: names of 32 bytes and values of eight, in turn. Whether it has any.
pub(crate) fn driver(bytes: &[u8]) -> bool {
    const ENTRY: usize = 40;
    let counters = bytes.chunks(ENTRY).map(|entry| {
        let (name, value) = entry.split_at_checked(32).unwrap_or((entry, &[]));
        let mut whole = [0; 8];
        for (to, from) in whole.iter_mut().zip(value) {
            *to = *from;
        }
        (text(name), u64::from_ne_bytes(whole))
    });
    let name = || (text(bytes), String::new());
    let driver = Driver::of(name(), counters);
    let before = Driver {
        counters: BTreeMap::new(),
        ..driver.clone()
    };
    let told = driver.allowances().count() + driver.errors().count();
    let _ = (driver.resets(), driver.conntrack_left());
    let _ = (driver.began_anew(&before), before.began_anew(&driver));
    told > 0
}
