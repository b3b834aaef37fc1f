//! One run: two people who want something, two programs, and trouble.

use super::{
    dice::Dice,
    trouble::{Counts, Trouble},
    world::{PRICE, RELAYS, World, a_bid, a_listing, config, memory::MemoryJournal, received, ship},
};
use domp_engine::{Engine, EngineConfig, EngineError, config::Times};
use domp_escrow::{
    input::{Agreement, Command, Condition, Shipment, Verdict},
    stage::{Ending, Stage, stage},
    terms::Side,
    trade::Trade,
};
use domp_nostr::memory::Fault as RelayFault;
use domp_protocol::{
    ids::{EventId, TradeId},
    units::Blocks,
};
use domp_simnet::{Call, CallFault};
use std::{sync::Arc, time::Duration};

/// How bad it is.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Faults in a thousand points of the engine's work, while there is trouble.
    pub fault_rate: u64,
    /// Commits that a killed process loses; an honest disk loses none.
    pub forgotten_commits: usize,
}

impl Default for Setting {
    fn default() -> Self {
        Self { fault_rate: 40, forgotten_commits: 0 }
    }
}

/// What came of a run.
pub struct Ended {
    /// The two endings.
    pub how: String,
    pub faults: Counts,
    /// What must not be.
    pub violation: Option<String>,
}

/// Looks around in a run; then it hangs.
const MOST_TURNS: u32 = 6_000;
/// Looks during which things go wrong.
const TROUBLED_TURNS: u32 = 700;
/// Between two looks.
const TURN: Duration = Duration::from_millis(20);

/// What the two people do when it is their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Trade,
    BuyerNeverPays,
    SellerRefundsBeforeShipping,
    SellerRefundsAfterShipping,
    BuyerStaysSilent,
    BuyerComplainsThenReleases,
    BothCancel,
    PaidLate,
}

const WISHES: [Wish; 12] = [
    Wish::Trade,
    Wish::Trade,
    Wish::Trade,
    Wish::Trade,
    Wish::Trade,
    Wish::BuyerNeverPays,
    Wish::SellerRefundsBeforeShipping,
    Wish::SellerRefundsAfterShipping,
    Wish::BuyerStaysSilent,
    Wish::BuyerComplainsThenReleases,
    Wish::BothCancel,
    Wish::PaidLate,
];

struct Run {
    wish: Wish,
    dice: Dice,
    world: World,
    trouble: Trouble,
    journals: [MemoryJournal; 2],
    engines: [Option<Engine>; 2],
    listing: Option<EventId>,
    trade: Option<TradeId>,
    /// Turns until what is away comes back: a node for each side, then the relay.
    away: [u32; 3],
    shipped: bool,
    /// The buyer ordered its program to release the price; a program that was killed meanwhile may have taken the order.
    may_have_released: bool,
    /// The program took that order.
    released: bool,
    /// From this turn on the buyer's machine is lost as soon as its bid was accepted.
    lost_from: Option<u32>,
    /// A side makes a backup in the first of these turns, and in the second starts again from it.
    restored: Option<(Side, u32, u32)>,
    backup: Option<MemoryJournal>,
    /// The phrase is all that is left, and not everything was found with it yet.
    rebuilding: bool,
}

/// Runs a seed to its end and judges it.
pub async fn run(seed: u64, setting: Setting) -> Ended {
    let mut run = Run::new(seed, setting).await;
    let mut turns = 0;
    while !run.is_over().await && turns < MOST_TURNS {
        if turns == TROUBLED_TURNS {
            run.heal();
        }
        run.restart_the_dead().await;
        if turns < TROUBLED_TURNS {
            run.trouble();
            run.lose_the_buyers_machine(turns).await;
            run.restore_a_backup(turns).await;
        }
        run.rebuild().await;
        run.act().await;
        run.pass(turns);
        tokio::time::sleep(TURN).await;
        turns += 1;
    }
    run.heal();
    let stages = run.stages().await;
    let violation = run.judge(stages, turns).await.err();
    for engine in run.engines.iter().flatten() {
        engine.stop().await;
    }
    let name = |stage: Option<Stage>| stage.map_or("none", Stage::as_str);
    Ended {
        how: format!("{}, {}", name(stages[Side::Seller as usize]), name(stages[Side::Buyer as usize])),
        faults: run.trouble.counts(),
        violation,
    }
}

