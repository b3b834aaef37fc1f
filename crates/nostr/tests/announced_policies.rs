//! Announced policies (NIP-11): what relays answer over HTTP, and what becomes of it.
#![allow(non_snake_case, clippy::unwrap_used, clippy::panic)]

use domp_nostr::pool::{PoolConfig, RelayPool};
use domp_ports::relays::{Policy, RelayError, Relays};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Asks a server that answers every request with `answer` for its policy; also gives the first request.
async fn ask(answer: impl Into<Vec<u8>>, patience: Duration) -> (Result<Policy, RelayError>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let (answer, request) = (answer.into(), Arc::new(Mutex::new(String::new())));
    let seen = request.clone();
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            let length = stream.read(&mut buffer).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.contains("nostr+json") {
                *seen.lock().unwrap() = text;
                // The client may hang up in the middle of it.
                let _ = stream.write_all(&answer).await;
                if answer.is_empty() {
                    let _ = stream.read(&mut buffer).await;
                }
            }
        }
    });
    let pool =
        RelayPool::new(PoolConfig { patience, ..PoolConfig::new([format!("{url}/trade?x=1")]) }).unwrap();
    let policy = pool.policy(&format!("{url}/trade?x=1")).await;
    server.abort();
    let request = request.lock().unwrap().clone();
    (policy, request)
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/nostr+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn policy__document_with_one__read_from_the_relays_own_path() {
    let body = r#"{"name":"r","domp_policy":{"anti_spam_required":true,"pow_difficulty":{"kind_300":20,"default":8}}}"#;
    let (policy, request) = ask(ok(body), LONG).await;
    assert_eq!(policy.unwrap(), Policy { pow_bits: [(300, 20)].into(), pow_default: 8 });
    assert!(request.starts_with("GET /trade?x=1 HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
async fn policy__relay_without_document__empty() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n";
    for answer in [
        ok(r#"{"name":"r"}"#),
        ok("<html>welcome</html>"),
        ok(""),
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
        redirect.to_owned(),
        "this is no HTTP\r\n\r\n".to_owned(),
    ] {
        let (policy, _) = ask(answer.clone(), LONG).await;
        assert_eq!(policy, Ok(Policy::default()), "{answer:?}");
    }
}

#[tokio::test]
async fn policy__malformed_or_oversize__error_that_says_what() {
    for (answer, words) in [
        (ok("{\"domp_policy\":7}"), "domp_policy is 7"),
        (ok("{\"domp_policy\":{\"anti_spam_required\":\"yes\"}}"), "anti_spam_required"),
        (ok("{\"domp_policy\""), "not valid JSON"),
        (ok(&format!("{{\"name\":\"{}\"}}", "x".repeat(100_000))), "length limit exceeded"),
    ] {
        let error = ask(answer, LONG).await.0.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn policy__server_takes_the_question_and_says_nothing__error_in_bounded_time() {
    let error = ask("", Duration::from_millis(300)).await.0.unwrap_err().to_string();
    assert!(error.contains("no answer within 0.3 s"), "{error}");
}
