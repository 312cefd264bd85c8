//! A stand-in's door with a certificate that nobody should trust.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::CertificateParams;
use rcgen::KeyPair;
use rcgen::date_time_ymd;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Serves TLS on a free port, with a certificate of its own making that ended in 2020, and hands on to
/// `target` what comes through.
pub(crate) async fn expired(target: SocketAddr) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(pass(acceptor.clone(), stream, target));
        }
    });
    at
}

async fn pass(acceptor: TlsAcceptor, stream: TcpStream, target: SocketAddr) {
    // A client that does not trust the certificate ends it here.
    let Ok(mut inner) = acceptor.accept(stream).await else { return };
    let Ok(mut outer) = TcpStream::connect(target).await else { return };
    let _ = tokio::io::copy_bidirectional(&mut inner, &mut outer).await;
}

fn config() -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    builder.with_single_cert(vec![certificate.der().clone()], key).unwrap()
}
