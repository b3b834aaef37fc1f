//! Rebuilding: a buyer's open trades out of the phrase and the relays.
//!
//! Our own bids carry the salts of their secrets, encrypted to ourselves. What the other side said lies on the relays, what
//! became of the money is the node's to say. What we said in private is gone: the other side has it.

mod trail;

use crate::{EngineError, ErrorClass, RebuildReport, backup::Backup, commit::Along, inner::Inner};
use domp_escrow::{
    input::{Input, PaymentReport},
    offering::{self, Given, Policy},
    terms::Terms,
    trade::Trade,
};
use domp_ports::relays::Wanted;
use domp_protocol::{
    event::VerifiedEvent,
    ids::{EventId, Nonce, PaymentHash, TradeId},
    kinds::{Bid, Kind, Listing, Signed},
    purpose::Purpose,
    tags::commit::Opened,
    units::Unix,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};
use trail::Trail;

type Secrets = BTreeMap<Purpose, (PaymentHash, Nonce)>;

/// Why a bid does not become a trade again.
enum Lost {
    /// The database, the node, or the relays failed.
    Engine(EngineError),
    /// Something does not fit, and never will.
    Because(String),
    /// Something does not fit now.
    Later(String),
}

impl Lost {
    /// Whether another try may end in another way: what was not found may lie on a relay that is away.
    const fn may_pass(&self) -> bool {
        match self {
            Self::Engine(error) => matches!(error.class(), ErrorClass::Unavailable | ErrorClass::NotFound),
            Self::Because(_) => false,
            Self::Later(_) => true,
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(error) => error.fmt(f),
            Self::Because(reason) | Self::Later(reason) => f.write_str(reason),
        }
    }
}

impl<E: Into<EngineError>> From<E> for Lost {
    fn from(error: E) -> Self {
        Self::Engine(error.into())
    }
}

impl Inner {
    /// Rebuilds every trade of which a bid of ours is on the relays and which is not here.
    pub(crate) async fn rebuild(self: &Arc<Self>) -> Result<RebuildReport, EngineError> {
        self.until_recovered().await?;
        let wanted = Wanted { kinds: vec![Bid::KIND], authors: vec![self.me], ..Wanted::default() };
        let relays = self.config.relays.len();
        let (bids, answered) = self.fetch_verified_from(wanted, &[]).await?;
        let mut report = RebuildReport { complete: answered >= relays, ..RebuildReport::default() };
        for event in bids {
            if self.has_trade(&event.id()).await? {
                report.known.push(event.id());
                continue;
            }
            match self.rebuild_one(&event).await {
                Ok(trade) => report.rebuilt.push(trade),
                Err(lost) => {
                    report.complete &= !lost.may_pass();
                    report.failed.push((event.id(), lost.to_string()));
                }
            }
        }
        // What is known was perhaps rebuilt by an earlier try, to which a relay did not answer; what failed, perhaps half way.
        if !report.rebuilt.is_empty() || !report.known.is_empty() || !self.doubted().is_empty() {
            // Private messages tell nothing of their age, so all of them are read, and those again for which there was no room
            // while nobody knew their trade.
            self.inbox.read_everything_again();
            let heard = self.catch_up_with_relays(Unix(0)).await;
            report.complete &= heard >= relays;
            let others = self.relays_of_doubted().await;
            self.catch_up_with(&others, Unix(0)).await;
            // Until then nothing is written or paid that may have been before: it is open what we did.
            self.recall(heard > 0).await;
        }
        Ok(report)
    }

    /// Relays on which trades in doubt were made and which we do not use any more: what was written to us may lie there.
    async fn relays_of_doubted(&self) -> Vec<String> {
        let mut relays = BTreeSet::new();
        for id in self.doubted().into_keys() {
            if let Ok((trade, _)) = self.peek(&id).await {
                relays.extend(trade.terms.relays);
            }
        }
        relays.into_iter().filter(|relay| !self.config.relays.contains(relay)).collect()
    }

    async fn rebuild_one(self: &Arc<Self>, event: &VerifiedEvent) -> Result<TradeId, Lost> {
        let bid = Signed::<Bid>::read_as(event)?;
        let (secrets, backup) = self.recover_secrets(&bid).await?;
        let listing_event = self.listing_event(bid.body().listing).await?;
        let listing = Signed::<Listing>::read_as(&listing_event)?;
        // What was agreed then is not judged by what we would agree to now.
        let policy = Policy { min_collateral_percent: 0, allow_small: true };
        let given = Given { network: self.config.network, now: bid.created_at(), earlier: &[], policy };
        let terms = offering::terms(&listing, &bid, &given)?;
        let node = self.own_node().await?;
        if terms.buyer_node != node {
            let expected = terms.buyer_node;
            return Err(Lost::Later(format!(
                "it was made with the Lightning node {expected}; the one connected is {node}: connect to that one"
            )));
        }
        let trail = self.trail(&terms).await?;
        let reports = self.payments_of(&terms, &secrets).await?;
        let begun = reports.iter().any(|(_, report)| *report != PaymentReport::NotFound);
        if !begun && trail.acceptance.is_none() && self.now() >= terms.lapses_at() {
            return Err(Lost::Because("it lapsed without an answer, and nothing was paid".to_owned()));
        }
        if let Some(address) = backup.address() {
            self.keep_address(&terms.trade, address).await?;
        }
        self.resurrect(event, terms, &secrets, &trail, reports).await
    }

