//! Listing and bid become terms, or are refused by name.

use crate::deal::*;
use domp_escrow::{
    draft::{DraftError, desk},
    offering::{Given, OfferError, Policy, Remark, remarks, terms},
};
use domp_protocol::{
    chain::ChainError,
    deadlines::Agreed,
    event::EventDraft,
    ids::EventId,
    kinds::{Bid, Body, CounterBid, Kind, Listing, Signed},
    network::Network,
    purpose::Purpose,
    tags::{
        arbiter::Arbiter,
        escrow::Mode,
        links::{Links, Marker},
    },
    units::{Blocks, Sat, Unix},
};

fn offer(listing: &Signed<Listing>, bid: &Signed<Bid>) -> Result<domp_escrow::terms::Terms, OfferError> {
    terms(listing, bid, &given())
}

/// A bid whose draft was spoiled before it was signed by the buyer.
fn spoiled(people: &People, listing: &Signed<Listing>, spoil: impl FnOnce(&mut Bid)) -> Signed<Bid> {
    let signed = signed_bid(people, listing, &Order::default());
    let mut body = signed.body().clone();
    spoil(&mut body);
    let links = signed.links().clone();
    let draft = body.draft(&links, signed.created_at()).unwrap();
    Signed::read_as(&sign(draft, &people.buyer)).unwrap()
}

#[test]
fn terms__a_good_bid__everything_is_taken_from_the_two_events() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let bid = signed_bid(&people, &listing, &Order { hours: Some(48), ..Order::default() });
    let terms = offer(&listing, &bid).unwrap();
    assert_eq!((terms.trade, terms.listing), (bid.id(), listing.id()));
    assert_eq!((terms.buyer, terms.seller), (people.buyer.public_key(), people.seller.public_key()));
    assert_eq!((terms.buyer_node, terms.seller_node), (people.buyer_node.id(), people.seller_node.id()));
    assert_eq!((terms.price, terms.buyer_collateral), (sat(100_000), sat(100_000)));
    assert_eq!(terms.agreed, Agreed { buyer_auto_cancel: Some(Blocks(18)), ..agreed() });
    assert_eq!(terms.network, Network::Regtest);
    assert_eq!(terms.bid_at, bid.created_at());
    assert_eq!(terms.payment_timeout_seconds, 48 * 3600);
    // In turn, the bid's first, none twice.
    assert_eq!(terms.relays, ["wss://both.example", "wss://seller.example", "wss://buyer.example"]);
}

#[test]
fn terms__no_hours_given__a_day() {
    let deal = Deal::new(true);
    assert_eq!(deal.terms.payment_timeout_seconds, 24 * 3600);
}

#[test]
fn terms__long_lists_of_relays__sixteen_with_some_of_each_side() {
    let people = People::new();
    let mut listing = good_listing(&people);
    if let Some(escrow) = listing.escrow.as_mut() {
        escrow.relays = (0..16).map(|n| relay(&format!("s{n}"))).collect();
    }
    let listing = signed_listing(&people, &listing);
    let relays = (0..16).map(|n| relay(&format!("b{n}"))).collect();
    let bid = signed_bid(&people, &listing, &Order { relays, ..Order::default() });
    let relays = offer(&listing, &bid).unwrap().relays;
    assert_eq!(relays.len(), 16);
    assert_eq!(relays.iter().filter(|url| url.starts_with("wss://s")).count(), 8);
}

#[test]
fn terms__local_relays_in_a_strangers_event__left_out_but_on_regtest() {
    let people = People::new();
    let mut listing = good_listing(&people);
    if let Some(escrow) = listing.escrow.as_mut() {
        escrow.relays = vec!["ws://127.0.0.1:8332".parse().unwrap(), relay("seller")];
    }
    let listing = signed_listing(&people, &listing);
    let relays = vec!["ws://2130706433/".parse().unwrap(), relay("buyer")];
    let bid = signed_bid(&people, &listing, &Order { relays, ..Order::default() });
    let on = |network| terms(&listing, &bid, &Given { network, ..given() }).unwrap().relays;
    assert_eq!(on(Network::Regtest).len(), 4);
    for network in [Network::Mainnet, Network::Testnet, Network::Signet] {
        assert_eq!(on(network), ["wss://buyer.example", "wss://seller.example"]);
    }
}

