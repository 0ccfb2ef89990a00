//! Signs that somebody acted: the mapping of an address went, came or changed.

use std::collections::BTreeSet;

use crate::ec2::{Context, Mapping, Source};
use crate::flow::Local;

/// Addresses whose mapping is another now, and whether each has one. What was not known before,
/// or is not any more, is no sign.
pub fn moves(before: &Context, now: &Context) -> Vec<(Local, bool)> {
    if !knows_mappings(before) || !knows_mappings(now) {
        return Vec::new();
    }
    let none = Mapping::default();
    let locals: BTreeSet<_> = before
        .addresses
        .keys()
        .chain(now.addresses.keys())
        .collect();
    // What an event had no room for is not gone.
    let whole = !before.truncated && !now.truncated;
    let in_both =
        |local: &&&Local| before.addresses.contains_key(local) && now.addresses.contains_key(local);
    let locals = locals
        .iter()
        .filter(|local| whole || in_both(local))
        .copied();
    let moved = locals.filter_map(|local| {
        let was = before.addresses.get(local).unwrap_or(&none);
        let is = now.addresses.get(local).unwrap_or(&none);
        changed(was, is).then_some((*local, is.public_ip.is_some()))
    });
    moved.collect()
}

fn changed(was: &Mapping, is: &Mapping) -> bool {
    // An id that only one of them knows says nothing.
    let other = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    was.public_ip != is.public_ip
        || other(&was.association_id, &is.association_id)
        || other(&was.network_interface_id, &is.network_interface_id)
}

/// Older recordings do not tell where their context is from; but one that names an interface knows.
fn knows_mappings(context: &Context) -> bool {
    context.source == Source::Metadata
        || context
            .addresses
            .values()
            .any(|mapping| mapping.network_interface_id.is_some() || mapping.public_ip.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Local {
        Local {
            address: [10, 1, 0, 207].into(),
            netns: 1,
        }
    }

    fn host(public_ip: Option<[u8; 4]>, association: Option<&str>) -> Context {
        let mapping = Mapping {
            public_ip: public_ip.map(Into::into),
            association_id: association.map(str::to_owned),
            network_interface_id: Some("eni-0a1b2c3d4e5f60718".to_owned()),
            ..Mapping::default()
        };
        Context {
            source: Source::Metadata,
            addresses: [(local(), mapping)].into(),
            ..Context::default()
        }
    }

    fn seen(before: &Context, now: &Context) -> Vec<(Local, bool)> {
        moves(before, now)
    }

    #[test]
    fn a_mapping_that_goes_comes_or_changes_is_a_sign() {
        let (one, other) = (Some([203, 0, 113, 25]), Some([203, 0, 113, 77]));
        let gone = [(local(), false)];
        let there = [(local(), true)];
        assert_eq!(seen(&host(one, None), &host(None, None)), gone);
        assert_eq!(seen(&host(None, None), &host(one, None)), there);
        assert_eq!(seen(&host(one, None), &host(other, None)), there);
        assert_eq!(seen(&host(one, Some("a")), &host(one, Some("b"))), there);
        let mut without = host(one, None);
        without.addresses.retain(|_, _| false);
        assert_eq!(seen(&host(one, None), &without), gone);
        assert_eq!(seen(&without, &host(one, None)), there);
    }

    #[test]
    fn learning_and_forgetting_are_none() {
        let one = Some([203, 0, 113, 25]);
        let unknown = Context {
            addresses: [(local(), Mapping::default())].into(),
            ..Context::default()
        };
        assert_eq!(seen(&unknown, &host(one, None)), []);
        assert_eq!(seen(&host(one, None), &unknown), []);
        assert_eq!(seen(&host(one, None), &host(one, Some("b"))), []);
        assert_eq!(seen(&host(None, None), &host(None, None)), []);
        assert_eq!(seen(&Context::default(), &host(one, None)), []);
        let cut = Context {
            truncated: true,
            addresses: [].into(),
            ..host(one, None)
        };
        assert_eq!(seen(&host(one, None), &cut), []);
    }
}
