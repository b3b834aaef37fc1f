//! A deal: two people, a listing, a bid on it, and the steps that the two take.

use super::{Books, COLLATERAL, Lab, PRICE, Person, Relay, SOON, Setup, Spot, sat, within};
use domp_engine::desk::{NewBid, NewListing};
use domp_escrow::{
    input::{Agreement, Command, Condition, Shipment, Verdict},
    stage::{Ending, Stage, stage},
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    ids::{EventId, TradeId},
    units::{Blocks, Height},
};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Ask {
    pub price: u64,
    pub collateral: u64,
}

impl Default for Ask {
    fn default() -> Self {
        Self { price: PRICE, collateral: COLLATERAL }
    }
}

/// How two people mean to end their trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    /// The goods come and the buyer confirms them.
    Confirm,
    /// The seller gives the money back instead of shipping.
    Refund,
    /// Both agree to cancel before anything ships.
    AgreeCancel,
    /// The buyer has complaints, then both agree that the seller is paid.
    AgreeRelease,
}

impl Plot {
    pub const ALL: [Self; 4] = [Self::Confirm, Self::Refund, Self::AgreeCancel, Self::AgreeRelease];

    pub const fn ending(self) -> Ending {
        match self {
            Self::Confirm | Self::AgreeRelease => Ending::Completed,
            Self::Refund | Self::AgreeCancel => Ending::Refunded,
        }
    }

    /// What one side does next, if anything.
    fn order(self, side: Side, trade: &Trade) -> Option<Command> {
        let agree =
            |agreement| (!trade.choices.agreed.contains(&agreement)).then_some(Command::Agree(agreement));
        match (side, stage(trade)) {
            (Side::Seller, Stage::Bid) => Some(Command::Accept),
            (Side::Buyer, Stage::Offered) if !trade.choices.pay => Some(Command::Pay),
            (Side::Seller, Stage::ToShip) if self == Self::Refund => Some(refund()),
            (_, Stage::ToShip) if self == Self::AgreeCancel => agree(Agreement::Cancel),
            (Side::Seller, Stage::ToShip) => Some(ship()),
            (Side::Buyer, Stage::Shipped)
                if self == Self::AgreeRelease && trade.choices.verdict.is_none() =>
            {
                Some(damaged())
            }
            (_, Stage::Shipped) if self == Self::AgreeRelease => agree(Agreement::Release),
            (Side::Buyer, Stage::Shipped) => Some(received()),
            _ => None,
        }
    }
}

/// A trade between two people.
pub struct Deal {
    pub seller: Person,
    pub buyer: Person,
    pub listing: EventId,
    pub trade: TradeId,
    pub ask: Ask,
    pub plot: Plot,
    /// What was made to go wrong, for the message of a test that fails.
    pub mishap: String,
}

/// A listing with the shortest deadlines that there are.
pub fn teapot(price: u64) -> NewListing {
    NewListing {
        product_name: "Teapot".into(),
        description: "Stoneware, one litre".into(),
        price: sat(price),
        category: None,
        storage_link: None,
        shipping_info: None,
        name: None,
        handling: Blocks(72),
        transit: Blocks(0),
        inspection: Blocks(144),
    }
}

/// A bid at the listing's price.
pub fn bid_on(listing: EventId, collateral: u64) -> NewBid {
    NewBid {
        listing,
        amount: None,
        buyer_collateral: Some(sat(collateral)),
        message: None,
        shipping_address: Some("1 Kiln Lane".into()),
        payment_timeout_hours: Some(1),
    }
}

pub fn received() -> Command {
    let condition = Condition::Received;
    Command::Confirm(Verdict { condition, rating: Some(5), feedback: None, reason: None })
}

pub fn damaged() -> Command {
    let reason = Some("the lid is cracked".into());
    Command::Confirm(Verdict { condition: Condition::Damaged, rating: None, feedback: None, reason })
}

pub fn refund() -> Command {
    Command::Refund { reason: "the last one broke".into() }
}

pub fn ship() -> Command {
    Command::Ship(Shipment { carrier: Some("Post".into()), tracking: Some("AB 1".into()), note: None })
}