#[test]
fn terms__events_of_other_clients__told_which_one_lacks_the_tag() {
    let people = People::new();
    let good = signed_listing(&people, &good_listing(&people));
    let foreign = Listing { escrow: None, ..good_listing(&people) };
    let foreign = signed_listing(&people, &foreign);
    let bid = signed_bid(&people, &good, &Order::default());
    assert_eq!(offer(&foreign, &bid).unwrap_err(), OfferError::NoEscrow { of: "listing", kind: 300 });
    let bid = spoiled(&people, &good, |bid| bid.escrow = None);
    let error = offer(&good, &bid).unwrap_err();
    assert_eq!(error, OfferError::NoEscrow { of: "bid", kind: 301 });
    assert!(error.to_string().contains("kind 301"), "{error}");
}

fn arbiter(people: &People) -> Arbiter {
    Arbiter {
        key: people.stranger.public_key(),
        relay: relay("arbiter"),
        ruling: Blocks(288),
        fee: sat(1000),
    }
}

#[test]
fn terms__arbitrated_only__not_in_this_version() {
    let people = People::new();
    let mut listing = good_listing(&people);
    if let Some(escrow) = listing.escrow.as_mut() {
        escrow.modes = vec![Mode::Arbitrated];
        escrow.arbiters = vec![arbiter(&people)];
    }
    let listing = signed_listing(&people, &listing);
    let bid = signed_bid(&people, &listing, &Order::default());
    let error = offer(&listing, &bid).unwrap_err().to_string();
    assert!(
        error.contains("listing names arbitrated only") && error.contains("not in this version"),
        "{error}"
    );
}

#[test]
fn terms__both_modes_offered__a_direct_bid_is_taken_and_an_arbitrated_one_not() {
    let people = People::new();
    let mut listing = good_listing(&people);
    if let Some(escrow) = listing.escrow.as_mut() {
        escrow.modes = vec![Mode::Arbitrated, Mode::Direct];
        escrow.arbiters = vec![arbiter(&people)];
    }
    let listing = signed_listing(&people, &listing);
    assert!(offer(&listing, &signed_bid(&people, &listing, &Order::default())).is_ok());
    let bid = spoiled(&people, &listing, |bid| {
        if let Some(escrow) = bid.escrow.as_mut() {
            escrow.mode = Mode::Arbitrated;
            escrow.arbiter = Some(arbiter(&people));
        }
    });
    let error = offer(&listing, &bid).unwrap_err();
    assert!(matches!(error, OfferError::ModeNotSpoken { of: "bid", .. }), "{error}");
}

#[test]
fn terms__a_bid_on_another_listing__both_ids_named() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let other = Listing { price: sat(200_000), ..good_listing(&people) };
    let other = signed_listing(&people, &other);
    let bid = signed_bid(&people, &listing, &Order::default());
    let error = offer(&other, &bid).unwrap_err();
    assert_eq!(error, OfferError::OtherListing { named: listing.id(), listing: other.id() });
}

#[test]
fn terms__heights_other_than_the_listings__refused() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    for change in [
        (|agreed: &mut Agreed| agreed.handling = Blocks(72)) as fn(&mut Agreed),
        |agreed| agreed.transit = Blocks(143),
        |agreed| agreed.inspection = Blocks(144),
        |agreed| agreed.seller_auto_cancel = Blocks(1),
    ] {
        let bid = spoiled(&people, &listing, |bid| {
            if let Some(escrow) = bid.escrow.as_mut() {
                change(&mut escrow.heights);
            }
        });
        let error = offer(&listing, &bid).unwrap_err();
        assert!(matches!(&error, OfferError::Chain(ChainError::HeightsDiffer { .. })), "{error}");
    }
}

#[test]
fn terms__numbers_outside_their_ranges_or_above_the_ceiling__refused_by_name() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let bid = signed_bid(&people, &listing, &Order::default());
    type Change = fn(&mut Agreed);
    let cases: [(Change, &str); 4] = [
        (|agreed| agreed.handling = Blocks(71), "handling (h) is 71"),
        (|agreed| agreed.inspection = Blocks(143), "inspection (i) is 143"),
        (|agreed| agreed.transit = Blocks(1008), "the hold c(P)"),
        (|agreed| agreed.seller_auto_cancel = Blocks(0), "D_S"),
    ];
    for (change, words) in cases {
        // No event can be read with such numbers; whoever builds one by hand is stopped here.
        let listing = listing.clone().map(|mut listing| {
            listing.escrow.iter_mut().for_each(|escrow| change(&mut escrow.heights));
            listing
        });
        let bid = bid.clone().map(|mut bid| {
            bid.escrow.iter_mut().for_each(|escrow| change(&mut escrow.heights));
            bid
        });
        let error = offer(&listing, &bid).unwrap_err();
        assert!(matches!(error, OfferError::Heights(_)) && error.to_string().contains(words), "{error}");
    }
}

