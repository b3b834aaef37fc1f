//! The pool against relays that are broken, hostile or merely strict.
#![allow(non_snake_case, clippy::unwrap_used, clippy::panic)]

mod scripted;
mod signing;

use domp_nostr::pool::{Auth, PoolConfig, RelayPool};
use domp_ports::{
    clock::{Clock, SystemClock},
    contract_relays::Signed,
    identity::Unsigned,
    relays::{Delivered, RelayAnswer, Relays, Wanted},
};
use domp_protocol::units::Unix;
use futures::{StreamExt, stream::BoxStream};
use scripted::{Line, Scripted, eventually};
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;

fn event(number: u64) -> Signed {
    let created_at = Unix(1_760_000_000 + number);
    signing::sign(1, &Unsigned { kind: 300, tags: Vec::new(), content: "{}".into(), created_at })
}

/// Text that looks like an event, of about `bytes` bytes.
fn bulky(number: u64, bytes: usize) -> String {
    json!({"id": format!("{number:064x}"), "created_at": 1_760_000_000 + number, "content": "x".repeat(bytes)}).to_string()
}

fn config(relay: &Scripted) -> PoolConfig {
    PoolConfig { patience: Duration::from_secs(20), ..PoolConfig::new([relay.url()]) }
}

fn impatient(relay: &Scripted) -> RelayPool {
    RelayPool::new(PoolConfig { patience: Duration::from_millis(400), ..config(relay) }).unwrap()
}

fn pool(relay: &Scripted) -> RelayPool {
    RelayPool::new(config(relay)).unwrap()
}

async fn everything(pool: &RelayPool) -> BoxStream<'static, Delivered> {
    pool.subscribe(vec![Wanted::default()], &[]).await.unwrap()
}

async fn next(stream: &mut BoxStream<'static, Delivered>) -> String {
    timeout(Duration::from_secs(30), stream.next()).await.unwrap().unwrap().json
}

async fn publish(pool: &RelayPool, event: &Signed) -> RelayAnswer {
    pool.publish(&event.json, &[]).await.unwrap().remove(0).1
}

async fn last_error(pool: &RelayPool) -> String {
    pool.status().await.remove(0).last_error.unwrap_or_default()
}