impl Deal {
    /// Two new people on one relay; the bid is made and has reached the seller.
    pub async fn bid(lab: &Lab, relay: &Relay, ask: Ask) -> Self {
        let relays = [relay.url()];
        let seller = Person::new(lab, Setup::new("seller", &relays)).await;
        let buyer = Person::new(lab, Setup::new("buyer", &relays)).await;
        Self::between(seller, buyer, ask).await
    }

    /// As [`Deal::bid`], between these two.
    pub async fn between(seller: Person, buyer: Person, ask: Ask) -> Self {
        let listing = seller.engine().create_listing(teapot(ask.price)).await.unwrap().listing;
        let bid = buyer.engine().bid(bid_on(listing, ask.collateral)).await.unwrap();
        let deal = Self {
            seller,
            buyer,
            listing,
            trade: bid.summary.trade,
            ask,
            plot: Plot::Confirm,
            mishap: String::new(),
        };
        deal.may(Side::Seller, "accept").await;
        deal
    }

    /// As [`Deal::bid`], by people who try again when one of them is made to crash at a point.
    pub async fn begun_whatever_happens(
        lab: &Lab,
        relay: &Relay,
        plot: Plot,
        crash: Option<&(Side, Spot)>,
    ) -> Self {
        let (relays, ask) = ([relay.url()], Ask::default());
        let seller = Person::new(lab, Setup::new("seller", &relays)).await;
        let mut buyer = Person::new(lab, Setup::new("buyer", &relays)).await;
        match crash {
            Some((Side::Seller, spot)) => seller.crash.choose(spot),
            Some((Side::Buyer, spot)) => buyer.crash.choose(spot),
            None => {}
        }
        let listing = seller.engine().create_listing(teapot(ask.price)).await.unwrap().listing;
        let trade = loop {
            if let Ok(bid) = buyer.engine().bid(bid_on(listing, ask.collateral)).await {
                break bid.summary.trade;
            }
            assert!(buyer.has_crashed(), "the bid is refused for no reason");
            buyer.restart().await;
            // The bid may be made although nobody was told.
            if let [made] = buyer.engine().trades(true).await.unwrap().as_slice() {
                break made.trade;
            }
        };
        let mishap = crash.map_or_else(String::new, |(side, spot)| {
            format!("{plot:?}, the {} stopped {spot}: ", side.as_str())
        });
        Self { seller, buyer, listing, trade, ask, plot, mishap }
    }

    /// The bid is accepted, the invoices have reached the buyer.
    pub async fn offered(lab: &Lab, relay: &Relay, ask: Ask) -> Self {
        let deal = Self::bid(lab, relay, ask).await;
        deal.seller.orders(deal.trade, Command::Accept).await;
        deal.until(Side::Buyer, Stage::Offered).await;
        deal
    }

    /// The money is held and both sides agree on that.
    pub async fn locked(lab: &Lab, relay: &Relay, ask: Ask) -> Self {
        let deal = Self::offered(lab, relay, ask).await;
        deal.buyer.orders(deal.trade, Command::Pay).await;
        deal.both_until(Stage::ToShip).await;
        deal
    }

    /// The goods are on their way.
    pub async fn shipped(lab: &Lab, relay: &Relay, ask: Ask) -> Self {
        let deal = Self::locked(lab, relay, ask).await;
        deal.seller.orders(deal.trade, ship()).await;
        deal.both_until(Stage::Shipped).await;
        deal
    }

    pub fn person(&self, side: Side) -> &Person {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }
    pub fn person_mut(&mut self, side: Side) -> &mut Person {
        match side {
            Side::Buyer => &mut self.buyer,
            Side::Seller => &mut self.seller,
        }
    }

    /// Ends the test with everything that both sides know.
    pub async fn give_up(&self, why: &str) -> ! {
        let (seller, buyer) = (self.seller.tells(self.trade).await, self.buyer.tells(self.trade).await);
        panic!("{}{why}\n{seller}{buyer}", self.mishap)
    }

