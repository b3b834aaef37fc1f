//! `wss://`: certificates and trust.
#![allow(non_snake_case, clippy::unwrap_used, clippy::panic)]

mod scripted;
mod signing;

use domp_nostr::pool::{PoolConfig, RelayPool};
use domp_ports::{
    identity::Unsigned,
    relays::{RelayAnswer, Relays},
};
use domp_protocol::units::Unix;
use futures::FutureExt;
use scripted::{Io, Scripted, Wrap};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

/// A relay with a certificate of its own making for `localhost`, and that certificate.
async fn relay() -> (Scripted, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let tls: Wrap = Arc::new(move |stream| {
        let acceptor = acceptor.clone();
        async move { acceptor.accept(stream).await.ok().map(|tls| Box::new(tls) as Box<dyn Io>) }.boxed()
    });
    let relay = Scripted::start_over(tls, |_, mut line| async move {
        loop {
            let id = line.heard_a("EVENT").await[1]["id"].clone();
            line.say(json!(["OK", id, true, ""])).await;
        }
    })
    .await;
    (relay, certificate)
}

async fn publish(url: String, roots: Vec<CertificateDer<'static>>) -> RelayAnswer {
    let patience = Duration::from_secs(10);
    let config = PoolConfig { extra_roots: roots, patience, ..PoolConfig::new([url]) };
    let unsigned =
        Unsigned { kind: 300, tags: Vec::new(), content: "{}".into(), created_at: Unix(1_760_000_000) };
    let event = signing::sign(1, &unsigned);
    RelayPool::new(config).unwrap().publish(&event.json, &[]).await.unwrap().remove(0).1
}

#[tokio::test]
async fn wss__own_certificate_authority_configured__accepted() {
    let (relay, certificate) = relay().await;
    let url = format!("wss://localhost:{}", relay.port);
    assert_eq!(publish(url, vec![certificate]).await, RelayAnswer::Accepted);
}

#[tokio::test]
async fn wss__unknown_certificate_or_other_name__no_answer_and_why() {
    let (relay, certificate) = relay().await;
    let unknown = publish(format!("wss://localhost:{}", relay.port), Vec::new()).await;
    assert!(matches!(&unknown, RelayAnswer::NoAnswer(r) if r.contains("UnknownIssuer")), "{unknown:?}");
    let other = publish(format!("wss://127.0.0.1:{}", relay.port), vec![certificate]).await;
    assert!(matches!(&other, RelayAnswer::NoAnswer(r) if r.contains("not valid for")), "{other:?}");
    assert_eq!(relay.connections(), 0);
}
