//! The play: both people on their ground, and what every flow asks of them.

use super::{
    Flow, Nodes, audit,
    ground::Ground,
    narrator::Narrator,
    person::Person,
    purse::Balances,
    step::{Money, Scene, Step, Who},
    summary::Summary,
    trouble::Trouble,
};
use domp_engine::view::TradeView;
use domp_escrow::{
    situation::SECONDS_PER_BLOCK,
    stage::{Ending, Stage},
};
use domp_nostr::embedded::{EmbeddedRelay, EmbeddedSettings};
use domp_protocol::{
    ids::TradeId,
    units::{Blocks, Height, Unix},
};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// Blocks mined before it is waited for both engines to have seen them.
const BATCH: u32 = 144;
/// Mining that takes longer is talked about.
const QUIET: Duration = Duration::from_secs(3);
/// Between two looks at the channels.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// Both people, and everything between them.
pub struct Play<'a> {
    /// Where the story is told.
    pub narrator: &'a mut Narrator,
    /// The one who sells.
    pub seller: Person,
    /// The one who buys.
    pub buyer: Person,
    ground: Ground,
    relay: EmbeddedRelay,
    folder: TempDir,
    trade: Option<TradeId>,
    before: Balances,
}

impl<'a> Play<'a> {
    /// Prepares the ground and the relay, and starts both engines.
    ///
    /// # Errors
    /// What could not be had.
    pub async fn begin(narrator: &'a mut Narrator, nodes: Nodes) -> Result<Self, Trouble> {
        let folder = tempfile::Builder::new()
            .prefix("domp-demo-")
            .tempdir()
            .map_err(Trouble::setup("a temporary folder"))?;
        let ground = Ground::prepare(nodes, narrator).await?;
        let relay =
            EmbeddedRelay::start(EmbeddedSettings::default()).await.map_err(Trouble::setup("a relay"))?;
        let url = relay.url();
        let (seller, buyer) = tokio::try_join!(
            Person::start(Who::Seller, &ground, &url, folder.path()),
            Person::start(Who::Buyer, &ground, &url, folder.path()),
        )?;
        let before = Balances { buyer: buyer.purse(None).await?, seller: seller.purse(None).await? };
        Ok(Self { narrator, seller, buyer, ground, relay, folder, trade: None, before })
    }

    /// What the ground is made of, for people.
    pub fn described(&self) -> &[String] {
        &self.ground.described
    }

    /// From now on it is about this trade.
    pub const fn is_about(&mut self, trade: TradeId) {
        self.trade = Some(trade);
    }

    /// The trade.
    ///
    /// # Errors
    /// If there is none yet.
    pub fn trade(&self) -> Result<TradeId, Trouble> {
        self.trade.ok_or_else(|| Trouble::Unexpected("there is no trade yet".to_owned()))
    }

    /// Both sides of the trade, the buyer's first.
    ///
    /// # Errors
    /// If there is none yet.
    pub async fn views(&self) -> Result<(TradeView, TradeView), Trouble> {
        let trade = self.trade()?;
        Ok((self.buyer.view(trade).await?, self.seller.view(trade).await?))
    }

    /// Tells a scene, with where the money is now.
    ///
    /// # Errors
    /// If a side cannot be read, or nobody reads the story.
    pub async fn tell(&mut self, scene: Scene) -> Result<(), Trouble> {
        let views = if self.trade.is_some() { Some(self.views().await?) } else { None };
        let views = views.as_ref();
        let step = Step {
            step: self.narrator.next(),
            name: scene.name,
            who: scene.who,
            title: scene.title,
            explained: scene.explained,
            height: self.ground.height().await?,
            time: self.ground.clock.now(),
            trade: self.trade,
            buyer_stage: views.map(|views| views.0.summary.stage.clone()),
            seller_stage: views.map(|views| views.1.summary.stage.clone()),
            money: views.map(|views| Money::all(&views.0, Some(&views.1))).unwrap_or_default(),
            otherwise: scene.otherwise,
            balances: self.balances().await?,
            elapsed_ms: self.narrator.elapsed().as_millis(),
        };
        self.narrator.tell(&step)
    }

    /// Waits until both sides are at their stage.
    ///
    /// # Errors
    /// If one does not come there in time.
    pub async fn both_at(&mut self, buyer: Stage, seller: Stage, what: &'static str) -> Result<(), Trouble> {
        let trade = self.trade()?;
        let at = |stage: Stage| move |view: &TradeView| view.summary.stage == stage.as_str();
        tokio::try_join!(
            self.buyer.until(trade, what, at(buyer)),
            self.seller.until(trade, what, at(seller))
        )?;
        Ok(())
    }

