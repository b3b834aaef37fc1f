//! Persons: a key as it was typed, or the one that a domain names (NIP-05), and whether a listing is theirs.

use super::session::Session;
use crate::{client::Client, failure::Failure, reference, wire::listing::Listing, wiring};
use domp_nostr::pool::Proxy;

/// The key, in hexadecimal. A name is looked up now, and what its domain said is told.
///
/// # Errors
/// If it is no key, and no name that its domain knows.
pub async fn key(session: &Session, what: &str, text: &str) -> Result<String, Failure> {
    if !reference::is_name(text) {
        return reference::key(what, text);
    }
    let paths = session.paths()?;
    let proxy = if paths.config.exists() { session.config(&paths)?.relays.proxy } else { Proxy::None };
    let (name, key) = wiring::look_up(text, proxy).await.map_err(|failure| failure.field(what))?;
    session.output.aside(&format!("{name} is {}, says its domain", reference::npub(key.as_bytes())));
    Ok(key.to_string())
}

/// Whether a listing is of the person that was named.
///
/// # Errors
/// If it is somebody else's, with whose; if there is no such listing.
pub async fn only_of(session: &Session, client: &Client, listing: &str, seller: &str) -> Result<(), Failure> {
    let wanted = key(session, "seller", seller).await?;
    let found: Listing = client.get(&format!("/v1/listings/{listing}")).await?;
    if found.seller == wanted {
        return Ok(());
    }
    let message = format!("the listing is not of {seller}: its seller is {}", found.seller);
    Err(Failure::refused("other_seller", message)
        .field("seller")
        .hint("do not bid on it if somebody told you that it is theirs"))
}
