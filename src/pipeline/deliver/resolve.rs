//! Whom a destination connects to, and how long that may take: one HTTP client for each destination,
//! with connections of its own.
//!
//! A name is judged by what it means when a connection is made, not when the configuration was read:
//! whoever owns a vendor's zone could point it at our own network afterwards. An address in the base
//! URL means the same for ever and is judged once. Redirects are not followed, proxies of the
//! environment are not used, so nothing else is ever connected to.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::timeout;
use url::Host;
use url::Url;

use crate::config::inside;

/// What a name means now.
pub type LookUp = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// How a destination is connected to.
#[derive(Clone)]
pub struct Dial {
    /// Whether its host may be in our own network.
    pub allow_private: bool,
    /// How many connections are kept for the next request.
    pub idle_connections: usize,
    /// Asks for a name's addresses.
    pub look_up: LookUp,
}

/// Why a destination has no HTTP client.
#[derive(Debug, Error)]
pub enum DialError {
    /// The base URL holds an address that it must not.
    #[error(transparent)]
    Inside(#[from] Inside),
    /// The HTTP library refused.
    #[error("building the HTTP client: {0}")]
    Build(#[from] reqwest::Error),
}

/// Nothing but addresses that a vendor cannot have. Names neither the host nor the address: what a name
/// of the inner network means is nobody's business.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the host's address is {0}, which only a destination with allow_private = true may have")]
pub struct Inside(&'static str);

/// A name was asked for in vain.
#[derive(Debug, Error)]
#[error("no answer within {} s", LOOK_UP_WITHIN.as_secs())]
struct NoAnswer;

/// The operating system's resolver. It may hang for half a minute, so each look-up has a thread of its
/// own: those of the runtime are few, and others wait for them.
pub fn system() -> LookUp {
    Arc::new(|name| {
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            let ask = move || (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|found| found.ip()).collect());
            thread::Builder::new().name("look-up".to_owned()).spawn(move || tell.send(ask()))?;
            told.await.map_err(io::Error::other)?
        })
    })
}

impl Dial {
    /// The HTTP client for a base URL.
    ///
    /// # Errors
    /// When the base URL holds an inner address without leave, or TLS cannot be set up.
    pub fn client(self, base: &Url) -> Result<reqwest::Client, DialError> {
        if !self.allow_private {
            literal(base).map_or(Ok(()), outside)?;
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_WITHIN)
            .pool_max_idle_per_host(self.idle_connections)
            .pool_idle_timeout(IDLE)
            .dns_resolver(self)
            .build()?;
        Ok(client)
    }
}

impl Resolve for Dial {
    fn resolve(&self, name: Name) -> Resolving {
        let (asked, allow_private) = ((self.look_up)(name.as_str().to_owned()), self.allow_private);
        Box::pin(async move {
            let found = timeout(LOOK_UP_WITHIN, asked).await.map_err(|_| NoAnswer)??;
            let found = if allow_private { found } else { public(found)? };
            let sockets = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok::<Addrs, Box<dyn Error + Send + Sync>>(Box::new(sockets))
        })
    }
}

/// The addresses that a vendor may have; an error if there are none but others.
fn public(found: Vec<IpAddr>) -> Result<Vec<IpAddr>, Inside> {
    let refused = found.iter().find_map(|address| outside(*address).err());
    let left: Vec<IpAddr> = found.into_iter().filter(|address| outside(*address).is_ok()).collect();
    match refused {
        Some(refused) if left.is_empty() => Err(refused),
        _ => Ok(left),
    }
}

fn outside(address: IpAddr) -> Result<(), Inside> {
    inside(address).map_or(Ok(()), |kind| Err(Inside(kind)))
}

/// The address that a URL holds in place of a name; no resolver is asked for it.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
    }
}