    /// Waits until one side's trade is at this stage.
    pub async fn until(&self, side: Side, wanted: Stage) {
        let person = self.person(side);
        if within(SOON, async || (person.stage(self.trade).await == Some(wanted)).then_some(()))
            .await
            .is_none()
        {
            self.give_up(&format!("the {} does not come to '{wanted}'", person.name)).await;
        }
    }

    pub async fn both_until(&self, wanted: Stage) {
        self.until(Side::Seller, wanted).await;
        self.until(Side::Buyer, wanted).await;
    }

    /// Waits until one side is offered this command.
    pub async fn may(&self, side: Side, command: &str) {
        if within(SOON, async || self.offers(side, command).await.then_some(())).await.is_none() {
            self.give_up(&format!("the {} cannot {command}", side.as_str())).await;
        }
    }

    /// Until the height at which the seller must have settled or cancelled.
    pub async fn settle_by(&self) -> u32 {
        let Height(height) =
            self.seller.engine().snapshot(self.trade).await.unwrap().deadlines.unwrap().settle_by;
        height
    }

    /// Both sides have ended like this, the satoshis add up to this, nothing is held, the channel is open, and nobody was
    /// alarmed.
    pub async fn ends(&self, lab: &Lab, before: Books, ending: Ending) {
        self.both_until(Stage::Ended(ending)).await;
        self.adds_up(lab, before, ending).await;
    }

    /// What [`Deal::ends`] asks of nodes and people.
    pub async fn adds_up(&self, lab: &Lab, before: Books, ending: Ending) {
        let now = lab.books().await;
        let right = before.after(self.paid(ending));
        if now != right {
            self.give_up(&format!("{before:?} became {now:?}, not {right:?}")).await;
        }
        self.is_calm().await;
    }

    /// What the seller has gained.
    pub const fn paid(&self, ending: Ending) -> u64 {
        if matches!(ending, Ending::Completed | Ending::PaidLate) { self.ask.price } else { 0 }
    }

    /// Nobody was alarmed, nothing is frozen.
    pub async fn is_calm(&self) {
        for person in [&self.seller, &self.buyer] {
            let health = person.engine().health().await;
            if !person.alarms().is_empty() || health.frozen_trades > 0 {
                self.give_up("somebody was alarmed").await;
            }
        }
    }

    /// What two patient people do: each takes the next step whenever it can be taken, and starts the program again whenever it
    /// has stopped.
    pub async fn carry_on(&mut self) {
        let mut ended = [false; 2];
        self.kept_up(async |deal| {
            for (n, side) in [Side::Seller, Side::Buyer].into_iter().enumerate() {
                ended[n] = deal.next_step(side).await;
            }
            ended == [true; 2]
        })
        .await;
    }

    /// Starts the programs again whenever they stop, until it is so.
    pub async fn kept_up(&mut self, mut is_so: impl AsyncFnMut(&Self) -> bool) {
        let end = Instant::now() + 3 * SOON;
        while !is_so(self).await {
            if Instant::now() > end {
                self.give_up("the trade does not come to its end").await;
            }
            for side in [Side::Seller, Side::Buyer] {
                if self.person(side).has_crashed() {
                    self.person_mut(side).restart().await;
                }
            }
            sleep(Duration::from_millis(40)).await;
        }
    }

    /// Whether one side is offered this command.
    pub async fn offers(&self, side: Side, command: &str) -> bool {
        let view = self.person(side).engine().trade(self.trade).await;
        view.is_ok_and(|view| view.possible.iter().any(|possible| possible == command))
    }

    /// How often either program was started again.
    pub const fn restarts(&self) -> usize {
        self.seller.restarts + self.buyer.restarts
    }

    /// Takes one side's next step if there is one; whether that side has ended.
    async fn next_step(&self, side: Side) -> bool {
        let engine = self.person(side).engine();
        let Ok(trade) = engine.snapshot(self.trade).await else { return false };
        if stage(&trade).is_ended() {
            return true;
        }
        if let Some(order) = self.plot.order(side, &trade) {
            // It may be too early for it, or the engine may stop on the way; the next look tells.
            let _ = engine.command(self.trade, order).await;
        }
        false
    }
}
