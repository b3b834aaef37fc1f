//! The life of an engine: its tasks, how they are halted, and how one waits until they are gone.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// Shared by everything that belongs to one engine. Clones are the same life.
#[derive(Clone)]
pub(crate) struct Life(Arc<State>);

struct State {
    halted: watch::Sender<bool>,
    stopping: AtomicBool,
    tasks: AtomicUsize,
    steps: AtomicUsize,
    gone: Notify,
}

/// Counts something for as long as it lives.
struct Counted {
    state: Arc<State>,
    which: fn(&State) -> &AtomicUsize,
}

impl Counted {
    fn new(state: &Arc<State>, which: fn(&State) -> &AtomicUsize) -> Self {
        // In one order with the mark that nothing new is taken: either it is seen here, or this is counted there.
        which(state).fetch_add(1, Ordering::SeqCst);
        Self { state: Arc::clone(state), which }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(&self.state).fetch_sub(1, Ordering::SeqCst);
        self.state.gone.notify_waiters();
    }
}

impl Life {
    pub(crate) fn new() -> Self {
        let (halted, _) = watch::channel(false);
        Self(Arc::new(State {
            halted,
            stopping: AtomicBool::new(false),
            tasks: AtomicUsize::new(0),
            steps: AtomicUsize::new(0),
            gone: Notify::new(),
        }))
    }

    /// Runs something until it ends or the engine is halted, whichever is first.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let state = Arc::clone(&self.0);
        let counted = Counted::new(&state, |state| &state.tasks);
        tokio::spawn(async move {
            let _counted = counted;
            let mut halted = state.halted.subscribe();
            tokio::select! {
                biased;
                _ = halted.wait_for(|halted| *halted) => {}
                () = work => {}
            }
        });
    }

    /// Runs something that is not given up when its caller goes away, or stops waiting; `None` if the engine is halted first.
    pub(crate) async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (answer, asked) = tokio::sync::oneshot::channel();
        self.spawn(async move {
            let result = work.await;
            // The caller may have gone away; the work is done all the same.
            let _ = answer.send(result);
        });
        asked.await.ok()
    }

    /// Counts a step under way, which an orderly stop waits for.
    pub(crate) fn step(&self) -> impl Drop + Send + use<> {
        Counted::new(&self.0, |state| &state.steps)
    }

    /// No new inputs are taken from now on.
    pub(crate) fn begin_stopping(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
    }
    pub(crate) fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::SeqCst)
    }

    /// Ends every task at its next pause.
    pub(crate) fn halt(&self) {
        self.begin_stopping();
        self.0.halted.send_replace(true);
    }
    pub(crate) fn is_halted(&self) -> bool {
        *self.0.halted.borrow()
    }

    /// Ends every task, this one too, as if the process had been killed here.
    pub(crate) async fn die(&self) {
        self.halt();
        std::future::pending::<()>().await;
    }

    /// Returns once it is halted.
    pub(crate) async fn until_halted(&self) {
        let mut halted = self.0.halted.subscribe();
        // The sender lives as long as this does.
        let _ = halted.wait_for(|halted| *halted).await;
    }

    /// Waits until no step is under way, at the longest so long.
    pub(crate) async fn until_no_steps(&self, patience: Duration) {
        self.until_none(&self.0.steps, patience).await;
    }

    /// Waits until no task is left, at the longest so long.
    pub(crate) async fn until_no_tasks(&self, patience: Duration) {
        self.until_none(&self.0.tasks, patience).await;
    }

    async fn until_none(&self, count: &AtomicUsize, patience: Duration) {
        let none = async {
            loop {
                let changed = self.0.gone.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if count.load(Ordering::SeqCst) == 0 {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(patience, none).await.is_err() {
            tracing::warn!(left = count.load(Ordering::Acquire), "stopping without waiting any longer");
        }
    }
}