#[test]
fn terms__a_bid_above_the_price__refused_below_it_remarked() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let order = |amount| Order { amount, collateral: 200_000, ..Order::default() };
    let error = offer(&listing, &signed_bid(&people, &listing, &order(100_001))).unwrap_err();
    assert!(matches!(error, OfferError::Chain(ChainError::AbovePrice { .. })), "{error}");
    let below = signed_bid(&people, &listing, &order(99_999));
    assert!(offer(&listing, &below).is_ok());
    let remarks = remarks(listing.body(), below.body());
    assert!(remarks.contains(&Remark::BelowPrice { bid: sat(99_999), price: sat(100_000) }));
}

/// A first bid, the seller's counter bid to it, and a second bid that answers that one.
fn countered(people: &People, listing: &Signed<Listing>) -> (Vec<Signed<Body>>, Signed<Bid>) {
    let first = signed_bid(people, listing, &Order::default());
    let counter =
        CounterBid { bid: first.id(), offer: sat(150_000), ln_invoice: None, seller_collateral_ref: None };
    let draft = counter.draft(&Links::to(people.buyer.public_key()), DAWN.plus(70)).unwrap();
    let counter: Signed<CounterBid> = Signed::read_as(&sign(draft, &people.seller)).unwrap();
    let new = desk::NewBid {
        listing,
        answers: Some(&counter),
        amount: sat(150_000),
        buyer_collateral: sat(150_000),
        message: None,
        payment_timeout_hours: None,
        secrets: &secrets(true),
        node: &ln_node(&people.buyer_node, &people.buyer.public_key()),
        auto_cancel: Blocks(18),
        holds: None,
        relays: &[],
        backup: &seal(""),
        now: DAWN,
    };
    let second: Signed<Bid> = Signed::read_as(&sign(desk::bid(&new).unwrap(), &people.buyer)).unwrap();
    // Our clock was behind: the bid is not older than what it answers.
    assert_eq!(second.created_at(), counter.created_at());
    assert_eq!(second.body().shipping_address_hash, None, "a hash of an address can be guessed");
    (vec![counter.map(Body::from), first.map(Body::from)], second)
}

#[test]
fn terms__a_bid_that_answers_a_counter_bid__may_exceed_the_price_and_waits_for_it() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let (earlier, bid) = countered(&people, &listing);
    let with = Given { earlier: &earlier, ..given() };
    assert_eq!(terms(&listing, &bid, &with).unwrap().price, sat(150_000));
    let error = terms(&listing, &bid, &given()).unwrap_err();
    assert_eq!(error, OfferError::Waits(earlier[0].id()));
}

#[test]
fn terms__small_amounts__refused_allowed_with_a_flag_and_remarked() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let small = Given { policy: Policy { allow_small: true, ..Policy::default() }, ..given() };
    for (amount, plain, flagged) in
        [(20_000, true, true), (19_999, false, true), (1_000, false, true), (999, false, false)]
    {
        let order = Order { amount, collateral: amount, ..Order::default() };
        let bid = signed_bid(&people, &listing, &order);
        assert_eq!(terms(&listing, &bid, &given()).is_ok(), plain, "{amount}");
        assert_eq!(terms(&listing, &bid, &small).is_ok(), flagged, "{amount}");
        let warned = remarks(listing.body(), bid.body());
        let small = Remark::Small { role: Purpose::Purchase, amount: sat(amount) };
        assert_eq!(warned.contains(&small), amount < 20_000, "{amount}");
    }
    let order = Order { collateral: 19_999, ..Order::default() };
    let none = Given { policy: Policy { min_collateral_percent: 0, allow_small: false }, ..given() };
    let bid = signed_bid(&people, &listing, &order);
    let error = terms(&listing, &bid, &none).unwrap_err();
    assert!(matches!(error, OfferError::TooSmall { role: Purpose::BuyerCollateral, .. }));
    assert!(error.to_string().contains("0 sat or at least 20000 sat"), "{error}");
}

