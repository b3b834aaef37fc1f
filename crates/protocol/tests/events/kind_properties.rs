//! Whatever is written can be read, and reads as the same; whatever else arrives is refused in words.

use crate::people::{T, Who};
use domp_protocol::{
    deadlines::Agreed,
    ids::{AddressHash, Commitment, ConfirmKey, EventId, PaymentHash, PublicKey},
    kinds::{
        Acceptance, AcceptanceEscrow, Agreement, ArbitrationOffer, Bid, BidEscrow, Body, CollateralDeposit,
        CounterBid, Dispute, Listing, ListingEscrow, Message, PaymentConfirmation, PaymentMethod,
        ReceiptConfirmation, Refund, Resolution, ShippingInfo, Signed, Status, Term,
    },
    tags::{
        arbiter::Arbiter,
        commit::Commits,
        escrow::Mode,
        links::{Links, Marker, Ref},
        relays::RelayUrl,
        sealed::Sealed,
    },
    units::{Blocks, MAX_SAT, Sat, Unix},
};
use proptest::{collection::vec, option, prelude::*};

fn text(least: usize, most: usize) -> impl Strategy<Value = String> {
    vec(any::<char>(), least..=most.min(least + 40)).prop_map(|characters| characters.into_iter().collect())
}
fn sat(least: u64) -> impl Strategy<Value = Sat> {
    prop_oneof![Just(least), Just(MAX_SAT), least..=MAX_SAT].prop_map(|sat| Sat::new(sat).unwrap())
}
fn id() -> impl Strategy<Value = EventId> {
    any::<[u8; 32]>().prop_map(EventId::from_bytes)
}
fn hash() -> impl Strategy<Value = PaymentHash> {
    any::<[u8; 32]>().prop_map(PaymentHash::from_bytes)
}
fn key() -> impl Strategy<Value = PublicKey> {
    any::<[u8; 32]>().prop_map(PublicKey::from_bytes)
}
fn unix() -> impl Strategy<Value = Unix> {
    (0u64..253_402_300_800).prop_map(Unix)
}
fn blocks() -> impl Strategy<Value = Blocks> {
    (144u32..=2016).prop_map(Blocks)
}
fn uri() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9+.-]{0,8}:[a-zA-Z0-9/?=%#-]{1,60}"
}
fn sealed() -> impl Strategy<Value = Sealed> {
    "Ag[A-Za-z0-9+/]{174}".prop_map(|text| text.parse().unwrap())
}
fn relay() -> impl Strategy<Value = RelayUrl> {
    "wss?://[a-z]{1,12}\\.example\\.(org|com)(:[1-9][0-9]{1,3})?(/[a-z0-9]{0,8})?"
        .prop_map(|url| url.parse().unwrap())
}
fn relays() -> impl Strategy<Value = Vec<RelayUrl>> {
    vec(relay(), 0..5).prop_map(|mut relays| {
        relays.sort();
        relays.dedup();
        relays
    })
}
fn heights(buyer: bool) -> impl Strategy<Value = Agreed> {
    (72u32..=1008, 0u32..=1008, 144u32..=1008, 1u32..=288, 1u32..=288)
        .prop_map(move |(h, t, i, seller, of_buyer)| Agreed {
            handling: Blocks(h),
            transit: Blocks(t),
            inspection: Blocks(i),
            seller_auto_cancel: Blocks(seller),
            buyer_auto_cancel: buyer.then_some(Blocks(of_buyer)),
        })
        .prop_filter("the hold fits under the ceiling", |agreed| agreed.check().is_ok())
}
fn arbiter() -> impl Strategy<Value = Arbiter> {
    (key(), relay(), 288u32..=2016, sat(0)).prop_map(|(key, relay, ruling, fee)| Arbiter {
        key,
        relay,
        ruling: Blocks(ruling),
        fee,
    })
}
fn who() -> impl Strategy<Value = Who> {
    prop_oneof![Just(Who::Seller), Just(Who::Buyer), Just(Who::Stranger)]
}

