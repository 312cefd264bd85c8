//! `[projects.NAME.routes.DESTINATION]`: what goes where; an empty table is a whole route.

use std::collections::BTreeMap;
use std::time::Duration;

use super::destinations::settings;
use super::dialects::DialectInfo;
use super::dialects::FlushMode;
use super::mistakes::Problem;
use super::mistakes::one_of;
use super::print::Printer;
use super::values;
use super::walk::Table;

const IDLE: Duration = Duration::from_secs(10 * 60);
const ORPHAN_WAIT: Duration = Duration::from_secs(60);

/// From one project to the destination that it is named by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Which project at the vendor.
    pub vendor_project: VendorProject,
    /// When what has changed is sent.
    pub flush: Flush,
    /// What the reserved key may hold there.
    pub reserved_key: ReservedKey,
    /// How long a change waits for the create that it belongs to.
    pub orphan_wait: Duration,
    /// What only the destination's dialect knows, by key (`DialectInfo::route_keys`).
    pub settings: BTreeMap<String, String>,
    /// Whether ids may go as they are; follows from the whole configuration, not from a key.
    pub id_scope: IdScope,
}

/// The vendor-side project of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VendorProject {
    /// Each client project under the name that the client used.
    Same,
    /// All of them under this one.
    Fixed(String),
}

/// The flush policy of one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flush {
    /// As written, else as the dialect prefers.
    pub mode: FlushMode,
    /// How quiet a complete trace must be; none: by where it came from (`design.md` §3).
    pub quiet: Option<Duration>,
    /// How long an incomplete trace may idle before it is sent in part.
    pub idle: Duration,
}

/// How much of what the vendor cannot hold natively is kept there under the reserved key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservedKey {
    /// Everything.
    Full,
    /// Ids only, so that a trace can be found again.
    Ids,
    /// Nothing.
    Off,
}

/// Whether an id may stand at the vendor as the client made it (`design.md` §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdScope {
    /// As it is: nobody else of this configuration can use the same one there.
    Verbatim,
    /// Hashed with the destination's project.
    Hashed,
}

pub(super) fn read(project: &mut Table) -> BTreeMap<String, Route> {
    project.named("routes", |name, table| {
        let info = destination(name, table);
        route(table, info)
    })
}

/// The route's name is its destination's.
fn destination<'a>(name: &str, table: &mut Table<'_, 'a>) -> Option<&'a DialectInfo> {
    if let Some(info) = table.walk.destinations.get(name) {
        return *info;
    }
    let known: Vec<String> = table.walk.destinations.keys().cloned().collect();
    let known = known.iter().map(String::as_str);
    let write = one_of(name, known, "a [destinations.NAME] table first");
    table.report_self(Problem::new("names no destination", write));
    None
}

fn route(table: &mut Table, info: Option<&DialectInfo>) -> Option<Route> {
    let vendor_project = table.text("vendor_project", |text| match text {
        "same" => Ok(VendorProject::Same),
        _ => values::words(text).map(VendorProject::Fixed),
    });
    let flush = table.section("flush", |table| flush(table, info));
    let reserved_key = table.text("reserved_key", reserved_key);
    let orphan_wait = table.text("orphan_wait", values::duration);
    let settings = settings(table, info, |dialect| dialect.route_keys);
    table.text("start", start);
    table.flag("shadow", |shadow| match shadow {
        true => Err(Problem::not_yet("routes on trial")),
        false => Ok(()),
    });
    table.not_yet("lens", "sampling, filters, redaction, renaming");
    table.not_yet("verify", "comparing what the vendor holds with what was sent");
    Some(Route {
        vendor_project: vendor_project.unwrap_or(VendorProject::Same),
        flush: flush?,
        reserved_key: reserved_key.unwrap_or(ReservedKey::Full),
        orphan_wait: orphan_wait.unwrap_or(ORPHAN_WAIT),
        settings,
        id_scope: IdScope::Hashed,
    })
}

fn flush(table: &mut Table, info: Option<&DialectInfo>) -> Flush {
    let mode = table.text("mode", |text| match text {
        "eager" => Ok(FlushMode::Eager),
        "settled" => Ok(FlushMode::Settled),
        _ => {
            let rule = "must be \"eager\" or \"settled\"";
            Err(Problem::new(rule, one_of(text, ["eager", "settled"], "")))
        }
    });
    let preferred = info.map_or(FlushMode::Settled, |info| info.flush);
    Flush {
        mode: mode.unwrap_or(preferred),
        quiet: table.text("quiet", values::duration),
        idle: table.text("idle", values::positive_duration).unwrap_or(IDLE),
    }
}

fn reserved_key(text: &str) -> Result<ReservedKey, Problem> {
    match text {
        "full" => Ok(ReservedKey::Full),
        "ids" => Ok(ReservedKey::Ids),
        "off" => Ok(ReservedKey::Off),
        _ => {
            let rule = "must be \"full\", \"ids\" or \"off\"";
            Err(Problem::new(rule, one_of(text, ["full", "ids", "off"], "")))
        }
    }
}

fn start(text: &str) -> Result<(), Problem> {
    match text {
        "now" => Ok(()),
        "oldest" => Err(Problem::not_yet("beginning with what is retained")),
        _ => Err(Problem::new("must be \"now\"", "\"now\"")),
    }
}

impl ReservedKey {
    /// The word of `routes.D.reserved_key`.
    pub fn word(self) -> &'static str {
        match self {
            ReservedKey::Full => "full",
            ReservedKey::Ids => "ids",
            ReservedKey::Off => "off",
        }
    }
}

impl Route {
    pub(super) fn print(&self, path: &str, out: &mut Printer) {
        out.table(path);
        let project = match &self.vendor_project {
            VendorProject::Same => "same",
            VendorProject::Fixed(name) => name,
        };
        out.text("vendor_project", project);
        let span = |span| Printer::quoted(&values::duration_text(span));
        let flush = Printer::inline([
            ("mode", Some(Printer::quoted(self.flush.mode.word()))),
            ("quiet", self.flush.quiet.map(span)),
            ("idle", Some(span(self.flush.idle))),
        ]);
        out.inner("flush", &flush);
        out.text("reserved_key", self.reserved_key.word());
        out.duration("orphan_wait", self.orphan_wait);
        for (key, value) in &self.settings {
            out.text(key, value);
        }
    }
}
