//! What every [`Relays`] must do, as cases that an adapter runs against itself.
//!
//! ```ignore
//! domp_ports::relays_contract!(MyRelays::fresh().await);
//! ```
//! makes one test of each case. The expression gives a [`Trial`]: a port and three relays of its own; it is evaluated once a
//! case, inside `async`.

#[allow(non_snake_case, missing_docs)]
mod publish;
#[allow(non_snake_case, missing_docs)]
mod read;
#[allow(non_snake_case, missing_docs)]
mod subscribe;

pub use publish::*;
pub use read::*;
pub use subscribe::*;

use crate::{
    identity::Unsigned,
    relays::{Delivered, Policy, RelayAnswer, RelayError, Relays, Wanted},
};
use async_trait::async_trait;
use domp_protocol::{
    ids::{EventId, PublicKey},
    units::Unix,
};
use futures::{StreamExt, stream::BoxStream};
use std::{collections::BTreeSet, time::Duration};

/// A kind that the trial's relays refuse.
pub const REFUSED_KIND: u16 = 1;
/// How long anything may take before a case fails. Never a measure of speed.
const BOUND: Duration = Duration::from_secs(30);

/// An event, signed for a case.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Its id.
    pub id: EventId,
    /// Its author.
    pub author: PublicKey,
    /// Its text.
    pub json: String,
}

/// A port and the relays that it talks to.
#[async_trait]
pub trait Trial: Send + Sync {
    /// The port, with all of [`Self::urls`] configured. It waits some seconds for an answer, not longer.
    fn port(&self) -> &dyn Relays;
    /// Three relays, up and empty, that refuse events of [`REFUSED_KIND`] and announce no policy.
    fn urls(&self) -> [String; 3];
    /// The address of a relay that is not configured, takes connections and never says a word.
    fn mute(&self) -> String;
    /// Signs an event as one of several authors.
    fn sign(&self, author: u8, event: &Unsigned) -> Signed;
    /// Stops a relay.
    async fn stop(&self, url: &str);
    /// Starts a stopped relay again, with what it had stored.
    async fn start(&self, url: &str);
}

/// How a case ends if the port reports an error where it should not; what it does wrong otherwise is an assertion.
pub type Outcome = Result<(), RelayError>;

/// Makes one `#[tokio::test]` of each case.
#[macro_export]
macro_rules! relays_contract {
    ($fresh:expr) => {
        $crate::relays_contract!(@each $fresh;
            publish__new_event_to_all__accepted_by_each
            publish__same_event_again__accepted
            publish__refused_kind__the_relays_reason
            publish__forged_events__refused_and_not_stored
            publish__no_event_at_all__refused_without_harm
            publish__one_relay_down_one_mute__accepted_by_the_other_at_once
            publish__no_address_among_them__told_in_its_place
            publish__only_bad_addresses__bad_url
            subscribe__stored_and_new__both_come
            subscribe__conditions__only_what_matches
            subscribe__several_wishes__any_of_them
            subscribe__newest_first_up_to_limit__then_new_ones
            subscribe__nothing_wanted__nothing_and_no_end
            subscribe__relay_restarts__gap_delivered
            subscribe__relay_down_at_first__delivered_once_it_is_up
            subscribe__several_relays__told_which
            subscribe__stream_dropped__port_goes_on
            fetch__each_condition__only_what_matches
            fetch__limit__newest_first
            fetch__more_than_relays_give_at_once__everything
            fetch__relay_down__not_counted
            fetch__one_relay_in_several_spellings__counted_once
            fetch__all_down__none_answered
            fetch__text_beyond_ascii__unharmed
            policy__none_announced__empty
            policy__relay_down__none_answered
            status__relay_stopped__says_so
        );
    };
    (@each $fresh:expr; $($case:ident)+) => { $(
        #[tokio::test]
        async fn $case() {
            let trial = $fresh;
            $crate::contract_relays::$case(&trial).await.unwrap();
        }
    )+ };
}

/// An event of a trade, distinct by its number and dated by it.
fn event(kind: u16, number: u64) -> Unsigned {
    Unsigned {
        kind,
        tags: vec![vec!["d".into(), number.to_string()]],
        content: "{}".into(),
        created_at: Unix(1_760_000_000 + number),
    }
}

fn tagged(mut event: Unsigned, name: &str, value: impl ToString) -> Unsigned {
    event.tags.push(vec![name.into(), value.to_string()]);
    event
}

/// The id in a delivered text, found without a JSON parser.
fn id_of(delivered: &Delivered) -> Option<EventId> {
    let (_, rest) = delivered.json.split_once(r#""id""#)?;
    rest.trim_start_matches([':', ' ', '"']).get(..64)?.parse().ok()
}

fn ids(events: &[Delivered]) -> Vec<EventId> {
    events.iter().filter_map(id_of).collect()
}

fn set<'a>(events: impl IntoIterator<Item = &'a Signed>) -> BTreeSet<EventId> {
    events.into_iter().map(|e| e.id).collect()
}

fn is_no_answer(answer: &RelayAnswer) -> bool {
    matches!(answer, RelayAnswer::NoAnswer(_))
}

/// Publishes to one relay, which must accept.
async fn put(trial: &dyn Trial, url: &str, event: &Signed) -> Outcome {
    let answers = trial.port().publish(&event.json, &[url.to_owned()]).await?;
    assert_eq!(answers, [(url.to_owned(), RelayAnswer::Accepted)]);
    Ok(())
}

/// The next delivery.
async fn next(stream: &mut BoxStream<'static, Delivered>) -> Delivered {
    let delivered = tokio::time::timeout(BOUND, stream.next()).await;
    let Ok(Some(delivered)) = delivered else {
        assert!(delivered.is_ok(), "nothing was delivered");
        assert!(matches!(delivered, Ok(Some(_))), "the stream has ended");
        return Delivered { json: String::new(), relay: String::new() };
    };
    delivered
}

/// Reads until every one of `awaited` has come. Repetitions of `earlier` ones are fine, anything else is not.
async fn come<'a>(
    stream: &mut BoxStream<'static, Delivered>,
    awaited: impl IntoIterator<Item = &'a Signed>,
    earlier: &[Signed],
) {
    let mut missing = set(awaited);
    let allowed: BTreeSet<_> = missing.iter().copied().chain(set(earlier)).collect();
    while !missing.is_empty() {
        let delivered = next(stream).await;
        let id = id_of(&delivered);
        assert!(
            id.is_some_and(|id| allowed.contains(&id)),
            "delivered though not wanted: {}",
            delivered.json
        );
        if let Some(id) = id {
            missing.remove(&id);
        }
    }
}
