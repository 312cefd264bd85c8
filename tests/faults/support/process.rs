//! The built binary as an operator runs it: `spangate serve`, killed, stopped and started again.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Instant;

use super::PATIENCE;

/// A gateway in a process of its own.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts it with a configuration; what it logs is added to a file beside that.
    pub(crate) fn start(config: &Path) -> Self {
        Self::start_binary(Path::new(env!("CARGO_BIN_EXE_spangate")), config)
    }

    /// The same with another build of it.
    pub(crate) fn start_binary(binary: &Path, config: &Path) -> Self {
        let log = config.with_extension("log");
        let out = || Stdio::from(append(&log));
        // Without the signal, a write beyond a limit on file sizes fails as on a broken disk.
        let child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(binary)
            .args(["serve", "--log", "info", "--config"])
            .arg(config)
            .env("VENDOR_KEY", "vendor-key")
            .env("VENDOR_KEY_2", "other-key")
            .stdin(Stdio::null())
            .stdout(out())
            .stderr(out())
            .spawn()
            .unwrap();
        Self { child }
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM and goes on.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Lets no file grow beyond so many bytes, or any again; whether that is possible here.
    pub(crate) fn limit_files(&self, most: Option<u64>) -> bool {
        let limit = most.map_or_else(|| "unlimited".to_owned(), |most| most.to_string());
        let id = self.child.id().to_string();
        let set = Command::new("prlimit").args(["--pid", &id, &format!("--fsize={limit}:unlimited")]).output();
        set.is_ok_and(|output| output.status.success())
    }

    /// How it ended, once it has.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the gateway does not end");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Megabytes of memory, by the name of a line in `/proc/PID/status`: `VmRSS` now, `VmHWM` at most.
    pub(crate) fn memory(&self, line: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        let kibibytes = found.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kibibytes.unwrap() * 1024.0 / 1e6
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn append(log: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(log).unwrap()
}