fn listing() -> BoxedStrategy<Body> {
    let shipping = (option::of(sat(0)), option::of(sat(0)), option::of(0u32..=3650)).prop_map(
        |(domestic_cost, international_cost, estimated_days)| ShippingInfo {
            domestic_cost,
            international_cost,
            estimated_days,
        },
    );
    let escrow = (any::<bool>(), heights(false), who(), vec(arbiter(), 1..4), relays()).prop_map(
        |(arbitrated, heights, who, arbiters, relays)| ListingEscrow {
            modes: if arbitrated { vec![Mode::Arbitrated, Mode::Direct] } else { vec![Mode::Direct] },
            heights,
            node: who.node(),
            arbiters: if arbitrated { arbiters } else { Vec::new() },
            relays,
        },
    );
    let base = (text(1, 100), text(0, 2000), sat(1), option::of(text(0, 50)), option::of(uri()));
    let rest = (option::of(shipping), option::of(sat(0)), option::of("[ -~]{0,40}"), option::of(escrow));
    (base, rest)
        .prop_map(
            |(
                (product_name, description, price, category, storage_link),
                (shipping_info, seller_collateral, name, escrow),
            )| {
                Body::from(Listing {
                    product_name,
                    description,
                    price,
                    category,
                    storage_link,
                    shipping_info,
                    seller_collateral,
                    name,
                    escrow,
                })
            },
        )
        .boxed()
}

fn bid() -> BoxedStrategy<Body> {
    let commits =
        (any::<[u8; 32]>(), any::<[u8; 32]>()).prop_filter("two commitments", |(one, other)| one != other);
    let escrow = (
        heights(true),
        commits,
        who(),
        option::of(arbiter()),
        option::of(any::<bool>()),
        relays(),
        option::of(sealed()),
    );
    let base = (
        id(),
        sat(1),
        sat(0),
        option::of(text(0, 500)),
        option::of(any::<[u8; 32]>()),
        option::of(1u8..=168),
    );
    (base, option::of(escrow))
        .prop_map(|((listing, amount, collateral, message, address, hours), escrow)| {
            Body::from(Bid {
                listing,
                amount,
                buyer_collateral: collateral,
                message,
                shipping_address_hash: address.map(AddressHash::from_bytes),
                payment_timeout_hours: hours,
                escrow: escrow.map(|(heights, (one, other), who, arbiter, holds, relays, backup)| {
                    BidEscrow {
                        mode: if arbiter.is_some() { Mode::Arbitrated } else { Mode::Direct },
                        heights,
                        commits: Commits {
                            purchase: Commitment::from_bytes(one),
                            buyer_collateral: (!collateral.is_zero())
                                .then_some(Commitment::from_bytes(other)),
                        },
                        node: who.node(),
                        arbiter,
                        holds,
                        relays,
                        backup,
                    }
                }),
            })
        })
        .boxed()
}

fn acceptance() -> BoxedStrategy<Body> {
    let escrow = (heights(true), who(), option::of(hash()), relays(), option::of(sealed())).prop_map(
        |(heights, who, seller_collateral, relays, backup)| AcceptanceEscrow {
            mode: if seller_collateral.is_some() { Mode::Arbitrated } else { Mode::Direct },
            heights,
            node: who.node(),
            seller_collateral,
            relays,
            backup,
        },
    );
    let base = (
        id(),
        "lnbc[a-z0-9]{0,60}",
        option::of("lntb[a-z0-9]{0,60}"),
        option::of(text(0, 100)),
        option::of(0u8..=90),
    );
    let rest =
        (option::of(text(0, 1000)), option::of(300u32..=86_400), option::of(blocks()), option::of(escrow));
    (base, rest)
        .prop_map(|((bid, ln_invoice, collateral_invoice, time, days), (terms, expiry, timeout, escrow))| {
            Body::from(Acceptance {
                bid,
                ln_invoice,
                collateral_invoice,
                estimated_shipping_time: time,
                shipping_time_days: days,
                terms,
                invoice_expiry_seconds: expiry,
                htlc_timeout: timeout,
                escrow,
            })
        })
        .boxed()
}

