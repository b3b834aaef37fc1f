//! Who may ask.

use super::pair::{One, Pair};
use crate::api::{Endpoints, Server};
use std::{fs, os::unix::fs::PermissionsExt};

async fn get(one: &One, headers: &str) -> (u16, String) {
    one.raw(&format!("GET /v1/health HTTP/1.1\r\n{headers}Connection: close\r\n\r\n")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tcp__token_and_host__both_needed() {
    let pair = Pair::new().await;
    let one = &pair.seller;
    let token = fs::read_to_string(&one.token).unwrap();
    let host = format!("Host: {}\r\n", one.tcp);
    let bearer = format!("Authorization: Bearer {token}\r\n");

    assert_eq!(get(one, &format!("{host}{bearer}")).await.0, 200);
    let localhost = format!("Host: localhost:{}\r\n{bearer}", one.tcp.port());
    assert_eq!(get(one, &localhost).await.0, 200);

    let (status, body) = get(one, &host).await;
    assert_eq!(status, 401, "{body}");
    assert!(body.contains("api.token") && !body.contains(&token), "{body}");
    for wrong in ["Bearer x", "Bearer ", "Basic x", &format!("Bearer {token}0"), &format!("bearer{token}")] {
        assert_eq!(get(one, &format!("{host}Authorization: {wrong}\r\n")).await.0, 401, "{wrong}");
    }

    for wrong in ["evil.example", "127.0.0.1", "evil.example:1", "127.0.0.1:1"] {
        let (status, body) = get(one, &format!("Host: {wrong}\r\n{bearer}")).await;
        assert_eq!(status, 403, "{wrong}: {body}");
        assert!(body.contains("wrong_host"), "{body}");
    }
    let (status, body) = get(one, &format!("{host}{bearer}Origin: http://evil.example\r\n")).await;
    assert_eq!(status, 403, "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tcp__no_answer__allows_another_origin() {
    let pair = Pair::new().await;
    let request = format!(
        "OPTIONS /v1/trades HTTP/1.1\r\nHost: {}\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n",
        pair.seller.tcp
    );
    let (status, body) = pair.seller.raw(&request).await;
    assert_eq!(status, 403, "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files__socket_and_token__are_their_owners_only() {
    let pair = Pair::new().await;
    for path in [&pair.seller.socket, &pair.seller.token] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn socket__stopped__is_gone() {
    let Pair { seller, .. } = Pair::new().await;
    let socket = seller.socket.clone();
    assert!(socket.exists());
    seller.daemon.stop().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn bind__somebody_listens_there_or_it_is_a_file__refused() {
    let folder = tempfile::tempdir().unwrap();
    let endpoints = |name: &str| Endpoints { socket: folder.path().join(name), tcp: None };
    let server = Server::start(Server::bind(&endpoints("s")).await.unwrap());
    let failure = Server::bind(&endpoints("s")).await.err().unwrap();
    assert_eq!(failure.code, "already_running");
    drop(server);
    assert!(Server::bind(&endpoints("s")).await.is_ok(), "a socket that nobody serves is taken over");
    fs::write(folder.path().join("file"), "mine").unwrap();
    let failure = Server::bind(&endpoints("file")).await.err().unwrap();
    assert!(failure.message.contains("no socket"), "{failure}");
    assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "mine");
}

#[tokio::test]
async fn token__file_that_others_can_read__refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.token");
    fs::write(&path, "0".repeat(64)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let endpoints = Endpoints {
        socket: folder.path().join("s"),
        tcp: Some(("127.0.0.1:0".parse().unwrap(), path.clone())),
    };
    let failure = Server::bind(&endpoints).await.err().unwrap();
    assert!(failure.message.contains("644"), "{failure}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Server::bind(&endpoints).await.is_ok());
    fs::write(&path, "short").unwrap();
    assert!(Server::bind(&endpoints).await.is_err());
}

#[tokio::test]
async fn door__before_it_opens__says_what_the_daemon_waits_for() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let server = Server::start(Server::bind(&Endpoints { socket: socket.clone(), tcp: None }).await.unwrap());
    server.waits_for("waiting for the Lightning node: no LND answers");
    let client = crate::client::Client::new(socket);
    let failure = client.get::<serde_json::Value>("/v1/health").await.unwrap_err();
    assert_eq!(failure.exit, crate::exit::Exit::NoDaemon);
    assert!(failure.message.contains("no LND answers"), "{failure}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tcp__many_idle_connections__leave_the_socket_and_the_daemon_alone() {
    let pair = Pair::new().await;
    let one = &pair.seller;
    let mut idle = Vec::new();
    for _ in 0..200 {
        let connecting = tokio::net::TcpStream::connect(one.tcp);
        match tokio::time::timeout(std::time::Duration::from_secs(2), connecting).await {
            Ok(connected) => idle.push(connected.unwrap()),
            // The system's own queue before the daemon is full: more than that nobody gets in.
            Err(_) => break,
        }
    }
    assert!(idle.len() > 100, "{}", idle.len());
    assert!(one.client.get::<serde_json::Value>("/v1/health").await.is_ok());
    drop(idle);
    let token = fs::read_to_string(&one.token).unwrap();
    let (status, _) = get(one, &format!("Host: {}\r\nAuthorization: Bearer {token}\r\n", one.tcp)).await;
    assert_eq!(status, 200, "once they are gone there is room again");
}
