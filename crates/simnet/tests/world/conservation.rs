//! Random operations on a small network: money is never made or lost, everything ends, and nobody who behaves forces a
//! channel closed.

use crate::scene::sat;
use domp_ports::lightning::{HoldInvoice, InvoiceState, Pay, PaymentState};
use domp_protocol::{
    secret::Preimage,
    units::{Blocks, Msat},
};
use domp_simnet::{Conduct, NodeIndex, Profile, Settings, World};
use proptest::prelude::*;

const NODES: usize = 5;

#[derive(Clone, Debug)]
enum Operation {
    /// Issue at the second node, pay from the first: so much, in so many parts.
    Pay(usize, usize, u64, u32),
    PayAgain(usize),
    Settle(usize),
    Cancel(usize),
    Mine(u32),
    Seconds(u64),
    Reorganise(u32, u32),
    // From here on somebody is away or misbehaves.
    Stop(usize),
    Start(usize),
    StallChain(usize),
    ResumeChain(usize),
    Misbehave(usize, u8),
    Release(usize),
    ClaimAsRouter(usize, usize),
    ForceClose(usize, usize),
}

fn peaceful() -> impl Strategy<Value = Operation> {
    let node = 0..NODES;
    prop_oneof![
        6 => (node.clone(), node, 1_000..400_000u64, 1..5u32)
            .prop_map(|(from, to, amount, parts)| Operation::Pay(from, to, amount, parts)),
        1 => any::<prop::sample::Index>().prop_map(|i| Operation::PayAgain(i.index(1 << 16))),
        3 => any::<prop::sample::Index>().prop_map(|i| Operation::Settle(i.index(1 << 16))),
        3 => any::<prop::sample::Index>().prop_map(|i| Operation::Cancel(i.index(1 << 16))),
        3 => (1..120u32).prop_map(Operation::Mine),
        1 => (1..10_000u64).prop_map(Operation::Seconds),
        1 => (0..8u32, 0..8u32).prop_map(|(depth, blocks)| Operation::Reorganise(depth, blocks)),
    ]
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let node = 0..NODES;
    prop_oneof![
        20 => peaceful(),
        2 => node.clone().prop_map(Operation::Stop),
        2 => node.clone().prop_map(Operation::Start),
        1 => node.clone().prop_map(Operation::StallChain),
        1 => node.clone().prop_map(Operation::ResumeChain),
        2 => (node.clone(), any::<u8>()).prop_map(|(node, bits)| Operation::Misbehave(node, bits)),
        2 => node.clone().prop_map(Operation::Release),
        1 => (node.clone(), 0..1_000usize).prop_map(|(node, i)| Operation::ClaimAsRouter(node, i)),
        1 => (node, 0..10usize).prop_map(|(node, i)| Operation::ForceClose(node, i)),
    ]
}

struct Trade {
    payer: NodeIndex,
    payee: NodeIndex,
    preimage: Preimage,
    order: Pay,
}

struct Run {
    world: World,
    nodes: Vec<NodeIndex>,
    trades: Vec<Trade>,
    money: Msat,
}

impl Run {
    /// Five nodes of all kinds, with enough channels for several hops and parts.
    fn new() -> Self {
        let mut world = World::new(Settings::default());
        let kinds = [Profile::lnd(), Profile::ldk(), Profile::cln(), Profile::lnd(), Profile::pay_only()];
        let nodes: Vec<NodeIndex> = kinds.into_iter().map(|kind| world.add_node("node", kind)).collect();
        for (from, to, amount) in [
            (0, 1, 300_000),
            (1, 2, 500_000),
            (2, 3, 250_000),
            (3, 0, 200_000),
            (0, 2, 150_000),
            (4, 0, 600_000),
            (4, 3, 90_000),
        ] {
            world.channel(nodes[from], nodes[to], sat(amount), sat(amount / 2));
        }
        let money = world.total_msat();
        Self { world, nodes, trades: Vec::new(), money }
    }