fn payment() -> BoxedStrategy<Body> {
    let method = prop_oneof![
        Just(PaymentMethod::LightningHtlc),
        Just(PaymentMethod::LightningKeysend),
        Just(PaymentMethod::Onchain)
    ];
    let base = (id(), hash(), option::of(hash()), method, option::of(blocks()));
    let rest =
        (option::of(text(0, 10_000)), option::of(text(0, 500)), option::of(unix()), option::of(sealed()));
    (base, rest)
        .prop_map(|((acceptance, payment_proof, collateral_proof, payment_method, escrow_timeout), rest)| {
            let (encrypted_shipping_address, shipping_instructions, payment_timestamp, backup) = rest;
            Body::from(PaymentConfirmation {
                acceptance,
                payment_proof,
                collateral_proof: collateral_proof.filter(|proof| *proof != payment_proof),
                payment_method,
                escrow_timeout,
                encrypted_shipping_address,
                shipping_instructions,
                payment_timestamp,
                backup,
            })
        })
        .boxed()
}

fn receipt() -> BoxedStrategy<Body> {
    let status = prop_oneof![
        3 => Just(Status::Received),
        1 => Just(Status::PartiallyReceived),
        1 => Just(Status::NotReceived),
        1 => Just(Status::Damaged)
    ];
    let stars = || option::of(1u8..=5);
    let base =
        (id(), status, stars(), option::of(text(0, 1000)), option::of(unix()), option::of(text(0, 100)));
    let rest = (
        stars(),
        stars(),
        option::of(any::<bool>()),
        text(1, 500),
        option::of(sealed()),
        option::of(any::<[u8; 32]>()),
    );
    (base, rest)
        .prop_map(|((payment, status, rating, feedback, time, item_condition), rest)| {
            let (shipping_rating, communication_rating, would_buy_again, reason, sealed, confirm) = rest;
            let received = status == Status::Received;
            Body::from(ReceiptConfirmation {
                payment,
                status,
                rating,
                feedback,
                delivery_confirmation_time: time,
                item_condition,
                shipping_rating,
                communication_rating,
                would_buy_again,
                dispute_reason: (!received).then_some(reason),
                encrypted_preimage: sealed.filter(|_| received),
                confirm: confirm.map(ConfirmKey::from_bytes),
            })
        })
        .boxed()
}

fn small_kinds() -> BoxedStrategy<Body> {
    prop_oneof![
        (id(), sat(1), option::of("lnbc[a-z0-9]{0,60}"), option::of(id())).prop_map(
            |(bid, offer, ln_invoice, seller_collateral_ref)| {
                Body::from(CounterBid { bid, offer, ln_invoice, seller_collateral_ref })
            }
        ),
        (id(), sat(1), option::of(hash()))
            .prop_map(|(listing, amount, hash)| Body::from(CollateralDeposit { listing, amount, hash })),
        (id(), text(1, 1000), option::of(text(0, 5000)))
            .prop_map(|(payment, reason, details)| Body::from(Dispute { payment, reason, details })),
        id().prop_map(|payment| Body::from(Refund { payment })),
        (id(), term(), option::of(id()), option::of(any::<bool>())).prop_map(
            |(payment, term, arbitrator_ref, release_funds_to_arbitrator)| {
                Body::from(Agreement { payment, term, arbitrator_ref, release_funds_to_arbitrator })
            }
        ),
        (
            option::of(id()),
            option::of(key()),
            option::of(text(0, 1000)),
            option::of(sat(0)),
            option::of(text(0, 500))
        )
            .prop_map(|(dispute, arbitrator, terms, fee, contact_info)| {
                Body::from(ArbitrationOffer { dispute, arbitrator, terms, fee, contact_info })
            }),
        (id(), text(1, 1000), sat(0), option::of(text(0, 100))).prop_map(
            |(dispute, resolution, fee, fee_deducted_from)| {
                Body::from(Resolution { dispute, resolution, fee, fee_deducted_from })
            }
        ),
        (text(1, 5000), option::of(id())).prop_map(|(message, about)| Body::from(Message { message, about })),
    ]
    .boxed()
}

