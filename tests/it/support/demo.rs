//! The built binary as a user runs it: `spangate demo`, killed and started again.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;

use super::PATIENCE;

/// A demo in a process of its own.
pub(crate) struct Demo {
    child: Child,
    /// Base URL for SDKs.
    pub(crate) data: String,
    /// Base URL for operators.
    pub(crate) admin: String,
    /// Base URL of the stand-ins.
    pub(crate) vendors: String,
    told: mpsc::Receiver<String>,
}

impl Demo {
    /// Starts it on free ports with a state directory, and waits until it says that it listens.
    pub(crate) fn start(state: &Path) -> Self {
        Self::start_with(state, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(state: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_spangate"))
            .args(["demo", "--data", FREE, "--admin", FREE, "--vendors", FREE, "--state"])
            .arg(state)
            .args(more)
            .env("SPANGATE__LEDGER__DISK_RESERVE", "1MiB")
            .env("SPANGATE__DESTINATIONS__PANDAPROBE__EGRESS__REQUESTS_PER_MINUTE", "60000")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let welcome: Vec<String> = lines
            .by_ref()
            .map_while(Result::ok)
            .take_while(|line| !line.starts_with("Every trace that comes in"))
            .collect();
        let [data, admin, vendors] = ["SDKs", "operators", "stand-ins"].map(|who| address(&welcome, who));
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        Self { child, data, admin, vendors, told }
    }

    /// The next lines it prints.
    pub(crate) fn lines(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.told.recv_timeout(PATIENCE).unwrap()).collect()
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Any port that is free.
const FREE: &str = "127.0.0.1:0";

/// The base URL that the welcome names for somebody.
fn address(welcome: &[String], who: &str) -> String {
    let named = |line: &String| line.trim_start().strip_prefix(who).map(|url| url.trim().to_owned());
    welcome.iter().find_map(named).unwrap_or_else(|| panic!("the demo names no address for {who}: {welcome:#?}"))
}
