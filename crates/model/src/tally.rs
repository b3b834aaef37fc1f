//! Tallies: what happened in many walks, counted.

use crate::{
    action::Action,
    trouble::Kind,
    world::{LEGS, SIDES, World},
};
use domp_escrow::{input::Command, note::Note, stage::Stage, terms::Side};
use std::fmt;

/// What went wrong, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // each is spelled out in [`Fault::NAMES`]
pub enum Fault {
    CrashBefore,
    CrashAfter,
    CallLost,
    CallUnanswered,
    LetterLost,
    LetterDoubled,
    LetterLate,
    LetterOvertaken,
    ProgramAway,
    NodeDown,
    ChainStuck,
    Reorg,
    NoBlock,
    RouteFailed,
    RouteSlow,
    PartsApart,
    Withheld,
    BuyerCheats,
    SellerCheats,
    Mood,
    Restored,
}

impl Fault {
    /// The kinds in words, in their order.
    pub const NAMES: [&'static str; 21] = [
        "process killed before an effect",
        "process killed after an effect",
        "payment call lost, node never got it",
        "payment call unanswered, node got it",
        "letter lost by every relay",
        "letter doubled",
        "blocks came while a letter was withheld",
        "letter overtaken by a later one",
        "program away for some blocks",
        "node down for some blocks",
        "node's chain stuck for some blocks",
        "reorganisation",
        "no block for hours",
        "payment failed on its route",
        "blocks came while a payment was on its route",
        "parts of a payment came apart",
        "blocks came while a router withheld a result",
        "step of a cheating buyer",
        "step of a cheating seller",
        "person changed their mind",
        "restored from a backup",
    ];
}

const STAGES: usize = Stage::ALL.len();

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Trades played to their end.
    pub trades: u64,
    /// Actions.
    pub steps: u64,
    /// Faults by kind.
    pub faults: [u64; Fault::NAMES.len()],
    /// Trades by how they ended: buyer's stage, seller's stage.
    pub endings: [[u64; STAGES]; 2],
    edges: [[[u64; STAGES]; STAGES]; 2],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            trades: 0,
            steps: 0,
            faults: [0; Fault::NAMES.len()],
            endings: [[0; STAGES]; 2],
            edges: [[[0; STAGES]; STAGES]; 2],
        }
    }
}

fn place(stage: Stage) -> usize {
    Stage::ALL.iter().position(|known| *known == stage).unwrap_or(0)
}

impl Tally {
    /// Counts a fault.
    pub const fn fault(&mut self, fault: Fault) {
        self.faults[fault as usize] += 1;
    }
    /// All faults.
    pub fn all_faults(&self) -> u64 {
        self.faults.iter().sum()
    }

    /// Counts what is about to happen.
    pub(crate) fn before(&mut self, world: &World, action: &Action) {
        self.steps += 1;
        let fault = match action {
            Action::Crash { after: false, .. } => Fault::CrashBefore,
            Action::Crash { after: true, .. } => Fault::CrashAfter,
            Action::CallLost { reached: false, .. } => Fault::CallLost,
            Action::CallLost { reached: true, .. } => Fault::CallUnanswered,
            Action::Lose(_) => Fault::LetterLost,
            Action::DeliverTwice(_) => Fault::LetterDoubled,
            Action::Deliver(n) if Self::overtakes(world, *n) => Fault::LetterOvertaken,
            Action::Trouble(_, Kind::ProgramAway, _) => Fault::ProgramAway,
            Action::Trouble(_, Kind::NodeDown, _) => Fault::NodeDown,
            Action::Trouble(_, Kind::ChainStuck, _) => Fault::ChainStuck,
            Action::Reorg(_) => Fault::Reorg,
            Action::NoBlockFor { .. } => Fault::NoBlock,
            Action::RouteFails(_) => Fault::RouteFailed,
            Action::ArrivesInParts(..) => Fault::PartsApart,
            Action::Cheat(cheat) if cheat.side() == Side::Buyer => Fault::BuyerCheats,
            Action::Cheat(_) => Fault::SellerCheats,
            Action::Restore { .. } => Fault::Restored,
            Action::Person(side, command) if is_mood(world, *side, command) => Fault::Mood,
            Action::Mine | Action::MineTo(_) => return self.before_block(world),
            _ => return,
        };
        self.fault(fault);
    }

