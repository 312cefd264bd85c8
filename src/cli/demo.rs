//! `spangate demo`: gateway and stand-ins in one process, no file and no account needed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::infos;
use super::play;
use super::world;
use crate::app::Gateway;
use crate::canonical::Time;
use crate::config;
use crate::config::Sources;
use crate::dialects::DIALECTS;
use crate::http::keys::digest;
use crate::pipeline::ledger;
use crate::pipeline::story::Listener;
use crate::pipeline::story::Told;
use crate::sandbox;
use crate::telemetry;
use crate::telemetry::logs::Format;

/// The key that the demo lets in.
const KEY: &str = "sg_demo";

/// Signs the demo's login tokens: fixed, because clients outlive the demo.
const TOKEN_SECRET: &[u8] = b"spangate demo: not a secret";

/// Runs the gateway with stand-ins for every vendor, in one process.
///
/// Prints what it listens on and the environment lines that point each SDK at it, then a line for
/// each trace that comes in and one for each destination that shows it. It is `serve` with a built-in
/// configuration: SPANGATE__SECTION__KEY applies. The admin listener's page shows the traces.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  spangate demo --play\n  spangate demo --state demo-state --data 127.0.0.1:5400"
)]
pub(super) struct Args {
    /// Where SDKs connect.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4400")]
    pub data: SocketAddr,
    /// Where operators connect.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4401")]
    pub admin: SocketAddr,
    /// Where the stand-ins listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4402")]
    pub vendors: SocketAddr,
    /// Keep the state here, and go on where it was; without it, a fresh directory.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Send one recorded session of each SDK (or of one dialect's) through the front door, and go on.
    #[arg(long, value_name = "DIALECT", num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    #[arg(value_parser = dialects())]
    pub play: Option<String>,
    /// Print the built-in configuration as it is in force, and end.
    #[arg(long)]
    pub print_config: bool,
    /// What to log, in the syntax of RUST_LOG.
    #[arg(long, value_name = "FILTER", default_value = "warn")]
    pub log: String,
}

pub(super) async fn run(args: Args, environment: BTreeMap<String, String>) -> anyhow::Result<u8> {
    if args.print_config {
        let state = args.state.clone().unwrap_or_else(|| PathBuf::from("/var/lib/spangate/demo"));
        let text = built_in(&args, &state, args.vendors);
        let sources = Sources { text: Some(text), environment: vendor_keys(environment), ..Sources::default() };
        print!("{}", config::print(&config::load(&sources, &infos())?.config));
        return Ok(0);
    }
    telemetry::logs::init(Format::Text, &args.log)?;
    let state = match &args.state {
        Some(state) => std::path::absolute(state).context("the state directory's path")?,
        None => fresh_directory()?,
    };
    let mut signals = world::Signals::listen()?;
    ledger::ensure_free(&state.join("gateway"))?;
    let vendors = world::bind(args.vendors, "the stand-ins").await?;
    let vendors_at = vendors.local_addr()?;
    let environment = vendor_keys(environment);
    let text = built_in(&args, &state.join("gateway"), vendors_at);
    let sources = Sources { text: Some(text), environment: environment.clone(), ..Sources::default() };
    let loaded = config::load(&sources, &infos())?;
    let data = world::bind(loaded.config.server.listen, "SDKs").await?;
    let admin = world::bind(loaded.config.server.admin_listen, "operators").await?;
    let (data_at, admin_at) = (data.local_addr()?, admin.local_addr()?);
    let stop = CancellationToken::new();
    let options = sandbox::Options { state: Some(state.join("vendors")), ..sandbox::Options::default() };
    let serving = tokio::spawn(sandbox::serve(vendors, options, stop.clone()));
    let listener: Listener = Arc::new(move |told| println!("{}", line(&told, admin_at)));
    let world = world::world(environment, data, admin, Some(TOKEN_SECRET.to_vec()), Some(listener));
    let gateway = Gateway::start(&loaded.config, world).await?;
    print!("{}", welcome(data_at, admin_at, vendors_at, &state.display().to_string()));
    tokio::select! {
        () = signals.next() => {}
        () = play_all(args.play.as_deref(), data_at) => signals.next().await,
    }
    println!("stopping");
    let code = world::stop(gateway, &mut signals).await?;
    stop.cancel();
    serving.await??;
    Ok(code)
}

