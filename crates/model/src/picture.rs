//! The picture of who holds what when: a success and a silent buyer, walked through both production machines.

use crate::{
    action::Action,
    people::{ship, verdict},
    rehearsal::Rehearsal,
    setting::Setting,
    world::{Parcel, World},
};
use domp_escrow::{
    input::{Command, Condition},
    situation::picture::{Goods, Scene, picture},
    terms::Side,
};
use domp_protocol::units::{Blocks, Height};

/// Both tables, for the README.
pub fn pictures() -> String {
    let success = picture("When all goes well", &walk(true));
    let silent = picture("When the buyer stays silent", &walk(false));
    format!("{success}\n{silent}")
}

/// Every moment of a trade, whether or not the buyer confirms.
fn walk(confirms: bool) -> Vec<Scene> {
    let mut walk = Walk { play: Rehearsal::new(&Setting::default()), scenes: Vec::new() };
    walk.scenes.push(scene(&walk.play.world, true));
    walk.settle();
    walk.begin(Action::Person(Side::Seller, Command::Accept));
    walk.begin(Action::Person(Side::Buyer, Command::Pay));
    let lock = walk.play.world.height;
    walk.until(lock.plus(Blocks(72)));
    walk.begin(Action::Person(Side::Seller, ship()));
    walk.until(lock.plus(Blocks(200)));
    walk.begin(Action::Arrive);
    if confirms {
        walk.until(lock.plus(Blocks(212)));
        walk.begin(Action::Person(Side::Buyer, verdict(Condition::Received)));
    } else if let Some(deadlines) = walk.play.world.seller.deadlines {
        walk.until(deadlines.settle_by);
    }
    walk.scenes
}

/// A rehearsal that is watched.
struct Walk {
    play: Rehearsal,
    scenes: Vec<Scene>,
}

impl Walk {
    fn act(&mut self, action: Action, begins: bool) {
        self.play.act(action);
        self.scenes.push(scene(&self.play.world, begins));
    }
    /// Something that a person does, and everything that follows by itself.
    fn begin(&mut self, action: Action) {
        self.act(action, true);
        self.settle();
    }
    fn settle(&mut self) {
        while let Some(action) = self.play.next_by_itself() {
            self.act(action, false);
        }
    }
    /// Blocks pass.
    fn until(&mut self, height: Height) {
        while self.play.world.next_height().is_some_and(|next| next < height) {
            self.act(Action::Mine, true);
            self.settle();
        }
        self.play.world.mine_to(height);
        self.scenes.push(scene(&self.play.world, true));
        self.settle();
    }
}

fn scene(world: &World, begins: bool) -> Scene {
    let goods = match world.parcel {
        Parcel::AtHome => Goods::Seller,
        Parcel::Travelling(_) => Goods::UnderWay,
        Parcel::Arrived(_) => Goods::Buyer,
    };
    Scene { at: world.at(), buyer: (*world.buyer).clone(), seller: (*world.seller).clone(), goods, begins }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    /// The cells of the last row of a table.
    fn last_row(table: &str) -> Vec<&str> {
        let row = table.lines().rfind(|line| line.starts_with('|')).unwrap();
        row.trim_matches('|').split('|').map(str::trim).collect()
    }

    #[test]
    fn pictures__walked_twice__the_same_and_each_ends_where_it_must() {
        let page = pictures();
        assert_eq!(page, pictures());
        let (success, silent) = page.split_at(page.find("### When the buyer stays silent").unwrap());
        assert_eq!(last_row(success)[2..], ["buyer", "seller", "buyer", "buyer and seller"]);
        assert_eq!(last_row(silent)[2..], ["buyer", "buyer", "buyer", "buyer alone"]);
        assert!(last_row(silent)[0].starts_with("SETTLE_BY"), "{silent}");
    }

    #[test]
    fn pictures__every_row__shows_the_goods_leave_only_when_both_amounts_are_held() {
        for row in pictures().lines().filter(|line| line.contains("ships (`shipped`)")) {
            assert_eq!(row.matches("held by the seller's node").count(), 2, "{row}");
        }
    }
}