fn settings(trouble: &Trouble) -> EngineConfig {
    let usual = config(Arc::new(trouble.clone()));
    // A sweep is what a broken stream is made up for with; it need not be all the time.
    EngineConfig { times: Times { sweep: Duration::from_millis(500), ..usual.times }, ..usual }
}

const SIDES: [Side; 2] = [Side::Seller, Side::Buyer];

impl Run {
    async fn new(seed: u64, setting: Setting) -> Self {
        let mut dice = Dice::new(seed);
        let wish = dice.one_of(&WISHES);
        let most = dice.below(9);
        let trouble = Trouble::new(dice.next(), setting.fault_rate, most);
        let journals = [(); 2].map(|()| MemoryJournal::forgetful(setting.forgotten_commits));
        let lost_from = dice.chance(300).then(|| u32::try_from(dice.below(80)).unwrap());
        let restored = dice.chance(500).then(|| {
            let made = u32::try_from(dice.below(60)).unwrap();
            (dice.one_of(&SIDES), made, made + 1 + u32::try_from(dice.below(60)).unwrap())
        });
        let mut run = Self {
            wish,
            dice,
            world: World::new(),
            trouble,
            journals,
            engines: [None, None],
            listing: None,
            trade: None,
            away: [0; 3],
            shipped: false,
            may_have_released: false,
            released: false,
            lost_from,
            restored,
            backup: None,
            rebuilding: false,
        };
        for side in SIDES {
            run.start(side).await;
        }
        run
    }

    fn engine(&self, side: Side) -> Option<&Engine> {
        self.engines[side as usize].as_ref()
    }

    async fn start(&mut self, side: Side) {
        let ports = self.world.person(side).ports_with(Arc::new(self.journals[side as usize].clone()));
        // A node that is away at the start is waited for by whoever starts the program again.
        self.engines[side as usize] = Engine::start(ports, settings(&self.trouble)).await.ok();
    }

    async fn restart_the_dead(&mut self) {
        for side in SIDES {
            if let Some(engine) = self.engine(side) {
                if tokio::time::timeout(Duration::ZERO, engine.until_halted()).await.is_err() {
                    continue;
                }
                engine.stop().await;
                self.engines[side as usize] = None;
                self.journals[side as usize].killed();
            }
            self.start(side).await;
        }
    }

    /// Everything of the buyer's is gone but the phrase and the node.
    async fn lose_the_buyers_machine(&mut self, turn: u32) {
        if self.lost_from.is_none_or(|from| turn < from) {
            return;
        }
        // What was never heard of by anybody else cannot be found again.
        let known = |stage: Stage| !stage.is_ended() && stage != Stage::Bid;
        if !self.stages().await[Side::Buyer as usize].is_some_and(known) {
            return;
        }
        self.lost_from = None;
        if let Some(engine) = self.engines[Side::Buyer as usize].take() {
            engine.stop().await;
        }
        self.journals[Side::Buyer as usize] = MemoryJournal::forgetful(0);
        self.rebuilding = true;
        self.trouble.count("machine of the buyer lost");
        self.start(Side::Buyer).await;
    }

    /// A disk breaks, and all there is instead is a backup.
    async fn restore_a_backup(&mut self, turn: u32) {
        let Some((side, made, restored)) = self.restored else { return };
        // Of a sale that is younger than the backup nothing is left; that is said to people.
        let under_way = self.stages().await[side as usize].is_some_and(|stage| !stage.is_ended());
        let journal = &mut self.journals[side as usize];
        if turn >= made && self.backup.is_none() && under_way {
            self.backup = Some(journal.backup());
        }
        if turn < restored || self.rebuilding {
            return;
        }
        let Some(backup) = self.backup.take() else { return };
        self.restored = None;
        *journal = backup;
        if let Some(engine) = self.engines[side as usize].take() {
            engine.stop().await;
        }
        self.trouble.count(match side {
            Side::Seller => "seller restored from a backup",
            Side::Buyer => "buyer restored from a backup",
        });
        self.start(side).await;
    }

