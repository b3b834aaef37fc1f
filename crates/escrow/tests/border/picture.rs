//! The picture: which things that happen share a row, and what the row says is held.

use crate::post::{Post, damaged, parcel, received};
use domp_escrow::{
    input::Command,
    situation::picture::{Goods, Scene, picture},
    terms::Side,
};

fn scene(post: &Post, goods: Goods, begins: bool) -> Scene {
    Scene { at: post.at(), buyer: post.deal.buyer.clone(), seller: post.deal.seller.clone(), goods, begins }
}

/// What happens in each row, and who holds goods, price, collateral and secret after it.
fn rows(scenes: &[Scene]) -> Vec<(String, String)> {
    let page = picture("Title", scenes);
    let rows = page.lines().filter(|line| line.starts_with("| ")).skip(1);
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        (cells[1].to_owned(), cells[2..].join(", "))
    };
    rows.map(row).collect()
}

fn row(words: &str, holders: &str) -> (String, String) {
    (words.to_owned(), holders.to_owned())
}

const HELD: &str = "**held by the seller's node**, **held by the seller's node**";
const BIDS: &str = "the buyer bids (301)";
const ACCEPTS: &str = "the seller accepts with two invoices on the buyer's hashes (303)";
const LOCKS: &str = "the buyer says that both are paid (311), the buyer agrees with it (`lock_ok`), the seller signs what its \
                     node holds (`lock_ack`), the buyer pays the collateral, the buyer pays the price";
const CONFIRMS: &str = "the buyer confirms, and the secret goes to the seller, encrypted (313)";
const TAKES: &str = "the seller's node takes the price, the seller's node gives back the collateral";

#[test]
fn rows__nobody_acts_in_between__a_new_row_only_where_something_changed_hands() {
    let mut shipped = Post::to_ship(true);
    let locked = scene(&shipped, Goods::Seller, false);
    shipped.order(Side::Seller, Command::Ship(parcel()));
    let scenes = [
        scene(&Post::begun(true), Goods::Seller, true),
        scene(&Post::offered(true), Goods::Seller, false),
        locked,
        scene(&shipped, Goods::Seller, false),
        scene(&shipped, Goods::UnderWay, false),
        scene(&shipped, Goods::Buyer, false),
        scene(&shipped, Goods::Buyer, false),
    ];
    let before = format!("seller, {HELD}, buyer alone");
    let after = format!("buyer, {HELD}, buyer alone");
    assert_eq!(
        rows(&scenes),
        [
            row(&format!("{BIDS}, {ACCEPTS}, {LOCKS}"), &before),
            row("the seller ships (`shipped`)", &format!("under way, {HELD}, buyer alone")),
            row("the goods arrive", &after),
        ]
    );
}

#[test]
fn rows__a_person_acts__each_begins_a_row_and_the_one_before_shows_what_was_held_until_then() {
    let mut post = Post::shipped(true);
    let scenes = [
        scene(&Post::begun(true), Goods::Seller, true),
        scene(&Post::offered(true), Goods::Seller, true),
        scene(&post, Goods::Seller, true),
        // The goods move: no news in itself, and not what was so when the seller shipped.
        scene(&post, Goods::UnderWay, true),
        scene(&post, Goods::Buyer, true),
        {
            post.order(Side::Buyer, Command::Confirm(received()));
            scene(&post, Goods::Buyer, true)
        },
    ];
    let alone = "buyer, buyer, buyer alone";
    let ships = LOCKS.replace(
        "the buyer pays the collateral",
        "the seller ships (`shipped`), the buyer pays the collateral",
    );
    assert_eq!(
        rows(&scenes),
        [
            row(BIDS, &format!("seller, {alone}")),
            row(ACCEPTS, &format!("seller, {alone}")),
            row(&ships, &format!("seller, {HELD}, buyer alone")),
            row("the goods arrive", &format!("buyer, {HELD}, buyer alone")),
            row(&format!("{CONFIRMS}, {TAKES}"), "buyer, seller, buyer, buyer and seller"),
        ]
    );
}

#[test]
fn rows__a_verdict_without_the_secret__does_not_say_that_it_confirms() {
    let mut post = Post::shipped(true);
    let before = scene(&post, Goods::Buyer, true);
    post.order(Side::Buyer, Command::Confirm(damaged()));
    let page = rows(&[before, scene(&post, Goods::Buyer, true)]);
    assert_eq!(
        page[1..],
        [row("the buyer reports on the goods (313)", &format!("buyer, {HELD}, buyer alone"))]
    );
}