    /// Waits until the trade is over on both sides, and until both nodes have struck the payments out of the channel: after
    /// one of them has heard of the end of a payment, the two still exchange signatures for a moment.
    ///
    /// # Errors
    /// If one side does not come there in time.
    pub async fn over(&mut self, ending: Ending, what: &'static str) -> Result<(), Trouble> {
        let stage = Stage::Ended(ending);
        self.both_at(stage, stage, what).await?;
        let end = Instant::now() + self.ground.patience();
        // What is not in order by then is the audit's to tell.
        while !self.balances().await?.is_quiet(&self.before) && Instant::now() < end {
            tokio::time::sleep(ASK_AGAIN).await;
        }
        Ok(())
    }

    /// What both have now.
    async fn balances(&self) -> Result<Balances, Trouble> {
        let views = if self.trade.is_some() { Some(self.views().await?) } else { None };
        Ok(Balances {
            buyer: self.buyer.purse(views.as_ref().map(|views| &views.0)).await?,
            seller: self.seller.purse(views.as_ref().map(|views| &views.1)).await?,
        })
    }

    /// Lets blocks pass, some at a time; returns when both engines have seen them.
    ///
    /// # Errors
    /// If a node or an engine does not follow.
    pub async fn pass(&mut self, blocks: Blocks) -> Result<(), Trouble> {
        let began = Instant::now();
        let mut left = blocks.0;
        while left > 0 {
            let batch = BATCH.min(left);
            self.ground.mine(batch).await?;
            let height = self.ground.height().await?;
            tokio::try_join!(self.buyer.sees(height), self.seller.sees(height))?;
            left -= batch;
            if left > 0 && began.elapsed() > QUIET {
                self.narrator.progress(&format!("{left} of {blocks} are still to be mined"));
            }
        }
        Ok(())
    }

    /// Lets blocks pass until the chain has this height.
    ///
    /// # Errors
    /// If a node or an engine does not follow.
    pub async fn pass_to(&mut self, height: Height) -> Result<(), Trouble> {
        let blocks = self.ground.height().await?.until(height);
        self.pass(blocks).await
    }

    /// Lets blocks pass until the engines' clock says `then`; gives how many.
    ///
    /// # Errors
    /// If a node or an engine does not follow.
    pub async fn pass_until(&mut self, then: Unix) -> Result<Blocks, Trouble> {
        let blocks = self.ground.clock.now().until(then).div_ceil(SECONDS_PER_BLOCK);
        let blocks = Blocks(u32::try_from(blocks).unwrap_or(u32::MAX));
        self.pass(blocks).await?;
        Ok(blocks)
    }

    /// What the passing of time is not in this world, if anything.
    pub const fn about_time(&self) -> Option<&'static str> {
        self.ground.about_time()
    }

    /// The chain's height.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn height(&self) -> Result<Height, Trouble> {
        self.ground.height().await
    }

    /// Draws up the accounts, and stops everything.
    ///
    /// # Errors
    /// If a side cannot be read any more, or a node does not stop.
    pub async fn end(mut self, flow: Flow, nodes: Nodes) -> Result<Summary, Trouble> {
        let (buyer, seller) = self.views().await?;
        let after = self.balances().await?;
        let mut seen = audit::Seen {
            flow,
            before: self.before,
            after,
            payments: audit::payments(&self.buyer, &self.seller, &buyer, &seller).await?,
            stages: (buyer.summary.stage.clone(), seller.summary.stage.clone()),
            price: buyer.summary.price,
            collateral: buyer.summary.buyer_collateral,
            objections: self.ground.objections(),
        };
        let (height, blocks) = (self.ground.height().await?, self.ground.mined());
        self.buyer.engine.stop().await;
        self.seller.engine.stop().await;
        for person in [&mut self.buyer, &mut self.seller] {
            let who = person.who;
            seen.objections.extend(
                person.take_alarms().iter().map(|text| format!("the {who}'s engine raised an alarm: {text}")),
            );
        }
        let Self { narrator, seller, buyer, ground, relay, folder, .. } = self;
        // Their databases close, and their connections end, before what these stand on goes away.
        drop((seller, buyer));
        relay.stop().await;
        ground.stop(narrator).await?;
        folder.close().map_err(Trouble::setup("the end: the temporary folder"))?;
        Ok(Summary::of_accounts(flow, nodes, seen.accounts(height, blocks), seen.differences()))
    }
}
