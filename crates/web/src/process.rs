//! What Linux tells of this process; nothing elsewhere.

/// In what parts of a second Linux tells times, on every machine.
const TICKS: i64 = 100;

/// How much memory it has, in bytes.
pub(crate) fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = value(&status, "VmRSS:")?.trim_end_matches("kB").trim();
    kibibytes.parse::<i64>().ok()?.checked_mul(1024)
}

/// When it began, in seconds since the Unix epoch.
pub(crate) fn start_seconds() -> Option<i64> {
    let own = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Its name, in parentheses, can hold anything.
    let (_, facts) = own.rsplit_once(')')?;
    let since_boot: i64 = facts.split_whitespace().nth(19)?.parse().ok()?;
    let machine = std::fs::read_to_string("/proc/stat").ok()?;
    let boot: i64 = value(&machine, "btime ")?.parse().ok()?;
    Some(boot + since_boot / TICKS)
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .map(str::trim)
}
