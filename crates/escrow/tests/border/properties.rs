//! Whatever is signed, admission answers; and only the right party, saying the right thing, is heard.

use crate::{
    deal::{hex, preimage, sign},
    post::{LATE, Post, damaged, parcel, received},
};
use domp_escrow::{
    admission::Admission,
    draft::Draft,
    input::{Agreement, Said, Secret},
    letter::{Message, Paper},
    terms::Side,
};
use domp_protocol::{event::EventDraft, purpose::Purpose, secret::Preimage, units::Unix};
use proptest::prelude::*;
use std::sync::OnceLock;

/// A trade in which everything has been said, and one good draft of every letter.
fn material() -> &'static (Post, Vec<(Side, EventDraft)>) {
    static MATERIAL: OnceLock<(Post, Vec<(Side, EventDraft)>)> = OnceLock::new();
    MATERIAL.get_or_init(|| {
        let post = Post::shipped(true);
        let reveal = preimage(Purpose::Purchase).hash();
        let ack = post.deal.buyer.papers[&Paper::LockAck];
        let sent = |side: Side, paper: Paper| post.trade(side).letter(paper).unwrap().message.clone();
        let bolt11 = post.late_invoice(Preimage::from_bytes(LATE).hash(), post.deal.terms.price);
        let letters = [
            (Side::Buyer, sent(Side::Buyer, Paper::Hashes)),
            (Side::Buyer, Message::Payment),
            (Side::Buyer, Message::LockOk { ack }),
            (Side::Buyer, Message::Verdict { verdict: received(), reveal: Some(reveal) }),
            (Side::Buyer, Message::Verdict { verdict: damaged(), reveal: None }),
            (Side::Buyer, Message::Release { reveal }),
            (Side::Buyer, Message::Receipt { of: ack, first_seen: post.height }),
            (Side::Buyer, Message::Agree(Agreement::Cancel)),
            (Side::Seller, Message::Acceptance),
            (Side::Seller, sent(Side::Seller, Paper::LockAck)),
            (Side::Seller, Message::Shipped(parcel())),
            (Side::Seller, Message::Refund { reason: String::new() }),
            (Side::Seller, Message::LateInvoice { bolt11 }),
        ];
        let drafts = letters.iter().map(|(side, message)| {
            let (Draft::Public(draft) | Draft::Private(draft)) = post.draft(*side, message).unwrap();
            (*side, draft)
        });
        let drafts = drafts.collect();
        (post, drafts)
    })
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| (' '..='~').contains(c)).collect()
}

/// One change somewhere in an event.
#[derive(Clone, Debug)]
enum Change {
    Kind(u16),
    Time(u64),
    Replace(usize, usize, String),
    DropTag(usize),
    TagValue(usize, usize, String),
    AddTag(Vec<String>),
    Content(String),
}

fn apply(draft: &mut EventDraft, change: &Change) {
    match change {
        Change::Kind(kind) => draft.kind = *kind,
        Change::Time(seconds) => draft.created_at = Unix(1_640_995_200 + seconds),
        Change::Replace(at, count, text) => {
            let length = draft.content.len();
            let from = at % length.max(1);
            let to = (from + count).min(length);
            if from < to {
                draft.content.replace_range(from..to, &printable(text));
            }
        }
        Change::DropTag(n) if !draft.tags.is_empty() => {
            draft.tags.remove(n % draft.tags.len());
        }
        Change::TagValue(n, m, text) if !draft.tags.is_empty() => {
            let count = draft.tags.len();
            let tag = &mut draft.tags[n % count];
            let places = tag.len();
            tag[m % places] = printable(text);
        }
        Change::DropTag(_) | Change::TagValue(..) => {}
        Change::AddTag(tag) => {
            draft
                .tags
                .push(std::iter::once("x".to_owned()).chain(tag.iter().map(|t| printable(t))).collect());
        }
        Change::Content(text) => draft.content = printable(text),
    }
}

fn change() -> impl Strategy<Value = Change> {
    let hexes = "[0-9a-f]{64}";
    prop_oneof![
        (300u16..=323).prop_map(Change::Kind),
        (0u64..61_000_000).prop_map(Change::Time),
        (any::<usize>(), 0usize..70, prop_oneof![".{0,8}", hexes])
            .prop_map(|(a, b, c)| Change::Replace(a, b, c)),
        any::<usize>().prop_map(Change::DropTag),
        (any::<usize>(), any::<usize>(), prop_oneof![".{0,8}", hexes, "[0-9]{1,6}"])
            .prop_map(|(a, b, c)| Change::TagValue(a, b, c)),
        proptest::collection::vec(".{0,8}", 0..4).prop_map(Change::AddTag),
        prop_oneof![".{0,40}", r#"\{"[a-z_]{1,12}":("[a-z]{0,9}"|[0-9]{1,9}|\[\]|null)\}"#]
            .prop_map(Change::Content),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn admit__any_signed_event__an_answer_and_no_secret_in_it(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec(change(), 0..4),
        signer in 0usize..3,
        reader in prop_oneof![Just(Side::Buyer), Just(Side::Seller)],
    ) {
        let (post, drafts) = material();
        let (author, draft) = which.get(drafts);
        let mut draft = draft.clone();
        for change in &changes {
            apply(&mut draft, change);
        }
        let people = &post.deal.people;
        let by = [&people.buyer, &people.seller, &people.stranger][signer];
        let event = sign(draft.clone(), by);
        let admission = post.read(reader, &event);
        let secret = hex(preimage(Purpose::Purchase).expose());
        let shown = format!("{admission:?}");
        prop_assert!(!shown.contains(&secret), "{}", shown);
        match admission {
            Admission::Said { said, preimage } => {
                prop_assert_eq!(event.author(), post.deal.terms.key_of(reader.other()));
                let opens = matches!(
                    said,
                    Said::Verdict { secret: Secret::Opens, .. } | Said::Release { secret: Secret::Opens }
                );
                prop_assert_eq!(opens, preimage.is_some());
            }
            Admission::Own => prop_assert_eq!(event.author(), post.deal.terms.key_of(reader)),
            Admission::Aside(_) | Admission::Held { .. } => {
                prop_assert_eq!(event.author(), post.deal.terms.key_of(reader.other()));
            }
            Admission::Refused(why) => prop_assert!(!why.to_string().is_empty()),
            Admission::Foreign => {}
        }
        let unchanged = changes.is_empty() && signer == usize::from(*author == Side::Seller);
        if unchanged && reader == author.other() {
            let heard = matches!(post.read(reader, &event), Admission::Said { .. });
            prop_assert!(heard, "{:?}", draft);
        }
    }
}
