//! The finished program as an ordinary user meets it: command line, configuration, schema, and
//! what it says when it may not run. Needs no rights, and gives them up where it has them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod advice;
mod as_table;
mod bench;
mod bounds;
mod call;
mod check;
mod command_line;
mod configuration;
mod detection;
mod ecs;
mod host;
mod lab;
mod made;
mod metadata;
mod metrics;
mod privilege;
mod readme;
mod recording;
mod replay;
mod runbook;
mod scenarios;
mod schema;
mod shippers;
mod status;
mod unit;
mod witness;
