//! What is shown of things that hold a secret, and what is left of them in memory.

use crate::people::{T, Who};
use domp_protocol::{
    event::{EventDraft, Signer},
    node_key::NodeKey,
    secret::Preimage,
    units::Unix,
};
use std::{
    fs::File,
    hint::black_box,
    io::{Read, Seek, SeekFrom, Write},
    rc::Rc,
};

/// Its bytes are all different, so that a piece of it cannot occur by chance.
const SECRET: [u8; 32] = [
    0x5a, 0x13, 0xc4, 0x8e, 0x21, 0xf7, 0x6b, 0x90, 0x3d, 0xe2, 0x07, 0xb9, 0x74, 0x1c, 0xa8, 0x45, 0xd3,
    0x66, 0x0f, 0x9b, 0x32, 0xec, 0x57, 0x81, 0xbe, 0x2a, 0xf4, 0x69, 0x18, 0xcd, 0x70, 0x96,
];

#[test]
fn debug__an_event_and_its_draft__kind_time_id_and_author_without_content_and_tags() {
    let draft = EventDraft {
        kind: 320,
        tags: vec![vec!["d".into(), "hidden tag".into()], vec!["x".into()]],
        content: "hidden content".into(),
        created_at: Unix(T),
    };
    assert_eq!(format!("{draft:?}"), "EventDraft(kind 320 at 1760000000, 2 tags)");
    let event = draft.sign(&Who::Seller.signer()).unwrap();
    assert_eq!(format!("{event:?}"), format!("VerifiedEvent(kind 320 {} by 1b84c556)", event.id()));
}

#[test]
fn debug__a_key_and_a_preimage__what_is_public_of_them() {
    // 1b84c556… is the public key of [1; 32], 66687aad… the SHA256 of 32 zeros.
    assert_eq!(format!("{:?}", Who::Seller.signer()), "Signer(of 1b84c556)");
    assert_eq!(format!("{:?}", Preimage::from_bytes([0; 32])), "Preimage(of 66687aad)");
}

/// Puts a value on the heap and drops it there: what its place held before and after.
fn before_and_after_drop<T>(value: T, memory: &mut File) -> [Vec<u8>; 2] {
    let owner = black_box(Rc::new(value));
    // Given back, the place would be written over by the allocator: whoever may still ask for the value keeps it.
    let place = Rc::downgrade(&owner);
    let address = Rc::as_ptr(&owner).addr();
    let mut look = || {
        let mut bytes = vec![0; size_of::<T>()];
        memory.seek(SeekFrom::Start(address as u64)).unwrap();
        memory.read_exact(&mut bytes).unwrap();
        bytes
    };
    let before = look();
    drop(owner);
    let after = look();
    assert!(black_box(place).upgrade().is_none());
    [before, after]
}

/// Reads this process's memory through Linux's `/proc`. Without it the test cannot run: under `CI=true` that is a failure,
/// elsewhere it says so on standard error.
#[test]
fn drop__a_key_or_a_preimage__nothing_of_it_left_in_memory() {
    let mut memory = match File::open("/proc/self/mem") {
        Ok(memory) => memory,
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "/proc/self/mem: {error}");
            // Written past the test's own capture, which would hide it.
            let words = format!("NOT RUN: whether secrets are wiped: /proc/self/mem: {error}\n");
            std::io::stderr().write_all(words.as_bytes()).unwrap();
            return;
        }
    };
    let memory = &mut memory;
    let pieces = |bytes: &[u8]| {
        let held = |piece: &&[u8]| bytes.windows(4).any(|window| window == *piece);
        SECRET.windows(4).filter(held).count()
    };
    for (what, [before, after]) in [
        ("signer", before_and_after_drop(Signer::from_bytes(&SECRET).unwrap(), memory)),
        ("node key", before_and_after_drop(NodeKey::from_bytes(&SECRET).unwrap(), memory)),
        ("preimage", before_and_after_drop(Preimage::from_bytes(SECRET), memory)),
    ] {
        assert_eq!(pieces(&before), 29, "{what}: the secret was there");
        assert_eq!(pieces(&after), 0, "{what}: it is wiped");
    }
}