fn term() -> impl Strategy<Value = Term> {
    prop_oneof![
        Just(Term::Cancel),
        Just(Term::Release),
        Just(Term::Extend),
        "[ -~]{1,40}".prop_map(Term::from)
    ]
}

fn any_body() -> BoxedStrategy<Body> {
    prop_oneof![listing(), bid(), acceptance(), payment(), receipt(), small_kinds()].boxed()
}

fn links() -> impl Strategy<Value = Links> {
    let marker = prop_oneof![Just(Marker::Root), Just(Marker::Reply), Just(Marker::Mention)];
    let one = (id(), "[!-~]{0,40}", marker).prop_map(|(id, hint, marker)| Ref { id, hint, marker });
    (vec(one, 0..4), vec(key(), 0..3)).prop_map(|(refs, people)| Links { refs, people })
}

fn json() -> BoxedStrategy<serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,20}".prop_map(Into::into),
        "[0-9a-f]{64}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map("[a-z_]{1,10}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

proptest! {
    #[test]
    fn read__what_was_written_and_signed__the_same_value(body in any_body(), links in links()) {
        let draft = body.draft(&links, Unix(T)).unwrap();
        let event = draft.sign(&Who::Buyer.signer()).unwrap();
        let signed = Signed::<Body>::read(&event).unwrap();
        prop_assert_eq!(signed.body(), &body);
        prop_assert!(links.refs.iter().all(|link| signed.links().refs.contains(link)));
        if let Some(predecessor) = body.predecessor() {
            prop_assert!(signed.links().names(&predecessor));
        }
        prop_assert_eq!(&signed.links().people, &links.people);
        let kept = serde_json::to_string(&signed).unwrap();
        prop_assert_eq!(serde_json::from_str::<Signed<Body>>(&kept).unwrap(), signed, "kept in a snapshot");
    }

    #[test]
    fn read__any_content_and_tags__no_panic(
        kind in 298u16..325,
        content: String,
        tags in vec(vec(".{0,30}", 1..8), 0..6),
    ) {
        let _ = Body::read(kind, &content, &tags);
    }

    #[test]
    fn read__a_good_event_with_one_field_replaced__read_or_refused_by_name(
        body in any_body(),
        field in any::<prop::sample::Index>(),
        value in json(),
    ) {
        let draft = body.draft(&Links::default(), Unix(T)).unwrap();
        let mut content: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&draft.content).unwrap();
        prop_assume!(!content.is_empty());
        let name = content.keys().nth(field.index(content.len())).unwrap().clone();
        content.insert(name.clone(), value);
        let text = serde_json::Value::Object(content).to_string();
        if let Err(error) = Body::read(draft.kind, &text, &draft.tags) {
            let bound = ["dispute_reason", "collateral_invoice", "collateral_proof", "encrypted_preimage", "commit"];
            let words = error.to_string();
            prop_assert!(words.contains(&name) || bound.iter().any(|it| words.contains(it)), "{}: {}", name, words);
        }
    }

    #[test]
    fn read__a_good_event_with_one_tag_value_replaced__read_or_refused_by_name(
        body in any_body(),
        tag in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        value in prop_oneof![".{0,20}", "[0-9]{1,12}", "[0-9a-f]{64}"],
    ) {
        let mut draft = body.draft(&Links::to(Who::Seller.key()), Unix(T)).unwrap();
        let tag = tag.index(draft.tags.len());
        let place = place.index(draft.tags[tag].len());
        let name = draft.tags[tag][0].clone();
        draft.tags[tag][place] = value;
        if let Err(error) = Body::read(draft.kind, &draft.content, &draft.tags) {
            let words = error.to_string();
            let bound = ["commit", "arbiter", "hash"];
            prop_assert!(words.contains(&name) || bound.iter().any(|it| words.contains(it)), "{}: {}", name, words);
        }
    }
}
