//! Two people who know what they want and try until they get it, whatever happens to their programs.

use super::plan::Plan;
use crate::world::{World, a_bid, a_listing, received, ship};
use domp_engine::Engine;
use domp_escrow::{
    input::Command,
    stage::{Ending, Stage, stage},
    terms::Side,
    trade::Trade,
};
use domp_protocol::ids::{EventId, TradeId};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What the two want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Success,
    Timeout,
    Refund,
    Nonpayment,
}

impl Flow {
    const fn ending(self) -> Ending {
        match self {
            Self::Success => Ending::Completed,
            Self::Timeout | Self::Refund => Ending::Refunded,
            Self::Nonpayment => Ending::Abandoned,
        }
    }
}

/// Long enough for anything; a run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(90);
/// Without progress for so long, a block is mined: unanswered letters are sent again.
const BORED: Duration = Duration::from_millis(150);

struct Run {
    flow: Flow,
    world: World,
    plan: Arc<Plan>,
    engines: [Option<Engine>; 2],
    listing: Option<EventId>,
    trade: Option<TradeId>,
}

/// Runs a flow to its end and checks it.
pub async fn drive(flow: Flow, plan: Arc<Plan>) -> Arc<Plan> {
    let world = World::new();
    let seller = world.seller.start_faulty(plan.of(Side::Seller)).await;
    let buyer = world.buyer.start_faulty(plan.of(Side::Buyer)).await;
    let mut run = Run { flow, world, plan, engines: [Some(seller), Some(buyer)], listing: None, trade: None };
    let began = Instant::now();
    let mut quiet_since = Instant::now();
    let mut versions = (0, 0);
    while !run.is_over().await {
        if began.elapsed() > PATIENCE {
            run.give_up().await;
        }
        run.restart_the_dead().await;
        run.act().await;
        let now = run.versions().await;
        if now != versions {
            (versions, quiet_since) = (now, Instant::now());
        }
        if quiet_since.elapsed() > BORED {
            run.world.net.mine(1);
            quiet_since = Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    run.check().await;
    run.seller().stop().await;
    run.buyer().stop().await;
    run.plan
}

impl Run {
    fn engine(&self, side: Side) -> &Engine {
        self.engines[usize::from(side == Side::Buyer)].as_ref().unwrap()
    }
    fn seller(&self) -> &Engine {
        self.engine(Side::Seller)
    }
    fn buyer(&self) -> &Engine {
        self.engine(Side::Buyer)
    }

    async fn restart_the_dead(&mut self) {
        for side in [Side::Seller, Side::Buyer] {
            let dead = tokio::time::timeout(Duration::ZERO, self.engine(side).until_halted()).await.is_ok();
            if dead {
                self.engine(side).stop().await;
                let place = &mut self.engines[usize::from(side == Side::Buyer)];
                // The database is freed with the last handle.
                *place = None;
                *place = Some(self.world.person(side).start_faulty(self.plan.of(side)).await);
            }
        }
    }

    async fn trade_of(&self, side: Side) -> Option<Trade> {
        self.engine(side).snapshot(self.trade?).await.ok()
    }

    /// Everybody does what is theirs to do now; what fails is tried again.
    async fn act(&mut self) {
        let Some(listing) = self.listing else {
            self.listing = self.seller().create_listing(a_listing()).await.ok().map(|view| view.listing);
            return;
        };
        let Some(trade) = self.trade else {
            let begun =
                self.buyer().trades(false).await.ok().and_then(|trades| trades.first().map(|it| it.trade));
            self.trade = match begun {
                Some(trade) => Some(trade),
                None => self.buyer().bid(a_bid(listing)).await.ok().map(|view| view.summary.trade),
            };
            return;
        };
        if let Some(found) = self.trade_of(Side::Seller).await {
            let order = match stage(&found) {
                Stage::Bid => Some(Command::Accept),
                Stage::ToShip if self.flow == Flow::Refund => {
                    Some(Command::Refund { reason: "sold out".to_owned() })
                }
                Stage::ToShip => Some(ship()),
                _ => None,
            };
            if let Some(order) = order {
                // Refused, or cut short: tried again.
                let _ = self.seller().command(trade, order).await;
            }
        }
        let Some(found) = self.trade_of(Side::Buyer).await else { return };
        match (stage(&found), self.flow) {
            (Stage::Offered, Flow::Nonpayment) => self.world.net.pass_seconds(90_000),
            (Stage::Offered, _) => {
                let _ = self.buyer().command(trade, Command::Pay).await;
            }
            (Stage::Shipped, Flow::Success) => {
                let _ = self.buyer().command(trade, received()).await;
            }
            (Stage::Shipped, Flow::Timeout) => {
                let settle_by = found.deadlines.unwrap().settle_by;
                self.world.net.mine(self.world.net.height().until(settle_by).0);
            }
            _ => {}
        }
    }

    async fn versions(&self) -> (usize, usize) {
        let mut versions = (0, 0);
        if let Some(trade) = self.trade {
            versions.0 = self.seller().history(trade).await.map_or(0, |history| history.len());
            versions.1 = self.buyer().history(trade).await.map_or(0, |history| history.len());
        }
        versions
    }

    async fn is_over(&self) -> bool {
        let ended = |trade: Option<Trade>| trade.is_some_and(|trade| stage(&trade).is_ended());
        ended(self.trade_of(Side::Seller).await)
            && ended(self.trade_of(Side::Buyer).await)
            && self.world.is_quiet()
            && self.seller().health().await.pending_effects == 0
            && self.buyer().health().await.pending_effects == 0
    }

    async fn check(&self) {
        for side in [Side::Seller, Side::Buyer] {
            let trade = self.trade_of(side).await.unwrap();
            assert_eq!(stage(&trade), Stage::Ended(self.flow.ending()), "{side:?}: {trade:#?}");
        }
        let gained = if self.flow == Flow::Success { crate::world::PRICE } else { 0 };
        assert_eq!(self.world.seller_gained(), i64::try_from(gained).unwrap());
        self.world.check_money();
        for engine in [self.seller(), self.buyer()] {
            assert_eq!(engine.health().await.frozen_trades, 0, "an invariant was broken");
        }
    }

    async fn give_up(&self) -> ! {
        let (seller, buyer) = (self.trade_of(Side::Seller).await, self.trade_of(Side::Buyer).await);
        let mut histories = Vec::new();
        if let Some(trade) = self.trade {
            histories.push(self.seller().history(trade).await);
            histories.push(self.buyer().history(trade).await);
        }
        let health = (self.seller().health().await, self.buyer().health().await);
        panic!("{:?} hangs\n{seller:#?}\n{buyer:#?}\n{histories:#?}\n{health:#?}", self.flow)
    }
}
