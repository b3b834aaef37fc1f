//! A stream of states: the present one first, then each change, ending with a final state or the connection.

use futures::stream::{self, BoxStream, StreamExt as _};
use tonic::Streaming;

/// Turns LND's stream into one of states. `read` says `None` to a message that makes no sense, which ends the stream
/// like a broken connection does: whoever watches asks again.
pub(crate) fn states<T, S>(
    first: T,
    rest: Streaming<T>,
    read: fn(&T) -> Option<S>,
    is_final: fn(&S) -> bool,
) -> BoxStream<'static, S>
where
    T: Send + 'static,
    S: Clone + PartialEq + Send + 'static,
{
    struct Watch<T, S> {
        pending: Option<T>,
        rest: Streaming<T>,
        last: Option<S>,
        done: bool,
    }
    let watch = Watch { pending: Some(first), rest, last: None, done: false };
    stream::unfold(watch, move |mut watch| async move {
        while !watch.done {
            let message = match watch.pending.take() {
                Some(message) => message,
                None => watch.rest.message().await.ok().flatten()?,
            };
            let Some(state) = read(&message) else {
                tracing::warn!("LND sent a malformed update; the stream is given up");
                return None;
            };
            watch.done = is_final(&state);
            // LND repeats a state when something changes that is not part of it.
            if watch.last.as_ref() != Some(&state) {
                watch.last = Some(state.clone());
                return Some((state, watch));
            }
        }
        None
    })
    .boxed()
}
