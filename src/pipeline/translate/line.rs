//! Requests as JSON lines: one object a line with method, path, headers and body.

use std::borrow::Cow;

use bytes::Bytes;
use http::Method;
use indexmap::IndexMap;
use serde::Deserialize;
use serde::Serialize;

use crate::canonical::Raw;
use crate::contract::Call;
use crate::contract::Request;

use super::Refused;

/// A request with the number of the line it stands on.
#[derive(Clone, Debug)]
pub struct Input {
    /// The line's number, from 1.
    pub line: usize,
    /// The request.
    pub call: Call,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    method: String,
    path: String,
    #[serde(default)]
    headers: IndexMap<String, String>,
    #[serde(default)]
    body: Option<Raw>,
}

#[derive(Serialize)]
struct Written<'a> {
    method: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    headers: IndexMap<&'a str, &'a str>,
    body: Option<Raw>,
}

/// The requests of a text of JSON lines, and the lines that are none; empty lines say nothing.
pub fn lines(text: &str) -> (Vec<Input>, Vec<Refused>) {
    let mut inputs = Vec::new();
    let mut refused = Vec::new();
    let filled = (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty());
    for (line, text) in filled {
        match Input::read(line, text) {
            Ok(input) => inputs.push(input),
            Err(why) => refused.push(Refused { line, why }),
        }
    }
    (inputs, refused)
}

impl Input {
    /// Reads one request from its JSON form.
    ///
    /// # Errors
    /// What is wrong with the form, and where.
    pub fn read(line: usize, text: &str) -> Result<Self, String> {
        let read: Read = serde_json::from_str(text).map_err(|error| {
            let (column, text) = (error.column(), error.to_string());
            let rule = text.split(" at line ").next().unwrap_or_default();
            format!("column {column}: {rule}; a line is {{\"method\", \"path\", \"headers\"?, \"body\"}}")
        })?;
        let body = read.body.map(|body| Bytes::from(body.text().to_owned())).unwrap_or_default();
        Self::new(line, &read.method, &read.path, read.headers, body)
    }

    /// A request from its parts.
    ///
    /// # Errors
    /// When the method is none or the path does not begin with `/`.
    pub fn new(
        line: usize,
        method: &str,
        path: &str,
        headers: impl IntoIterator<Item = (String, String)>,
        body: Bytes,
    ) -> Result<Self, String> {
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
            .map_err(|_| format!("method: {method:?} is none"))?;
        if !path.starts_with('/') {
            return Err(format!("path: {path:?} must begin with /"));
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let body = std::str::from_utf8(&body).map_or(body.clone(), |text| Bytes::from(on_one_line(text).into_owned()));
        let headers = headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        let call = Call { method, path: path.to_owned(), query: query.to_owned(), headers, body };
        Ok(Self { line, call })
    }
}

/// A request as one line, without its end.
pub fn print(request: &Request) -> String {
    let body = request.body.as_ref().and_then(|body| Raw::parse(&on_one_line(std::str::from_utf8(body).ok()?)));
    let headers = request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let written = Written { method: request.method.as_str(), path: &request.path, headers, body };
    Raw::of(&written).text().to_owned()
}

/// JSON text as one line: what stands on one already is left as it is, else the white space between
/// tokens goes.
fn on_one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r']) {
        return Cow::Borrowed(text);
    }
    let mut inside = false;
    let mut escaped = false;
    let kept = |letter: &char| {
        if inside {
            inside = escaped || *letter != '"';
            escaped = !escaped && *letter == '\\';
            return true;
        }
        inside = *letter == '"';
        !matches!(letter, ' ' | '\t' | '\n' | '\r')
    };
    Cow::Owned(text.chars().filter(kept).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_keeps_strings_and_number_forms() {
        let pretty = "{ \"a b\" :\n [1.0, 2e3,\t\"c \\\" d\\\\\" , \"\"] }";
        assert_eq!(on_one_line(pretty), r#"{"a b":[1.0,2e3,"c \" d\\",""]}"#);
        assert_eq!(on_one_line("[1, 2]"), "[1, 2]");
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let (inputs, refused) = lines("\n{\"method\":\"POST\",\"path\":\"/a?b=c\",\"body\":{}}\n{\"method\":1}\n");
        assert_eq!((inputs.len(), inputs[0].line, inputs[0].call.query.as_str()), (1, 2, "b=c"));
        assert_eq!(refused.len(), 1);
        assert!(refused[0].to_string().starts_with("line 3: column 11: invalid type: integer `1`"), "{}", refused[0]);
    }
}
