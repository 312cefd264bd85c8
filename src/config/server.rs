//! `[server]`: the two listeners and what one request may cost.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::mistakes::Problem;
use super::print::Printer;
use super::values;
use super::walk::Table;

const REQUIRED: [&str; 6] =
    ["listen", "admin_listen", "state_dir", "shutdown_grace", "request_timeout", "max_in_flight"];

/// The process as clients and operators meet it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The data listener: every SDK, every dialect.
    pub listen: SocketAddr,
    /// The start of links given to SDKs; none: the address that `listen` got.
    pub public_url: Option<Url>,
    /// The admin listener: health, metrics, API, page.
    pub admin_listen: SocketAddr,
    /// The directory of the ledger, for one process at a time.
    pub state_dir: PathBuf,
    /// How long requests in hand may take after the signal to stop; zero is allowed.
    pub shutdown_grace: Duration,
    /// The longest that one request may take, above zero.
    pub request_timeout: Duration,
    /// Requests in hand at once before load is shed.
    pub max_in_flight: NonZeroU32,
    /// The longest bodies.
    pub max_body: MaxBody,
}

/// The longest body of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxBody {
    /// Bytes as they come, for a body with a `Content-Encoding`.
    pub encoded: u64,
    /// Bytes after decoding, and of a body without a `Content-Encoding`.
    pub decoded: u64,
}

pub(super) fn read(table: &mut Table) -> Option<Server> {
    for key in REQUIRED {
        table.require(key, "it as in config/default.toml");
    }
    let listen = table.text("listen", values::address);
    let public_url = table.text("public_url", values::url);
    let admin_listen = table.text("admin_listen", |text| values::address(text).and_then(|admin| apart(admin, listen)));
    let state_dir = table.text("state_dir", values::words);
    let shutdown_grace = table.text("shutdown_grace", values::duration);
    let request_timeout = table.text("request_timeout", values::positive_duration);
    let max_in_flight = table.count("max_in_flight");
    let max_body = table.section("max_body", max_body);
    table.not_yet("tls", "TLS on the listeners; put a proxy in front");
    Some(Server {
        listen: listen?,
        public_url,
        admin_listen: admin_listen?,
        state_dir: state_dir?.into(),
        shutdown_grace: shutdown_grace?,
        request_timeout: request_timeout?,
        max_in_flight: max_in_flight?,
        max_body: max_body??,
    })
}

fn max_body(table: &mut Table) -> Option<MaxBody> {
    for key in ["encoded", "decoded"] {
        table.require(key, "it as in config/default.toml");
    }
    let (encoded, decoded) = (table.text("encoded", values::size), table.text("decoded", values::size));
    Some(MaxBody { encoded: encoded?, decoded: decoded? })
}

/// Two listeners need two sockets; port 0 is a fresh one each time.
fn apart(admin: SocketAddr, data: Option<SocketAddr>) -> Result<SocketAddr, Problem> {
    let same = data.is_some_and(|data| {
        let any = data.ip().is_unspecified() || admin.ip().is_unspecified();
        admin.port() != 0 && admin.port() == data.port() && (any || admin.ip() == data.ip())
    });
    if same {
        let other = admin.port().checked_add(1).unwrap_or(4401);
        let write = format!("\"{}\"", SocketAddr::new(admin.ip(), other));
        return Err(Problem::new("must not be the address of server.listen", write));
    }
    Ok(admin)
}

impl Server {
    pub(super) fn print(&self, out: &mut Printer) {
        out.table("server");
        out.text("listen", &self.listen.to_string());
        if let Some(url) = &self.public_url {
            out.text("public_url", url.as_str());
        }
        out.text("admin_listen", &self.admin_listen.to_string());
        out.text("state_dir", &self.state_dir.to_string_lossy());
        out.duration("shutdown_grace", self.shutdown_grace);
        out.duration("request_timeout", self.request_timeout);
        out.raw("max_in_flight", &self.max_in_flight.to_string());
        let size = |bytes| Some(Printer::quoted(&values::size_text(bytes)));
        let MaxBody { encoded, decoded } = self.max_body;
        let body = Printer::inline([("encoded", size(encoded)), ("decoded", size(decoded))]);
        out.inner("max_body", &body);
    }
}