    /// Again and again, as the daemon does, until every relay has been heard.
    async fn rebuild(&mut self) {
        if !self.rebuilding {
            return;
        }
        let Some(engine) = self.engine(Side::Buyer) else { return };
        let all = tokio::time::timeout(Duration::from_secs(60), engine.rebuild_from_relays()).await;
        if matches!(all, Ok(Ok(report)) if report.complete) {
            self.rebuilding = false;
        }
    }

    /// Something may go wrong with nodes, relays or the chain.
    fn trouble(&mut self) {
        if !self.dice.chance(60) {
            return;
        }
        let side = self.dice.one_of(&SIDES);
        let node = self.world.person(side).node.clone();
        // For a few blocks at the most: what is assumed of the world.
        let turns = 1 + u32::try_from(self.dice.below(60)).unwrap();
        let name = match self.dice.below(8) {
            0 if self.away[side as usize] == 0 => {
                self.away[side as usize] = turns;
                node.stop();
                "node killed"
            }
            1 => {
                node.break_streams();
                "streams of a node broken"
            }
            2 => {
                node.mute_streams(true);
                self.away[side as usize] = self.away[side as usize].max(turns);
                "streams of a node silent"
            }
            3 | 4 => {
                let call = self.dice.one_of(&[
                    Call::Pay,
                    Call::Settle,
                    Call::Cancel,
                    Call::IssueHoldInvoice,
                    Call::Invoice,
                    Call::Payment,
                ]);
                let faults = [
                    CallFault::Unavailable,
                    CallFault::NotPerformed,
                    CallFault::AnswerLost,
                    CallFault::StalledBefore,
                    CallFault::StalledAfter,
                ];
                let fault = self.dice.one_of(&faults);
                node.script_fault(Some(call), fault);
                match fault {
                    CallFault::Unavailable => "node not reached",
                    CallFault::NotPerformed => "call lost",
                    CallFault::AnswerLost => "answer of a node lost",
                    CallFault::StalledBefore | CallFault::StalledAfter => "call stalled",
                    CallFault::Denied | CallFault::Refused => "call refused",
                }
            }
            5 if self.world.net.height().0 > 800_010 => {
                self.world.net.reorganise(Blocks(2), 3);
                "reorganisation"
            }
            6 | 7 if self.away[2] == 0 => self.break_a_relay(turns),
            _ => return,
        };
        self.trouble.count(name);
    }

