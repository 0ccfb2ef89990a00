//! What EC2 knows of this host: the instance, its interfaces, and which Elastic IP belongs to
//! which local address.

mod context;

pub use context::{Context, Instance, Interface, Mapping, Source};
