//! Which vendor projects a project has been written to, where a route keeps the names that clients use:
//! a read at the vendor asks these, after a restart too.

use crate::contract::VendorProject;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;

/// Between the parts of a key; no name holds it.
const SEPARATOR: char = '\0';

/// The fact that says so.
pub fn fact(destination: &str, project: &str, vendor: &VendorProject) -> Fact {
    let key = [project, &vendor.name, &vendor.stream].join(&SEPARATOR.to_string());
    Fact { space: space(destination), key: key.into_bytes(), value: Vec::new() }
}

/// The vendor projects that a project has been written to at a destination.
///
/// # Errors
/// When the ledger cannot be read.
pub fn all(ledger: &dyn Ledger, destination: &str, project: &str) -> Result<Vec<VendorProject>, LedgerError> {
    let facts = ledger.facts(&space(destination))?;
    Ok(facts.iter().filter_map(|fact| read(&fact.key, project)).collect())
}

fn space(destination: &str) -> String {
    format!("written/{destination}")
}

fn read(key: &[u8], project: &str) -> Option<VendorProject> {
    let mut parts = std::str::from_utf8(key).ok()?.split(SEPARATOR);
    let (owner, name, stream) = (parts.next()?, parts.next()?, parts.next()?);
    (owner == project).then(|| VendorProject { name: name.to_owned(), stream: stream.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_finds_its_own() {
        let vendor = VendorProject { name: "web".to_owned(), stream: "default".to_owned() };
        let fact = fact("there", "checkout", &vendor);
        assert_eq!(fact.space, "written/there");
        assert_eq!(read(&fact.key, "checkout"), Some(vendor));
        assert_eq!(read(&fact.key, "check"), None);
        assert_eq!(read(b"checkout", "checkout"), None);
    }
}
