//! A machine is lost while money is held: the recovery phrase and a backup, or the phrase and the relays, finish the trade on
//! another one.

use crate::lab::{Ask, Deal, Lab, Person, Relay, Setup, lab, ship};
use domp_escrow::stage::{Ending, Stage};
use domp_protocol::ids::TradeId;
use domp_vault::{Phrase, backup};
use std::path::{Path, PathBuf};

/// The same person on an empty machine, whose program does not run yet.
fn elsewhere(lab: &Lab, person: &Person) -> Person {
    let phrase = Phrase::parse(&person.vault.phrase().expose()).unwrap();
    Person::resting(lab, Setup { node: person.name, relays: person.relays.clone(), phrase })
}

/// A backup made while the program runs.
async fn backed_up(person: &Person) -> PathBuf {
    let (copy, target) = (person.folder.path().join("copy"), person.folder.path().join("backup"));
    person.engine().ports().journal.snapshot_to(&copy).await.unwrap();
    backup::backup_file(&copy, &person.vault, &target).unwrap();
    target
}

async fn restored(lab: &Lab, mut lost: Person, from: &Path) -> Person {
    let mut found = elsewhere(lab, &lost);
    lost.kill();
    backup::restore_file(from, found.vault.phrase(), &found.database()).unwrap();
    found.start().await;
    found
}

#[tokio::test]
async fn seller__machine_lost_while_held__backup_and_phrase_take_the_money() {
    let Some(lab) = lab("a seller restored from a backup").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let deal = Deal::shipped(&lab, &relay, Ask::default()).await;
    let copy = backed_up(&deal.seller).await;
    let Deal { seller, .. } = deal;
    let mut deal = Deal { seller: restored(&lab, seller, &copy).await, ..deal };
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

/// The backup is older than the shipping.
#[tokio::test]
async fn buyer__machine_lost_and_the_backup_is_old__the_relay_tells_the_rest() {
    let Some(lab) = lab("a buyer restored from an old backup").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let deal = Deal::locked(&lab, &relay, Ask::default()).await;
    let copy = backed_up(&deal.buyer).await;
    deal.seller.orders(deal.trade, ship()).await;
    deal.both_until(Stage::Shipped).await;
    let Deal { buyer, .. } = deal;
    let mut deal = Deal { buyer: restored(&lab, buyer, &copy).await, ..deal };
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn buyer__machine_lost_without_a_backup__phrase_and_relay_confirm() {
    let Some(lab) = lab("a buyer restored from the phrase alone").await else { return };
    let (relay, before) = (Relay::start().await, lab.books().await);
    let deal = Deal::shipped(&lab, &relay, Ask::default()).await;
    let Deal { mut buyer, trade, .. } = deal;
    let mut found = elsewhere(&lab, &buyer);
    buyer.kill();
    found.start().await;
    let report = found.engine().rebuild_from_relays().await.unwrap();
    let rebuilt: &[TradeId] = &report.rebuilt;
    assert_eq!((rebuilt, report.failed.as_slice()), ([trade].as_slice(), [].as_slice()));
    let mut deal = Deal { buyer: found, ..deal };
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Completed).await;
    let again = deal.buyer.engine().rebuild_from_relays().await.unwrap();
    assert_eq!(
        (again.rebuilt.len(), again.known.as_slice()),
        (0, [trade].as_slice()),
        "nothing is made twice"
    );
}
