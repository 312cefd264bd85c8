//! PandaProbe: whole traces posted after they have ended (`wire/pandaprobe.md`).
//!
//! A queue stands behind `POST /traces`, so 202 promises nothing and every creation is confirmed by
//! a read; what a second POST omits is nulled, so later changes go out as updates.

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

/// The PandaProbe dialect.
#[derive(Debug)]
pub struct PandaProbe;

impl Dialect for PandaProbe {
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
        &["/pandaprobe"]
    }

    fn rows(&self) -> &'static [&'static str] {
        &["spans"]
    }

    fn open_routes(&self) -> Router<Doors> {
        Router::new()
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
        settings::vendor_project_name(name).into_owned()
    }

    fn show_id(&self, id: Id, trace: Id, out: &Outward) -> String {
        encode::shown(id, trace, out)
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

    fn look_up(&self, _project: &VendorProject, _known: &Known) -> Option<Request> {
        None
    }

    fn learn(&self, _project: &VendorProject, request: &Request, answer: &Answer, _known: &mut Known) -> Verdict {
        client::verdict(request, answer)
    }

    fn confirm(&self, write: &Write) -> Option<Request> {
        client::confirm(write)
    }

    fn confirmed(&self, write: &Write, answer: &Answer) -> bool {
        client::confirmed(write, answer)
    }

    fn each(&self, write: &Write, answer: &Answer) -> Result<Rows, String> {
        client::each(write, answer)
    }

    fn authorize(&self, key: Option<&SecretString>, _settings: &BTreeMap<String, String>) -> HeaderMap {
        client::authorize(key)
    }

    fn read(&self, wanted: &Wanted, _known: &Known) -> Vec<Request> {
        client::read(wanted)
    }

    fn read_answer(&self, wanted: &Wanted, answers: &[Answer], _known: &Known) -> Result<Option<Vec<Item>>, String> {
        read::read_answer(wanted, answers)
    }
}
