//! The picture: who holds what when, as a table in Markdown, drawn from scenes of a trade that was really walked.

use super::{Place, amount::sats, money, situation};
use crate::{
    input::Secret,
    leg::Leg,
    letter::{Letter, Paper},
    moment::At,
    terms::Side,
    trade::Trade,
};
use domp_protocol::{deadlines::Deadlines, purpose::Purpose, units::Height};
use std::fmt::{self, Write as _};

/// Where the goods are. The machines do not know it; the world does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goods {
    /// Not sent yet.
    Seller,
    /// On their way.
    UnderWay,
    /// Arrived.
    Buyer,
}

impl fmt::Display for Goods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seller => "seller",
            Self::UnderWay => "under way",
            Self::Buyer => "buyer",
        })
    }
}

/// One moment of a trade, with both machines.
#[derive(Clone, Debug)]
pub struct Scene {
    /// When.
    pub at: At,
    /// The buyer's machine.
    pub buyer: Trade,
    /// The seller's machine.
    pub seller: Trade,
    /// Where the goods are.
    pub goods: Goods,
    /// A person has just acted, or the goods have moved: what follows is told in a row of its own.
    pub begins: bool,
}

/// A row under construction.
struct Row<'a> {
    /// Just before its first news.
    before: &'a Scene,
    /// With its first news.
    first: &'a Scene,
    words: Vec<String>,
}

/// A table of who holds what after each thing that happens, and what both people are told at the end.
pub fn picture(title: &str, scenes: &[Scene]) -> String {
    let mut page = format!("### {title}\n\n");
    if let Some(scene) = scenes.first() {
        let terms = &scene.buyer.terms;
        let (price, collateral) = (sats(terms.price), sats(terms.buyer_collateral));
        let _ = write!(page, "The price is {price}, the buyer's collateral {collateral}.\n\n");
    }
    page.push_str("| block | what happens | goods | price | collateral | the price's secret |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    let lock = scenes.iter().find_map(|scene| scene.seller.deadlines);
    let mut row: Option<Row<'_>> = None;
    let mut before: Option<&Scene> = None;
    for scene in scenes {
        let news = news(before, scene);
        // What is held is shown as it is just before the next thing happens.
        let done = row.take_if(|row| {
            let moved = before.is_some_and(|now| holders(now) != holders(row.before));
            scene.begins || moved && !news.is_empty()
        });
        if let (Some(done), Some(now)) = (done, before) {
            close(&mut page, &done, now, lock.as_ref());
        }
        if !news.is_empty() {
            row.get_or_insert_with(|| Row {
                before: before.unwrap_or(scene),
                first: scene,
                words: Vec::new(),
            })
            .words
            .extend(news);
        }
        before = Some(scene);
    }
    if let (Some(row), Some(now)) = (&row, before) {
        close(&mut page, row, now, lock.as_ref());
    }
    if let Some(scene) = before {
        for trade in [&scene.buyer, &scene.seller] {
            let told = situation(trade, scene.at).summary;
            let _ = write!(page, "\nThe {} is told: *{told}*\n", trade.side.as_str());
        }
    }
    page
}

fn close(page: &mut String, row: &Row<'_>, now: &Scene, deadlines: Option<&Deadlines>) {
    let [goods, price, collateral, secret] = holders(now);
    let unlocked = price == BUYER && row.before.seller.deadlines.is_none();
    let block = match deadlines.filter(|_| !unlocked) {
        Some(deadlines) => counted(row.first.at.height, deadlines),
        None => "before the lock".to_owned(),
    };
    let words = row.words.join(", ");
    let _ = writeln!(page, "| {block} | {words} | {goods} | {price} | {collateral} | {secret} |");
}

/// Counted from the lock; deadlines by their names.
fn counted(height: Height, deadlines: &Deadlines) -> String {
    let counted = match deadlines.lock.until(height).0 {
        0 => "lock".to_owned(),
        blocks => format!("lock + {blocks}"),
    };
    let named = [
        ("SHIP_BY", deadlines.ship_by),
        ("REVEAL_BY", deadlines.reveal_by),
        ("SETTLE_BY", deadlines.settle_by),
    ];
    match named.into_iter().find(|(_, deadline)| *deadline == height) {
        Some((name, _)) => format!("{name}, {counted}"),
        None => counted,
    }
}

const BUYER: &str = "buyer";

/// Goods, price, collateral, secret.
fn holders(scene: &Scene) -> [String; 4] {
    let secret = match (&scene.seller.peer.secret, scene.buyer.revealed_at) {
        (Secret::Opens, _) => "buyer and seller",
        (_, Some(_)) => "on its way to the seller",
        (_, None) => "buyer alone",
    };
    let of = |purpose| holder(scene, purpose);
    [scene.goods.to_string(), of(Purpose::Purchase), of(Purpose::BuyerCollateral), secret.to_owned()]
}

/// Where an HTLC's money is. Locked as soon as the seller's node holds it, and until the buyer's node has it back: the truth
/// lies with the two nodes, not with one of them.
fn holder(scene: &Scene, purpose: Purpose) -> String {
    let at = |trade: &Trade| {
        let place = money::all(trade, scene.at).into_iter().find(|money| money.purpose == purpose);
        place.map(|money| money.place)
    };
    if scene.buyer.leg(purpose).is_none() {
        return "none".to_owned();
    }
    let words = match (at(&scene.buyer), at(&scene.seller)) {
        (_, Some(Place::Seller)) => "seller",
        (Some(Place::Returned), _) => BUYER,
        (_, Some(Place::Locked)) => "**held by the seller's node**",
        (_, Some(Place::Returned)) => "going home",
        (_, _) => BUYER,
    };
    words.to_owned()
}

/// What is new since the scene before: letters, payments and blocks.
fn news(before: Option<&Scene>, now: &Scene) -> Vec<String> {
    let mut news = Vec::new();
    let known = |side: Side| before.map(|scene| trade(scene, side));
    for side in [Side::Buyer, Side::Seller] {
        let old = known(side).map_or(0, |trade| trade.letters.len());
        let letters = trade(now, side).letters.iter().skip(old);
        news.extend(letters.filter_map(|letter| told(letter, side)));
    }
    for leg in &now.buyer.legs {
        let asked = |leg: &Leg| leg.paying().is_some_and(|paying| paying.asked_at.is_some());
        let old = known(Side::Buyer).and_then(|trade| trade.leg(leg.purpose)).is_some_and(asked);
        if asked(leg) && !old {
            news.push(format!("the buyer pays the {}", name(leg.purpose)));
        }
    }
    if before.is_some_and(|scene| scene.goods != now.goods && now.goods == Goods::Buyer) {
        news.push("the goods arrive".to_owned());
    }
    for leg in now.seller.legs.iter().rev() {
        news.extend(resolved(leg, known(Side::Seller).and_then(|trade| trade.leg(leg.purpose))));
    }
    news
}

const fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Purchase => "price",
        Purpose::BuyerCollateral | Purpose::SellerCollateral | Purpose::AntiSpam => "collateral",
    }
}

