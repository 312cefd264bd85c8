//! Projects and log streams: names and their ids (`wire/galileo.md §4.8`).
//!
//! Creating is idempotent by name, because SDKs race (§3.5).

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::login::email;
use super::login::user;
use super::reply::Desk;
use super::reply::Reply;
use super::reply::ok;
use crate::contract::Named;
use crate::contract::Refusal;

/// The kinds of names.
const PROJECT: &str = "project";
pub(super) const STREAM: &str = "log_stream";

#[derive(Deserialize)]
struct Name {
    name: String,
}

/// All projects, or those of a name.
pub(super) async fn projects(desk: Desk) -> Reply {
    let wanted = desk.query("project_name");
    let named = desk.list(PROJECT, "").into_iter().filter(|one| wanted.as_ref().is_none_or(|name| *name == one.name));
    let user = user(&desk).await?;
    ok(&named.map(|named| show_project(&named, &desk, &user)).collect::<Vec<_>>())
}

pub(super) async fn paginated_projects(desk: Desk) -> Reply {
    let user = user(&desk).await?;
    let projects: Vec<_> = desk.list(PROJECT, "").iter().map(|named| show_project(named, &desk, &user)).collect();
    ok(&json!({
        "starting_token": 0, "limit": projects.len().max(100), "paginated": false, "next_starting_token": null,
        "total_count": projects.len(), "projects": projects,
    }))
}

pub(super) async fn project(desk: Desk) -> Reply {
    let user = user(&desk).await?;
    ok(&show_project(&desk.named(PROJECT, "", &desk.project()), &desk, &user))
}

pub(super) async fn create_project(desk: Desk) -> Reply {
    let name = name(&desk)?;
    let id = desk.id_of(PROJECT, "", &name).await?;
    let user = user(&desk).await?;
    ok(&show_project(&desk.named(PROJECT, "", &id), &desk, &user))
}

pub(super) async fn streams(desk: Desk) -> Reply {
    ok(&all_streams(&desk).await?)
}

pub(super) async fn paginated_streams(desk: Desk) -> Reply {
    let streams = all_streams(&desk).await?;
    ok(&json!({
        "starting_token": 0, "limit": streams.len().max(100), "paginated": false, "next_starting_token": null,
        "log_streams": streams,
    }))
}

pub(super) async fn stream(desk: Desk) -> Reply {
    let user = user(&desk).await?;
    let named = desk.named(STREAM, &desk.project(), &desk.segment(3));
    ok(&show_stream(&named, &desk, &user))
}

pub(super) async fn create_stream(desk: Desk) -> Reply {
    let name = name(&desk)?;
    let id = desk.id_of(STREAM, &desk.project(), &name).await?;
    let user = user(&desk).await?;
    ok(&show_stream(&desk.named(STREAM, &desk.project(), &id), &desk, &user))
}

async fn all_streams(desk: &Desk) -> Result<Vec<Value>, Refusal> {
    let user = user(desk).await?;
    Ok(desk.list(STREAM, &desk.project()).iter().map(|named| show_stream(named, desk, &user)).collect())
}

/// The name of a project, as far as the id tells.
pub(super) fn project_name(desk: &Desk, id: &str) -> String {
    desk.named(PROJECT, "", id).name
}

fn name(desk: &Desk) -> Result<String, Refusal> {
    let Name { name } = desk.body()?;
    let rule = "String should have at least 1 character".to_owned();
    if name.is_empty() { Err(Refusal::Invalid { path: "name".to_owned(), rule }) } else { Ok(name) }
}

/// Every key that the Python SDK reads without asking whether it is there (§4.8).
fn show_project(named: &Named, desk: &Desk, user: &str) -> Value {
    let since = named.since.rfc3339(6);
    json!({
        "id": named.id, "name": named.name, "type": "gen_ai",
        "created_by": user, "created_by_user": show_user(desk, user),
        "created_at": since, "updated_at": since,
        "runs": [], "permissions": [], "bookmark": false, "description": null, "labels": [],
    })
}

fn show_stream(named: &Named, desk: &Desk, user: &str) -> Value {
    let since = named.since.rfc3339(6);
    json!({
        "id": named.id, "name": named.name, "project_id": desk.project(),
        "created_by": user, "created_by_user": show_user(desk, user),
        "created_at": since, "updated_at": since,
        "num_spans": null, "num_traces": null, "has_user_created_sessions": false,
    })
}

fn show_user(desk: &Desk, id: &str) -> Value {
    let name = &*desk.caller.key;
    json!({ "id": id, "email": email(name), "first_name": name, "last_name": "" })
}