/// A relay that follows `subscribed` on the connections that subscribe and accepts what is published on the others.
async fn subscribed<F>(subscribed: impl Fn(usize, String, Line) -> F + Send + Sync + 'static) -> Scripted
where
    F: Future<Output = ()> + Send + 'static,
{
    let (subscribed, count) = (Arc::new(subscribed), Arc::new(AtomicUsize::new(0)));
    Scripted::start(move |_, mut line| {
        let (subscribed, count) = (subscribed.clone(), count.clone());
        async move {
            loop {
                let message = line.heard().await;
                if message[0] == "REQ" {
                    let number = count.fetch_add(1, Ordering::SeqCst);
                    return subscribed(number, message[1].as_str().unwrap().to_owned(), line).await;
                }
                line.say(json!(["OK", message[1]["id"], true, ""])).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn subscription__malformed_messages_in_between__events_still_come() {
    let garbage = [
        "",
        "{}",
        "[",
        "[\"EVENT\"]",
        "[\"EVENT\",\"s1\",7]",
        "[\"EVENT\",\"s1\",{\"id\":\"zz\"}]",
        "\u{0}",
        "[\"WHAT\",{}]",
        "[\"OK\",\"zz\",true,\"\"]",
        "[\"EVENT\",\"other\",{}]",
        "[\"CLOSED\",\"other\",\"error: x\"]",
        "[\"EOSE\",\"other\"]",
    ];
    let relay = subscribed(move |_, name, mut line| async move {
        for number in 0..3 {
            for text in garbage {
                line.say_raw(text).await;
            }
            line.event(&name, &event(number).json).await;
        }
        line.listen().await;
    })
    .await;
    let pool = pool(&relay);
    let mut stream = everything(&pool).await;
    for number in 0..3 {
        assert_eq!(next(&mut stream).await, event(number).json);
    }
}

#[tokio::test]
async fn subscription__endless_nonsense__connection_given_up_and_tried_again() {
    let relay = subscribed(|number, name, mut line| async move {
        while number == 0 && line.say_raw("[\"EVENT\",\"s1\",null]").await {}
        line.event(&name, &event(7).json).await;
        line.listen().await;
    })
    .await;
    let pool = pool(&relay);
    let mut stream = everything(&pool).await;
    assert_eq!(next(&mut stream).await, event(7).json);
    assert!(last_error(&pool).await.contains("makes no sense"));
}

#[tokio::test]
async fn subscription__event_too_large__left_out_and_told() {
    let relay = subscribed(|_, name, mut line| async move {
        line.event(&name, &bulky(1, 300_000)).await;
        line.event(&name, &event(2).json).await;
        line.listen().await;
    })
    .await;
    let pool = pool(&relay);
    let mut stream = everything(&pool).await;
    assert_eq!(next(&mut stream).await, event(2).json);
    assert!(last_error(&pool).await.contains("bytes was left out"));
}

#[tokio::test]
async fn subscription__message_beyond_all_bounds__never_buffered_and_connected_again() {
    let relay = subscribed(|number, name, mut line| async move {
        if number == 0 {
            line.event(&name, &bulky(1, 9 * 1024 * 1024)).await;
        } else {
            line.event(&name, &event(2).json).await;
        }
        line.listen().await;
    })
    .await;
    let pool = pool(&relay);
    let mut stream = everything(&pool).await;
    assert_eq!(next(&mut stream).await, event(2).json);
    assert!(last_error(&pool).await.contains("too long"), "{}", last_error(&pool).await);
}

#[tokio::test]
async fn subscription__closed_by_the_relay__asked_again() {
    let relay = subscribed(|number, name, mut line| async move {
        line.stored(&name).await;
        if number == 0 {
            line.say(json!(["CLOSED", name, "error: shutting\ndown"])).await;
        } else {
            line.event(&name, &event(2).json).await;
        }
        line.listen().await;
    })
    .await;
    let pool = pool(&relay);
    let mut stream = everything(&pool).await;
    assert_eq!(next(&mut stream).await, event(2).json);
    assert!(last_error(&pool).await.contains("error: shutting down"));
}

#[tokio::test]
async fn subscription__refused_for_good__status_says_not_connected() {
    let relay = subscribed(|_, name, mut line| async move {
        line.say(json!(["CLOSED", name, "restricted: members only"])).await;
        line.listen().await;
    })
    .await;
    let pool = pool(&relay);
    let _stream = everything(&pool).await;
    eventually("the refusal is told", async || last_error(&pool).await.contains("members only")).await;
    assert!(!pool.status().await[0].connected);
}

#[tokio::test]
async fn subscription__relay_frozen_without_closing__noticed_and_connected_again() {
    let relay = subscribed(|number, name, mut line| async move {
        if number == 0 {
            return line.freeze().await;
        }
        line.event(&name, &event(2).json).await;
        line.listen().await;
    })
    .await;
    let config = PoolConfig { ping_every: Duration::from_millis(100), ..config(&relay) };
    let pool = RelayPool::new(config).unwrap();
    let mut stream = everything(&pool).await;
    assert_eq!(next(&mut stream).await, event(2).json);
    assert!(last_error(&pool).await.contains("no sign of life"));
}

#[tokio::test]
async fn subscription__flood_and_slow_reader__relay_waits_and_nothing_is_lost() {
    const BYTES: usize = 50_000;
    let sent = Arc::new(AtomicUsize::new(0));
    let relay = subscribed({
        let sent = sent.clone();
        move |_, name, mut line| {
            let sent = sent.clone();
            async move {
                for number in 0..4_000 {
                    if !line.event(&name, &bulky(number, BYTES)).await {
                        return;
                    }
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    })
    .await;
    let pool = pool(&relay);
    let mut stream = everything(&pool).await;
    let mut before = 0;
    eventually("the relay cannot send any more", async || {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = sent.load(Ordering::SeqCst);
        now > 0 && now == std::mem::replace(&mut before, now)
    })
    .await;
    let unread = before * BYTES;
    assert!(unread < 32 * 1024 * 1024, "{unread} bytes were taken from the relay though nobody reads");
    // Meanwhile everything else goes on, with the same relay.
    assert_eq!(publish(&pool, &event(1)).await, RelayAnswer::Accepted);
    for number in 0..1_000 {
        assert!(next(&mut stream).await.contains(&format!("{number:064x}")), "event {number} is missing");
    }
}

#[tokio::test]
async fn subscription__reconnected_and_much_was_stored__older_events_asked_for_page_by_page() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let relay = subscribed(move |number, name, mut line| {
        let tell = tell.clone();
        async move {
            if number == 0 {
                return line.stored(&name).await; // and hang up
            }
            for n in 100..160 {
                line.event(&name, &event(n).json).await;
            }
            line.stored(&name).await;
            for n in [50, 1] {
                let page = line.heard_a("REQ").await;
                tell.send(page[2].clone()).unwrap();
                let page = page[1].as_str().unwrap();
                for n in n..n + 50 {
                    line.event(page, &event(n).json).await;
                }
                line.stored(page).await;
            }
            tell.send(line.heard_a("REQ").await[2].clone()).unwrap();
            line.listen().await;
        }
    })
    .await;
    let pool = pool(&relay);
    let mut stream = everything(&pool).await;
    let mut missing: std::collections::BTreeSet<String> = (1..160).map(|n| event(n).json).collect();
    while !missing.is_empty() {
        missing.remove(&next(&mut stream).await);
    }
    let mut pages: Vec<serde_json::Value> = Vec::new();
    for _ in 0..3 {
        pages.push(timeout(Duration::from_secs(30), told.recv()).await.unwrap().unwrap());
    }
    let now = SystemClock.now().0;
    let since = pages[0]["since"].as_u64().unwrap();
    assert!(
        (now - 3 * 86_400 - 3_600..=now - 3 * 86_400).contains(&since),
        "wraps are dated up to two days back: {since}"
    );
    let until: Vec<_> = pages.iter().map(|page| page["until"].as_u64()).collect();
    assert_eq!(until, [None, Some(1_760_000_050), Some(1_760_000_001)]);
}

#[tokio::test]
async fn publish__relay_takes_it_and_says_nothing__no_answer_in_bounded_time() {
    let relay = Scripted::start(|_, mut line| async move { line.listen().await }).await;
    let answer = publish(&impatient(&relay), &event(1)).await;
    assert_eq!(answer, RelayAnswer::NoAnswer("no answer within 0.4 s".into()));
}

#[tokio::test]
async fn publish__refused_in_a_notice_only__told_with_the_missing_answer() {
    let relay = Scripted::start(|_, mut line| async move {
        line.say(json!(["NOTICE", "an old one"])).await;
        line.heard_a("EVENT").await;
        line.say(json!(["NOTICE", "280 characters should be enough\nfor anybody"])).await;
        line.listen().await;
    })
    .await;
    let answer = publish(&impatient(&relay), &event(1)).await;
    let told = "no answer within 0.4 s; it says: 280 characters should be enough for anybody";
    assert_eq!(answer, RelayAnswer::NoAnswer(told.into()));
}

#[tokio::test]
async fn publish__answers_for_other_events_twice_and_late__only_its_own_counts() {
    let relay = Scripted::start(|_, mut line| async move {
        loop {
            let id = line.heard_a("EVENT").await[1]["id"].clone();
            line.say(json!(["OK", "00".repeat(32), false, "blocked: another"])).await;
            line.say(json!(["OK", id, false, "pow: 12 bits\u{7} needed"])).await;
            line.say(json!(["OK", id, true, ""])).await;
        }
    })
    .await;
    let pool = pool(&relay);
    for number in 0..2 {
        let answer = publish(&pool, &event(number)).await;
        assert_eq!(answer, RelayAnswer::Refused("pow: 12 bits  needed".into()));
    }
}

#[tokio::test]
async fn publish__duplicate_told_as_a_refusal__accepted() {
    let relay = Scripted::start(|_, mut line| async move {
        let id = line.heard_a("EVENT").await[1]["id"].clone();
        line.say(json!(["OK", id, false, "duplicate: have it"])).await;
        line.listen().await;
    })
    .await;
    assert_eq!(publish(&pool(&relay), &event(1)).await, RelayAnswer::Accepted);
}

#[tokio::test]
async fn publish__connection_lost_before_the_answer__no_answer() {
    let relay = Scripted::start(|_, mut line| async move {
        line.heard_a("EVENT").await;
    })
    .await;
    let answer = publish(&pool(&relay), &event(1)).await;
    assert!(matches!(&answer, RelayAnswer::NoAnswer(_)), "{answer:?}");
}

#[tokio::test]
async fn publish__text_as_it_is__sent_byte_for_byte() {
    let (seen, event) = (Arc::new(Mutex::new(None)), event(1));
    let spaced = event.json.replace(',', " , ");
    let relay = Scripted::start({
        let seen = seen.clone();
        move |_, mut line| {
            let seen = seen.clone();
            async move {
                let message = line.heard_a("EVENT").await;
                line.say(json!(["OK", message[1]["id"], true, ""])).await;
                *seen.lock().unwrap() = Some(message);
                line.listen().await;
            }
        }
    })
    .await;
    let answer = pool(&relay).publish(&spaced, &[]).await.unwrap();
    assert_eq!(answer[0].1, RelayAnswer::Accepted);
    assert_eq!(
        seen.lock().unwrap().take().unwrap()[1],
        serde_json::from_str::<serde_json::Value>(&event.json).unwrap()
    );
}

#[tokio::test]
async fn publish__relay_asks_who_we_are__signed_with_the_callers_signer_and_sent_again() {
    let relay = Scripted::start(|_, mut line| async move {
        line.say(json!(["AUTH", "the challenge"])).await;
        let event = line.heard().await[1].clone();
        line.say(json!(["OK", event["id"], false, "auth-required: who are you"])).await;
        let auth = line.heard().await;
        assert_eq!((&auth[0], &auth[1]["tags"][1]), (&json!("AUTH"), &json!(["challenge", "the challenge"])));
        line.say(json!(["OK", auth[1]["id"], true, ""])).await;
        let again = line.heard().await[1].clone();
        assert_eq!(again, event);
        line.say(json!(["OK", event["id"], true, ""])).await;
        line.listen().await;
    })
    .await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let signer = {
        let asked = asked.clone();
        move |unsigned: &Unsigned| {
            asked.lock().unwrap().push(unsigned.clone());
            Ok(signing::sign(3, unsigned).json)
        }
    };
    let pool = RelayPool::new(PoolConfig { auth: Auth::Signer(Arc::new(signer)), ..config(&relay) }).unwrap();
    assert_eq!(publish(&pool, &event(1)).await, RelayAnswer::Accepted);
    let asked = asked.lock().unwrap();
    assert_eq!(
        (asked.len(), asked[0].kind, &asked[0].tags[0]),
        (1, 22242, &vec!["relay".to_owned(), relay.url()])
    );
}

#[tokio::test]
async fn publish__authentication_switched_off_or_refused__refused_with_the_reason() {
    let relay = Scripted::start(|_, mut line| async move {
        line.say(json!(["AUTH", "c"])).await;
        loop {
            let message = line.heard().await;
            let word =
                if message[0] == "AUTH" { "restricted: not you" } else { "auth-required: who are you" };
            line.say(json!(["OK", message[1]["id"], false, word])).await;
        }
    })
    .await;
    let off = RelayPool::new(PoolConfig { auth: Auth::Never, ..config(&relay) }).unwrap();
    let answer = publish(&off, &event(1)).await;
    assert!(matches!(&answer, RelayAnswer::Refused(r) if r.contains("switched off")), "{answer:?}");
    let answer = publish(&pool(&relay), &event(1)).await;
    assert!(matches!(&answer, RelayAnswer::Refused(r) if r.contains("restricted: not you")), "{answer:?}");
}

#[tokio::test]
async fn fetch__relay_never_says_that_was_all__events_given_but_not_counted() {
    let relay = Scripted::start(|_, mut line| async move {
        let name = line.asked().await;
        line.event(&name, &event(1).json).await;
        line.listen().await;
    })
    .await;
    let (events, complete) = impatient(&relay).fetch(Wanted::default(), &[]).await.unwrap();
    assert_eq!((events.len(), complete), (1, 0));
}

#[tokio::test]
async fn fetch__relay_gives_disorder_repetitions_and_more_than_asked__newest_first_once_and_no_more() {
    let relay = Scripted::start(|_, mut line| async move {
        for numbers in [[2, 5, 2, 1, 4], [2, 5, 1, 5, 4]] {
            let name = line.asked().await;
            for number in numbers {
                line.event(&name, &event(number).json).await;
            }
            line.stored(&name).await;
        }
        line.listen().await;
    })
    .await;
    let pool = pool(&relay);
    for (limit, expected) in [(Some(3), vec![5, 2, 1]), (None, vec![5, 4, 2, 1])] {
        let (events, complete) = pool.fetch(Wanted { limit, ..Wanted::default() }, &[]).await.unwrap();
        let texts: Vec<_> = events.into_iter().map(|delivered| delivered.json).collect();
        assert_eq!((texts, complete), (expected.into_iter().map(|n| event(n).json).collect(), 1));
    }
}

#[tokio::test]
async fn fetch__refused__not_counted_and_the_reason_told() {
    let relay = Scripted::start(|_, mut line| async move {
        let name = line.asked().await;
        line.say(json!(["CLOSED", name, "error: too many filters"])).await;
        line.listen().await;
    })
    .await;
    let error = pool(&relay).fetch(Wanted::default(), &[]).await.unwrap_err();
    assert!(error.to_string().contains("too many filters"), "{error}");
}

#[tokio::test]
async fn fetch__endless_bulk__cut_off() {
    let relay = Scripted::start(|_, mut line| async move {
        let name = line.asked().await;
        let mut number = 0;
        while line.event(&name, &bulky(number, 200_000)).await {
            number += 1;
        }
    })
    .await;
    let (events, complete) = pool(&relay).fetch(Wanted::default(), &[]).await.unwrap();
    assert_eq!(complete, 0);
    let bytes: usize = events.iter().map(|e| e.json.len()).sum();
    assert!((32 << 20..34 << 20).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn strangers_relay__on_this_machine__never_connected_to() {
    let relay = Scripted::start(|_, mut line| async move { line.listen().await }).await;
    let pool = RelayPool::new(PoolConfig {
        patience: Duration::from_secs(5),
        ..PoolConfig::new(["wss://relay.invalid"])
    })
    .unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let there = [format!("ws://{host}:{}", relay.port)];
        let answer = pool.publish(&event(1).json, &there).await.unwrap().remove(0).1;
        assert!(
            matches!(&answer, RelayAnswer::NoAnswer(r) if r.contains("private address")),
            "{host}: {answer:?}"
        );
        assert!(pool.policy(&there[0]).await.unwrap_err().to_string().contains("private address"));
        assert!(pool.fetch(Wanted::default(), &there).await.is_err());
        let _stream = pool.subscribe(vec![Wanted::default()], &there).await.unwrap();
        eventually("the subscription's failure is told", async || {
            pool.status().await.iter().any(|s| s.url == there[0] && s.last_error.is_some())
        })
        .await;
    }
    assert_eq!(relay.connections(), 0);
}

#[tokio::test]
async fn configuration__too_many_or_bad_relays__refused_with_the_address() {
    let many: Vec<String> = (0..33).map(|n| format!("wss://relay{n}.example.com")).collect();
    let refused = RelayPool::new(PoolConfig::new(many.clone())).err().unwrap().to_string();
    assert!(refused.contains("relay32.example.com") && refused.contains("more than 32"), "{refused}");
    let refused =
        RelayPool::new(PoolConfig::new(["wss://ok.example.com", "ws://192.168.1.9"])).err().unwrap();
    assert!(refused.to_string().contains("192.168.1.9"), "{refused}");
    let pool = RelayPool::new(PoolConfig::new(Vec::<String>::new())).unwrap();
    let refused = pool.publish(&event(1).json, &many).await.unwrap_err().to_string();
    assert!(refused.contains("more than 32"), "{refused}");
    let refused = pool.publish(&event(1).json, &[]).await.unwrap_err().to_string();
    assert!(refused.contains("no relay is configured"), "{refused}");
}