#[test]
fn terms__too_small__told_whether_anybody_could_allow_it() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let small = Policy { allow_small: true, ..Policy::default() };
    let risk =
        "at least 20000 sat; from 1000 sat up it can be allowed by whoever accepts the risk of small HTLCs";
    let cases = [
        (19_999, Policy::default(), risk),
        (1_000, Policy::default(), risk),
        (999, Policy::default(), "at least 20000 sat; less is dust on chain"),
        (999, small, "at least 1000 sat; less is dust on chain"),
    ];
    for (amount, policy, way_out) in cases {
        let order = Order { amount, collateral: amount, ..Order::default() };
        let bid = signed_bid(&people, &listing, &order);
        let text = terms(&listing, &bid, &Given { policy, ..given() }).unwrap_err().to_string();
        assert!(text.starts_with(&format!("domp_purchase is {amount} sat; ")), "{text}");
        assert!(text.ends_with(way_out), "{text}");
    }
}

#[test]
fn remarks__a_bid_at_the_price__not_said_to_be_below_it() {
    let deal = Deal::new(true);
    let listing = good_listing(&deal.people);
    assert_eq!(deal.bid.body().amount, listing.price);
    assert_eq!(
        remarks(&listing, deal.bid.body()),
        [Remark::CollateralCannotBeLost { collateral: sat(100_000) }]
    );
}

#[test]
fn terms__collateral_below_the_bid__refused_by_policy_with_the_way_out() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let bid = signed_bid(&people, &listing, &Order { collateral: 99_999, ..Order::default() });
    let error = offer(&listing, &bid).unwrap_err();
    assert!(matches!(error, OfferError::CollateralTooSmall { percent: 100, .. }));
    let text = error.to_string();
    assert!(text.contains("99999 sat") && text.contains("100000 sat") && text.contains("DIP-02"), "{text}");
    let half = |percent| Given {
        policy: Policy { min_collateral_percent: percent, ..Policy::default() },
        ..given()
    };
    assert!(terms(&listing, &bid, &half(50)).is_ok());
    let none = signed_bid(&people, &listing, &Order { collateral: 0, ..Order::default() });
    assert!(offer(&listing, &none).is_err());
    let legs = terms(&listing, &none, &half(0)).unwrap().legs();
    assert_eq!(legs.len(), 1);
    assert_eq!(legs[0].0, Purpose::Purchase);
}

#[test]
fn terms__percent_of_odd_amounts__rounded_up() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let order = |collateral| Order { amount: 99_999, collateral, ..Order::default() };
    let policy = Policy { min_collateral_percent: 33, allow_small: false };
    let with = Given { policy, ..given() };
    // 33 % of 99,999 is 32,999.67.
    assert!(terms(&listing, &signed_bid(&people, &listing, &order(32_999)), &with).is_err());
    assert!(terms(&listing, &signed_bid(&people, &listing, &order(33_000)), &with).is_ok());
}

#[test]
fn terms__a_node_that_did_not_sign_for_its_owner__refused_for_either_side() {
    let people = People::new();
    let mut stolen = good_listing(&people);
    if let Some(escrow) = stolen.escrow.as_mut() {
        escrow.node = ln_node(&people.seller_node, &people.stranger.public_key());
    }
    let stolen = signed_listing(&people, &stolen);
    let error = offer(&stolen, &signed_bid(&people, &stolen, &Order::default())).unwrap_err();
    assert!(matches!(error, OfferError::NodeProof { of: "listing", .. }), "{error}");
    let listing = signed_listing(&people, &good_listing(&people));
    let bid = spoiled(&people, &listing, |bid| {
        if let Some(escrow) = bid.escrow.as_mut() {
            escrow.node.node = people.seller_node.id();
        }
    });
    let error = offer(&listing, &bid).unwrap_err();
    assert!(matches!(error, OfferError::NodeProof { of: "bid", .. }), "{error}");
}

#[test]
fn terms__one_node_for_both__refused() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let bid = spoiled(&people, &listing, |bid| {
        if let Some(escrow) = bid.escrow.as_mut() {
            escrow.node = ln_node(&people.seller_node, &people.buyer.public_key());
        }
    });
    assert_eq!(offer(&listing, &bid).unwrap_err(), OfferError::SameNode(people.seller_node.id()));
}

