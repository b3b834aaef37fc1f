//! The talk over one session's connection, without the connection: commands and the relay's messages go in, messages to
//! send come out, and every command is answered.

use super::{
    auth::{AuthSigner, Conversation, Step, is_auth_required},
    config::PoolConfig,
    filter::{self, Filter},
    message::{Heard, read, shown},
    pager::{Pager, Stamp, Turn},
    session::{Command, Fetched},
};
use domp_ports::relays::RelayAnswer;
use serde_json::value::RawValue;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};

/// Requests open at the same time; relays refuse more than about twenty subscriptions on one connection.
const MAX_FETCHES: usize = 8;
/// Publications whose answer is awaited at the same time.
const MAX_PENDING: usize = 1024;
/// All that one fetch may bring from one relay, in bytes.
const MAX_FETCH_BYTES: usize = 32 * 1024 * 1024;
/// Messages that make no sense, after which the connection is given up.
const MAX_NONSENSE: u32 = 1_000;

struct Pending {
    json: Arc<str>,
    replies: Vec<oneshot::Sender<RelayAnswer>>,
    /// Refused for the lack of authentication; sent again after it.
    held: bool,
}

struct Fetch {
    reply: oneshot::Sender<Fetched>,
    parts: VecDeque<Filter>,
    pager: Pager,
    limit: usize,
    events: Vec<(Stamp, String)>,
    bytes: usize,
    missing: Option<String>,
    /// When the present page is given up.
    deadline: Instant,
    held: bool,
}

impl Fetch {
    /// Answers with what there is: newest first, nothing twice and no more than asked, whatever the relay did and however
    /// many requests it took. Texts are compared, not ids: only a verified text owns its id.
    fn answer(mut self) {
        self.events
            .sort_by(|(a, left), (b, right)| (b.created_at, a.id, left).cmp(&(a.created_at, b.id, right)));
        self.events.dedup_by(|(_, left), (_, right)| left == right);
        let events = self.events.into_iter().take(self.limit).map(|(_, text)| text).collect();
        // The caller may have stopped waiting.
        let _ = self.reply.send(Fetched { events, missing: self.missing });
    }
}

/// See the module.
pub(crate) struct Exchange {
    auth: Conversation,
    patience: Duration,
    max_event_bytes: usize,
    outgoing: VecDeque<String>,
    pending: HashMap<String, Pending>,
    fetches: HashMap<String, Fetch>,
    queue: VecDeque<Command>,
    counter: u64,
    nonsense: u32,
    notice: Option<String>,
}

impl Exchange {
    pub(crate) fn new(relay: &str, signer: Option<AuthSigner>, config: &PoolConfig) -> Self {
        Self {
            auth: Conversation::new(relay, signer),
            patience: config.patience,
            max_event_bytes: config.max_event_bytes,
            outgoing: VecDeque::new(),
            pending: HashMap::new(),
            fetches: HashMap::new(),
            queue: VecDeque::new(),
            counter: 0,
            nonsense: 0,
            notice: None,
        }
    }