const fn trade(scene: &Scene, side: Side) -> &Trade {
    match side {
        Side::Buyer => &scene.buyer,
        Side::Seller => &scene.seller,
    }
}

/// What the seller's node was told to do with an HTLC.
fn resolved(leg: &Leg, before: Option<&Leg>) -> Option<String> {
    use crate::leg::Want;
    let want = |leg: &Leg| leg.holding().map(|holding| holding.want);
    let (old, new) = (before.and_then(want), want(leg));
    let verb = match new {
        _ if old == new => return None,
        Some(Want::Settle) => "takes",
        Some(Want::Cancel) => "gives back",
        Some(Want::Nothing | Want::Hold) | None => return None,
    };
    Some(format!("the seller's node {verb} the {}", name(leg.purpose)))
}

/// A letter in the words of the protocol; the bid's companions are told with it.
fn told(letter: &Letter, side: Side) -> Option<String> {
    let what = match letter.paper {
        Paper::Bid => "bids (301)",
        Paper::Hashes => return None,
        Paper::Acceptance => "accepts with two invoices on the buyer's hashes (303)",
        Paper::Payment => "says that both are paid (311)",
        Paper::LockAck => "signs what its node holds (`lock_ack`)",
        Paper::LockOk => "agrees with it (`lock_ok`)",
        Paper::Shipped => "ships (`shipped`)",
        Paper::Verdict if letter.message.reveals().is_some() => {
            "confirms, and the secret goes to the seller, encrypted (313)"
        }
        Paper::Verdict => "reports on the goods (313)",
        Paper::Release => "releases the secret, encrypted (`release`)",
        Paper::Refund => "says that everything goes back (314)",
        Paper::AgreeCancel => "signs an agreement to cancel (315)",
        Paper::AgreeRelease => "signs an agreement to release (315)",
        Paper::LateInvoice => "sends an ordinary invoice (`late_invoice`)",
    };
    Some(format!("the {} {what}", side.as_str()))
}
