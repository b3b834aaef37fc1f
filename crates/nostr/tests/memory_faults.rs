//! Relays in memory: every fault does what it says, the same way each time.
#![allow(non_snake_case, clippy::unwrap_used, clippy::panic)]

mod signing;

use domp_nostr::memory::{Fault, MemoryNet, MemoryRelays};
use domp_ports::{
    contract_relays::Signed,
    identity::Unsigned,
    relays::{Delivered, Policy, RelayAnswer, Relays, Wanted},
};
use domp_protocol::units::Unix;
use futures::{FutureExt, StreamExt, stream::BoxStream};

const A: &str = "wss://a.example";

fn event(number: u64) -> Signed {
    let created_at = Unix(1_760_000_000 + number);
    signing::sign(1, &Unsigned { kind: 300, tags: Vec::new(), content: "{}".into(), created_at })
}

async fn setup() -> (MemoryNet, MemoryRelays, BoxStream<'static, Delivered>) {
    let net = MemoryNet::new([A]);
    let client = net.client([A]);
    let stream = client.subscribe(vec![Wanted::default()], &[]).await.unwrap();
    (net, client, stream)
}

async fn publish(client: &MemoryRelays, event: &Signed) -> RelayAnswer {
    client.publish(&event.json, &[]).await.unwrap().remove(0).1
}

/// Everything there is to read now.
fn now(stream: &mut BoxStream<'static, Delivered>) -> Vec<String> {
    std::iter::from_fn(|| stream.next().now_or_never().flatten()).map(|delivered| delivered.json).collect()
}

fn texts<'a>(events: impl IntoIterator<Item = &'a Signed>) -> Vec<String> {
    events.into_iter().map(|event| event.json.clone()).collect()
}

#[tokio::test]
async fn no_fault__published__delivered_when_the_call_returns() {
    let (net, client, mut stream) = setup().await;
    assert_eq!(publish(&client, &event(1)).await, RelayAnswer::Accepted);
    assert_eq!(now(&mut stream), [event(1).json]);
    assert_eq!(net.stored(A), [event(1).json]);
    assert_eq!(net.count(A, &Wanted { kinds: vec![300], ..Wanted::default() }), 1);
}

#[tokio::test]
async fn waiting_reader__published__woken() {
    let (_net, client, mut stream) = setup().await;
    let reading = tokio::spawn(async move { stream.next().await.unwrap().json });
    tokio::task::yield_now().await;
    publish(&client, &event(1)).await;
    assert_eq!(reading.await.unwrap(), event(1).json);
}

#[tokio::test]
async fn withhold__matching_event__stored_but_shown_only_after_repair() {
    let (net, client, mut stream) = setup().await;
    net.break_relay(A, Fault::Withhold(Wanted { ids: vec![event(1).id], ..Wanted::default() }));
    assert_eq!(publish(&client, &event(1)).await, RelayAnswer::Accepted);
    assert_eq!(publish(&client, &event(2)).await, RelayAnswer::Accepted);
    assert_eq!(now(&mut stream), [event(2).json]);
    assert_eq!(client.fetch(Wanted::default(), &[]).await.unwrap().0.len(), 1);
    assert_eq!(net.stored(A).len(), 2);
    net.repair(A);
    assert_eq!(
        now(&mut stream),
        texts([&event(2), &event(1)]),
        "as after a reconnection: newest first, repeated"
    );
}

#[tokio::test]
async fn delay__two_events__shown_one_at_a_time_as_told() {
    let (net, client, mut stream) = setup().await;
    net.break_relay(A, Fault::Delay);
    publish(&client, &event(1)).await;
    publish(&client, &event(2)).await;
    assert!(now(&mut stream).is_empty());
    assert!(client.fetch(Wanted::default(), &[]).await.unwrap().0.is_empty());
    assert!(net.deliver_one(A));
    assert_eq!(now(&mut stream), [event(1).json]);
    assert!(net.deliver_one(A));
    assert_eq!(now(&mut stream), [event(2).json]);
    assert!(!net.deliver_one(A));
}

#[tokio::test]
async fn repeat__one_event__delivered_so_many_times_more() {
    let (net, client, mut stream) = setup().await;
    net.break_relay(A, Fault::Repeat(2));
    publish(&client, &event(1)).await;
    assert_eq!(now(&mut stream).len(), 3);
}

#[tokio::test]
async fn shuffle__full_window__same_disorder_for_the_same_seed() {
    let order = async |seed| {
        let (net, client, mut stream) = setup().await;
        net.break_relay(A, Fault::Shuffle { window: 8, seed });
        for number in 0..7 {
            publish(&client, &event(number)).await;
        }
        assert!(now(&mut stream).is_empty());
        publish(&client, &event(7)).await;
        now(&mut stream)
    };
    let (first, again, other) = (order(1).await, order(1).await, order(2).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert_ne!(first, texts((0..8).map(event).collect::<Vec<_>>().iter()));
    assert_eq!(first.iter().collect::<std::collections::BTreeSet<_>>().len(), 8);
}

#[tokio::test]
async fn answer_lost__published__there_all_the_same() {
    let (net, client, mut stream) = setup().await;
    net.break_relay(A, Fault::AnswerLost);
    assert!(matches!(publish(&client, &event(1)).await, RelayAnswer::NoAnswer(_)));
    assert_eq!(now(&mut stream), [event(1).json]);
}

#[tokio::test]
async fn mute__published__not_there() {
    let (net, client, mut stream) = setup().await;
    net.break_relay(A, Fault::Mute);
    assert!(matches!(publish(&client, &event(1)).await, RelayAnswer::NoAnswer(_)));
    assert!(net.stored(A).is_empty() && now(&mut stream).is_empty());
    assert!(client.policy(A).await.is_err());
}

#[tokio::test]
async fn inject__any_text__delivered_whatever_was_wanted() {
    let net = MemoryNet::new([A]);
    let none = Wanted { kinds: vec![9999], ..Wanted::default() };
    let mut stream = net.client([A]).subscribe(vec![none], &[]).await.unwrap();
    net.inject(A, "{\"not\":\"an event\"}");
    assert_eq!(now(&mut stream), ["{\"not\":\"an event\"}"]);
}

#[tokio::test]
async fn announce__policy__read() {
    let net = MemoryNet::new([A]);
    let policy = Policy { pow_bits: [(300, 20)].into(), pow_default: 8 };
    net.announce(A, policy.clone());
    assert_eq!(net.client([A]).policy(A).await.unwrap(), policy);
}

#[tokio::test]
async fn without_verification__forged_event__taken() {
    let net = MemoryNet::new([A]).without_verification();
    let forged = event(1).json.replace("\"content\":\"{}\"", "\"content\":\"[]\"");
    assert_eq!(net.client([A]).publish(&forged, &[]).await.unwrap()[0].1, RelayAnswer::Accepted);
}
