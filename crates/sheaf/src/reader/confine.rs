//! What a reader process gives up before it looks at the first byte of a document.
//!
//! | given up | by |
//! |---|---|
//! | its core, when others want it | priority |
//! | memory beyond the limit, core dumps, written files, many open files | resource limits |
//! | life without its parent | parent-death signal |
//! | every path of the file system but the OCR engines' data, TCP, signals to other processes | Landlock, where the kernel has it (5.13, 6.7, 6.12) |
//! | sockets, other programs, tracing, mounting, kernel modules | a seccomp filter |
//!
//! The environment was left behind by the parent. Where the kernel lacks a mechanism the rest still holds;
//! `sheaf doctor` tries what a taken-over reader would try, and says what is not refused.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::UdpSocket;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, Scope,
};
use rustix::process::{
    Resource, Rlimit, Signal, set_parent_process_death_signal, setpriority_process, setrlimit,
};
use seccompiler::{SeccompAction, SeccompFilter};

/// Files a reader may have open: the three standard streams and a few for the run-time.
const OPEN_FILES: u64 = 16;

/// System calls that no reader needs and that a taken-over one would want.
const REFUSED: [libc::c_long; 25] = [
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_io_uring_setup,
];

/// How far a reader steps back for others that want its core, as `nice` counts: readers fill all cores for as long as a batch
/// takes, and who asks the server how it goes on, or the database, waits for none of them.
const NICE: i32 = 10;

/// Where the OCR engines say what nobody asked for.
const NOWHERE: &str = "/dev/null";

/// Confines this process for good; below `folders` it may still read.
///
/// # Errors
/// Where a resource limit cannot be set. What the kernel does not offer is no error.
pub(super) fn confine(memory_mb: u64, folders: &[&Path]) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let both = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::As, both(memory_mb.saturating_mul(1 << 20)))?;
    setrlimit(Resource::Core, both(0))?;
    setrlimit(Resource::Fsize, both(0))?;
    setrlimit(Resource::Nofile, both(OPEN_FILES))?;
    // These are best effort: an old kernel, or a container that forbids them, must not stop the work.
    let _ = setpriority_process(None, NICE);
    let _ = restrict_paths(folders);
    let _ = restrict_calls();
    Ok(())
}

/// What no rule grants is refused: every other path, and TCP with it.
fn restrict_paths(folders: &[&Path]) -> Result<(), landlock::RulesetError> {
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V5))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?;
    for folder in folders {
        // A folder that is not there needs no rule.
        if let Ok(folder) = PathFd::new(folder) {
            ruleset = ruleset.add_rule(PathBeneath::new(folder, AccessFs::from_read(ABI::V5)))?;
        }
    }
    if let Ok(nowhere) = PathFd::new(NOWHERE) {
        ruleset = ruleset.add_rule(PathBeneath::new(nowhere, AccessFs::WriteFile | AccessFs::ReadFile))?;
    }
    ruleset.restrict_self()?;
    Ok(())
}

fn restrict_calls() -> Result<(), Box<dyn std::error::Error>> {
    let rules: BTreeMap<i64, Vec<_>> = REFUSED.iter().map(|&call| (call, Vec::new())).collect();
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, refused, std::env::consts::ARCH.try_into()?)?;
    let program: seccompiler::BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program)?;
    Ok(())
}

/// What a confined process can still do though it should not; empty where all is well.
///
/// Tries it: whatever the kernel says of itself, this is what a document could do.
pub(super) fn leaks() -> Vec<&'static str> {
    let mut leaks = Vec::new();
    if File::open("/proc/self/status").is_ok() || File::open("/etc/passwd").is_ok() {
        leaks.push("reading files (no Landlock)");
    }
    if UdpSocket::bind("127.0.0.1:0").is_ok() {
        leaks.push("network (no seccomp)");
    }
    if std::process::Command::new("/bin/true").status().is_ok() {
        leaks.push("starting programs (no seccomp)");
    }
    if std::env::vars_os().next().is_some() {
        leaks.push("reading the environment");
    }
    leaks
}
