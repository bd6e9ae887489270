//! The numbers of the process itself, from `/proc` where there is one.

use prometheus::{Counter, Gauge, IntGauge, Registry};

/// Memory, processor time and open files.
#[derive(Debug)]
pub(crate) struct ProcessMetrics {
    memory: IntGauge,
    files: IntGauge,
    cpu: Counter,
}

/// Linux counts processor time in hundredths of a second for programs (`USER_HZ`, fixed by its ABI).
const TICKS_PER_SECOND: f64 = 100.0;
/// The size of a page on every platform we build for.
const PAGE_BYTES: i64 = 4096;

impl ProcessMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let memory = IntGauge::new(
            "gridtally_process_resident_memory_bytes",
            "Resident memory of the process.",
        )?;
        let files = IntGauge::new(
            "gridtally_process_open_files",
            "Files and sockets the process has open.",
        )?;
        let cpu = Counter::new(
            "gridtally_process_cpu_seconds_total",
            "Processor time used, user and system.",
        )?;
        let info = Gauge::with_opts(
            prometheus::Opts::new(
                "gridtally_process_build_info",
                "1, labelled with the version of the program.",
            )
            .const_label("version", env!("CARGO_PKG_VERSION")),
        )?;
        info.set(1.0);
        registry.register(Box::new(memory.clone()))?;
        registry.register(Box::new(files.clone()))?;
        registry.register(Box::new(cpu.clone()))?;
        registry.register(Box::new(info))?;
        Ok(Self { memory, files, cpu })
    }

    /// Reads them anew; what cannot be read keeps its value.
    pub(crate) fn update(&self) {
        if let Some(pages) = resident_pages() {
            self.memory.set(pages.saturating_mul(PAGE_BYTES));
        }
        if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
            self.files.set(i64::try_from(entries.count()).unwrap_or(i64::MAX));
        }
        if let Some(seconds) = cpu_seconds() {
            self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
        }
    }
}

fn resident_pages() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    text.split_whitespace().nth(1)?.parse().ok()
}

fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold anything; fields are counted after it: utime 12th, stime 13th.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}