/// What `--play` takes: every session, or that of one dialect.
fn dialects() -> Vec<&'static str> {
    let recorded = DIALECTS.iter().filter(|dialect| !dialect.recorded().is_empty());
    std::iter::once("all").chain(recorded.map(|dialect| dialect.info().name)).collect()
}

/// Plays the sessions asked for, one after the other; one that fails says so and stops none.
async fn play_all(wanted: Option<&str>, data: SocketAddr) {
    let Some(wanted) = wanted else { return };
    for dialect in DIALECTS {
        let (name, session) = (dialect.info().name, dialect.recorded());
        if session.is_empty() || (wanted != "all" && wanted != name) {
            continue;
        }
        match play_one(session, data).await {
            Ok(calls) => println!("play {name:<12} {calls} requests of a recorded session"),
            Err(error) => println!("play {name:<12} stopped: {error:#}"),
        }
    }
}

async fn play_one(session: &str, data: SocketAddr) -> anyhow::Result<usize> {
    let http = reqwest::Client::builder().no_proxy().build().context("building the HTTP client")?;
    let now = Time((world::clock())());
    play::play(&http, &format!("http://{data}"), KEY, session, now).await
}

/// The built-in configuration: one project, routed to a stand-in of every vendor.
fn built_in(args: &Args, state: &std::path::Path, vendors: SocketAddr) -> String {
    let sha256: String = digest(KEY).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut text = format!(
        "[server]\nlisten = \"{}\"\nadmin_listen = \"{}\"\nstate_dir = {:?}\n\n[keys.demo]\nproject = \"demo\"\nsha256 = \"{sha256}\"\n",
        args.data,
        args.admin,
        state.display().to_string(),
    );
    let mut routes = String::new();
    for dialect in DIALECTS {
        let name = dialect.info().name;
        let _ = write!(
            text,
            "\n[destinations.{name}]\ndialect = \"{name}\"\nbase_url = \"http://{vendors}/{name}\"\napi_keys = [\"env:{VENDOR_KEY}\"]\nallow_private = true\n",
        );
        let _ = writeln!(routes, "[projects.demo.routes.{name}]");
    }
    let first = DIALECTS[0].info().name;
    let _ = write!(text, "\n[projects.demo]\nread_from = \"{first}\"\n{routes}");
    text
}

const VENDOR_KEY: &str = "SPANGATE_DEMO_VENDOR_KEY";

/// The environment with a key for the stand-ins, which take any.
fn vendor_keys(mut environment: BTreeMap<String, String>) -> BTreeMap<String, String> {
    environment.entry(VENDOR_KEY.to_owned()).or_insert_with(|| "stand-in-key".to_owned());
    environment
}

fn fresh_directory() -> anyhow::Result<PathBuf> {
    let name = format!("spangate-demo-{:08x}", rand::random::<u32>());
    let path = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
    Ok(path)
}

/// What the demo says first.
fn welcome(data: SocketAddr, admin: SocketAddr, vendors: SocketAddr, state: &str) -> String {
    let mut text = format!(
        "spangate demo\n  SDKs       http://{data}\n  operators  http://{admin}\n  stand-ins  http://{vendors}\n  state      {state}\n",
    );
    for dialect in DIALECTS {
        for environment in dialect.environment(&format!("http://{data}"), KEY) {
            let _ = write!(text, "\n# {} ({})\n", dialect.info().name, environment.sdk);
            for (name, value) in environment.lines {
                let _ = writeln!(text, "export {name}={value}");
            }
        }
    }
    text.push_str("\nEvery trace that comes in, and every destination that shows it:\n");
    text
}

/// One line for a person who watches.
fn line(told: &Told, console: SocketAddr) -> String {
    match told {
        Told::In { dialect, name, id } => format!("in   {dialect:<12} {name:?}  http://{console}/t/{id}"),
        Told::Out { destination, name, spans, kept, lost } => {
            let kept = if *kept == 0 { String::new() } else { format!(", {kept} fields under the reserved key") };
            let lost = if *lost == 0 { String::new() } else { format!(", {lost} fields lost") };
            format!("out  {destination:<12} {name:?} shown, {spans} spans{kept}{lost}")
        }
        Told::Refused { destination, why } => format!("out  {destination:<12} refused: {why}"),
    }
}
