//! Authentication to a relay that asks for it (NIP-42).
//!
//! The pool never holds the user's key. It asks a signer that the caller supplies, only when a relay has refused
//! something with `auth-required:`, only for relays of the user's own configuration, and only for events of kind 22242
//! that name the relay's address as *we* know it, so that a relay cannot pass our answer on to another one. Everywhere
//! else it answers with a throw-away key, which proves nothing about us.

use domp_ports::{
    clock::{Clock, SystemClock},
    identity::Unsigned,
};
use domp_protocol::ids::EventId;
use nostr::{EventBuilder, JsonUtil, Keys, Kind, Tag, Timestamp};
use serde::Deserialize;
use std::{fmt, sync::Arc};

/// NIP-42's kind.
const CLIENT_AUTHENTICATION: u16 = 22242;
/// Longest challenge that is signed, in bytes.
const MAX_CHALLENGE_BYTES: usize = 512;
/// Attempts on one connection.
const MAX_TRIES: u8 = 3;

/// Signs a kind 22242 event and returns its JSON, or says why not. Called on the event loop: it must not block.
pub type AuthSigner = Arc<dyn Fn(&Unsigned) -> Result<String, String> + Send + Sync>;

/// Who answers when a relay asks for authentication.
#[derive(Clone)]
pub enum Auth {
    /// Nobody: such relays refuse us.
    Never,
    /// A key made for this pool and forgotten with it.
    Ephemeral,
    /// This signer for the configured relays, a throw-away key for others.
    Signer(AuthSigner),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::Ephemeral => "Ephemeral",
            Self::Signer(_) => "Signer(..)",
        })
    }
}

/// The signers for the two sorts of relays.
pub(crate) struct Signers {
    configured: Option<AuthSigner>,
    others: Option<AuthSigner>,
}

impl Signers {
    pub(crate) fn new(auth: &Auth) -> Self {
        let ephemeral = || -> AuthSigner {
            let keys = Keys::generate();
            Arc::new(move |unsigned| sign(&keys, unsigned))
        };
        match auth {
            Auth::Never => Self { configured: None, others: None },
            Auth::Ephemeral => {
                let signer = ephemeral();
                Self { configured: Some(signer.clone()), others: Some(signer) }
            }
            Auth::Signer(signer) => Self { configured: Some(signer.clone()), others: Some(ephemeral()) },
        }
    }
    pub(crate) fn for_relay(&self, configured: bool) -> Option<AuthSigner> {
        if configured { self.configured.clone() } else { self.others.clone() }
    }
}

fn sign(keys: &Keys, unsigned: &Unsigned) -> Result<String, String> {
    let tags = unsigned.tags.iter().map(|t| Tag::parse(t.clone())).collect::<Result<Vec<_>, _>>();
    EventBuilder::new(Kind::from(unsigned.kind), unsigned.content.clone())
        .tags(tags.map_err(|e| e.to_string())?)
        .custom_created_at(Timestamp::from(unsigned.created_at.0))
        .sign_with_keys(keys)
        .map(|event| event.as_json())
        .map_err(|e| e.to_string())
}

/// What to do about a refusal that asks for authentication.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send this message and wait for its `OK`.
    Send(String),
    /// Wait: the challenge has not come yet, or the answer to our reply has not.
    Wait,
    /// It cannot be done.
    Impossible(String),
}

/// The authentication of one connection.
pub(crate) struct Conversation {
    relay: String,
    signer: Option<AuthSigner>,
    challenge: Option<String>,
    waiting_for: Option<EventId>,
    /// A refusal came before its challenge.
    wanted: bool,
    tries: u8,
}

impl Conversation {
    pub(crate) fn new(relay: &str, signer: Option<AuthSigner>) -> Self {
        Self { relay: relay.to_owned(), signer, challenge: None, waiting_for: None, wanted: false, tries: 0 }
    }

    /// The relay sent a challenge. It is answered only once something was refused for the lack of it.
    pub(crate) fn challenged(&mut self, challenge: &str) -> Step {
        if challenge.len() > MAX_CHALLENGE_BYTES {
            return Step::Impossible(format!("its challenge is longer than {MAX_CHALLENGE_BYTES} bytes"));
        }
        self.challenge = Some(challenge.to_owned());
        if self.wanted { self.required() } else { Step::Wait }
    }

