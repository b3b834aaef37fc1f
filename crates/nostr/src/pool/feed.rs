//! A subscription on one relay: everything stored, then everything new, through every interruption.
//!
//! Each subscription has a connection of its own. So a reader that is slow slows only this one: the task stops reading,
//! TCP makes the relay wait, and memory stays bounded by the queue below. After every reconnection the whole request is
//! sent again and the relay repeats itself; what happened meanwhile is among it. The caller recognises repetitions by id.
//!
//! A relay gives only its newest few hundred stored events for a request. When it gave many, the older ones are read
//! page by page beside the live stream: everything at first, and after an interruption what is dated up to three days
//! before it (gift wraps are dated up to two days back).

use super::{
    auth::{Conversation, Step, is_auth_required},
    backoff,
    filter::{self, Filter},
    health::{Health, Pulse},
    message::{Heard, read, shown},
    pager::{PAGE, Pager, Stamp, Turn},
    session::spread,
    shared::Shared,
    socket::Socket,
};
use crate::address::RelayAddress;
use domp_ports::{
    clock::{Clock, SystemClock},
    relays::{Delivered, Wanted},
};
use domp_protocol::units::Unix;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

/// Events that wait for the reader, per relay and subscription.
const QUEUE: usize = 64;
/// Stored events from which on a relay is suspected to have more.
const MANY: usize = 50;
/// How far before an interruption missed events may be dated.
const REACH_BACK: u64 = 3 * 24 * 3600;
/// A connection that lasted so long counts as a success.
const STEADY: Duration = Duration::from_secs(10);
/// Messages that make no sense, after which the connection is given up.
const MAX_NONSENSE: u32 = 1_000;

/// Starts a subscription on one relay; it ends when the receiver is dropped.
pub(crate) fn start(
    shared: Arc<Shared>,
    address: RelayAddress,
    configured: bool,
    health: Arc<Health>,
    wanted: &[Wanted],
) -> mpsc::Receiver<Delivered> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let filters = wanted.iter().flat_map(Filter::split).collect();
    let pulse = Pulse::new(health);
    tokio::spawn(Feed { shared, address, configured, filters, sender, pulse, in_step_at: None }.run());
    receiver
}

struct Feed {
    shared: Arc<Shared>,
    address: RelayAddress,
    configured: bool,
    filters: Vec<Filter>,
    sender: mpsc::Sender<Delivered>,
    pulse: Pulse,
    /// When we last knew that nothing was missing.
    in_step_at: Option<Unix>,
}

/// Why a connection of a feed came to its end.
enum End {
    /// Nobody reads any more.
    Unread,
    /// It broke, or the relay refused.
    Broken(String),
}

impl From<String> for End {
    fn from(reason: String) -> Self {
        Self::Broken(reason)
    }
}

impl Feed {
    async fn run(mut self) {
        let mut failures: u32 = 0;
        loop {
            let ended = self.connect_and_follow(&mut failures).await;
            let End::Broken(reason) = ended else { return };
            self.pulse.fail(&reason);
            failures = failures.saturating_add(1);
            tokio::select! {
                () = sleep(backoff::wait(failures, spread())) => {}
                () = self.sender.closed() => return,
            }
        }
    }

    async fn connect_and_follow(&mut self, failures: &mut u32) -> End {
        let Shared { dialer, config, signers } = self.shared.as_ref();
        let reach = self.shared.reach(self.configured);
        let sender = self.sender.clone();
        let opening = Socket::open(dialer, &self.address, reach, config.patience, config.ping_every);
        let socket = tokio::select! {
            opened = opening => opened,
            () = sender.closed() => return End::Unread,
        };
        let mut socket = match socket {
            Ok(socket) => socket,
            Err(reason) => return End::Broken(reason),
        };
        let auth = Conversation::new(self.address.as_str(), signers.for_relay(self.configured));
        let mut follow = Follow::new(self, auth);
        let end = follow.run(&mut socket).await;
        let (in_step, lasted) = (follow.is_in_step(), follow.opened_at.elapsed());
        if in_step {
            self.in_step_at = Some(SystemClock.now());
        }
        // One that only ever works for a moment is not asked every second for ever.
        if in_step && lasted > STEADY {
            *failures = 0;
        }
        socket.close().await;
        end
    }
}

/// One connection's worth of a feed.
struct Follow<'a> {
    feed: &'a mut Feed,
    auth: Conversation,
    /// The live requests by name.
    live: BTreeMap<String, Live>,
    /// Older events still to be asked for.
    older: VecDeque<Filter>,
    page: Option<(String, Pager, Instant)>,
    outgoing: VecDeque<String>,
    counter: u32,
    nonsense: u32,
    /// Everything stored that the live requests bring has come.
    was_in_step: bool,
    opened_at: Instant,
    told_late: bool,
}

