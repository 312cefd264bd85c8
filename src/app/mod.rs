//! The composition root: configuration to parts to a running gateway. The only place that knows all.

mod destinations;
mod reads;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use anyhow::Context;
use futures::FutureExt;
use futures::future::join_all;
use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio::time::timeout;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use crate::canonical::Time;
use crate::config;
use crate::config::Config;
use crate::contract::Clock;
use crate::contract::Dialect;
use crate::contract::Doors;
use crate::contract::Names;
use crate::http;
use crate::http::Edge;
use crate::http::keys::Key;
use crate::http::keys::Keys;
use crate::http::keys::Rates;
use crate::http::keys::Scopes;
use crate::http::limits::Limits;
use crate::http::server::End;
use crate::http::tokens::Tokens;
use crate::pipeline::accept::Acceptor;
use crate::pipeline::accept::NewId;
use crate::pipeline::accept::Pressure;
use crate::pipeline::deliver::Backlog;
use crate::pipeline::deliver::Book;
use crate::pipeline::deliver::Courier;
use crate::pipeline::deliver::Destination;
use crate::pipeline::deliver::Overflow;
use crate::pipeline::deliver::Shared;
use crate::pipeline::explain::Explainer;
use crate::pipeline::explain::Outlet;
use crate::pipeline::explain::Roster;
use crate::pipeline::homes::Homes;
use crate::pipeline::ledger::Durability;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::Options;
use crate::pipeline::ledger::Sqlite;
use crate::pipeline::ledger::Status;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::lost;
use crate::pipeline::names::NameTable;
use crate::pipeline::operate::Operator;
use crate::pipeline::operate::Removed;
use crate::pipeline::outward::Outwards;
use crate::pipeline::read::Reader;
use crate::pipeline::read::Seen;
use crate::pipeline::record::Dialects;
use crate::pipeline::repeats::Repeats;
use crate::pipeline::retention::Bounds;
use crate::pipeline::retention::Janitor;
use crate::pipeline::retention::LetterBounds;
use crate::pipeline::story::Listener;
use crate::pipeline::story::Story;
use crate::pipeline::strain::Strain;
use crate::pipeline::traces::Traces;
use crate::pipeline::window;
use crate::telemetry;
use crate::telemetry::alarm::Alarms;

/// Bytes of decoded items held for traces in work.
const TRACE_CACHE: usize = 36 << 20;

/// What a courier needs to write down where it is, however short the grace.
const TASKS_END_WITHIN: Duration = Duration::from_secs(3);

/// How long clients may take to end their connections by themselves.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

/// Everything from outside that a gateway needs beside its configuration.
pub struct World {
    /// The dialects there are.
    pub dialects: Vec<&'static dyn Dialect>,
    /// The environment that secrets are read from.
    pub environment: BTreeMap<String, String>,
    /// Where SDKs connect.
    pub data: TcpListener,
    /// Where operators connect.
    pub admin: TcpListener,
    /// The wall clock.
    pub clock: Clock,
    /// Makes record ids.
    pub new_id: NewId,
    /// Random numbers from 0 to 1.
    pub dice: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Signs login tokens; `None`: a secret made at the first start, in the state directory.
    pub token_secret: Option<Vec<u8>>,
    /// Hears what comes in and goes out, for a person who watches.
    pub listener: Option<Listener>,
}