    /// The next message to send.
    pub(crate) fn next_to_send(&mut self) -> Option<String> {
        self.outgoing.pop_front()
    }
    /// What the relay last said to people, told once.
    pub(crate) fn notice(&mut self) -> Option<String> {
        self.notice.take()
    }
    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.fetches.is_empty() && self.queue.is_empty()
    }
    /// When [`Self::expire`] has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.fetches.values().map(|f| f.deadline).min()
    }

    /// Starts a command. An error ends the connection.
    pub(crate) fn begin(&mut self, command: Command) -> Result<(), String> {
        self.pending.retain(|_, p| p.replies.iter().any(|r| !r.is_closed()));
        self.queue.retain(|c| !c.is_abandoned());
        match command {
            Command::Publish { id, json, reply } => {
                if self.pending.len() >= MAX_PENDING {
                    let _ =
                        reply.send(RelayAnswer::NoAnswer("too many publications await its answer".into()));
                    return Ok(());
                }
                let pending = self.pending.entry(id.to_string()).or_insert_with(|| Pending {
                    json: json.clone(),
                    replies: Vec::new(),
                    held: false,
                });
                pending.replies.push(reply);
                self.outgoing.push_back(event_message(&json));
                Ok(())
            }
            command @ Command::Fetch { .. } => {
                self.queue.push_back(command);
                self.start_queued()
            }
        }
    }

    fn start_queued(&mut self) -> Result<(), String> {
        while self.fetches.len() < MAX_FETCHES {
            let Some(command) = self.queue.pop_front() else { break };
            let Command::Fetch { wanted, reply } = command else { continue };
            let mut parts: VecDeque<_> = Filter::split(&wanted).into();
            let Some(first) = parts.pop_front() else { continue };
            let fetch = Fetch {
                reply,
                parts,
                pager: Pager::new(first),
                limit: wanted.limit.unwrap_or(usize::MAX),
                events: Vec::new(),
                bytes: 0,
                missing: None,
                deadline: Instant::now() + self.patience,
                held: false,
            };
            self.ask(fetch)?;
        }
        Ok(())
    }

    /// Sends the request for the fetch's present page, under a fresh name so that late answers to the last are told apart.
    fn ask(&mut self, mut fetch: Fetch) -> Result<(), String> {
        self.counter += 1;
        let name = format!("f{}", self.counter);
        let message = filter::req(&name, &[fetch.pager.request()]).map_err(|e| e.to_string())?;
        self.outgoing.push_back(message);
        fetch.deadline = Instant::now() + self.patience;
        fetch.held = false;
        self.fetches.insert(name, fetch);
        Ok(())
    }

    /// Takes in a message of the relay. An error ends the connection.
    pub(crate) fn heard(&mut self, text: &str) -> Result<(), String> {
        match read(text) {
            Err(reason) => self.nonsense(&reason),
            Ok(Heard::Event { subscription, event }) => self.event(&subscription, event),
            Ok(Heard::Stored(name)) => {
                if let Some(fetch) = self.fetches.remove(name.as_ref()) {
                    self.outgoing.push_back(filter::close(&name));
                    self.page_ended(fetch)?;
                }
                Ok(())
            }
            Ok(Heard::Closed(name, reason)) => self.closed(&name, &reason),
            Ok(Heard::Ok { id, accepted, reason }) => self.answered(&id, accepted, &reason),
            Ok(Heard::Auth(challenge)) => {
                let step = self.auth.challenged(&challenge);
                self.authenticate(step)
            }
            Ok(Heard::Notice(text)) => {
                self.notice = Some(shown(&text));
                Ok(())
            }
            Ok(Heard::Other) => Ok(()),
        }
    }

    fn nonsense(&mut self, reason: &str) -> Result<(), String> {
        self.nonsense += 1;
        tracing::trace!(%reason, "message without sense");
        if self.nonsense > MAX_NONSENSE { Err("it sends what makes no sense".into()) } else { Ok(()) }
    }

    fn event(&mut self, name: &str, event: &RawValue) -> Result<(), String> {
        let Some(fetch) = self.fetches.get_mut(name) else {
            // Late events of a request that was closed are normal; a stream of them is not.
            return self.nonsense("an event that nobody asked for");
        };
        let text = event.get();
        if text.len() > self.max_event_bytes {
            fetch.missing = Some(format!("an event of {} bytes was left out", text.len()));
            return self.nonsense("an event that is too large");
        }
        let Ok(stamp) = serde_json::from_str::<Stamp>(text) else {
            return self.nonsense("an event without id or time");
        };
        if fetch.pager.saw(stamp) {
            fetch.bytes += text.len();
            fetch.events.push((stamp, text.to_owned()));
        }
        if fetch.bytes > MAX_FETCH_BYTES {
            let why = format!("more than {MAX_FETCH_BYTES} bytes: ask for less at a time");
            self.finish_named(name, Some(why))?;
        }
        Ok(())
    }

    fn page_ended(&mut self, mut fetch: Fetch) -> Result<(), String> {
        match fetch.pager.end_page() {
            Turn::Next => return self.ask(fetch),
            Turn::Complete => {}
            Turn::Incomplete(why) => fetch.missing = Some(why.to_owned()),
        }
        match fetch.parts.pop_front() {
            Some(part) => {
                fetch.pager = Pager::new(part);
                self.ask(fetch)
            }
            None => self.finish(fetch),
        }
    }

    fn finish(&mut self, fetch: Fetch) -> Result<(), String> {
        fetch.answer();
        self.start_queued()
    }

    fn finish_named(&mut self, name: &str, missing: Option<String>) -> Result<(), String> {
        if let Some(mut fetch) = self.fetches.remove(name) {
            self.outgoing.push_back(filter::close(name));
            fetch.missing = missing.or(fetch.missing);
            self.finish(fetch)?;
        }
        Ok(())
    }

    fn closed(&mut self, name: &str, reason: &str) -> Result<(), String> {
        let Some(mut fetch) = self.fetches.remove(name) else { return Ok(()) };
        if is_auth_required(reason) {
            fetch.held = true;
            self.fetches.insert(name.to_owned(), fetch);
            let step = self.auth.required();
            return self.authenticate(step);
        }
        fetch.missing = Some(format!("the relay refused: {}", shown(reason)));
        self.finish(fetch)
    }

    fn answered(&mut self, id: &str, accepted: bool, reason: &str) -> Result<(), String> {
        if let Some(accepted) = self.auth.answered(id, accepted) {
            if accepted {
                return self.resume();
            }
            self.refuse_held(&format!("auth-required: {}", shown(reason)));
            return Ok(());
        }
        let Some(pending) = self.pending.get_mut(id) else { return Ok(()) };
        if !accepted && is_auth_required(reason) && !pending.held {
            pending.held = true;
            let step = self.auth.required();
            return self.authenticate(step);
        }
        // Some relays answer a repetition with `false`: it is there all the same.
        let there = accepted || reason.starts_with("duplicate:");
        let answer = if there { RelayAnswer::Accepted } else { RelayAnswer::Refused(shown(reason)) };
        if let Some(pending) = self.pending.remove(id) {
            for reply in pending.replies {
                let _ = reply.send(answer.clone());
            }
        }
        Ok(())
    }

    fn authenticate(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Wait => {}
            Step::Send(message) => self.outgoing.push_back(message),
            Step::Impossible(reason) => self.refuse_held(&format!("auth-required: {reason}")),
        }
        Ok(())
    }

    /// After authentication: sends again what was refused for the lack of it.
    fn resume(&mut self) -> Result<(), String> {
        for pending in self.pending.values().filter(|p| p.held) {
            self.outgoing.push_back(event_message(&pending.json));
        }
        let held: Vec<_> =
            self.fetches.iter().filter(|(_, f)| f.held).map(|(name, _)| name.clone()).collect();
        for name in held {
            if let Some(fetch) = self.fetches.remove(&name) {
                self.ask(fetch)?;
            }
        }
        Ok(())
    }

    fn refuse_held(&mut self, reason: &str) {
        let (held, rest) = std::mem::take(&mut self.pending).into_iter().partition(|(_, p)| p.held);
        self.pending = rest;
        let held: HashMap<String, Pending> = held;
        for reply in held.into_values().flat_map(|p| p.replies) {
            let _ = reply.send(RelayAnswer::Refused(reason.to_owned()));
        }
        for fetch in self.fetches.values_mut().filter(|f| f.held) {
            fetch.missing = Some(reason.to_owned());
            fetch.deadline = Instant::now();
        }
    }

    /// Ends the fetches whose time has run out, with what they have.
    pub(crate) fn expire(&mut self) -> Result<(), String> {
        let now = Instant::now();
        let late: Vec<_> =
            self.fetches.iter().filter(|(_, f)| f.deadline <= now).map(|(n, _)| n.clone()).collect();
        for name in late {
            let known = self.fetches.get(&name).and_then(|f| f.missing.clone());
            let why = known.unwrap_or_else(|| format!("no answer within {} s", self.patience.as_secs_f32()));
            self.finish_named(&name, Some(why))?;
        }
        Ok(())
    }

    /// The connection has ended: answers everything that is open.
    pub(crate) fn give_up(self, reason: &str) {
        for reply in self.pending.into_values().flat_map(|p| p.replies) {
            let _ = reply.send(RelayAnswer::NoAnswer(reason.to_owned()));
        }
        for mut fetch in self.fetches.into_values() {
            fetch.missing = Some(reason.to_owned());
            fetch.answer();
        }
        for command in self.queue {
            command.give_up(reason);
        }
    }
}

fn event_message(json: &str) -> String {
    format!("[\"EVENT\",{json}]")
}
