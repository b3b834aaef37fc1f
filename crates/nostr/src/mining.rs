//! Proof-of-work (NIP-13) away from the event loop: on blocking threads, with progress, and stopped when nobody waits.

use domp_protocol::{
    event::EventDraft,
    ids::PublicKey,
    pow::{CAPACITY, Difficulty, Miner, PowError},
};
use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval},
};

/// Nonces tried between two looks at whether to go on; some tens of milliseconds.
const STEP: u64 = 50_000;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// How far the search is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Nonces tried so far.
    pub tries: u64,
    /// How likely it was, from 0 to 1, to have found one by now; mining has no memory, so nothing better can be said.
    pub likelihood: f64,
}

/// Why no proof was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MiningError {
    /// The draft or the difficulty does not allow it.
    #[error(transparent)]
    Impossible(#[from] PowError),
    /// Every nonce was tried; practically impossible.
    #[error("no nonce gives {0}: change the event's time and try again")]
    Exhausted(Difficulty),
    /// The program is shutting down.
    #[error("mining was interrupted: {0}")]
    Interrupted(String),
}

/// Finds a proof-of-work for `draft` as `author` will sign it, and returns the draft with the proof's tags at the end
/// (`anti_spam_proof` and NIP-13's `nonce`). `difficulty` is rounded up to a multiple of four bits, so that clients that
/// count hexadecimal digits see it too. Searches on `threads` threads; the same draft gives the same nonce however many
/// they are. `progress` is called a few times a second and once at the end.
///
/// Dropping the future stops the search.
pub async fn mine(
    draft: &EventDraft,
    author: &PublicKey,
    difficulty: Difficulty,
    threads: NonZeroUsize,
    mut progress: impl FnMut(Progress),
) -> Result<EventDraft, MiningError> {
    let miner = Miner::new(draft, author, difficulty)?;
    let search = Arc::new(Search::default());
    let _stop = StopOnDrop(search.clone());
    let mut workers = JoinSet::new();
    for _ in 0..threads.get() {
        let (miner, search) = (miner.clone(), search.clone());
        workers.spawn(async move { spawn_blocking(move || search.run(&miner)).await });
    }
    let mut tell = interval(TELL_EVERY);
    tell.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let mut report = || {
            let tries = search.tries.load(Ordering::Relaxed);
            progress(Progress { tries, likelihood: miner.difficulty().likelihood_after(tries) });
        };
        tokio::select! {
            ended = workers.join_next() => match ended {
                None => {
                    report();
                    break;
                }
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(e)) | Err(e)) => return Err(MiningError::Interrupted(e.to_string())),
            },
            _ = tell.tick() => report(),
        }
    }
    let nonce = search.found.load(Ordering::Acquire);
    if nonce == NOT_FOUND {
        return Err(MiningError::Exhausted(miner.difficulty()));
    }
    let mut mined = draft.clone();
    mined.tags.extend(miner.proof(nonce).tags());
    Ok(mined)
}

const NOT_FOUND: u64 = u64::MAX;

/// What the threads share. Ranges are handed out in order and every range handed out is finished, so the smallest nonce
/// found is the smallest there is.
struct Search {
    next: AtomicU64,
    tries: AtomicU64,
    found: AtomicU64,
    stop: AtomicBool,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            next: AtomicU64::new(0),
            tries: AtomicU64::new(0),
            found: AtomicU64::new(NOT_FOUND),
            stop: AtomicBool::new(false),
        }
    }
}

impl Search {
    fn run(&self, miner: &Miner) {
        while !self.stop.load(Ordering::Relaxed) && self.found.load(Ordering::Acquire) == NOT_FOUND {
            let start = self.next.fetch_add(STEP, Ordering::Relaxed);
            if start >= CAPACITY {
                return;
            }
            let nonce = miner.mine(start..start + STEP);
            self.tries.fetch_add(nonce.map_or(STEP, |nonce| nonce - start + 1), Ordering::Relaxed);
            if let Some(nonce) = nonce {
                self.found.fetch_min(nonce, Ordering::AcqRel);
            }
        }
    }
}

struct StopOnDrop(Arc<Search>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;
    use domp_protocol::{anti_spam::Proof, units::Unix};
    use futures::FutureExt;

    fn draft() -> EventDraft {
        EventDraft {
            kind: 300,
            tags: vec![vec!["d".into(), "1".into()]],
            content: r#"{"product_name":"lamp"}"#.into(),
            created_at: Unix(1_700_000_000),
        }
    }

    fn author() -> PublicKey {
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().unwrap()
    }

    fn bits(bits: u16) -> Difficulty {
        Difficulty::new(bits).unwrap()
    }

    const ONE: NonZeroUsize = NonZeroUsize::MIN;

    #[tokio::test]
    async fn mine__twelve_bits__proof_tags_at_the_end_and_progress_told() {
        let mut told = Vec::new();
        let mined = mine(&draft(), &author(), bits(10), ONE, |p| told.push(p)).await.unwrap();
        assert_eq!(mined.tags.len(), 3);
        assert_eq!(mined.tags[0], draft().tags[0]);
        let Proof::Work { difficulty, .. } = Proof::read(300, &mined.tags).unwrap() else {
            panic!("a proof of work")
        };
        assert_eq!(difficulty, bits(12));
        let last = told.last().unwrap();
        assert!(last.tries > 0 && (0.0..=1.0).contains(&last.likelihood), "{last:?}");
    }

    #[tokio::test]
    async fn mine__one_thread_or_three__the_same_draft() {
        let alone = mine(&draft(), &author(), bits(16), ONE, |_| ()).await.unwrap();
        let together =
            mine(&draft(), &author(), bits(16), NonZeroUsize::new(3).unwrap(), |_| ()).await.unwrap();
        assert_eq!(alone, together);
    }

    #[tokio::test]
    async fn mine__more_than_is_mined_here__refused_before_any_work() {
        let refused = mine(&draft(), &author(), bits(40), ONE, |_| ()).await.unwrap_err();
        assert!(matches!(refused, MiningError::Impossible(PowError::TooHard { .. })), "{refused}");
    }

    #[tokio::test]
    async fn mine__dropped__the_search_ends() {
        let search = Arc::new(Search::default());
        let miner = Miner::new(&draft(), &author(), bits(32)).unwrap();
        let worker = {
            let search = search.clone();
            spawn_blocking(move || search.run(&miner))
        };
        drop(StopOnDrop(search));
        worker.await.unwrap(); // 32 bits would take an hour here

        let (draft, author) = (draft(), author());
        let mut abandoned = mine(&draft, &author, bits(32), ONE, |_| ()).boxed_local();
        assert!(futures::poll!(&mut abandoned).is_pending());
        drop(abandoned); // the runtime's shutdown waits for blocking threads: the test would hang if they went on
    }
}
