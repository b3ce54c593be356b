//! How much memory the process ever held at once.

/// In mebibytes; 0 where the system does not say.
pub(crate) fn mebibytes() -> f64 {
    std::fs::read_to_string("/proc/self/status").ok().and_then(|text| read(&text)).unwrap_or(0.0)
}

/// The line `VmHWM:   123456 kB` of the kernel's account of a process.
fn read(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_kernels_account() {
        let peak = read("VmPeak:\t 9 kB\nVmHWM:\t  524288 kB\nVmRSS:\t 1 kB\n").unwrap();
        assert!((peak - 512.0).abs() < 1e-9);
        assert_eq!(read("VmRSS:\t 1 kB"), None);
    }
}
