//! The dialect of Opik (`wire/opik.md`): whole rows, version 7 ids, the greatest `last_updated_at` wins.

mod carve;
mod client;
mod decode;
mod encode;
mod read;
mod routes;
mod settings;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use axum::Router;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;
use url::Url;

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
use crate::contract::SdkEnvironment;
use crate::contract::Seed;
use crate::contract::VendorProject;
use crate::contract::Verdict;
use crate::contract::Wanted;
use crate::contract::Whereabouts;
use crate::contract::Write;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub struct Opik;

impl Dialect for Opik {
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
        settings::PREFIXES
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

    fn show_id(&self, id: Id, trace: Id, out: &Outward) -> String {
        encode::vendor_id(id, trace, out)
    }

    fn console_link(&self, base: &Url, trace: &str) -> Option<String> {
        client::console_link(base, trace)
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

    /// Nothing: projects are named in every row and made by the first one (`wire/opik.md §4.7`).
    fn look_up(&self, _project: &VendorProject, _known: &Known) -> Option<Request> {
        None
    }

    fn learn(&self, _project: &VendorProject, request: &Request, answer: &Answer, _known: &mut Known) -> Verdict {
        client::verdict(request, answer)
    }

    /// Nothing: 204 means that the rows are stored.
    fn confirm(&self, _write: &Write) -> Option<Request> {
        None
    }

    fn confirmed(&self, _write: &Write, _answer: &Answer) -> bool {
        false
    }

    fn authorize(&self, key: Option<&SecretString>, settings: &BTreeMap<String, String>) -> HeaderMap {
        client::authorize(key, settings)
    }

    fn whereabouts(&self, wanted: &Wanted, answers: &[Answer]) -> Whereabouts {
        read::whereabouts(wanted, answers)
    }

    fn read(&self, wanted: &Wanted, _known: &Known) -> Vec<Request> {
        client::read(wanted)
    }

    fn read_answer(&self, wanted: &Wanted, answers: &[Answer], _known: &Known) -> Result<Option<Vec<Item>>, String> {
        read::answer(wanted, answers)
    }
}