    /// The trade anew, with what the node says, then what the other side said, then what we wrote.
    async fn resurrect(
        self: &Arc<Self>,
        event: &VerifiedEvent,
        terms: Terms,
        secrets: &Secrets,
        trail: &Trail,
        reports: Vec<(Purpose, PaymentReport)>,
    ) -> Result<TradeId, Lost> {
        let id = terms.trade;
        let trade = Trade::for_buyer(terms, secrets).rebuilt(self.moment()?.height);
        let documents = vec![self.document_of(event, Some(id))];
        let mut inputs = reports
            .into_iter()
            .filter(|(_, report)| *report != PaymentReport::NotFound)
            .map(|(purpose, report)| Input::Payment { purpose, report });
        let first = inputs.next().unwrap_or(Input::Begin);
        self.begin(trade, &first, documents).await?;
        for input in inputs {
            self.input(id, &input, Along::default()).await?;
        }
        if let Some(acceptance) = &trail.acceptance {
            self.say(id, acceptance, None, false, acceptance.created_at()).await?;
        }
        // The other side goes by what we wrote before. Whoever did not get it the first time gets it again.
        for ours in trail.ours() {
            self.wrote(id, ours, None).await?;
        }
        Ok(id)
    }

    /// The secrets of a bid of ours, derived again and stored; their hashes must be those it committed to.
    async fn recover_secrets(&self, bid: &Signed<Bid>) -> Result<(Secrets, Backup), Lost> {
        let because = |reason: &str| Lost::Because(reason.to_owned());
        let escrow = bid.body().escrow.as_ref().ok_or_else(|| because("it is no bid of this escrow"))?;
        let sealed = escrow.backup.as_ref().ok_or_else(|| because("it carries no recovery data"))?;
        let backup = Backup::open(self, sealed)?;
        let mut secrets = Secrets::new();
        for (purpose, salt, nonce) in backup.roles() {
            let salt = salt.ok_or_else(|| because("its recovery data is damaged"))?;
            let hash = self.adopt_salt(purpose, &salt).await?;
            secrets.insert(purpose, (hash, nonce));
        }
        let opens = |purpose, commitment: Option<domp_protocol::ids::Commitment>| match (
            secrets.get(&purpose),
            commitment,
        ) {
            (Some((hash, nonce)), Some(commitment)) => {
                Opened { hash: *hash, nonce: *nonce }.opens(&commitment)
            }
            (None, None) => true,
            _ => false,
        };
        let commits = &escrow.commits;
        let fits = opens(Purpose::Purchase, Some(commits.purchase))
            && opens(Purpose::BuyerCollateral, commits.buyer_collateral);
        if fits { Ok((secrets, backup)) } else { Err(because("its recovery data is of another bid")) }
    }

    /// What the node says of each of the trade's payments.
    async fn payments_of(
        &self,
        terms: &Terms,
        secrets: &Secrets,
    ) -> Result<Vec<(Purpose, PaymentReport)>, Lost> {
        let mut reports = Vec::new();
        for (purpose, amount, _) in terms.legs() {
            let Some((hash, _)) = secrets.get(&purpose) else { continue };
            let Some(report) = self.payment_report(hash, amount).await else {
                return Err(Lost::Later("the node does not say what became of its payments".to_owned()));
            };
            reports.push((purpose, report));
        }
        Ok(reports)
    }

    /// Events from our relays and from these that are genuine, each once, oldest first.
    async fn fetch_verified(
        &self,
        wanted: Wanted,
        others: &[String],
    ) -> Result<Vec<VerifiedEvent>, EngineError> {
        let ours = self.config.relays.iter();
        let all: BTreeSet<String> = ours.chain(others).cloned().collect();
        Ok(self.fetch_verified_from(wanted, &all.into_iter().collect::<Vec<_>>()).await?.0)
    }

    /// The same from these relays, ours where none is named, with how many of them answered completely.
    async fn fetch_verified_from(
        &self,
        wanted: Wanted,
        relays: &[String],
    ) -> Result<(Vec<VerifiedEvent>, usize), EngineError> {
        let (delivered, answered) = self.ports.relays.fetch(wanted, relays).await?;
        let mut found: BTreeMap<(Unix, EventId), VerifiedEvent> = BTreeMap::new();
        for one in delivered {
            if let Ok(event) = VerifiedEvent::check(&one.json, self.now()) {
                found.insert((event.created_at(), event.id()), event);
            }
        }
        Ok((found.into_values().collect(), answered))
    }
}
