//! How much memory a process holds, as the kernel accounts for it; 0 where the system does not say.

/// The most that this process ever held, in mebibytes.
#[must_use]
pub fn peak_mib() -> f64 {
    told("self", "VmHWM:")
}

/// How many mebibytes this process holds now.
#[must_use]
pub fn held_mib() -> f64 {
    told("self", "VmRSS:")
}

/// How many mebibytes the process of this number holds now.
#[must_use]
pub fn held_by(process: u32) -> f64 {
    told(&process.to_string(), "VmRSS:")
}

fn told(process: &str, name: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    read(&text, name).unwrap_or(0.0)
}

/// A line such as `VmHWM:   123456 kB`.
fn read(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_kernels_account() {
        let peak = read("VmPeak:\t 9 kB\nVmHWM:\t  524288 kB\nVmRSS:\t 1 kB\n", "VmHWM:").unwrap();
        assert!((peak - 512.0).abs() < 1e-9);
        assert_eq!(read("VmRSS:\t 1 kB", "VmHWM:"), None);
    }
}