    fn perform(&mut self, operation: &Operation) {
        let world = &mut self.world;
        let chosen =
            |i: usize| if self.trades.is_empty() { None } else { self.trades.get(i % self.trades.len()) };
        match *operation {
            Operation::Pay(from, to, amount, parts) => self.pay(from, to, amount, parts),
            Operation::PayAgain(i) => {
                if let Some(trade) = chosen(i).filter(|trade| world.is_up(trade.payer)) {
                    let _ = world.pay(trade.payer, &trade.order);
                }
            }
            Operation::Settle(i) => {
                if let Some(trade) = chosen(i).filter(|trade| world.is_up(trade.payee)) {
                    let _ = world.settle(trade.payee, &trade.preimage);
                }
            }
            Operation::Cancel(i) => {
                if let Some(trade) = chosen(i).filter(|trade| world.is_up(trade.payee)) {
                    let _ = world.cancel(trade.payee, &trade.order.hash);
                }
            }
            Operation::Mine(blocks) => world.mine(blocks),
            Operation::Seconds(seconds) => world.pass_seconds(seconds),
            Operation::Reorganise(depth, blocks) => world.reorganise(Blocks(depth), blocks),
            Operation::Stop(node) => world.stop(self.nodes[node]),
            Operation::Start(node) => world.start(self.nodes[node]),
            Operation::StallChain(node) => world.stall_chain(self.nodes[node]),
            Operation::ResumeChain(node) => world.resume_chain(self.nodes[node]),
            Operation::Misbehave(node, bits) => world.set_conduct(
                self.nodes[node],
                Conduct {
                    stalls_payments: bits & 1 != 0,
                    withholds_failures: bits & 2 != 0,
                    withholds_settlements: bits & 4 != 0,
                    keeps_what_it_holds: bits & 8 != 0,
                },
            ),
            Operation::Release(node) => world.release(self.nodes[node]),
            Operation::ClaimAsRouter(node, i) => {
                if let Some(trade) = chosen(i) {
                    world.claim_as_router(self.nodes[node], &trade.preimage);
                }
            }
            Operation::ForceClose(node, i) => {
                let channels = world.channels(self.nodes[node]);
                if let Some(channel) = channels.get(i).filter(|_| world.is_up(self.nodes[node])) {
                    let _ = world.close_channel(self.nodes[node], &channel.outpoint, true);
                }
            }
        }
    }

    fn pay(&mut self, from: usize, to: usize, amount: u64, max_parts: u32) {
        let (payer, payee) = (self.nodes[from], self.nodes[to]);
        if !self.world.is_up(payer) || !self.world.is_up(payee) {
            return;
        }
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&(self.trades.len() as u64).to_be_bytes());
        let preimage = Preimage::from_bytes(bytes);
        let terms = HoldInvoice {
            hash: preimage.hash(),
            amount: sat(amount),
            cltv: Blocks(60 + u32::try_from(amount % 200).unwrap()),
            expiry_seconds: 3600,
            description: String::new(),
            private_hints: false,
        };
        let Ok(bolt11) = self.world.issue_hold_invoice(payee, &terms) else { return };
        let order = Pay {
            bolt11,
            hash: terms.hash,
            max_fee: sat(100),
            max_parts,
            max_cltv: Blocks(2016),
            timeout_seconds: 60,
        };
        let _ = self.world.pay(payer, &order);
        self.trades.push(Trade { payer, payee, preimage, order });
    }

    fn check(&self, after: &Operation) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.world.total_msat(), self.money, "money after {:?}", after);
        prop_assert!(self.world.channels_add_up(), "channels after {:?}", after);
        Ok(())
    }

    /// Everybody comes back and behaves, and time passes beyond every expiry.
    fn come_to_rest(&mut self) -> Result<(), TestCaseError> {
        for node in self.nodes.clone() {
            self.world.start(node);
            self.world.resume_chain(node);
            self.world.release(node);
        }
        self.world.mine(3_000);
        self.check(&Operation::Mine(3_000))?;
        prop_assert_eq!(self.world.parts_under_way(), 0, "everything ends");
        for trade in &self.trades {
            let payment = self.world.payment(trade.payer, &trade.order.hash);
            prop_assert!(!matches!(payment, PaymentState::InFlight(_)), "{:?}", payment);
            let invoice = self.world.invoice(trade.payee, &trade.order.hash);
            prop_assert!(
                matches!(invoice, Ok(InvoiceState::Settled | InvoiceState::Cancelled)),
                "{:?} is final",
                invoice
            );
        }
        for node in &self.nodes {
            let balances = self.world.balances(*node);
            prop_assert_eq!(balances.offered.saturating_add(balances.maturing), Msat::ZERO);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn anything_happens__money_is_kept_and_everything_ends(
        operations in prop::collection::vec(any_operation(), 1..80)
    ) {
        let mut run = Run::new();
        for operation in &operations {
            run.perform(operation);
            run.check(operation)?;
        }
        run.come_to_rest()?;
    }

    #[test]
    fn everybody_runs_and_behaves__no_force_close_and_both_ends_agree(
        operations in prop::collection::vec(peaceful(), 1..80)
    ) {
        let mut run = Run::new();
        for operation in &operations {
            run.perform(operation);
            run.check(operation)?;
            for trade in &run.trades {
                let payment = run.world.payment(trade.payer, &trade.order.hash);
                let invoice = run.world.invoice(trade.payee, &trade.order.hash);
                let agree = match invoice {
                    Ok(InvoiceState::Settled) => payment == PaymentState::Succeeded,
                    Ok(InvoiceState::Held(_)) => matches!(payment, PaymentState::InFlight(_)),
                    Ok(_) => matches!(payment, PaymentState::NotFound | PaymentState::Failed(_)),
                    Err(_) => false,
                };
                prop_assert!(agree, "after {:?}: {:?} and {:?}", operation, invoice, payment);
            }
        }
        prop_assert_eq!(run.world.force_closes(), []);
        run.come_to_rest()?;
        prop_assert_eq!(run.world.force_closes(), []);
    }
}
