//! A client that sends a vendor's own calls.

use std::net::SocketAddr;

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

/// One project's client. It presents its key wherever any vendor's clients put theirs.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
    project_name: String,
    headers: Vec<(&'static str, String)>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

/// Where Galileo's clients write.
pub(crate) struct Home {
    pub(crate) project: String,
    pub(crate) stream: String,
}

impl Home {
    /// A path in the project.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v2/projects/{}/{rest}", self.project)
    }
}

impl Client {
    pub(super) fn new(http: reqwest::Client, at: SocketAddr, key: String) -> Self {
        Self::at(http, format!("http://{at}"), key)
    }

    pub(super) fn at(http: reqwest::Client, base: String, key: String) -> Self {
        Self { http, base, key, project_name: "web".to_owned(), headers: Vec::new() }
    }

    /// The same client with one header more.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same client under another `X-Project-Name`.
    pub(crate) fn named(mut self, project_name: &str) -> Self {
        project_name.clone_into(&mut self.project_name);
        self
    }

    /// The same client with another key; empty for none.
    pub(crate) fn keyed(mut self, key: &str) -> Self {
        key.clone_into(&mut self.key);
        self
    }

    /// Sends a call; the body is JSON, or `null` for none.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send(method, path, None, bytes).await
    }

    /// Sends a call whose body is JSON as it is, or under a `Content-Encoding`.
    pub(crate) async fn send(&self, method: &str, path: &str, encoding: Option<&str>, body: Vec<u8>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.key.is_empty() {
            for header in ["authorization", "x-api-key", "galileo-api-key"] {
                request = request.header(header, &self.key);
            }
        }
        request = request.header("x-project-name", &self.project_name);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, headers, body }
    }

    /// The ids of a client project of a name and its log stream `default`, as Galileo's clients ask for them.
    pub(crate) async fn galileo(&self, name: &str) -> Home {
        let id = |value: Value| value["id"].as_str().unwrap().to_owned();
        let project = self.must(200, "POST", "/projects", &json!({"name": name, "type": "gen_ai"})).await;
        let project = id(project);
        let path = format!("/projects/{project}/log_streams");
        let stream = self.must(200, "POST", &path, &json!({"name": "default"})).await;
        Home { project, stream: id(stream) }
    }

    /// Sends a call that must be answered with a status; gives the body.
    pub(crate) async fn must(&self, status: u16, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.call(method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {:?}", answer.body);
        answer.body
    }
}
