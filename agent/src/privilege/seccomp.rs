//! seccomp: the system calls that the agent may still make.

use std::io;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use thiserror::Error;

use super::syscalls::{ALLOWED, LIMITED, Limit};

/// Why the filter is not in force.
#[derive(Debug, Error)]
pub(super) enum SeccompError {
    /// No filter can be made for this processor.
    #[error("no filter for this processor: {0}")]
    Filter(#[from] seccompiler::BackendError),
    /// The kernel did not take it.
    #[error("the kernel refused the filter: {0}")]
    Kernel(io::Error),
    /// Another thread could not be given it.
    #[error("thread {0} could not be given the filter")]
    Thread(i64),
}

/// Has other system calls fail with `EPERM`; the kernel logs them.
pub(super) fn refuse() -> Result<(), SeccompError> {
    install(&program(SeccompAction::Errno(libc::EPERM as u32))?)
}

/// Has other system calls end the process; the kernel logs them.
pub(super) fn kill() -> Result<(), SeccompError> {
    install(&program(SeccompAction::KillProcess)?)
}

fn program(otherwise: SeccompAction) -> Result<BpfProgram, SeccompError> {
    let mut rules: Vec<(i64, Vec<SeccompRule>)> =
        ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    for (call, limit) in LIMITED {
        rules.push((*call, conditions(limit)?));
    }
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(
        rules.into_iter().collect(),
        otherwise,
        SeccompAction::Allow,
        architecture,
    )?;
    Ok(filter.try_into()?)
}

/// One rule a value: any of them will do.
fn conditions(limit: &Limit) -> Result<Vec<SeccompRule>, SeccompError> {
    let rule = |argument, operator, value| {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?;
        Ok(SeccompRule::new(vec![condition])?)
    };
    match limit {
        Limit::OneOf { argument, values } => values
            .iter()
            .map(|value| rule(*argument, SeccompCmpOp::Eq, *value))
            .collect(),
        Limit::Without { argument, bits } => {
            Ok(vec![rule(*argument, SeccompCmpOp::MaskedEq(*bits), 0)?])
        }
    }
}

/// For all threads, and with the kernel's log (seccomp(2), `SECCOMP_FILTER_FLAG_LOG`, Linux 4.14).
fn install(program: &BpfProgram) -> Result<(), SeccompError> {
    let filter = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap_or(u16::MAX),
        // The kernel only reads it; the two crates' types are both the kernel's `sock_filter`.
        filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut(),
    };
    let flags = libc::SECCOMP_FILTER_FLAG_TSYNC | libc::SECCOMP_FILTER_FLAG_LOG;
    // SAFETY: the kernel copies the filter, which lives until the call returns, and writes nothing.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const filter,
        )
    };
    match result {
        0 => Ok(()),
        -1 => Err(SeccompError::Kernel(io::Error::last_os_error())),
        thread => Err(SeccompError::Thread(thread)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_is_one_that_kernels_take() {
        let program = program(SeccompAction::KillProcess).unwrap();
        // BPF_MAXINSNS of include/uapi/linux/bpf_common.h.
        assert!((200..4_096).contains(&program.len()), "{}", program.len());
    }

    /// On a thread of its own, which then has less than the others.
    #[test]
    fn what_is_not_on_the_list_is_refused() {
        let program = program(SeccompAction::Errno(libc::EPERM as u32)).unwrap();
        let child = std::thread::spawn(move || {
            rustix::thread::set_no_new_privs(true).unwrap();
            seccompiler::apply_filter(&program).unwrap();
            let family = |family| {
                let made = rustix::net::socket(family, rustix::net::SocketType::DGRAM, None);
                made.map(drop)
            };
            let packet = family(rustix::net::AddressFamily::PACKET);
            let inet = family(rustix::net::AddressFamily::INET);
            let started = std::process::Command::new("true").spawn();
            let read = std::fs::read_to_string("/proc/self/status");
            (packet, inet, started.map(drop), read.is_ok())
        });
        let (packet, inet, started, read) = child.join().unwrap();
        assert_eq!(packet, Err(rustix::io::Errno::PERM));
        assert_eq!(inet, Ok(()));
        assert_eq!(
            started.map_err(|error| error.kind()),
            Err(io::ErrorKind::PermissionDenied)
        );
        assert!(read);
    }
}
