//! Difficulties that are stored, and nonces beyond the last one.

use domp_protocol::{
    anti_spam::Proof,
    event::EventDraft,
    pow::{CAPACITY, Difficulty, Miner},
    units::Unix,
};

#[test]
fn difficulty__stored_and_read__the_same_bits_and_never_more_than_an_id_has() {
    for bits in [0, 20, 256] {
        let difficulty = Difficulty::new(bits).unwrap();
        assert_eq!(serde_json::to_string(&difficulty).unwrap(), bits.to_string());
        assert_eq!(serde_json::from_str::<Difficulty>(&bits.to_string()).unwrap(), difficulty);
    }
    let error = serde_json::from_str::<Difficulty>("257").unwrap_err().to_string();
    assert_eq!(error, "a difficulty of 257 bits is impossible: an event id has 256");
}

#[test]
fn miner__nonces_beyond_the_last__taken_for_the_last_so_the_length_stays() {
    let draft =
        EventDraft { kind: 300, tags: Vec::new(), content: "{}".to_owned(), created_at: Unix(1_760_000_000) };
    let author = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().unwrap();
    let miner = Miner::new(&draft, &author, Difficulty::new(8).unwrap()).unwrap();
    let difficulty = Difficulty::new(8).unwrap();
    let last = Proof::Work { nonce: "999999999999".to_owned(), difficulty };
    let id = miner.finish(draft.clone(), CAPACITY - 1).id(&author);
    for nonce in [CAPACITY - 1, CAPACITY, CAPACITY + 1, u64::MAX] {
        assert_eq!(miner.proof(nonce), last, "{nonce}");
        assert_eq!(miner.id(nonce), id, "{nonce}");
        assert_eq!(miner.finish(draft.clone(), nonce).id(&author), id, "{nonce}");
    }
    let one_before = Proof::Work { nonce: "999999999998".to_owned(), difficulty };
    assert_eq!(miner.proof(CAPACITY - 2), one_before);
    assert_eq!(miner.mine(u64::MAX - 1..u64::MAX), None, "there is nothing to try");
}