#[test]
fn terms__the_sellers_own_bid__refused() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let draft = bid_draft(&people, &listing, &Order::default());
    let bid: Signed<Bid> = Signed::read_as(&sign(draft, &people.seller)).unwrap();
    assert_eq!(offer(&listing, &bid).unwrap_err(), OfferError::Chain(ChainError::OwnListing));
}

#[test]
fn terms__a_bid_older_than_its_listing_or_than_two_weeks__refused() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let draft = bid_draft(&people, &listing, &Order::default());
    let early = EventDraft { created_at: Unix(DAWN.0 - 1), ..draft };
    let early: Signed<Bid> = Signed::read_as(&sign(early, &people.buyer)).unwrap();
    let error = offer(&listing, &early).unwrap_err();
    assert!(matches!(error, OfferError::Chain(ChainError::TimeGoesBack { .. })), "{error}");
    let bid = signed_bid(&people, &listing, &Order::default());
    let lapsed = bid.created_at().plus(14 * 86_400);
    let at = |now| Given { now, ..given() };
    assert!(terms(&listing, &bid, &at(Unix(lapsed.0 - 1))).is_ok());
    let error = terms(&listing, &bid, &at(lapsed)).unwrap_err();
    assert_eq!(error, OfferError::Lapsed { made: bid.created_at(), lapsed });
}

#[test]
fn terms__a_bid_that_no_tag_links_to_the_listing__refused() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let mut draft = bid_draft(&people, &listing, &Order::default());
    draft.tags.retain(|tag| tag[0] != "ref");
    let bid: Signed<Bid> = Signed::read_as(&sign(draft, &people.buyer)).unwrap();
    assert_eq!(offer(&listing, &bid).unwrap_err(), OfferError::Chain(ChainError::NotLinked(listing.id())));
}

// [D3-37]
#[test]
fn remarks__seller_collateral__counts_as_zero_and_says_why() {
    let people = People::new();
    let listing = Listing { seller_collateral: Some(sat(50_000)), ..good_listing(&people) };
    let listing = signed_listing(&people, &listing);
    let bid = signed_bid(&people, &listing, &Order::default());
    assert!(offer(&listing, &bid).is_ok());
    let remarks = remarks(listing.body(), bid.body());
    let said: Vec<String> = remarks.iter().map(ToString::to_string).collect();
    assert!(
        said.iter().any(|words| words.contains("50,000 sat") && words.contains("counts as 0")),
        "{said:?}"
    );
    assert!(said.iter().any(|words| words.contains("does not force the buyer")), "{said:?}");
    let zero = Listing { seller_collateral: Some(Sat::ZERO), ..good_listing(&people) };
    let counts = |listing: &Listing| {
        let all = domp_escrow::offering::remarks(listing, bid.body());
        all.iter().filter(|remark| matches!(remark, Remark::SellerCollateralCountsAsZero { .. })).count()
    };
    assert_eq!((counts(&zero), counts(listing.body())), (0, 1));
}

#[test]
fn desk_listing__what_nobody_could_bid_on__is_not_published() {
    let people = People::new();
    let seller = people.seller.public_key();
    let publish = |listing: &Listing| desk::listing(listing, &seller, Policy::default(), DAWN);
    let good = good_listing(&people);
    let event: Signed<Listing> = Signed::read_as(&sign(publish(&good).unwrap(), &people.seller)).unwrap();
    assert_eq!(event.body(), &good);
    let foreign = Listing { escrow: None, ..good.clone() };
    assert!(matches!(publish(&foreign), Err(DraftError::Offer(OfferError::NoEscrow { .. }))));
    let cheap = Listing { price: sat(19_999), ..good.clone() };
    assert!(matches!(publish(&cheap), Err(DraftError::Offer(OfferError::TooSmall { .. }))));
    let nameless = Listing { product_name: String::new(), ..good.clone() };
    assert!(matches!(publish(&nameless), Err(DraftError::Malformed(_))));
    let spoil = |change: &dyn Fn(&mut domp_protocol::kinds::ListingEscrow)| {
        let mut listing = good.clone();
        if let Some(escrow) = listing.escrow.as_mut() {
            change(escrow);
        }
        publish(&listing).unwrap_err()
    };
    let error = spoil(&|escrow| escrow.modes = vec![Mode::Direct, Mode::Arbitrated]);
    assert!(matches!(error, DraftError::Offer(OfferError::ModeNotSpoken { .. })), "{error}");
    let error = spoil(&|escrow| escrow.heights.inspection = Blocks(143));
    assert!(error.to_string().contains("inspection"), "{error}");
    let error = spoil(&|escrow| escrow.heights.transit = Blocks(1008));
    assert!(matches!(error, DraftError::Offer(OfferError::Heights(_))), "{error}");
    let error = spoil(&|escrow| escrow.node = ln_node(&people.seller_node, &people.buyer.public_key()));
    assert!(matches!(error, DraftError::NodeProof(_)), "{error}");
}

