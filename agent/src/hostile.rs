//! Everything that reads what somebody else wrote, by one entry each: for tests of hostile input
//! and for fuzzers. No part of the daemon.
//!
//! An entry takes any bytes, must come back in short time and with little memory, and tells whether
//! they were understood. What else must hold whatever they are, it asserts.

mod files;
mod kernel;
mod mutate;
#[cfg(test)]
mod tests;

pub use mutate::mutate;

use crate::{ec2, host, metrics, status};

/// A way in.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: of the folder of its inputs, and for the command line.
    pub name: &'static str,
    /// What is read, and whose word that is.
    pub input: &'static str,
    /// Reads; tells whether it was understood.
    pub run: fn(&[u8]) -> bool,
}

/// All ways in.
pub const TARGETS: [Target; 17] = [
    Target {
        name: "record",
        input: "a slot of the ring buffer: our own program's word",
        run: kernel::record,
    },
    Target {
        name: "records",
        input: "records of any content, one after the other, with ticks in between: the kernel's \
                word",
        run: kernel::records,
    },
    Target {
        name: "btf",
        input: "/sys/kernel/btf/vmlinux: the kernel's word",
        run: kernel::btf,
    },
    Target {
        name: "proc",
        input: "files of /proc and uname: the kernel's word",
        run: kernel::proc,
    },
    Target {
        name: "netlink",
        input: "answers of rtnetlink: the kernel's word",
        run: host::hostile::netlink,
    },
    Target {
        name: "socket",
        input: "answers of the socket diagnostics: the kernel's word",
        run: host::hostile::socket,
    },
    Target {
        name: "driver",
        input: "names and values of a driver's counters: a driver's word",
        run: host::hostile::driver,
    },
    Target {
        name: "http",
        input: "answers at the metadata's address: of whoever answers there",
        run: ec2::hostile::http,
    },
    Target {
        name: "metadata",
        input: "values of the metadata: of whoever answers there",
        run: ec2::hostile::metadata,
    },
    Target {
        name: "aws_ranges",
        input: "a file of AWS's ranges: the operator's, fetched from the internet",
        run: files::aws_ranges,
    },
    Target {
        name: "as_table",
        input: "a table of autonomous systems: the operator's, fetched from the internet",
        run: files::as_table,
    },
    Target {
        name: "config",
        input: "the configuration: the operator's word",
        run: files::config,
    },
    Target {
        name: "recording",
        input: "a recording for `edgeghost replay`: somebody else's, perhaps",
        run: files::recording,
    },
    Target {
        name: "runbook",
        input: "events for `edgeghost runbook`: came by log shippers and chat",
        run: files::runbook,
    },
    Target {
        name: "status",
        input: "the answer at the status socket: of whoever holds it",
        run: status::hostile::status,
    },
    Target {
        name: "request",
        input: "a request for metrics: of whoever reaches the port",
        run: metrics::hostile::request,
    },
    Target {
        name: "spool",
        input: "alerts kept on disk: our own, after a crash",
        run: files::spool,
    },
];
