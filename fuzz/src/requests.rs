//! Requests to the API, as seeds: every path, and a whole trade.

use crate::seeds::Seed;

const REQUESTS: [&str; 48] = [
    "GET /openapi.json",
    "GET /metrics",
    "GET /v1/health",
    "GET /v1/events?trade=ab",
    "POST /v1/backup",
    "POST /v1/rebuild",
    "GET /v1/trades?open=true",
    "GET /v1/trades/TRADE",
    "GET /v1/trades/0",
    "GET /v1/trades/TRADE/htlcs",
    "GET /v1/trades/TRADE/history",
    "GET /v1/trades/TRADE/address",
    "GET /v1/listings",
    "GET /v1/listings/browse?limit=7&seller=npub1xxx",
    "GET /v1/listings/LISTING",
    "GET /v1/channels",
    "POST /v1/addresses",
    "DELETE /v1/trades",
    "HEAD /v1/trades/%ff%fe",
    "POST /v1/bids\n%",
    "POST /v1/peers\n{\"peer\":\"02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619\",\"address\":\"127.0.0.1:9735\"}",
    "POST /v1/channels/open\n{\"peer\":\"02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619\",\"capacity_sat\":100000,\"push_sat\":0}",
    "POST /v1/channels/close\n{\"outpoint\":\"x:0\",\"force\":true}",
    "POST /v1/listings\n{\"product_name\":\"a\",\"description\":\"b\",\"price_sat\":1000,\"category\":\"c\",\"storage_link\":\"https://x.example\",\"shipping\":{\"domestic_cost_sat\":1,\"international_cost_sat\":2,\"estimated_days\":3},\"name\":\"n\",\"handling_blocks\":144,\"transit_blocks\":0,\"inspection_blocks\":432}",
    "POST /v1/bids\n{\"listing\":\"LISTING\"}",
    "POST /v1/bids\n{\"listing\":\"LISTING\",\"amount_sat\":40000,\"buyer_collateral_sat\":0,\"message\":\"m\",\"shipping_address\":\"s\",\"payment_timeout_hours\":24}",
    "POST /v1/bids/preview\n{\"listing\":\"LISTING\",\"amount_sat\":40000}",
    "@GET /v1/trades",
    "@GET /v1/trades/TRADE",
    "POST /v1/trades/TRADE/preview\n{\"order\":\"pay\"}",
    "@POST /v1/trades/TRADE/orders\n{\"order\":\"accept\",\"i_am_not_paid_if_the_buyer_never_confirms\":true}",
    "@POST /v1/trades/TRADE/preview\n{\"order\":\"accept\",\"i_am_not_paid_if_the_buyer_never_confirms\":false}",
    "POST /v1/trades/TRADE/orders\n{\"order\":\"pay\"}",
    "@POST /v1/trades/TRADE/orders\n{\"order\":\"ship\",\"carrier\":\"c\",\"tracking\":\"t\",\"note\":\"n\"}",
    "POST /v1/trades/TRADE/orders\n{\"order\":\"confirm\",\"status\":\"received\",\"rating\":5,\"feedback\":\"f\"}",
    "POST /v1/trades/TRADE/orders\n{\"order\":\"confirm\",\"status\":\"damaged\",\"reason\":\"r\"}",
    "POST /v1/trades/TRADE/orders\n{\"order\":\"release\"}",
    "@POST /v1/trades/TRADE/orders\n{\"order\":\"refund\",\"reason\":\"r\"}",
    "POST /v1/trades/TRADE/orders\n{\"order\":\"agree\",\"on\":\"cancel\"}",
    "@POST /v1/trades/TRADE/orders\n{\"order\":\"agree\",\"on\":\"release\"}",
    "POST /v1/trades/TRADE/orders\n{\"order\":\"cancel\"}",
    "@POST /v1/trades/TRADE/orders\n{\"order\":\"late_invoice\"}",
    "POST /v1/trades/TRADE/orders\n{\"order\":\"pay_late\"}",
    "POST /v1/trades/TRADE/preview\n{\"order\":\"confirm\",\"status\":\"not_received\",\"reason\":\"r\"}",
    "POST /v1/trades/TRADE/orders\n[]",
    "GET /v1/nothing",
    "POST /v1/bids/preview\n{\"listing\":\"a\"}",
    "GET /v1/trades?opne=1",
];

/// Every request.
pub fn requests() -> Vec<Seed> {
    REQUESTS.iter().map(|request| request.as_bytes().to_vec()).collect()
}