const LOOK_UP_WITHIN: Duration = Duration::from_secs(2);
/// Look-up 2 s, TCP 3 s, TLS 5 s (`reliability.md §4`), bounded as one.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Shorter than what vendors' load balancers keep, which is 60 s in most.
const IDLE: Duration = Duration::from_secs(50);

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    use futures::FutureExt;
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_system_knows_this_machine_and_no_reserved_name() {
        let found = system()("localhost".to_owned()).await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
        assert!(system()("vendor.invalid".to_owned()).await.is_err());
    }

    #[tokio::test]
    async fn a_name_that_comes_to_mean_this_machine_is_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = url(&format!("http://vendor.example:{}", listener.local_addr().unwrap().port()));
        let client = dial(false, &["127.0.0.1"]).client(&base).unwrap();
        let error = client.get(base.clone()).send().await.unwrap_err();
        let text = chain(&error.without_url());
        assert!(text.ends_with(&Inside("loopback").to_string()), "{text}");
        assert!(!text.contains("vendor.example") && !text.contains("127."), "{text}");
        assert!(listener.accept().now_or_never().is_none(), "it was connected to");
    }

    #[tokio::test]
    async fn with_leave_the_same_name_is_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = url(&format!("http://vendor.example:{}", listener.local_addr().unwrap().port()));
        tokio::spawn(answer(listener));
        let client = dial(true, &["127.0.0.1"]).client(&base).unwrap();
        assert_eq!(client.get(base).send().await.unwrap().status(), 204);
    }

    #[tokio::test]
    async fn every_connection_is_judged_anew() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let look_up: LookUp = Arc::new(move |_| {
            let first = count.fetch_add(1, Ordering::Relaxed) == 0;
            let address = if first { "8.8.8.8" } else { "10.0.0.1" };
            async move { Ok(vec![address.parse().unwrap()]) }.boxed()
        });
        let dial = Dial { look_up, ..dial(false, &[]) };
        assert_eq!(resolved(&dial).await.unwrap(), ["8.8.8.8:0"]);
        assert_eq!(resolved(&dial).await.unwrap_err(), Inside("private").to_string());
    }

    #[tokio::test]
    async fn of_several_addresses_the_public_ones_are_left() {
        let dial = dial(false, &["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1"]);
        assert_eq!(resolved(&dial).await.unwrap(), ["1.1.1.1:0", "[2606:4700::1]:0"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_resolver_that_says_nothing_is_waited_for_for_two_seconds() {
        let look_up: LookUp = Arc::new(|_| futures::future::pending().boxed());
        let dial = Dial { look_up, ..dial(false, &[]) };
        let start = tokio::time::Instant::now();
        assert_eq!(resolved(&dial).await.unwrap_err(), "no answer within 2 s");
        assert_eq!(start.elapsed().as_secs(), 2);
        let base = url("http://vendor.example");
        let error = dial.client(&base).unwrap().get(base).send().await.unwrap_err();
        let text = chain(&error.without_url());
        assert!(text.ends_with(": dns error: error resolving DNS: no answer within 2 s"), "{text}");
    }

    #[test]
    fn an_address_in_the_url_is_judged_when_the_client_is_made() {
        let check = |base: &str, allow: bool| dial(allow, &[]).client(&url(base)).map(drop).map_err(|e| e.to_string());
        for (base, kind) in [
            ("https://127.0.0.1", "loopback"),
            ("https://169.254.169.254", "link-local"),
            ("https://2130706433", "loopback"),
            ("https://[::ffff:10.0.0.1]:8443/api", "IPv4 in IPv6"),
        ] {
            assert_eq!(check(base, false), Err(Inside(kind).to_string()), "{base}");
            assert_eq!(check(base, true), Ok(()), "{base}");
        }
        assert_eq!(check("https://8.8.8.8", false), Ok(()));
    }

    fn dial(allow_private: bool, addresses: &[&str]) -> Dial {
        let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let look_up: LookUp = Arc::new(move |_| {
            let addresses = addresses.clone();
            async move { Ok(addresses) }.boxed()
        });
        Dial { allow_private, idle_connections: 1, look_up }
    }

    async fn resolved(dial: &Dial) -> Result<Vec<String>, String> {
        let found = dial.resolve("vendor.example".parse().unwrap()).await.map_err(|error| error.to_string())?;
        Ok(found.map(|address| address.to_string()).collect())
    }

    async fn answer(listener: TcpListener) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    }

    fn chain(error: &dyn Error) -> String {
        let rest = error.source().map(|source| format!(": {}", chain(source)));
        format!("{error}{}", rest.unwrap_or_default())
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }
}
