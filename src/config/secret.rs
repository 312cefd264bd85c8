//! Vendor credentials, which the configuration only ever names: `env:NAME` or `file:/path`.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;

use secrecy::SecretString;

use super::mistakes::Problem;

/// Where a vendor credential is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// The environment variable of this name.
    Env(String),
    /// The whole text of the file at this absolute path, without white space around it.
    File(PathBuf),
}

/// Why a named credential cannot be used; the credential itself is never part of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Nobody set the variable.
    #[error("the environment has no variable {0}")]
    NoVariable(String),
    /// The file is not there, not ours to read, or no UTF-8.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// There is nothing in it but white space.
    #[error("what it names is empty")]
    Empty,
    /// It has a character outside printable ASCII, such as a line end.
    #[error("what it names holds characters that no request header can carry")]
    NoHeader,
}

impl SecretRef {
    /// The credential, from the environment that is passed in or from the disk.
    ///
    /// # Errors
    /// The variable or file is missing, empty, or holds something that no header can carry.
    pub fn resolve(&self, environment: &BTreeMap<String, String>) -> Result<SecretString, SecretError> {
        let text = match self {
            SecretRef::Env(name) => {
                environment.get(name).cloned().ok_or_else(|| SecretError::NoVariable(name.clone()))?
            }
            SecretRef::File(path) => std::fs::read_to_string(path).map_err(SecretError::Unreadable)?,
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(SecretError::Empty);
        }
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(SecretError::NoHeader);
        }
        Ok(SecretString::from(text))
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Env(name) => write!(f, "env:{name}"),
            SecretRef::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// A reference as written; a credential written out is refused without repeating it.
pub(super) fn parse(text: &str) -> Result<SecretRef, Problem> {
    match text.split_once(':') {
        Some(("env", name)) if is_variable(name) => Ok(SecretRef::Env(name.to_owned())),
        Some(("file", path)) if path.starts_with('/') => Ok(SecretRef::File(path.into())),
        Some(("env", _)) => {
            Err(Problem::new("\"env:\" must be followed by the name of an environment variable", "\"env:NAME\""))
        }
        Some(("file", _)) => Err(Problem::new("\"file:\" must be followed by an absolute path", "\"file:/path\"")),
        _ => Err(Problem::new("a secret is never written out here, only named", "\"env:NAME\" or \"file:/path\"")),
    }
}

fn is_variable(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && !name.as_bytes()[0].is_ascii_digit() && name.bytes().all(word)
}
