//! The thread that writes: it takes what waits, up to a bound, into one transaction, and answers each caller after the
//! COMMIT. The disk is asked to sync once a group, not once a write; nobody waits for a group to fill.

use crate::{apply::Write, fault::Fault, reader::Read};
use domp_ports::journal::JournalError;
use rusqlite::Connection;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
};
use tokio::sync::{mpsc, oneshot};

type Answer = Result<(), JournalError>;

/// A write and the caller who waits for it.
pub(crate) struct Pending {
    write: Write,
    caller: oneshot::Sender<Answer>,
}

/// What the writing thread can be asked.
pub(crate) enum Job {
    /// To write.
    Write(Pending),
    /// To read on its own connection: a database in memory has no other.
    Read(Read),
}

/// How much was written since the database was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Writes that were acknowledged as durable.
    pub writes: u64,
    /// Transactions they shared, each with one sync of the disk.
    pub groups: u64,
}

#[derive(Default)]
struct Counters {
    writes: AtomicU64,
    groups: AtomicU64,
}

/// The way to the writing thread. Dropping it lets the thread finish what waits, close the database, and end.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

fn stopped() -> JournalError {
    JournalError::Failed("the writing thread has ended; start the program again".to_owned())
}

impl Writer {
    /// Starts the thread on a connection that it owns from now on. `queue` bounds the writes that wait (callers beyond it
    /// wait their turn), `group` those that share a transaction.
    pub(crate) fn start(
        db: Connection,
        path: &Path,
        queue: usize,
        group: usize,
    ) -> Result<Self, JournalError> {
        let (jobs, waiting) = mpsc::channel(queue.max(1));
        let counters = Arc::new(Counters::default());
        let desk = Desk { db, path: path.into(), group: group.max(1), counters: Arc::clone(&counters) };
        let thread = std::thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || desk.run(waiting))
            .map_err(|error| JournalError::Failed(format!("no thread for the database: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), counters })
    }

    /// The queue, for reads that must use the writer's connection.
    pub(crate) fn jobs(&self) -> Option<mpsc::Sender<Job>> {
        self.jobs.clone()
    }

    /// Queues a write and waits until it is durable or refused. If the caller stops waiting after it was queued, it is
    /// written all the same.
    pub(crate) async fn write(&self, write: Write) -> Answer {
        let (caller, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(Job::Write(Pending { write, caller })).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// What has been written so far.
    pub(crate) fn written(&self) -> Written {
        Written {
            writes: self.counters.writes.load(Ordering::Relaxed),
            groups: self.counters.groups.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writing thread ended with a panic");
        }
    }
}

/// The thread's own side.
struct Desk {
    db: Connection,
    path: Box<Path>,
    group: usize,
    counters: Arc<Counters>,
}

impl Desk {
    fn run(self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut group = Vec::new();
            let mut next = Some(first);
            // A read ends the group, so that it sees the writes queued before it.
            while let Some(Job::Write(pending)) = next {
                group.push(pending);
                next = if group.len() < self.group { jobs.try_recv().ok() } else { None };
            }
            self.write(group);
            if let Some(Job::Read(read)) = next {
                read(&self.db);
            }
        }
    }

    /// Writes a group and answers every caller.
    fn write(&self, group: Vec<Pending>) {
        if group.is_empty() {
            return;
        }
        match self.transact(&group) {
            Ok(answers) => {
                self.count(&answers);
                for (pending, answer) in group.into_iter().zip(answers) {
                    answer_to(pending, answer);
                }
            }
            Err(fault) if group.len() == 1 => {
                let error = fault.at(&self.path);
                tracing::error!(%error, "a write failed");
                group.into_iter().for_each(|pending| answer_to(pending, Err(error.clone())));
            }
            Err(fault) => {
                // The storage gave up on the transaction as a whole, say on a disk that is almost full. Whoever fits alone
                // is still written, and everybody gets an answer of their own.
                tracing::warn!(error = %fault.at(&self.path), writes = group.len(), "a group failed; one by one");
                group.into_iter().for_each(|pending| self.write(vec![pending]));
            }
        }
    }

    /// One transaction; the answers hold only if it returns `Ok`, which it does after the COMMIT.
    fn transact(&self, group: &[Pending]) -> Result<Vec<Answer>, Fault> {
        let attempt = || {
            self.run_sql("BEGIN IMMEDIATE")?;
            let answers =
                group.iter().map(|pending| self.apply(&pending.write)).collect::<Result<Vec<_>, _>>()?;
            self.run_sql("COMMIT")?;
            Ok(answers)
        };
        attempt().inspect_err(|_| {
            if !self.db.is_autocommit()
                && let Err(error) = self.run_sql("ROLLBACK")
            {
                tracing::error!(%error, "a failed transaction could not be rolled back");
            }
        })
    }

    /// One write in its savepoint. `Err` means that the whole transaction is lost, `Ok(Err)` that this write alone failed.
    fn apply(&self, write: &Write) -> Result<Answer, Fault> {
        self.run_sql("SAVEPOINT one")?;
        match write.apply(&self.db) {
            Ok(()) => {
                self.run_sql("RELEASE one")?;
                Ok(Ok(()))
            }
            Err(fault) if self.db.is_autocommit() => Err(fault),
            Err(fault) => {
                self.run_sql("ROLLBACK TO one")?;
                self.run_sql("RELEASE one")?;
                Ok(Err(fault.at(&self.path)))
            }
        }
    }

    fn run_sql(&self, sql: &str) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute([]).map(|_| ())
    }

    fn count(&self, answers: &[Answer]) {
        let durable = answers.iter().filter(|answer| answer.is_ok()).count();
        if durable > 0 {
            self.counters.writes.fetch_add(durable as u64, Ordering::Relaxed);
            self.counters.groups.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A caller who no longer waits has no use for the answer; the write stands.
fn answer_to(pending: Pending, answer: Answer) {
    let _ = pending.caller.send(answer);
}
