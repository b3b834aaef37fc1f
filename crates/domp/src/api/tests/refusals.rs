//! What is refused, and how.

use super::pair::Pair;
use serde_json::Value;

/// Every refusal has this form.
fn code(answer: &Value) -> &str {
    let error = &answer["error"];
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer}");
    error["code"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests__each_fault__answered_in_json_with_its_code() {
    let pair = Pair::new().await;
    let trade = "ab".repeat(32);
    let order = format!("/v1/trades/{trade}/orders");
    let cases: &[(&str, &str, &str, u16, &str)] = &[
        ("GET", "/nothing", "", 404, "no_such_path"),
        ("DELETE", "/v1/trades", "", 405, "no_such_method"),
        ("GET", "/v1/trades?opne=true", "", 400, "bad_parameter"),
        ("GET", "/v1/trades?open=maybe", "", 400, "bad_parameter"),
        ("GET", &format!("/v1/trades/{trade}"), "", 404, "unknown_trade"),
        ("GET", "/v1/trades/abcd", "", 404, "unknown_trade"),
        ("GET", "/v1/trades/xyz", "", 400, "bad_id"),
        ("GET", "/v1/trades/%ff%fe", "", 400, "bad_id"),
        ("GET", &format!("/v1/trades/{trade}/htlcs"), "", 404, "unknown_trade"),
        ("GET", "/v1/listings/abcd", "", 404, "unknown_listing"),
        ("GET", "/v1/listings/browse?limit=0", "", 400, "bad_parameter"),
        ("GET", "/v1/listings/browse?seller=bob", "", 400, "bad_id"),
        ("POST", &order, "", 400, "bad_json"),
        ("POST", &order, "{", 400, "bad_json"),
        ("POST", &order, "[]", 400, "bad_json"),
        ("POST", &order, r#"{"order":"steal"}"#, 400, "bad_json"),
        ("POST", &order, r#"{"order":"pay","amount":3}"#, 400, "bad_json"),
        ("POST", &order, r#"{"order":"pay"}"#, 404, "unknown_trade"),
        (
            "POST",
            &order,
            r#"{"order":"accept","i_am_not_paid_if_the_buyer_never_confirms":false}"#,
            400,
            "not_acknowledged",
        ),
        (
            "POST",
            "/v1/listings",
            r#"{"product_name":"x","description":"","price_sat":-1,"transit_blocks":1}"#,
            400,
            "bad_json",
        ),
        (
            "POST",
            "/v1/listings",
            r#"{"product_name":"x","description":"","price_sat":9999999999999999,"transit_blocks":1}"#,
            400,
            "bad_field",
        ),
        ("POST", "/v1/bids", r#"{"listing":"zz"}"#, 400, "bad_id"),
        ("POST", "/v1/channels/open", r#"{"peer":"02","capacity_sat":1}"#, 400, "bad_id"),
        ("POST", "/v1/channels/close", r#"{"outpoint":"x:0"}"#, 404, "unknown_channel"),
    ];
    for (method, path, body, status, expected) in cases {
        let (found, answer) = pair.seller.ask(method, path, body).await;
        assert_eq!((found, code(&answer)), (*status, *expected), "{method} {path} {body}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies__too_large_or_of_another_type__refused() {
    let pair = Pair::new().await;
    let large = format!(r#"{{"product_name":"{}"}}"#, "x".repeat(70_000));
    let (status, answer) = pair.seller.ask("POST", "/v1/listings", &large).await;
    assert_eq!((status, code(&answer)), (413, "body_too_large"), "{answer}");

    let token = std::fs::read_to_string(&pair.seller.token).unwrap();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        let request = format!(
            "POST /v1/bids HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n\
             Content-Length: 2\r\nConnection: close\r\n\r\n{{}}",
            pair.seller.tcp
        );
        let (status, body) = pair.seller.raw(&request).await;
        assert_eq!(status, 415, "{kind}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listing__field_out_of_range__named() {
    let pair = Pair::new().await;
    let mut request = serde_json::to_value(super::pair::listing()).unwrap();
    request["handling_blocks"] = 71.into();
    let (status, answer) = pair.seller.ask("POST", "/v1/listings", &request.to_string()).await;
    assert_eq!(status, 400, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("71") && message.contains("72"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order__not_possible_now__refused_with_what_to_do_instead() {
    let pair = Pair::new().await;
    let trade = pair.bid().await;
    let path = format!("/v1/trades/{trade}/orders");
    for (one, body, expected) in [
        (&pair.buyer, r#"{"order":"pay"}"#, "wrong_stage"),
        (&pair.buyer, r#"{"order":"confirm","status":"received"}"#, "wrong_stage"),
        (&pair.buyer, r#"{"order":"refund","reason":"x"}"#, "not_yours"),
        (&pair.seller, r#"{"order":"ship"}"#, "wrong_stage"),
        (&pair.seller, r#"{"order":"pay"}"#, "not_yours"),
    ] {
        let (status, answer) = one.ask("POST", &path, body).await;
        assert_eq!((status, code(&answer)), (409, expected), "{body}: {answer}");
    }
    assert_eq!(pair.seller.trade(&trade).await.line.stage, "bid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bid__more_than_the_channels_carry__refused_with_the_numbers() {
    let pair = Pair::new().await;
    let mut listing = super::pair::listing();
    listing.price_sat = 5_000_000;
    let listing: crate::wire::listing::Listing =
        pair.seller.client.post("/v1/listings", &listing).await.unwrap();
    let body = serde_json::to_string(&super::pair::bid(&listing.id)).unwrap();
    let (status, answer) = pair.buyer.ask("POST", "/v1/bids", &body).await;
    assert_eq!((status, code(&answer)), (409, "liquidity"), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("10,"), "{answer}");
    assert!(pair.buyer.ask("GET", "/v1/trades", "").await.1["trades"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node__away__says_so_and_the_daemon_goes_on() {
    let pair = Pair::new().await;
    pair.seller.node.stop();
    let (status, answer) = pair.seller.ask("GET", "/v1/channels", "").await;
    assert_eq!((status, code(&answer)), (503, "node_unreachable"), "{answer}");
    let (status, _) = pair.seller.ask("GET", "/v1/trades", "").await;
    assert_eq!(status, 200);
}
