//! Benchmark suites, data, thresholds and the report.
