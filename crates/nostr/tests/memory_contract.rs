//! The relays' contract on relays in memory.
#![allow(non_snake_case, clippy::unwrap_used)]

mod signing;

use async_trait::async_trait;
use domp_nostr::memory::{Fault, MemoryNet, MemoryRelays};
use domp_ports::{
    contract_relays::{REFUSED_KIND, Signed, Trial},
    identity::Unsigned,
    relays::{Relays, Wanted},
};

const URLS: [&str; 3] = ["wss://a.example", "wss://b.example", "wss://c.example"];
const MUTE: &str = "wss://mute.example";

struct InMemory {
    port: MemoryRelays,
}

impl InMemory {
    fn new() -> Self {
        let net = MemoryNet::new(URLS.into_iter().chain([MUTE]));
        for url in URLS {
            refuse(&net, url);
        }
        net.break_relay(MUTE, Fault::Mute);
        Self { port: net.client(URLS) }
    }
}

fn refuse(net: &MemoryNet, url: &str) {
    let refused = Wanted { kinds: vec![REFUSED_KIND], ..Wanted::default() };
    net.break_relay(url, Fault::Refuse(refused, "blocked: not here".into()));
}

#[async_trait]
impl Trial for InMemory {
    fn port(&self) -> &dyn Relays {
        &self.port
    }
    fn urls(&self) -> [String; 3] {
        URLS.map(str::to_owned)
    }
    fn mute(&self) -> String {
        MUTE.into()
    }
    fn sign(&self, author: u8, event: &Unsigned) -> Signed {
        signing::sign(author, event)
    }
    async fn stop(&self, url: &str) {
        self.port.net().break_relay(url, Fault::Down);
    }
    async fn start(&self, url: &str) {
        self.port.net().repair(url);
        refuse(self.port.net(), url);
    }
}

domp_ports::relays_contract!(InMemory::new());
