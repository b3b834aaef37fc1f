//! Scopes: what a check explores, and how far.

use domp_escrow::terms::Side;
use domp_model::{
    explore::Faults,
    sabotage::Sabotage,
    setting::{Judged, Nature, Setting},
};

/// One exploration: a world, who cheats in it, and what may go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// What it is called.
    pub name: &'static str,
    /// The world.
    pub setting: Setting,
    /// Who cheats.
    pub cheater: Option<Side>,
    /// What may go wrong.
    pub faults: Faults,
}

/// Nothing goes wrong but the order of things.
pub const QUIET: Faults = Faults { crashes: 0, mail: 0, late: 0, cheats: 0, moods: 0 };

impl Scope {
    /// The price alone; every letter counts as acknowledged once it was sent; payments arrive at once. Short numbers,
    /// since only the heights that matter are visited anyway.
    pub fn of(name: &'static str, cheater: Option<Side>, faults: Faults) -> Self {
        let nature = Nature { receipts: false, first_again: false, ..Nature::default() };
        let setting =
            Setting { collateral: false, handling: 72, transit: 0, inspection: 144, auto_cancel: 18, nature };
        Self { name, setting, cheater, faults }
    }

    const fn with_collateral(mut self) -> Self {
        self.setting.collateral = true;
        self
    }
    /// Receipts are letters of their own, so that letters may be lost and come again.
    const fn with_receipts(mut self) -> Self {
        self.setting.nature.receipts = true;
        self
    }
    /// Payments are under way for a while, and may fail there.
    const fn with_slow_routes(mut self) -> Self {
        self.setting.nature.slow_routes = true;
        self
    }
    /// The seller's node takes in HTLCs that are too short or come after a cancellation, and gives nothing back by itself.
    const fn with_lax_payee(mut self) -> Self {
        self.setting.nature.strict_payee = false;
        self.setting.nature.reopens = true;
        self.setting.nature.auto_cancels = false;
        self
    }

    /// What runs with every change: seconds.
    pub fn small() -> Vec<Self> {
        let (buyer, seller) = (Some(Side::Buyer), Some(Side::Seller));
        vec![
            Self::of("both honest, a letter late", None, Faults { late: 1, ..QUIET }).with_collateral(),
            Self::of("both honest, two crashes or lost calls", None, Faults { crashes: 2, ..QUIET })
                .with_collateral(),
            Self::of("both honest, slow routes, a crash", None, Faults { crashes: 1, ..QUIET })
                .with_collateral()
                .with_slow_routes(),
            Self::of("both honest, a letter lost or doubled", None, Faults { mail: 1, ..QUIET })
                .with_collateral()
                .with_receipts(),
            Self::of(
                "both honest, a change of mind, a crash",
                None,
                Faults { moods: 1, crashes: 1, ..QUIET },
            ),
            Self::of("the buyer does only what it likes", buyer, QUIET).with_collateral(),
            Self::of("the buyer cheats once", buyer, Faults { cheats: 1, ..QUIET }),
            Self::of("the seller does only what it likes", seller, QUIET).with_collateral(),
        ]
    }

    /// What runs by hand.
    pub fn big() -> Vec<Self> {
        let (buyer, seller) = (Some(Side::Buyer), Some(Side::Seller));
        let crash = Faults { crashes: 1, ..QUIET };
        vec![
            Self::of("both honest, letters lost, doubled, late", None, Faults { mail: 1, late: 1, ..QUIET })
                .with_receipts(),
            Self::of("both honest, two letters lost or doubled", None, Faults { mail: 2, ..QUIET })
                .with_receipts(),
            Self::of(
                "both honest, two changes of mind, a letter late",
                None,
                Faults { moods: 2, late: 1, ..QUIET },
            ),
            Self::of(
                "both honest, a change of mind, a crash, late",
                None,
                Faults { moods: 1, late: 1, ..crash },
            )
            .with_collateral(),
            Self::of(
                "both honest, slow routes, crash, late, mood",
                None,
                Faults { moods: 1, late: 1, ..crash },
            )
            .with_slow_routes(),
            Self::of("the buyer cheats once, a crash", buyer, Faults { cheats: 1, ..crash }),
            Self::of("the buyer cheats once, two HTLCs", buyer, Faults { cheats: 1, ..QUIET })
                .with_collateral(),
            Self::of("the buyer cheats once, a lax payee's node", buyer, Faults { cheats: 1, ..QUIET })
                .with_collateral()
                .with_lax_payee(),
            Self::of("the buyer cheats twice", buyer, Faults { cheats: 2, ..QUIET }),
            Self::of("the seller cheats once, a crash", seller, Faults { cheats: 1, ..crash }),
            Self::of("the seller cheats once, two HTLCs", seller, Faults { cheats: 1, ..QUIET })
                .with_collateral(),
            Self::of("the seller cheats twice", seller, Faults { cheats: 2, ..QUIET }),
        ]
    }

    /// The same with a rule taken out.
    pub const fn sabotaged(mut self, sabotage: Sabotage, judged: Judged) -> Self {
        self.setting.nature.sabotage = Some(sabotage);
        self.setting.nature.judged = judged;
        self
    }
}