    /// The relay refused something with `auth-required:`.
    pub(crate) fn required(&mut self) -> Step {
        let Some(signer) = &self.signer else {
            return Step::Impossible("it asks for authentication, which is switched off".into());
        };
        if self.waiting_for.is_some() {
            return Step::Wait;
        }
        let Some(challenge) = self.challenge.take() else {
            self.wanted = true;
            return Step::Wait;
        };
        if self.tries >= MAX_TRIES {
            return Step::Impossible("it keeps asking for authentication".into());
        }
        self.tries += 1;
        self.wanted = false;
        let unsigned = Unsigned {
            kind: CLIENT_AUTHENTICATION,
            tags: vec![vec!["relay".into(), self.relay.clone()], vec!["challenge".into(), challenge]],
            content: String::new(),
            created_at: SystemClock.now(),
        };
        #[derive(Deserialize)]
        struct Signed {
            id: EventId,
        }
        match signer(&unsigned) {
            Err(reason) => Step::Impossible(format!("the signer refused: {reason}")),
            Ok(json) => match serde_json::from_str::<Signed>(&json) {
                Err(e) => Step::Impossible(format!("the signer gave no event: {e}")),
                Ok(signed) => {
                    self.waiting_for = Some(signed.id);
                    Step::Send(format!("[\"AUTH\",{json}]"))
                }
            },
        }
    }

    /// Whether this `OK` answers our authentication; `Some(true)` when it was accepted.
    pub(crate) fn answered(&mut self, id: &str, accepted: bool) -> Option<bool> {
        let ours = self.waiting_for.is_some_and(|waiting| waiting.to_string() == id);
        if !ours {
            return None;
        }
        self.waiting_for = None;
        Some(accepted)
    }
}

/// Whether a refusal asks for authentication.
pub(crate) fn is_auth_required(reason: &str) -> bool {
    reason.starts_with("auth-required:")
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;

    fn conversation() -> Conversation {
        Conversation::new("wss://relay.example.com", Signers::new(&Auth::Ephemeral).for_relay(true))
    }

    fn id_of(message: &str) -> String {
        let (_, rest) = message.split_once(r#""id":""#).unwrap();
        rest[..64].to_owned()
    }

    #[test]
    fn challenge__nothing_refused_yet__not_answered() {
        assert_eq!(conversation().challenged("abc"), Step::Wait);
    }

    #[test]
    fn refusal__after_challenge__signs_our_address_and_the_challenge() {
        let mut talk = conversation();
        talk.challenged("abc\"\n");
        let Step::Send(message) = talk.required() else { panic!() };
        let value: serde_json::Value = serde_json::from_str(&message).unwrap();
        assert_eq!(value[0], "AUTH");
        assert_eq!(value[1]["kind"], 22242);
        assert_eq!(
            value[1]["tags"],
            serde_json::json!([["relay", "wss://relay.example.com"], ["challenge", "abc\"\n"]])
        );
        assert!(nostr::Event::from_json(value[1].to_string()).unwrap().verify().is_ok());
        assert_eq!(talk.required(), Step::Wait, "one answer at a time");
        assert_eq!(talk.answered(&"0".repeat(64), true), None);
        assert_eq!(talk.answered(&id_of(&message), true), Some(true));
    }

    #[test]
    fn refusal__before_challenge__answered_when_it_comes() {
        let mut talk = conversation();
        assert_eq!(talk.required(), Step::Wait);
        assert!(matches!(talk.challenged("abc"), Step::Send(_)));
    }

    #[test]
    fn refusal__without_signer_or_again_and_again_or_huge__impossible() {
        let mut never = Conversation::new("wss://r", Signers::new(&Auth::Never).for_relay(true));
        assert!(matches!(never.required(), Step::Impossible(_)));
        let mut talk = conversation();
        assert!(matches!(talk.challenged(&"x".repeat(600)), Step::Impossible(_)));
        for _ in 0..MAX_TRIES {
            talk.challenged("abc");
            let Step::Send(message) = talk.required() else { panic!() };
            assert_eq!(talk.answered(&id_of(&message), false), Some(false));
        }
        talk.challenged("abc");
        assert!(matches!(talk.required(), Step::Impossible(_)));
    }

    #[test]
    fn signers__strangers_relay__never_the_users_key() {
        let users: AuthSigner = Arc::new(|_| Err("the user's".into()));
        let signers = Signers::new(&Auth::Signer(users));
        let mut own = Conversation::new("wss://r", signers.for_relay(true));
        own.challenged("abc");
        assert_eq!(own.required(), Step::Impossible("the signer refused: the user's".into()));
        let mut strange = Conversation::new("wss://r", signers.for_relay(false));
        strange.challenged("abc");
        assert!(matches!(strange.required(), Step::Send(_)));
        assert_eq!(format!("{:?}", Auth::Signer(Arc::new(|_| Ok(String::new())))), "Signer(..)");
    }
}
