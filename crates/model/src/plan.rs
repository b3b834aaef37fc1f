//! Plans: what a walk is about, drawn from its seed: who trades on what terms, who cheats, what may go wrong and how often.

use crate::{
    dice::Dice,
    sabotage::Sabotage,
    setting::{Judged, Late, Nature, Setting},
};
use domp_escrow::terms::Side;
use domp_protocol::units::Blocks;

/// What may go wrong in a walk: how often at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chaos {
    /// Processes killed.
    pub crashes: u32,
    /// Payment calls that are never answered.
    pub calls: u32,
    /// Letters lost or doubled.
    pub mail: u32,
    /// Blocks in all for which programs and nodes are away or stuck. No more than messages may take to pass.
    pub trouble: u32,
    /// Reorganisations and hours without a block.
    pub chain: u32,
    /// Payments that fail on their route or come apart.
    pub routes: u32,
    /// Backups made and restored.
    pub restores: u32,
    /// Steps of the cheater.
    pub cheats: u32,
    /// Times that a person changes their mind.
    pub moods: u32,
    /// Routers withhold the result of the collateral's, the price's payment as long as they can.
    pub withheld: [bool; 2],
    /// Once the walk is over the cheater does nothing at all any more, not even what its program would.
    pub cheater_goes_silent: bool,
    /// Chances in a hundred: that something of the above happens next.
    pub rate: u32,
    /// That blocks come although there is something to do.
    pub hurry: u32,
    /// That a person does at once what there is to do.
    pub diligence: u32,
}

/// A walk before it begins.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Its seed.
    pub seed: u64,
    /// The world.
    pub setting: Setting,
    /// Who cheats.
    pub cheater: Option<Side>,
    /// What may go wrong.
    pub chaos: Chaos,
}

/// What tells the draw of a plan from the dice of its walk.
const OTHER_DICE: u64 = 0x005e_ed0f_a91a;

impl Plan {
    /// The plan of a seed. A third of all trades are honest on both sides, a third have a cheating buyer, a third a
    /// cheating seller.
    pub fn drawn(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ OTHER_DICE);
        let cheater = match dice.below(3) {
            0 => None,
            1 => Some(Side::Buyer),
            _ => Some(Side::Seller),
        };
        let mut setting = draw_setting(&mut dice);
        let chaos = draw_chaos(&mut dice, cheater);
        setting.nature.relays_keep = chaos.restores > 0;
        setting.nature.late = pick(&mut Dice::new(!seed), &Late::ALL, Late::Paid);
        Self { seed, setting, cheater, chaos }
    }

    /// Whether nothing stands in the way of what these people want. Processes may be killed, calls unanswered, letters lost
    /// or doubled; but nobody cheats, changes their mind or is restored, every payment finds its route and a node that runs,
    /// and blocks come as they do. A machine to which a rule is missing owes that only where all of its conduct is judged.
    pub const fn is_quiet(&self) -> bool {
        let Chaos { routes, chain, trouble, restores, moods, withheld, .. } = self.chaos;
        let willing = self.cheater.is_none() && moods == 0 && restores == 0;
        let Nature { sabotage, judged, .. } = self.setting.nature;
        let whole = sabotage.is_none() || matches!(judged, Judged::Invariants);
        whole && willing && chain == 0 && trouble == 0 && routes == 0 && !withheld[0] && !withheld[1]
    }

    /// Whether these people must complete their trade: nothing stands in the way, and nobody is slow.
    pub const fn must_complete(&self) -> bool {
        self.is_quiet() && self.chaos.hurry == 0 && self.chaos.diligence == 100
    }

    /// The same with a rule taken out of the machines.
    pub const fn sabotaged(mut self, sabotage: Sabotage, judged: Judged) -> Self {
        self.setting.nature.sabotage = Some(sabotage);
        self.setting.nature.judged = judged;
        self
    }
}

fn pick<T: Copy>(dice: &mut Dice, things: &[T], usual: T) -> T {
    dice.one_of(things).copied().unwrap_or(usual)
}

fn draw_setting(dice: &mut Dice) -> Setting {
    let nature = Nature {
        payer_adds: Blocks(pick(dice, &[0, 3, 3, 3, 40, 432], 3)),
        route_delta: Blocks(pick(dice, &[0, 40, 80, 144], 80)),
        seconds_per_block: pick(dice, &[60, 300, 600, 600, 600, 900, 1500], 600),
        slow_routes: dice.percent(50),
        strict_payee: dice.percent(70),
        reopens: dice.percent(30),
        auto_cancels: dice.percent(70),
        dedupes: dice.percent(70),
        receipts: true,
        first_again: true,
        late: Late::Paid,
        relays_keep: false,
        sabotage: None,
        judged: Judged::Invariants,
    };
    Setting {
        collateral: dice.percent(70),
        handling: pick(dice, &[72, 144, 300, 1008], 144),
        transit: pick(dice, &[0, 72, 144, 432], 144),
        inspection: pick(dice, &[144, 432], 432),
        auto_cancel: pick(dice, &[12, 18, 39, 144], 18),
        nature,
    }
}

fn draw_chaos(dice: &mut Dice, cheater: Option<Side>) -> Chaos {
    let mut some = |chance: u32, most: u32| if dice.percent(chance) { dice.between(1, most) } else { 0 };
    let (crashes, calls, mail) = (some(60, 4), some(40, 2), some(60, 5));
    let (trouble, chain, routes) = (some(50, 24), some(40, 3), some(30, 3));
    let moods = some(25, 3);
    let cheats = if cheater.is_some() { dice.between(1, 8) } else { 0 };
    let withheld = [dice.percent(10), dice.percent(10)];
    let cheater_goes_silent = dice.percent(50);
    let rate = dice.between(2, 25);
    let hurry = if dice.percent(50) { 0 } else { dice.between(1, 50) };
    let diligence = if dice.percent(60) { 100 } else { dice.between(5, 80) };
    let restores = if dice.percent(20) { dice.between(1, 3) } else { 0 };
    Chaos {
        crashes,
        calls,
        mail,
        trouble,
        chain,
        routes,
        restores,
        cheats,
        moods,
        withheld,
        cheater_goes_silent,
        rate,
        hurry,
        diligence,
    }
}
