//! The vendors' published API descriptions, as judges of request bodies.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use jsonschema::Validator;
use serde_json::Value;
use serde_json::json;

/// One vendor's API.
pub(crate) struct Api {
    document: Value,
    validators: RefCell<HashMap<String, Option<Rc<Validator>>>>,
}

impl Api {
    /// Reads a description in JSON or YAML.
    pub(crate) fn open(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut document: Value = match path.extension().is_some_and(|extension| extension == "json") {
            true => serde_json::from_str(&text).unwrap(),
            false => serde_saphyr::from_str(&text).unwrap(),
        };
        modernise(&mut document);
        Self { document, validators: RefCell::default() }
    }

    /// The path without what stands before it in front of a proxy, where some end of it is in the API.
    pub(crate) fn native<'a>(&self, method: &str, path: &'a str) -> &'a str {
        let starts = path.match_indices('/').map(|(at, _)| &path[at..]);
        starts.into_iter().find(|rest| self.template(method, rest).is_some()).unwrap_or(path)
    }

    /// What is wrong with a request, as lines; nothing when it is as described.
    pub(crate) fn check(&self, method: &str, path: &str, body: &Value) -> Vec<String> {
        let path = path.split('?').next().unwrap();
        let Some(template) = self.template(method, path) else { return vec!["no such operation".to_owned()] };
        let Some(validator) = self.validator(method, template) else {
            return if body.is_null() { Vec::new() } else { vec!["the operation takes no body".to_owned()] };
        };
        validator.iter_errors(body).flat_map(|error| leaves(&error)).collect()
    }

    /// The path of the description that a path is; one without parameters before others.
    /// Galileo's stand there without the `/v2` that they may have (`wire/galileo.md §1`).
    fn template(&self, method: &str, path: &str) -> Option<&str> {
        let path = path.strip_prefix("/v2").unwrap_or(path);
        let paths = self.document["paths"].as_object().unwrap();
        let mut fits: Vec<&str> = paths
            .iter()
            .filter(|(template, operations)| operations.get(method.to_lowercase()).is_some() && is(template, path))
            .map(|(template, _)| template.as_str())
            .collect();
        fits.sort_by_key(|template| template.matches('{').count());
        fits.first().copied()
    }

    fn validator(&self, method: &str, template: &str) -> Option<Rc<Validator>> {
        let key = format!("{method} {template}");
        let compile = || {
            let operation = &self.document["paths"][template][method.to_lowercase()];
            let schema = operation["requestBody"]["content"]["application/json"].get("schema")?;
            let root = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "allOf": [schema],
                "components": self.document["components"],
            });
            let validator = jsonschema::options().should_validate_formats(true).build(&root);
            Some(Rc::new(validator.unwrap_or_else(|error| panic!("{key}: {error}"))))
        };
        self.validators.borrow_mut().entry(key.clone()).or_insert_with(compile).clone()
    }
}

/// Whether a path is an instance of a template.
fn is(template: &str, path: &str) -> bool {
    let (mut parts, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part == given || (part.starts_with('{') && !given.is_empty()) => {}
            _ => return false,
        }
    }
}

/// Rewrites what OpenAPI 3.0 writes otherwise than JSON Schema: `nullable`, exclusive bounds as flags.
/// And where alternatives stand beside a type that not all of them have, the type goes: payloads at
/// one vendor are objects, lists or texts, and all are called objects (`wire/opik.md §4.1`).
fn modernise(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("nullable") == Some(&Value::Bool(true))
                && let Some(Value::String(kind)) = members.get("type")
            {
                let kinds = json!([kind, "null"]);
                members.insert("type".to_owned(), kinds);
            }
            if members.contains_key("anyOf") {
                members.remove("type");
            }
            for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
                match members.get(flag) {
                    Some(Value::Bool(false)) => drop(members.remove(flag)),
                    Some(Value::Bool(true)) => drop(members.insert(flag.to_owned(), members[bound].clone())),
                    _ => {}
                }
            }
            members.values_mut().for_each(modernise);
        }
        Value::Array(list) => list.iter_mut().for_each(modernise),
        _ => {}
    }
}

/// An error with where it is; of alternatives, the errors of each.
fn leaves(error: &jsonschema::ValidationError<'_>) -> Vec<String> {
    let text: String = error.to_string().chars().take(300).collect();
    vec![format!("{}: {text}", error.instance_path())]
}