#[test]
fn desk_listing__at_the_least_price__is_published_and_a_satoshi_less_not() {
    let people = People::new();
    let seller = people.seller.public_key();
    for (allow_small, least) in [(false, 20_000), (true, 1_000)] {
        let policy = Policy { allow_small, ..Policy::default() };
        let publish = |price| {
            let listing = Listing { price: sat(price), ..good_listing(&people) };
            desk::listing(&listing, &seller, policy, DAWN)
        };
        assert!(publish(least).is_ok());
        let (role, found) = (Purpose::Purchase, sat(least - 1));
        let error = OfferError::TooSmall { role, found, least: sat(least), way_out: "" };
        assert_eq!(publish(least - 1), Err(error.into()));
    }
}

#[test]
fn desk_bid__as_written__carries_all_that_the_protocol_asks_for() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let event = sign(bid_draft(&people, &listing, &Order::default()), &people.buyer);
    assert!(event.content().is_ascii());
    let tag = |name: &str| -> Vec<Vec<String>> {
        event.tags().iter().filter(|tag| tag[0] == name).cloned().collect()
    };
    let id = listing.id().to_string();
    assert_eq!(tag("ref"), [["ref", &id, "wss://seller.example", "root"]]);
    assert_eq!(tag("e"), [["e", &id, "wss://seller.example", "root"]]);
    assert_eq!(tag("p"), [["p", &people.seller.public_key().to_string()]]);
    assert_eq!(tag("escrow"), [["escrow", "1", "direct"]]);
    assert_eq!(tag("heights"), [["heights", "1", "144", "144", "432", "18", "18"]]);
    assert_eq!(tag("relays"), [["relays", "wss://both.example", "wss://buyer.example"]]);
    assert_eq!(tag("holds"), [["holds", "yes"]]);
    assert_eq!((tag("commit").len(), tag("ln_node").len(), tag("backup").len()), (2, 1, 1));
    for (hash, _) in secrets(true).values() {
        assert!(!event.json().contains(&hash.to_string()), "a hash is public before it is invoiced");
    }
}

#[test]
fn desk_bid__secrets_and_collateral_that_do_not_fit__refused() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let node = ln_node(&people.buyer_node, &people.buyer.public_key());
    let try_with = |collateral: u64, has_secret: bool| {
        let secrets = secrets(has_secret);
        desk::bid(&desk::NewBid {
            listing: &listing,
            answers: None,
            amount: sat(100_000),
            buyer_collateral: sat(collateral),
            message: None,
            payment_timeout_hours: None,
            secrets: &secrets,
            node: &node,
            auto_cancel: Blocks(18),
            holds: None,
            relays: &[],
            backup: &seal(""),
            now: DAWN,
        })
    };
    assert!(matches!(try_with(100_000, false), Err(DraftError::Malformed(_))));
    assert!(matches!(try_with(0, true), Err(DraftError::Malformed(_))));
    assert!(try_with(0, false).is_ok());
}

#[test]
fn links__a_mention_beside_the_listing__does_not_make_a_bid_wait() {
    let people = People::new();
    let listing = signed_listing(&people, &good_listing(&people));
    let plain = signed_bid(&people, &listing, &Order::default());
    let links = plain.links().clone().with(EventId::from_bytes([9; 32]), "", Marker::Mention);
    let draft = plain.body().draft(&links, plain.created_at()).unwrap();
    let bid: Signed<Bid> = Signed::read_as(&sign(draft, &people.buyer)).unwrap();
    assert!(offer(&listing, &bid).is_ok());
}
