//! Calls to a node that go wrong: lost, stalled, or performed without an answer.

use crate::{node::NodeIndex, seed::Seed, world::World};
use domp_ports::lightning::LnError;
use std::collections::{HashMap, VecDeque};

/// The calls of the Lightning port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is the port's method of that name")]
pub enum Call {
    Info,
    Blocks,
    SignMessage,
    IssueHoldInvoice,
    IssueInvoice,
    Invoice,
    WatchInvoice,
    Settle,
    Cancel,
    Decode,
    Pay,
    Payment,
    WatchPayment,
    Liquidity,
    Channels,
    NewAddress,
    ConnectPeer,
    OpenChannel,
    CloseChannel,
}

/// What goes wrong with a call. The caller cannot tell the middle three apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFault {
    /// The node is not reached: nothing is done, and the caller hears `Unavailable`.
    Unavailable,
    /// The call is lost on its way: nothing is done, and the caller hears `Unknown`.
    NotPerformed,
    /// The call is performed and its answer lost: the caller hears `Unknown`.
    AnswerLost,
    /// Nothing is done and nothing comes back until stalled calls are released or time out; then `Unknown`.
    StalledBefore,
    /// It is performed, and nothing comes back until stalled calls are released or time out; then `Unknown`.
    StalledAfter,
    /// Nothing is done: the credentials do not allow the call.
    Denied,
    /// Nothing is done, and the node says that it never will.
    Refused,
}

/// Random faults, in chances out of a thousand calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noise {
    /// [`CallFault::Unavailable`].
    pub unavailable: u32,
    /// [`CallFault::NotPerformed`].
    pub not_performed: u32,
    /// [`CallFault::AnswerLost`].
    pub answer_lost: u32,
}

/// What is to go wrong at one node, and how often it was called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    script: VecDeque<(Option<Call>, CallFault)>,
    noise: Noise,
    counts: HashMap<Call, u64>,
}

impl Noise {
    const fn draw(self, random: &mut Seed) -> Option<CallFault> {
        let number = random.up_to(999);
        if number < self.unavailable {
            Some(CallFault::Unavailable)
        } else if number < self.unavailable + self.not_performed {
            Some(CallFault::NotPerformed)
        } else if number < self.unavailable + self.not_performed + self.answer_lost {
            Some(CallFault::AnswerLost)
        } else {
            None
        }
    }
}

impl World {
    /// The node's next such call (of any kind, when `call` is `None`) goes wrong in this way, once.
    pub fn script_fault(&mut self, node: NodeIndex, call: Option<Call>, fault: CallFault) {
        self.nodes[node.0].faults.script.push_back((call, fault));
    }

    /// Calls to the node go wrong at random from now on.
    pub fn set_noise(&mut self, node: NodeIndex, noise: Noise) {
        self.nodes[node.0].faults.noise = noise;
    }

    /// How many calls of this kind reached for the node, whether or not they were performed.
    pub fn calls(&self, node: NodeIndex, call: Call) -> u64 {
        self.nodes[node.0].faults.counts.get(&call).copied().unwrap_or(0)
    }

    /// Counts a call and says what goes wrong with it. A fault from the script comes before noise.
    pub fn draw_fault(&mut self, node: NodeIndex, call: Call) -> Option<CallFault> {
        let faults = &mut self.nodes[node.0].faults;
        *faults.counts.entry(call).or_default() += 1;
        let scripted =
            faults.script.iter().position(|(wanted, _)| wanted.is_none_or(|wanted| wanted == call));
        if let Some(position) = scripted {
            return faults.script.remove(position).map(|(_, fault)| fault);
        }
        if faults.noise == Noise::default() {
            return None;
        }
        faults.noise.draw(&mut self.random)
    }

    /// Performs a call with its fault: a node that is down answers `Unavailable`, else the fault decides. Stalls are
    /// not waited for here; whoever has a clock does that.
    pub fn perform<T>(
        &mut self,
        node: NodeIndex,
        fault: Option<CallFault>,
        call: impl FnOnce(&mut Self) -> Result<T, LnError>,
    ) -> Result<T, LnError> {
        if !self.is_up(node) {
            return Err(LnError::Unavailable(format!("simulated node {} is down", self.alias(node))));
        }
        let lost = || Err(LnError::Unknown("the simulated connection broke before the answer came".into()));
        match fault {
            None => call(self),
            Some(CallFault::Unavailable) => {
                Err(LnError::Unavailable(format!("simulated node {} was not reached", self.alias(node))))
            }
            Some(CallFault::Denied) => Err(LnError::Denied("made to be denied".to_owned())),
            Some(CallFault::Refused) => Err(LnError::Refused("made to be refused".to_owned())),
            Some(CallFault::NotPerformed | CallFault::StalledBefore) => lost(),
            Some(CallFault::AnswerLost | CallFault::StalledAfter) => {
                // Whatever it answers is what gets lost.
                let _ = call(self);
                lost()
            }
        }
    }
}
