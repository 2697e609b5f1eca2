//! The CPU time of this process: what its threads used, in the program and in the kernel on its behalf.
//!
//! What another process does does not count, so a server in a process of its own stays out of it.

use std::time::Duration;

/// The CPU time that this process has used, user and system together.
#[cfg(unix)]
pub fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

/// The time that has passed: there is no safe clock of CPU time here.
#[cfg(not(unix))]
pub fn cpu() -> Duration {
    use std::{sync::LazyLock, time::Instant};

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