    fn break_a_relay(&mut self, turns: u32) -> &'static str {
        let relay = self.dice.one_of(&RELAYS);
        let (fault, name) = match self.dice.below(4) {
            0 => (RelayFault::Down, "relay down"),
            1 => (RelayFault::AnswerLost, "answer of a relay lost"),
            2 => (RelayFault::Repeat(2), "letters doubled"),
            _ => (RelayFault::Shuffle { window: 3, seed: self.dice.next() }, "letters shuffled"),
        };
        self.world.relays.break_relay(relay, fault);
        self.away[2] = turns;
        name
    }

    /// Time passes; what was away comes back.
    fn pass(&mut self, turn: u32) {
        for place in 0..self.away.len() {
            self.away[place] = self.away[place].saturating_sub(1);
            if self.away[place] == 0 {
                self.mend(place);
            }
        }
        if turn % 10 == 9 {
            self.world.net.mine(1);
        }
    }

    fn mend(&self, place: usize) {
        match place {
            0 | 1 => {
                let node = &self.world.person(SIDES[place]).node;
                node.start();
                node.mute_streams(false);
            }
            _ => RELAYS.iter().for_each(|relay| self.world.relays.repair(relay)),
        }
    }

    fn heal(&mut self) {
        self.trouble.ends();
        self.away = [0; 3];
        (0..3).for_each(|place| self.mend(place));
        self.world.net.release_stalled_calls();
    }

    async fn snapshot(&self, side: Side) -> Option<Trade> {
        self.engine(side)?.snapshot(self.trade?).await.ok()
    }

    async fn stages(&self) -> [Option<Stage>; 2] {
        let mut stages = [None; 2];
        for side in SIDES {
            stages[side as usize] = self.snapshot(side).await.map(|trade| stage(&trade));
        }
        stages
    }

    /// The next thing that a person does, if it is time and they feel like it.
    async fn act(&mut self) {
        if !self.dice.chance(300) {
            return;
        }
        let (Some(seller), Some(buyer)) = (self.engine(Side::Seller), self.engine(Side::Buyer)) else {
            return;
        };
        let Some(listing) = self.listing else {
            self.listing = seller.create_listing(a_listing()).await.ok().map(|view| view.listing);
            return;
        };
        let Some(trade) = self.trade else {
            let begun = buyer.trades(false).await.ok().and_then(|trades| trades.first().map(|it| it.trade));
            self.trade = match begun {
                Some(trade) => Some(trade),
                None => buyer.bid(a_bid(listing)).await.ok().map(|view| view.summary.trade),
            };
            return;
        };
        let stages = self.stages().await;
        for side in SIDES {
            let stage = stages[side as usize];
            let doubt = self.snapshot(side).await.is_some_and(|trade| trade.in_doubt());
            let order = if side == Side::Seller && doubt {
                // The person knows whether the parcel is gone.
                Some(if self.shipped {
                    Command::HadShipped(Shipment::default())
                } else {
                    Command::NotShipped
                })
            } else {
                stage.and_then(|stage| self.order(side, stage))
            };
            let Some(order) = order else { continue };
            let Some(engine) = self.engine(side) else { continue };
            let (ships, releases) = (matches!(order, Command::Ship(_)), releases(&order));
            let answer = engine.command(trade, order).await;
            self.shipped |= ships && may_be_taken(&answer);
            self.may_have_released |= releases && may_be_taken(&answer);
            self.released |= releases && answer.is_ok();
        }
        self.long_silence().await;
    }

    fn order(&self, side: Side, stage: Stage) -> Option<Command> {
        let agree = Command::Agree(Agreement::Cancel);
        let refund = Command::Refund { reason: "sold out".to_owned() };
        match (side, stage, self.wish) {
            (Side::Seller, Stage::Bid, _) => Some(Command::Accept),
            (Side::Buyer, Stage::Offered, Wish::BuyerNeverPays) => None,
            (Side::Buyer, Stage::Offered, _) => Some(Command::Pay),
            (Side::Seller, Stage::ToShip, Wish::SellerRefundsBeforeShipping) => Some(refund),
            (Side::Seller, Stage::ToShip, _) => Some(ship()),
            (Side::Seller, Stage::Shipped, Wish::SellerRefundsAfterShipping) => Some(refund),
            (_, Stage::Shipped, Wish::BothCancel) => Some(agree),
            (Side::Buyer, Stage::Shipped, Wish::Trade) => Some(received()),
            (Side::Buyer, Stage::Shipped, Wish::BuyerComplainsThenReleases) => Some(complaint()),
            (Side::Buyer, Stage::Ended(Ending::Refunded), Wish::PaidLate) if self.shipped => Some(received()),
            _ => None,
        }
    }

    /// What takes blocks or more than one order.
    async fn long_silence(&mut self) {
        let Some(trade) = self.trade else { return };
        let [buyer, seller] = self.stages().await;
        match self.wish {
            Wish::BuyerNeverPays if buyer == Some(Stage::Offered) => self.world.net.pass_seconds(20_000),
            Wish::BuyerStaysSilent | Wish::PaidLate if buyer == Some(Stage::Shipped) => {
                let due = self.snapshot(Side::Buyer).await.and_then(|trade| trade.deadlines);
                // In steps, as blocks come: both see each of them.
                let left = due.map_or(0, |due| self.world.net.height().until(due.settle_by).0);
                self.world.net.mine(left.min(12));
            }
            Wish::BuyerComplainsThenReleases if buyer == Some(Stage::Shipped) => {
                let Some(engine) = self.engine(Side::Buyer) else { return };
                let answer = engine.command(trade, Command::Release).await;
                self.may_have_released |= may_be_taken(&answer);
                self.released |= answer.is_ok();
            }
            Wish::PaidLate if matches!(seller, Some(Stage::Ended(Ending::Refunded) | Stage::PayingLate)) => {
                for (side, order) in
                    [(Side::Seller, Command::OfferLateInvoice), (Side::Buyer, Command::PayLate)]
                {
                    if let Some(engine) = self.engine(side) {
                        // Refused until it is its turn.
                        let _ = engine.command(trade, order).await;
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether nothing can happen any more.
    async fn is_over(&self) -> bool {
        let stages = self.stages().await;
        let wants_more =
            self.wish == Wish::PaidLate && stages.contains(&Some(Stage::Ended(Ending::Refunded)));
        let ended = stages.iter().all(|stage| stage.is_some_and(|stage| stage.is_ended()));
        if !ended || wants_more || !self.world.is_quiet() {
            return false;
        }
        for engine in self.engines.iter().flatten() {
            if engine.health().await.pending_effects > 0 {
                return false;
            }
        }
        true
    }

    async fn judge(&self, [buyer, seller]: [Option<Stage>; 2], turns: u32) -> Result<(), String> {
        let must = |so: bool, what: &str| {
            so.then_some(()).ok_or_else(|| {
                format!("{what} ({:?}, seller {seller:?}, buyer {buyer:?}, {turns} turns)", self.wish)
            })
        };
        let net = &self.world.net;
        must(net.total_msat() == self.world.money, "satoshis appeared or vanished")?;
        must(net.with(|world| world.channels_add_up()), "a channel does not add up")?;
        must(net.force_closes().is_empty(), "a channel was closed by force")?;
        for engine in self.engines.iter().flatten() {
            must(engine.health().await.frozen_trades == 0, "an invariant of the machine was broken")?;
        }
        let ended = [seller, buyer].map(|stage| stage.is_some_and(Stage::is_ended));
        must(ended == [true; 2] && self.world.is_quiet(), "the trade does not end")?;
        let paid =
            |stage: Option<Stage>| matches!(stage, Some(Stage::Ended(Ending::Completed | Ending::PaidLate)));
        let gained = self.world.seller_gained();
        let price = i64::try_from(PRICE).unwrap();
        must(
            gained == 0 || gained == price,
            &format!("the seller gained {gained} sat, the price is {price}"),
        )?;
        must(paid(seller) == (gained == price), "the seller's program believes what is not so")?;
        must(paid(buyer) == (gained == price), "the buyer's program believes what is not so")?;
        must(gained == 0 || self.shipped, "paid without having shipped")?;
        must(
            gained == 0 || self.may_have_released || self.wish == Wish::PaidLate,
            "paid without the buyer's order",
        )?;
        must(
            gained == price || !(self.released && self.shipped),
            "released in time, and the seller was not paid",
        )?;
        Ok(())
    }
}

/// Whoever is killed before it can answer may have taken the order all the same.
fn may_be_taken<T>(answer: &Result<T, EngineError>) -> bool {
    !matches!(answer, Err(EngineError::Refused(_)))
}

fn complaint() -> Command {
    let reason = Some("a scratch".to_owned());
    Command::Confirm(Verdict { condition: Condition::Damaged, rating: None, feedback: None, reason })
}

fn releases(order: &Command) -> bool {
    matches!(order, Command::Release | Command::Confirm(Verdict { condition: Condition::Received, .. }))
}
