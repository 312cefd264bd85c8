//! Listening sockets: those that a supervisor handed in, by the convention of systemd (`sd_listen_fds(3)`),
//! and our own for what it did not.
//!
//! A socket that is handed in outlives the process: what connects while nobody serves waits in its
//! queue, so a restart refuses no connection.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use listenfd::ListenFd;
use tokio::net::TcpListener;

/// What was handed in.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    data: Option<std::net::TcpListener>,
    admin: Option<std::net::TcpListener>,
}

/// Takes what was handed in (`LISTEN_FDS`, `LISTEN_PID`, `LISTEN_FDNAMES`). Before any thread is started:
/// it changes the process's environment.
pub(super) fn handed_in(environment: &BTreeMap<String, String>) -> anyhow::Result<Sockets> {
    let mut handed = ListenFd::from_env();
    let names = environment.get("LISTEN_FDNAMES").map(String::as_str).unwrap_or_default();
    let mut sockets = Sockets::default();
    for (at, place) in places(names, handed.len())?.into_iter().enumerate() {
        let socket = handed.take_tcp_listener(at).with_context(|| format!("the socket handed in for {place:?}"))?;
        match place {
            Place::Data => sockets.data = socket,
            Place::Admin => sockets.admin = socket,
        }
    }
    Ok(sockets)
}

impl Sockets {
    /// The data and the admin listener.
    pub(super) async fn listeners(
        self,
        data: SocketAddr,
        admin: SocketAddr,
    ) -> anyhow::Result<(TcpListener, TcpListener)> {
        Ok((listener(self.data, data, "SDKs").await?, listener(self.admin, admin, "operators").await?))
    }
}

/// The listener that was handed in, or one of our own.
async fn listener(handed: Option<std::net::TcpListener>, at: SocketAddr, what: &str) -> anyhow::Result<TcpListener> {
    let Some(socket) = handed else {
        return TcpListener::bind(at).await.with_context(|| format!("listening on {at} for {what}"));
    };
    socket.set_nonblocking(true).context("preparing a socket that was handed in")?;
    TcpListener::from_std(socket).context("taking a socket that was handed in")
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Data,
    Admin,
}

/// What each socket is for: as its name says; without names, the first for data, the second for admin.
fn places(names: &str, count: usize) -> anyhow::Result<Vec<Place>> {
    ensure!(count <= 2, "{count} sockets were handed in, but there are only two listeners: data and admin");
    let mut places = Vec::new();
    for name in names.split(':').take(count) {
        places.extend(match name {
            "data" => Some(Place::Data),
            "admin" => Some(Place::Admin),
            _ => None,
        });
    }
    match places[..] {
        [] => Ok([Place::Data, Place::Admin][..count].to_vec()),
        [first, second] if first == second => bail!("two sockets were handed in for {first:?}"),
        _ if places.len() == count => Ok(places),
        _ => bail!("of the sockets handed in, some are named data or admin and some are not: {names}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_told_apart_by_name_else_by_place() {
        let check = |names: &str, count, expected: &[Place]| {
            assert_eq!(places(names, count).unwrap(), expected, "{names} {count}");
        };
        check("", 0, &[]);
        check("data:admin", 0, &[]);
        check("", 1, &[Place::Data]);
        check("", 2, &[Place::Data, Place::Admin]);
        check("admin:data", 2, &[Place::Admin, Place::Data]);
        check("admin", 1, &[Place::Admin]);
        // What systemd calls them where the unit says nothing.
        check("spangate.socket:spangate.socket", 2, &[Place::Data, Place::Admin]);
    }

    #[test]
    fn sockets_that_cannot_be_told_apart_are_refused() {
        let check = |names: &str, count, expected: &str| {
            assert_eq!(places(names, count).unwrap_err().to_string(), expected);
        };
        check("", 3, "3 sockets were handed in, but there are only two listeners: data and admin");
        check("data:data", 2, "two sockets were handed in for Data");
        check("data:web", 2, "of the sockets handed in, some are named data or admin and some are not: data:web");
    }
}
