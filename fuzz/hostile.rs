//! The fuzzer of every target in `edgeghost::hostile`. One program for all, as most of building it
//! is linking the agent; `EDGEGHOST_FUZZ` names the target. `cargo xtask fuzz` sees to both.

#![no_main]

use std::sync::LazyLock;

use edgeghost::hostile::{TARGETS, Target, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("EDGEGHOST_FUZZ").unwrap_or_default();
    let found = TARGETS.iter().find(|target| target.name == name);
    *found.unwrap_or_else(|| {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        panic!("EDGEGHOST_FUZZ must be one of {}", names.join(", "))
    })
});

fuzz_target!(|bytes: &[u8]| {
    (TARGET.run)(bytes);
});

// Half of the changes are libFuzzer's own, half keep the form of what is changed.
fuzz_mutator!(|bytes: &mut [u8], size: usize, most: usize, seed: u32| {
    if seed % 2 == 0 {
        return fuzzer_mutate(bytes, size, most);
    }
    let input = bytes.get(..size).unwrap_or_default();
    let changed = mutate(input, input, seed.into(), most.min(bytes.len()));
    if let Some(room) = bytes.get_mut(..changed.len()) {
        room.copy_from_slice(&changed);
    }
    changed.len()
});
