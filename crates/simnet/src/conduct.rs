//! How a node behaves towards others when it does not do what it should.

use crate::{htlc::PartId, node::NodeIndex, world::World};
use domp_protocol::ids::PaymentHash;

/// What a node does wrong, for as long as it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conduct {
    /// As a router: accepts payments and does not forward them, until [`World::release`].
    pub stalls_payments: bool,
    /// As a router: keeps to itself that an HTLC was failed, until [`World::release`] or the expiry.
    pub withholds_failures: bool,
    /// As a router: keeps to itself that an HTLC was settled, until [`World::release`] or the expiry.
    pub withholds_settlements: bool,
    /// As a payee: does not let go of what it holds before expiry, until [`World::release`].
    pub keeps_what_it_holds: bool,
}

/// Something that a node should have done and has not.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HeldBack {
    /// Offering this hop.
    Forward(PartId, usize),
    /// Letting go of this hop.
    LetGo(PartId, usize),
    /// Taking this hop with the preimage.
    Fulfil(PartId, usize),
    /// Letting go, as a payee, of what it holds on this hash.
    Return(PaymentHash),
}

impl World {
    /// Makes a node behave in this way from now on. What it holds back already stays held back.
    pub fn set_conduct(&mut self, node: NodeIndex, conduct: Conduct) {
        self.nodes[node.0].conduct = conduct;
    }

    /// A node does what it has held back so far, and behaves again.
    pub fn release(&mut self, node: NodeIndex) {
        self.set_conduct(node, Conduct::default());
        for item in std::mem::take(&mut self.nodes[node.0].held_back) {
            match item {
                HeldBack::Forward(part, hop) => self.forward(part, hop),
                HeldBack::LetGo(part, hop) => self.let_go(part, hop),
                HeldBack::Fulfil(part, hop) => self.fulfil(part, hop),
                HeldBack::Return(hash) => self.let_go_due(node, hash),
            }
        }
    }

    /// Number of forwards and answers that a node is holding back.
    pub fn held_back(&self, node: NodeIndex) -> usize {
        self.nodes[node.0].held_back.len()
    }
}