/// A running gateway.
pub struct Gateway {
    /// Where requests are kept.
    pub ledger: Arc<dyn Ledger>,
    /// What each courier knows, by destination.
    pub books: BTreeMap<String, Arc<Mutex<Book>>>,
    /// Takes settled requests away.
    pub janitor: Arc<Janitor>,
    end: End,
    stop: CancellationToken,
    /// Cancelled when no client is connected any more.
    left: CancellationToken,
    grace: Duration,
    listeners: Vec<JoinHandle<anyhow::Result<()>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Gateway {
    /// Puts the parts together and starts them.
    ///
    /// # Errors
    /// When the state directory, a secret or a destination cannot be opened.
    pub async fn start(config: &Config, world: World) -> anyhow::Result<Self> {
        let World { dialects, environment, data, admin, clock, new_id, dice, token_secret, listener } = world;
        // First, so that nothing of the start goes uncounted.
        let (metrics, started) = (telemetry::metrics::install()?, clock());
        telemetry::metrics::started(started);
        let table = Dialects::new(&dialects);
        let ledger = open_ledger(config)?;
        let secret = match token_secret {
            Some(secret) => secret,
            None => stored_secret(&*ledger).await?,
        };
        let keys = Arc::new(keys(config));
        let tokens = Arc::new(Tokens::new(&secret, Arc::clone(&keys), Arc::clone(&clock)));
        let limits = Arc::new(Limits::new(&keys, project_rates(config), &http::limits::ticks()));
        let traces = Arc::new(Traces::new(Arc::clone(&ledger), table.clone(), TRACE_CACHE));
        let homes = Arc::new(Homes::open(Arc::clone(&ledger), table.clone())?);
        let issue = Arc::clone(&tokens);
        let log_in = Arc::new(move |key: &SecretString| issue.issue(key));
        let names = NameTable::open(Arc::clone(&ledger), Arc::clone(&clock), log_in)?;
        let names: Arc<dyn Names> = Arc::new(names.with_routes(reads::routed(config)));
        let outwards = Arc::new(Outwards {
            traces: Arc::clone(&traces),
            homes: Arc::clone(&homes),
            names: Arc::clone(&names),
            ledger: Arc::clone(&ledger),
            dialects: table.clone(),
        });
        let story = Arc::new(Story::new(listener));
        let alarms = Arc::new(Alarms::default());
        let strain = Arc::new(Strain::default());
        let shared = Shared {
            ledger: Arc::clone(&ledger),
            traces: Arc::clone(&traces),
            homes: Arc::clone(&homes),
            outwards: Arc::clone(&outwards),
            clock: Arc::clone(&clock),
            story: Arc::clone(&story),
            alarms: Arc::clone(&alarms),
            dice,
            strain: Arc::clone(&strain),
        };
        let destinations = destinations::destinations(config, &table, &Arc::new(environment), &*ledger).await?;
        let stop = CancellationToken::new();
        let projects: Vec<Arc<str>> = config.projects.keys().map(|name| name.as_str().into()).collect();
        let roster = Roster::of(&projects, &destinations);
        let removed = Arc::new(Removed::open(roster, (&*ledger, &traces), Time(started)).await?);
        removed.tell(&alarms, Time(started));
        let mut books = Books::new();
        let mut outlets = Vec::new();
        let mut backlogs = Vec::new();
        let mut couriers = Vec::new();
        for (name, destination) in &destinations {
            let courier = Courier::open(Arc::clone(destination), &shared).await?;
            books.insert(name.clone(), courier.book());
            backlogs.push((Arc::clone(destination), courier.backlog()));
            outlets.push(Outlet::of(destination, &courier));
            couriers.push(courier);
        }
        let janitor = Arc::new(janitor(config, &outwards, (&books, &backlogs, &removed), &clock));
        let explain = Arc::new(Explainer { outwards: Arc::clone(&outwards), projects, outlets });
        let operator = Arc::new(Operator { explain: Arc::clone(&explain), clock: Arc::clone(&clock), alarms, removed });
        // Before anything is sent to what an operator paused.
        operator.restore_pauses()?;
        let run = |courier: Courier| tokio::spawn(courier.run(stop.clone()));
        let mut tasks: Vec<JoinHandle<()>> = couriers.into_iter().map(run).collect();
        tasks.push(tokio::spawn(Arc::clone(&janitor).run(stop.clone())));
        let read_from = reads::sources(config, &destinations);
        let acceptor = Acceptor {
            ledger: Arc::clone(&ledger),
            traces,
            homes,
            charge: Arc::clone(&limits) as Arc<_>,
            clock: Arc::clone(&clock),
            new_id,
            repeats: Repeats::default(),
            story,
            pressure: pressure(backlogs),
            strain,
            last: AtomicI64::new(0),
        };
        let doors = Doors {
            accept: Arc::new(acceptor),
            read: Arc::new(Reader { outwards, read_from, seen: Seen::default() }),
            names,
            public_url: public_url(config, &data)?.into(),
            console_url: format!("http://{}", admin.local_addr()?).into(),
        };
        let edge = Edge::new(settings(config), keys, tokens, limits, clock);
        let app = http::router::router(&dialects, &doors, &edge);
        let ready = ready(&ledger);
        let local = admin.local_addr()?.ip().is_loopback();
        let admin_app = http::admin::router(
            ready,
            metrics.clone(),
            http::console::router(explain, Arc::clone(&operator) as Arc<_>),
            local,
        );
        tasks.push(tokio::spawn(until(stop.clone(), telemetry::metrics::keep_up(metrics))));
        tasks.push(tokio::spawn(until(stop.clone(), operator.watch())));
        let grace = config.server.shutdown_grace;
        let (end, left) = (End::default(), CancellationToken::new());
        let gone = left.clone().drop_guard();
        let data = http::server::serve(data, app, end.clone(), grace);
        let listeners = vec![
            tokio::spawn(data.inspect(move |_| drop(gone))),
            tokio::spawn(http::server::serve(admin, admin_app, end.clone(), grace)),
        ];
        Ok(Self { ledger, books, janitor, end, stop, left, grace, listeners, tasks })
    }

    /// Stops accepting connections and lets clients end theirs by themselves, each with its next answer,
    /// for a part of the grace; a client that is cut off between two requests may lose the second.
    pub async fn take_leave(&self) {
        self.end.leave();
        let _ = timeout(LEAVE_WITHIN.min(self.grace / 4), self.left.cancelled()).await;
    }

    /// Stops accepting, finishes what is in hand, and leaves the rest for the next start.
    ///
    /// # Errors
    /// When the ledger cannot be closed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.end.stop();
        self.stop.cancel();
        let (listeners, ()) = tokio::join!(join_all(self.listeners), end_all(self.tasks, self.grace * 3 / 4));
        for listener in listeners {
            listener.context("a listener panicked")??;
        }
        self.ledger.close().await.context("closing the ledger")?;
        Ok(())
    }
}

