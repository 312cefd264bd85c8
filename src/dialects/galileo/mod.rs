//! Galileo: trees of typed steps, mostly posted whole (`wire/galileo.md`).
//!
//! Little can change there once it is stored, so a trace is written when it has settled. It owns the
//! root of the data port: its Python SDK cannot keep a path prefix.

mod carve;
mod client;
mod decode;
mod encode;
mod read;
mod routes;
mod settings;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use axum::Router;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;

use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::View;
use crate::contract::Answer;
use crate::contract::Call;
use crate::contract::Credential;
use crate::contract::Decoded;
use crate::contract::Dialect;
use crate::contract::DialectInfo;
use crate::contract::Doors;
use crate::contract::Known;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::contract::Refusal;
use crate::contract::Request;
use crate::contract::Rows;
use crate::contract::SdkEnvironment;
use crate::contract::Seed;
use crate::contract::VendorProject;
use crate::contract::Verdict;
use crate::contract::Wanted;
use crate::contract::Write;

/// The Galileo dialect.
#[derive(Debug)]
pub struct Galileo;

impl Dialect for Galileo {
    fn info(&self) -> &'static DialectInfo {
        &settings::INFO
    }

    fn environment(&self, base: &str, key: &str) -> Vec<SdkEnvironment> {
        settings::environment(base, key)
    }

    fn recorded(&self) -> &'static str {
        settings::RECORDED
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &[]
    }

    fn rows(&self) -> &'static [&'static str] {
        &["traces", "spans"]
    }

    fn open_routes(&self) -> Router<Doors> {
        routes::open()
    }

    fn routes(&self) -> Router<Doors> {
        routes::authenticated()
    }

    fn credential(&self, headers: &HeaderMap) -> Option<Credential> {
        routes::credential(headers)
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        routes::refuse(refusal)
    }

    fn decode(&self, call: &Call, seed: &Seed) -> Result<Decoded, Refusal> {
        decode::decode(call, seed)
    }

    fn carve(&self, call: &Call, seed: &Seed, keep: &BTreeSet<u32>) -> Option<Bytes> {
        carve::carve(call, seed, keep)
    }

    fn project_name(&self, name: &str) -> String {
        settings::project_name(name)
    }

    fn show_id(&self, id: Id, trace: Id, out: &Outward) -> String {
        encode::show_id(id, trace, out)
    }

    fn plan(&self, view: &View, shown: Option<&View>, out: &Outward) -> Plan {
        encode::plan(view, shown, out)
    }

    fn pack(&self, writes: &[&Write]) -> Request {
        client::pack(writes)
    }

    fn verdict(&self, request: &Request, answer: &Answer) -> Verdict {
        client::verdict(request, answer)
    }

    fn look_up(&self, project: &VendorProject, known: &Known) -> Option<Request> {
        client::look_up(project, known)
    }

    fn learn(&self, project: &VendorProject, request: &Request, answer: &Answer, known: &mut Known) -> Verdict {
        client::learn(project, request, answer, known)
    }

    /// For what was answered in doubt only: what is sent asks to be answered once it is stored.
    fn confirm(&self, write: &Write) -> Option<Request> {
        client::confirm(write)
    }

    fn confirmed(&self, write: &Write, answer: &Answer) -> bool {
        client::confirmed(write, answer)
    }

    fn each(&self, write: &Write, answer: &Answer) -> Result<Rows, String> {
        client::each(write, answer)
    }

    fn authorize(&self, key: Option<&SecretString>, settings: &BTreeMap<String, String>) -> HeaderMap {
        client::authorize(key, settings)
    }

    fn read(&self, wanted: &Wanted, known: &Known) -> Vec<Request> {
        client::read(wanted, known)
    }

    fn read_answer(&self, wanted: &Wanted, answers: &[Answer], known: &Known) -> Result<Option<Vec<Item>>, String> {
        read::read_answer(wanted, answers, known)
    }
}
