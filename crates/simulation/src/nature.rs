//! Time and chance as this process has them: while a simulation rules them, both come from its seed.
//!
//! Weir takes its time from its runtime and clocks, but what it is built on asks the system: hash maps and `select!`
//! for random numbers, HTTP/2 for the time. So the two functions of the C library that they ask stand here in its
//! place. Before [`rule`] they answer as the system does.
#![expect(unsafe_code, reason = "the functions stand in for those of the C library")]

use std::ffi::{c_int, c_uint, c_void};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use nix::libc;

use crate::chance::mix;

/// What the monotonic clock shows at the beginning, in seconds: later than on any machine, since a wait with a limit
/// ends at a moment of the system's own clock, which must not have passed.
const MONOTONIC: u64 = 1_000_000_000;

/// What the time of day is at the beginning, in seconds since the Unix epoch: Friday, 27 November 2026, at noon.
pub(crate) const BEGINNING: u64 = 1_795_780_800;

static IS_RULED: AtomicBool = AtomicBool::new(false);
static PASSED: AtomicU64 = AtomicU64::new(0);
static RANDOM: AtomicU64 = AtomicU64::new(0);

/// From now on time stands still between calls of [`pass_to`], and random numbers come from `seed`. A file that may
/// not grow is an error of whoever writes, and not the end of the process.
pub(crate) fn rule(seed: u64) {
    RANDOM.store(seed, Ordering::SeqCst);
    IS_RULED.store(true, Ordering::SeqCst);
    // SAFETY: it installs no handler.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Lets the time be so long after the beginning.
pub(crate) fn pass_to(time: Duration) {
    PASSED.store(
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX),
        Ordering::SeqCst,
    );
}

#[unsafe(no_mangle)]
extern "C" fn getrandom(buffer: *mut c_void, length: usize, flags: c_uint) -> isize {
    if !IS_RULED.load(Ordering::SeqCst) {
        // SAFETY: the caller's arguments as they came.
        return unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as isize };
    }
    // SAFETY: the caller gives a buffer of that length.
    let bytes = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
    for part in bytes.chunks_mut(8) {
        let state = RANDOM.fetch_add(mix::STEP, Ordering::SeqCst);
        part.copy_from_slice(&mix::stir(state).to_le_bytes()[..part.len()]);
    }
    isize::try_from(length).unwrap_or(isize::MAX)
}

#[unsafe(no_mangle)]
extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> c_int {
    let beginning = match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE => BEGINNING,
        libc::CLOCK_MONOTONIC | libc::CLOCK_MONOTONIC_COARSE | libc::CLOCK_BOOTTIME => MONOTONIC,
        _ => 0,
    };
    if beginning == 0 || !IS_RULED.load(Ordering::SeqCst) {
        // SAFETY: the caller's arguments as they came.
        return unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) as c_int };
    }
    let passed = Duration::from_nanos(PASSED.load(Ordering::SeqCst));
    // SAFETY: the caller gives a place for it.
    let time = unsafe { &mut *time };
    time.tv_sec = (beginning + passed.as_secs()) as libc::time_t;
    time.tv_nsec = libc::c_long::from(passed.subsec_nanos());
    0
}