/// What each courier knows, by destination.
type Books = BTreeMap<String, Arc<Mutex<Book>>>;

/// What waits for each destination.
type Backlogs = Vec<(Arc<Destination>, Arc<Backlog>)>;

/// Refuses a project's requests while a destination of it is full and refuses.
fn pressure(backlogs: Backlogs) -> Pressure {
    let refuses: Vec<_> = backlogs.into_iter().filter(|(to, _)| to.backlog.overflow == Overflow::Refuse).collect();
    Arc::new(move |project| {
        let full = |(to, backlog): &&(Arc<Destination>, Arc<Backlog>)| {
            to.routes.contains_key(project) && backlog.figures().refuses
        };
        let (to, _) = refuses.iter().find(full)?;
        Some(format!("destination {} cannot keep up and its share of the disk is used up", to.name))
    })
}

fn open_ledger(config: &Config) -> anyhow::Result<Arc<dyn Ledger>> {
    let mut options = Options::new(&config.server.state_dir);
    options.durability = match config.ledger.durability {
        config::Durability::Fsync => Durability::Fsync,
        config::Durability::Os => Durability::Os,
    };
    options.disk_reserve = config.ledger.disk_reserve;
    Ok(Arc::new(Sqlite::open(options)?))
}

/// What takes settled requests away; it asks every destination what that still needs.
fn janitor(
    config: &Config,
    outwards: &Arc<Outwards>,
    (books, backlogs, removed): (&Books, &Backlogs, &Arc<Removed>),
    clock: &Clock,
) -> Janitor {
    let (asked, removed) = (books.clone(), Arc::clone(removed));
    let pins = move || asked.values().map(|book| book.lock().pins()).chain(removed.pins()).collect();
    let (books_of, backlogs_of) = (books.clone(), backlogs.clone());
    let give_up = move |name: &str, trace: SubjectKey| {
        let items = books_of.get(name).map_or(0, |book| book.lock().discard(trace));
        let backlog = backlogs_of.iter().find(|(destination, _)| *destination.name == *name);
        backlog.iter().for_each(|(_, backlog)| backlog.dropped(items));
        items
    };
    let config::Retain { age, size } = config.ledger.retain;
    let lost = books.keys().map(|name| lost::space(name));
    Janitor {
        outwards: Arc::clone(outwards),
        pins: Arc::new(pins),
        keep: Bounds { age, size, reserve: config.ledger.disk_reserve },
        keep_letters: LetterBounds { age: config.ledger.dead_letters.age, size: config.ledger.dead_letters.size },
        give_up: Arc::new(give_up),
        places: books.keys().map(String::as_str).chain([""]).flat_map(window::spaces).chain(lost).collect(),
        clock: Arc::clone(clock),
    }
}