struct Live {
    filters: Vec<Filter>,
    stored: usize,
    /// `EOSE` has come.
    in_step: bool,
    /// Refused until we have authenticated.
    held: bool,
}

impl<'a> Follow<'a> {
    fn new(feed: &'a mut Feed, auth: Conversation) -> Self {
        Self {
            feed,
            auth,
            live: BTreeMap::new(),
            older: VecDeque::new(),
            page: None,
            outgoing: VecDeque::new(),
            counter: 0,
            nonsense: 0,
            was_in_step: false,
            opened_at: Instant::now(),
            told_late: false,
        }
    }

    async fn run(&mut self, socket: &mut Socket) -> End {
        for filters in filter::requests(self.feed.filters.clone()) {
            let name = self.fresh("s");
            if let Err(end) = self.ask_live(&name, &filters) {
                return end;
            }
            self.live.insert(name, Live { filters, stored: 0, in_step: false, held: false });
        }
        loop {
            if let Err(end) = self.turn(socket).await {
                return end;
            }
        }
    }

    async fn turn(&mut self, socket: &mut Socket) -> Result<(), End> {
        while let Some(message) = self.outgoing.pop_front() {
            socket.send(message).await?;
        }
        let wake_at = self.wake_at();
        let text = tokio::select! {
            text = socket.next() => text?,
            () = self.feed.sender.closed() => return Err(End::Unread),
            () = sleep_until(wake_at) => {
                self.overdue();
                return Ok(());
            }
        };
        let Some(delivered) = self.heard(&text)? else { return Ok(()) };
        self.deliver(delivered, socket).await
    }

