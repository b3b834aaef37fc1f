//! The embedded relay: what it admits, what it announces, and how it starts and stops.
#![allow(non_snake_case, clippy::unwrap_used, clippy::panic)]

mod signing;

use domp_nostr::{
    embedded::{AdmittedKinds, EmbeddedRelay, EmbeddedSettings},
    mining,
    pool::{Auth, PoolConfig, RelayPool},
};
use domp_ports::{
    identity::Unsigned,
    relays::{Policy, RelayAnswer, Relays, Wanted},
};
use domp_protocol::{event::EventDraft, pow::Difficulty, units::Unix};
use futures::StreamExt;
use std::{num::NonZeroUsize, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn start(settings: EmbeddedSettings) -> (EmbeddedRelay, RelayPool) {
    let relay = EmbeddedRelay::start(settings).await.unwrap();
    let pool = RelayPool::new(PoolConfig::new([relay.url()])).unwrap();
    (relay, pool)
}

fn unsigned(kind: u16) -> Unsigned {
    Unsigned {
        kind,
        tags: vec![vec!["d".into(), kind.to_string()]],
        content: "{}".into(),
        created_at: Unix(1_760_000_000),
    }
}

async fn publish(pool: &RelayPool, event: &Unsigned) -> RelayAnswer {
    pool.publish(&signing::sign(1, event).json, &[]).await.unwrap().remove(0).1
}

#[tokio::test]
async fn admission__kinds_of_trades_and_others__only_the_former() {
    let (_relay, pool) = start(EmbeddedSettings::default()).await;
    for kind in [300, 303, 320, 399, 1059, 0, 10002] {
        assert_eq!(publish(&pool, &unsigned(kind)).await, RelayAnswer::Accepted, "{kind}");
    }
    for kind in [1, 299, 400, 30023] {
        let answer = publish(&pool, &unsigned(kind)).await;
        assert!(
            matches!(&answer, RelayAnswer::Refused(r) if r.contains(&format!("kind {kind}"))),
            "{answer:?}"
        );
    }
    let more = AdmittedKinds::TradesAnd([1].into());
    let (_relay, pool) = start(EmbeddedSettings { kinds: more, ..EmbeddedSettings::default() }).await;
    assert_eq!(publish(&pool, &unsigned(1)).await, RelayAnswer::Accepted);
    assert!(matches!(publish(&pool, &unsigned(2)).await, RelayAnswer::Refused(_)));
}

#[tokio::test]
async fn admission__hundreds_of_events_in_a_minute__no_rate_limit() {
    let (_relay, pool) = start(EmbeddedSettings::default()).await;
    for number in 0..200 {
        let event = Unsigned { created_at: Unix(1_760_000_000 + number), ..unsigned(300) };
        assert_eq!(publish(&pool, &event).await, RelayAnswer::Accepted, "{number}");
    }
}

#[tokio::test]
async fn policy__announced__read_by_the_pool_demanded_and_met_by_mining() {
    let policy = Policy { pow_bits: [(300, 12)].into(), pow_default: 4 };
    let (relay, pool) =
        start(EmbeddedSettings { policy: policy.clone(), ..EmbeddedSettings::default() }).await;
    assert_eq!(pool.policy(&relay.url()).await.unwrap(), policy);

    let answer = publish(&pool, &unsigned(300)).await;
    assert!(
        matches!(&answer, RelayAnswer::Refused(r) if r.contains("pow: 12 leading zero bits")),
        "{answer:?}"
    );
    assert_eq!(
        publish(&pool, &unsigned(1059)).await,
        RelayAnswer::Accepted,
        "a wrap cannot be mined by its sender"
    );

    let Unsigned { kind, tags, content, created_at } = unsigned(300);
    let draft = EventDraft { kind, tags, content, created_at };
    let author = signing::sign(1, &unsigned(300)).author;
    let bits = Difficulty::new(u16::from(policy.bits_for(300))).unwrap();
    let mined = mining::mine(&draft, &author, bits, NonZeroUsize::MIN, |_| ()).await.unwrap();
    let EventDraft { kind, tags, content, created_at } = mined;
    assert_eq!(publish(&pool, &Unsigned { kind, tags, content, created_at }).await, RelayAnswer::Accepted);
}

#[tokio::test]
async fn authentication__demanded__everything_works_with_a_throw_away_key_and_nothing_without() {
    let (relay, pool) = start(EmbeddedSettings { auth: true, ..EmbeddedSettings::default() }).await;
    let mut stream = pool.subscribe(vec![Wanted::default()], &[]).await.unwrap();
    let event = signing::sign(1, &unsigned(300));
    assert_eq!(publish(&pool, &unsigned(300)).await, RelayAnswer::Accepted);
    let delivered = tokio::time::timeout(Duration::from_secs(30), stream.next()).await.unwrap().unwrap();
    assert!(delivered.json.contains(&event.id.to_string()));
    let (found, complete) = pool.fetch(Wanted::default(), &[]).await.unwrap();
    assert_eq!((found.len(), complete), (1, 1));

    let without = RelayPool::new(PoolConfig {
        auth: Auth::Never,
        patience: Duration::from_millis(500),
        ..PoolConfig::new([relay.url()])
    });
    let without = without.unwrap();
    assert!(
        matches!(publish(&without, &unsigned(301)).await, RelayAnswer::Refused(r) if r.starts_with("auth-required:"))
    );
    let refused = without.fetch(Wanted::default(), &[]).await.unwrap_err().to_string();
    assert!(refused.contains("auth-required"), "{refused}");
}

async fn http(relay: &EmbeddedRelay, request: &str) -> String {
    let mut stream = TcpStream::connect(relay.url().trim_start_matches("ws://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn front__document_page_or_half_a_handshake__each_its_answer() {
    let (relay, _pool) = start(EmbeddedSettings::default()).await;
    let ask = |headers: &str| format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n");
    let document =
        http(&relay, &ask("Connection: close\r\nAccept: text/html, application/nostr+json;q=0.9")).await;
    assert!(document.starts_with("HTTP/1.1 200") && document.contains("\"supported_nips\""), "{document}");
    assert!(!document.contains("domp_policy"), "none is asked for: {document}");
    let page = http(&relay, &ask("Connection: close")).await;
    assert!(page.contains("This is a Nostr relay"), "{page}");
    let half = http(&relay, &ask("Connection: close, Upgrade\r\nUpgrade: websocket")).await;
    assert!(half.starts_with("HTTP/1.1 400") && half.contains("Sec-WebSocket-Key"), "{half}");
}

#[tokio::test]
async fn start__address_in_use__error_names_it_and_stop_frees_it() {
    let relay = EmbeddedRelay::start(EmbeddedSettings::default()).await.unwrap();
    let address = relay.url().trim_start_matches("ws://").parse().unwrap();
    let settings = EmbeddedSettings { address, ..EmbeddedSettings::default() };
    let error = EmbeddedRelay::start(settings.clone()).await.unwrap_err();
    assert!(error.to_string().contains(&format!("cannot listen on {address}")), "{error}");
    relay.stop().await;
    EmbeddedRelay::start(settings).await.unwrap().stop().await;
}

#[tokio::test]
async fn start__every_interface__reached_by_the_url_it_tells() {
    let address = "0.0.0.0:0".parse().unwrap();
    let (relay, pool) = start(EmbeddedSettings { address, ..EmbeddedSettings::default() }).await;
    assert!(relay.url().starts_with("ws://127.0.0.1:"), "{}", relay.url());
    assert_eq!(publish(&pool, &unsigned(300)).await, RelayAnswer::Accepted);
}

#[cfg(feature = "lmdb")]
#[tokio::test]
async fn folder__relay_and_store_gone__events_still_there() {
    use domp_nostr::embedded::EventStore;
    let folder = tempfile::tempdir().unwrap();
    let settings = || EmbeddedSettings {
        store: EventStore::folder(folder.path()).unwrap(),
        ..EmbeddedSettings::default()
    };
    let (relay, pool) = start(settings()).await;
    assert_eq!(publish(&pool, &unsigned(300)).await, RelayAnswer::Accepted);
    relay.stop().await;
    drop(pool);
    let (_relay, pool) = start(settings()).await;
    let (found, complete) = pool.fetch(Wanted::default(), &[]).await.unwrap();
    assert_eq!((found.len(), complete), (1, 1));
}

#[tokio::test]
async fn connection__nothing_said_for_long__pings_are_answered_and_it_stays() {
    let relay = EmbeddedRelay::start(EmbeddedSettings::default()).await.unwrap();
    let ping_every = Duration::from_millis(200);
    let pool = RelayPool::new(PoolConfig { ping_every, ..PoolConfig::new([relay.url()]) }).unwrap();
    let _feed = pool.subscribe(vec![Wanted { kinds: vec![1059], ..Wanted::default() }], &[]).await.unwrap();
    tokio::time::sleep(ping_every * 8).await;
    let status = pool.status().await.remove(0);
    assert!(status.connected && status.last_error.is_none(), "{status:?}");
}