    fn overtakes(world: &World, n: usize) -> bool {
        let to = world.mail.get(n).map(|mail| mail.to);
        world.mail.iter().take(n).any(|earlier| Some(earlier.to) == to)
    }

    fn before_block(&mut self, world: &World) {
        if !world.mail.is_empty() {
            self.fault(Fault::LetterLate);
        }
        for purpose in LEGS {
            if world.may_arrive_at_payee(purpose) {
                self.fault(Fault::RouteSlow);
            }
            if world.htlc(purpose).is_resolving() {
                self.fault(Fault::Withheld);
            }
        }
    }

    /// Counts where the machines went; that of a cheater is nobody's concern.
    pub(crate) fn after(&mut self, world: &World, said: &[(Side, Note)]) {
        for (side, note) in said.iter().filter(|(side, _)| world.is_honest(*side)) {
            if let Note::Moved { from, to } = note {
                self.edges[*side as usize][place(*from)][place(*to)] += 1;
            }
        }
    }

    /// Counts a trade that is over.
    pub(crate) fn over(&mut self, world: &World) {
        self.trades += 1;
        for side in SIDES.into_iter().filter(|side| world.is_honest(*side)) {
            self.endings[side as usize][place(world.stage(side))] += 1;
        }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        self.trades += other.trades;
        self.steps += other.steps;
        self.faults.iter_mut().zip(other.faults).for_each(|(sum, more)| *sum += more);
        for side in SIDES.map(|side| side as usize) {
            for from in 0..STAGES {
                self.endings[side][from] += other.endings[side][from];
                for to in 0..STAGES {
                    self.edges[side][from][to] += other.edges[side][from][to];
                }
            }
        }
    }

    /// Every edge that was taken, with how often: side, from, to.
    pub fn edges(&self) -> Vec<(Side, Stage, Stage, u64)> {
        let mut edges = Vec::new();
        for side in SIDES {
            for (from, row) in Stage::ALL.into_iter().zip(&self.edges[side as usize]) {
                let taken = Stage::ALL.into_iter().zip(row).filter(|(_, count)| **count > 0);
                edges.extend(taken.map(|(to, count)| (side, from, to, *count)));
            }
        }
        edges
    }

    /// The stages that a side went through.
    pub fn stages(&self, side: Side) -> Vec<Stage> {
        let edges = self.edges();
        let seen = |stage: &Stage| {
            edges.iter().any(|(whose, from, to, _)| *whose == side && (from == stage || to == stage))
        };
        Stage::ALL.into_iter().filter(seen).collect()
    }
}

fn is_mood(world: &World, side: Side, command: &Command) -> bool {
    world.wish(side).as_ref() != Some(command)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "faults:")?;
        for (name, count) in Fault::NAMES.iter().zip(self.faults) {
            writeln!(f, "  {count:>12}  {name}")?;
        }
        for side in SIDES {
            writeln!(f, "the {}'s machine, when honest, ended as:", side.as_str())?;
            for (stage, count) in Stage::ALL.iter().zip(self.endings[side as usize]) {
                if count > 0 {
                    writeln!(f, "  {count:>12}  {stage}")?;
                }
            }
        }
        let edges = self.edges();
        for side in SIDES {
            let stages = self.stages(side);
            let taken = edges.iter().filter(|(whose, ..)| *whose == side);
            writeln!(
                f,
                "the {}'s machine, when honest: {} of {} stages, {} edges:",
                side.as_str(),
                stages.len(),
                // Nobody takes a collateral in direct mode.
                STAGES - 1,
                taken.clone().count()
            )?;
            for (_, from, to, count) in taken {
                writeln!(f, "  {count:>12}  {from} -> {to}")?;
            }
        }
        Ok(())
    }
}