    async fn deliver(&mut self, delivered: Delivered, socket: &mut Socket) -> Result<(), End> {
        let Err(mpsc::error::TrySendError::Full(delivered)) = self.feed.sender.try_send(delivered) else {
            return Ok(()); // a closed queue ends the next turn
        };
        let waited = self.feed.sender.send(delivered).await.map_err(|_| End::Unread);
        // The silence was ours.
        socket.forgive_silence();
        if let Some((.., deadline)) = &mut self.page {
            *deadline = Instant::now() + self.feed.shared.config.patience;
        }
        waited
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}{}", self.counter)
    }

    fn request(&mut self, name: &str, filters: &[Filter]) -> Result<(), End> {
        let message = filter::req(name, filters).map_err(|e| End::Broken(e.to_string()))?;
        self.outgoing.push_back(message);
        Ok(())
    }

    /// Sends a live request. It says how much of what is stored it wants, so that a relay without a limit of its own does
    /// not pour out everything at once.
    fn ask_live(&mut self, name: &str, filters: &[Filter]) -> Result<(), End> {
        let limited = |f: &Filter| Filter { limit: Some(f.limit.unwrap_or(PAGE)), ..f.clone() };
        self.request(name, &filters.iter().map(limited).collect::<Vec<_>>())
    }

    fn heard(&mut self, text: &str) -> Result<Option<Delivered>, End> {
        match read(text) {
            Err(reason) => self.nonsense(&reason)?,
            Ok(Heard::Event { subscription, event }) => {
                let json = event.get();
                if self.accepts(&subscription, json)? {
                    let relay = self.feed.address.as_str().to_owned();
                    return Ok(Some(Delivered { json: json.to_owned(), relay }));
                }
            }
            Ok(Heard::Stored(name)) => self.stored(&name)?,
            Ok(Heard::Closed(name, reason)) => self.closed(&name, &reason)?,
            Ok(Heard::Auth(challenge)) => {
                let step = self.auth.challenged(&challenge);
                self.authenticate(step)?;
            }
            Ok(Heard::Ok { id, accepted, reason }) => match self.auth.answered(&id, accepted) {
                Some(true) => self.resume()?,
                Some(false) => {
                    return Err(End::Broken(format!("authentication refused: {}", shown(&reason))));
                }
                None => {}
            },
            Ok(Heard::Notice(_) | Heard::Other) => {}
        }
        Ok(None)
    }

    fn nonsense(&mut self, reason: &str) -> Result<(), End> {
        self.nonsense += 1;
        tracing::trace!(relay = %self.feed.address, %reason, "message without sense");
        if self.nonsense > MAX_NONSENSE {
            Err(End::Broken("it sends what makes no sense".into()))
        } else {
            Ok(())
        }
    }

    /// Whether an event is passed on.
    fn accepts(&mut self, name: &str, json: &str) -> Result<bool, End> {
        if json.len() > self.feed.shared.config.max_event_bytes {
            self.feed.pulse.note(&format!("an event of {} bytes was left out", json.len()));
            self.nonsense("an event that is too large")?;
            return Ok(false);
        }
        let Ok(stamp) = serde_json::from_str::<Stamp>(json) else {
            self.nonsense("an event without id or time")?;
            return Ok(false);
        };
        if let Some(live) = self.live.get_mut(name) {
            live.stored += usize::from(!live.in_step);
            return Ok(true);
        }
        if let Some((page, pager, _)) = &mut self.page
            && page == name
        {
            return Ok(pager.saw(stamp));
        }
        self.nonsense("an event that nobody asked for")?;
        Ok(false)
    }

    /// `EOSE`.
    fn stored(&mut self, name: &str) -> Result<(), End> {
        if let Some(live) = self.live.get_mut(name) {
            if !live.in_step {
                live.in_step = true;
                if live.stored >= MANY {
                    let since = self.feed.in_step_at.map(|Unix(at)| at.saturating_sub(REACH_BACK));
                    let unlimited = live.filters.iter().filter(|f| f.limit.is_none() && !f.is_by_id());
                    self.older.extend(unlimited.map(|f| Filter { since: f.since.max(since), ..f.clone() }));
                }
            }
        } else if let Some((page, mut pager, _)) = self.page.take_if(|(page, ..)| page == name) {
            self.outgoing.push_back(filter::close(&page));
            match pager.end_page() {
                Turn::Next => self.ask_page(pager)?,
                Turn::Complete => {}
                Turn::Incomplete(why) => self.feed.pulse.note(why),
            }
        }
        self.go_on()
    }

    /// Asks for the next older events, or notes that there is nothing left to ask for.
    fn go_on(&mut self) -> Result<(), End> {
        if self.page.is_none()
            && let Some(filter) = self.older.pop_front()
        {
            return self.ask_page(Pager::new(filter));
        }
        if self.live.values().all(|live| live.in_step) {
            self.was_in_step = true;
            self.feed.pulse.set(true);
        }
        Ok(())
    }

    /// Whether nothing is missing now.
    fn is_in_step(&self) -> bool {
        self.was_in_step && self.page.is_none() && self.older.is_empty()
    }

    fn ask_page(&mut self, pager: Pager) -> Result<(), End> {
        let name = self.fresh("p");
        self.request(&name, &[pager.request()])?;
        self.page = Some((name, pager, Instant::now() + self.feed.shared.config.patience));
        Ok(())
    }

    fn closed(&mut self, name: &str, reason: &str) -> Result<(), End> {
        if self.page.take_if(|(page, ..)| page == name).is_some() {
            self.feed.pulse.note(&format!("older events refused: {}", shown(reason)));
            return self.go_on();
        }
        let Some(live) = self.live.get_mut(name) else { return Ok(()) };
        if is_auth_required(reason) {
            (live.held, live.in_step) = (true, false);
            let step = self.auth.required();
            return self.authenticate(step);
        }
        // Asked by id, a relay that gave them all has nothing more to say and may close.
        if live.in_step && live.filters.iter().all(Filter::is_by_id) {
            return Ok(());
        }
        Err(End::Broken(format!("the relay ended the subscription: {}", shown(reason))))
    }

    fn authenticate(&mut self, step: Step) -> Result<(), End> {
        match step {
            Step::Wait => Ok(()),
            Step::Send(message) => {
                self.outgoing.push_back(message);
                Ok(())
            }
            Step::Impossible(reason) => Err(End::Broken(format!("auth-required: {reason}"))),
        }
    }

    fn resume(&mut self) -> Result<(), End> {
        let held: Vec<_> =
            self.live.iter().filter(|(_, l)| l.held).map(|(n, l)| (n.clone(), l.filters.clone())).collect();
        for (name, filters) in held {
            self.ask_live(&name, &filters)?;
            if let Some(live) = self.live.get_mut(&name) {
                live.held = false;
            }
        }
        Ok(())
    }

    fn wake_at(&self) -> Instant {
        let page = self.page.as_ref().map(|(.., deadline)| *deadline);
        let first =
            (!self.was_in_step && !self.told_late).then(|| self.opened_at + self.feed.shared.config.patience);
        page.into_iter().chain(first).min().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600))
    }

    fn overdue(&mut self) {
        let now = Instant::now();
        if self.page.take_if(|(.., deadline)| *deadline <= now).is_some() {
            self.feed.pulse.note("older events did not come in time");
            self.older.clear();
        }
        if !self.was_in_step && !self.told_late && self.opened_at + self.feed.shared.config.patience <= now {
            self.told_late = true;
            self.feed.pulse.note("it does not say whether that was all it had stored");
        }
    }
}