/// The secret that signs login tokens, made at the first start.
async fn stored_secret(ledger: &dyn Ledger) -> anyhow::Result<Vec<u8>> {
    let value: [u8; 32] = rand::random();
    let fact = Fact { space: "secrets".to_owned(), key: b"login".to_vec(), value: value.to_vec() };
    let held = ledger.put_if_absent(vec![fact]).await.context("storing the token secret")?;
    held.into_iter().next().context("the ledger held no token secret")
}

/// Waits for the tasks; what they have not done in time is done after the next start.
async fn end_all(tasks: Vec<JoinHandle<()>>, within: Duration) {
    let deadline = Instant::now() + within.max(TASKS_END_WITHIN);
    for mut task in tasks {
        match timeout_at(deadline, &mut task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a task panicked"),
            Err(_) => {
                tracing::warn!("a task did not end in time; its work goes on after the next start");
                task.abort();
            }
        }
    }
}

/// Runs something that never ends, until told to stop.
async fn until(stop: CancellationToken, endless: impl Future<Output = ()>) {
    stop.run_until_cancelled(endless).await;
}

fn ready(ledger: &Arc<dyn Ledger>) -> http::admin::Ready {
    let ledger = Arc::clone(ledger);
    Arc::new(move || match ledger.status() {
        Status { ready: true, .. } => Ok(()),
        Status { not_ready: why, .. } => Err(why.unwrap_or_else(|| "the ledger does not accept".to_owned())),
    })
}

fn public_url(config: &Config, data: &TcpListener) -> anyhow::Result<String> {
    if let Some(url) = &config.server.public_url {
        return Ok(url.as_str().trim_end_matches('/').to_owned());
    }
    let address = data.local_addr()?;
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
    Ok(format!("http://{host}:{}", address.port()))
}

fn keys(config: &Config) -> Keys {
    Keys::new(config.keys.iter().map(|(name, key)| Key {
        name: name.as_str().into(),
        project: key.project.as_str().into(),
        sha256: key.sha256,
        scopes: Scopes { read: key.scopes.read, write: key.scopes.write },
        rates: rates(&key.limits),
        expires: key.expires.and_then(|expires| i64::try_from(expires.as_nanosecond()).ok()),
    }))
}

fn rates(limits: &config::Limits) -> Rates {
    Rates {
        requests_per_second: limits.requests_per_second,
        spans_per_second: limits.spans_per_second,
        bytes_per_second: limits.bytes_per_second,
    }
}

fn project_rates(config: &Config) -> Vec<(Arc<str>, Rates)> {
    config.projects.iter().map(|(name, project)| (name.as_str().into(), rates(&project.limits))).collect()
}

fn settings(config: &Config) -> http::Settings {
    let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    http::Settings {
        max_in_flight: usize::try_from(config.server.max_in_flight.get()).unwrap_or(usize::MAX),
        request_timeout: config.server.request_timeout,
        max_encoded: bytes(config.server.max_body.encoded),
        max_decoded: bytes(config.server.max_body.decoded),
        ..http::Settings::default()
    }
}
