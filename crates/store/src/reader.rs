//! Threads that read, each on a connection of its own, so that no caller's runtime is blocked and no read waits for a
//! write.

use crate::{fault::Fault, writer::Job};
use domp_ports::journal::JournalError;
use rusqlite::{Connection, InterruptHandle};
use std::{path::Path, sync::Arc, thread::JoinHandle};
use tokio::sync::{mpsc, oneshot};

/// A question, already bound to the caller who waits for its answer.
pub(crate) type Read = Box<dyn FnOnce(&Connection) + Send>;

/// How many questions may wait for one thread before their callers do.
const QUEUE: usize = 256;

/// The way to a connection that answers questions.
pub(crate) struct Reader {
    path: Arc<Path>,
    lane: Lane,
}

enum Lane {
    /// A thread and connection of its own.
    Own { questions: Option<mpsc::Sender<Read>>, thread: Option<JoinHandle<()>>, interrupt: InterruptHandle },
    /// The writer's, for a database in memory.
    Writer(mpsc::Sender<Job>),
}

fn stopped() -> JournalError {
    JournalError::Failed("a reading thread has ended; start the program again".to_owned())
}

impl Reader {
    /// Starts a thread on a connection that it owns from now on.
    pub(crate) fn start(db: Connection, path: Arc<Path>) -> Result<Self, JournalError> {
        let (questions, mut waiting) = mpsc::channel::<Read>(QUEUE);
        let interrupt = db.get_interrupt_handle();
        let thread = std::thread::Builder::new()
            .name("journal-reader".to_owned())
            .spawn(move || {
                while let Some(question) = waiting.blocking_recv() {
                    question(&db);
                }
            })
            .map_err(|error| JournalError::Failed(format!("no thread for the database: {error}")))?;
        Ok(Self { path, lane: Lane::Own { questions: Some(questions), thread: Some(thread), interrupt } })
    }

    /// Asks on the writer's connection.
    pub(crate) const fn on_writer(jobs: mpsc::Sender<Job>, path: Arc<Path>) -> Self {
        Self { path, lane: Lane::Writer(jobs) }
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (caller, answer) = oneshot::channel();
        let read: Read = Box::new(move |db| {
            // A caller who no longer waits has no use for the answer.
            let _ = caller.send(question(db));
        });
        let asked = match &self.lane {
            Lane::Own { questions: Some(questions), .. } => questions.send(read).await.is_ok(),
            Lane::Own { questions: None, .. } => false,
            Lane::Writer(jobs) => jobs.send(Job::Read(read)).await.is_ok(),
        };
        if !asked {
            return Err(stopped());
        }
        answer.await.map_err(|_| stopped())?.map_err(|fault| fault.at(&self.path))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Lane::Own { questions, thread, interrupt } = &mut self.lane {
            // Whoever drops this waits for no answer any more.
            *questions = None;
            interrupt.interrupt();
            if let Some(thread) = thread.take()
                && thread.join().is_err()
            {
                tracing::error!("a reading thread ended with a panic");
            }
        }
    }
}
