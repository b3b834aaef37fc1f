//! A story of one side of a trade: the bytes say what happens, to whom and when. After each step the invariants hold, a
//! second look at the same moment changes nothing, nothing is due before the machine asked to be woken, and what is stored
//! stays small.

use crate::story::Story;
use domp_engine::record::Journaled;
use domp_escrow::{
    effect::Effect,
    input::Input,
    invariants,
    moment::At,
    situation::situation,
    stage::stage,
    step::{Step, step},
    trade::Trade,
    wake::wake,
};
use domp_protocol::units::{Blocks, Unix};

/// The most inputs of one story.
const LONGEST: usize = 400;
/// The most bytes that a trade takes in storage, whatever the other side says.
const LARGEST: usize = 40_000;

/// Stories to begin with: a seller and a buyer who finish a trade, and one of each whose money goes back.
pub const STORIES: [&[u8]; 4] = [
    &[1, 5, 2, 0, 9, 9, 9, 11, 1, 11, 0, 5, 9, 5, 2, 2, 9, 5, 9, 9, 12, 0, 1, 12, 1, 2, 9],
    &[0, 9, 9, 5, 2, 1, 9, 9, 13, 1, 13, 0, 9, 5, 9, 5, 2, 3, 0, 9, 14, 0, 2, 14, 1, 3],
    &[1, 5, 2, 0, 9, 9, 9, 11, 1, 11, 0, 5, 9, 2, 6, 9, 9, 9, 12, 0, 2, 12, 1, 2],
    &[0, 9, 9, 5, 2, 1, 9, 9, 13, 1, 13, 0, 9, 6, 0, 8, 9, 14, 0, 3, 14, 1, 3],
];

/// What a step left behind: the trade, the input, the effects.
type Left = (Trade, Journaled, Vec<Effect>);

/// Checks one input.
pub fn check(data: &[u8]) {
    let story = played(data);
    let Some((trade, last, _)) = story.last() else { return };
    let (trade, at) = (trade.clone(), last.at);
    let stored = serde_json::to_vec(&trade).expect("it is stored");
    assert!(stored.len() <= LARGEST, "{} bytes", stored.len());
    assert_eq!(serde_json::from_slice::<Trade>(&stored).expect("it is loaded"), trade);
    quiet_until_woken(&trade, at);
    let _ = situation(&trade, at).lines();
}

/// Plays a story; everything is checked after each step.
pub fn played(data: &[u8]) -> Vec<Left> {
    let mut story = Story::new(data);
    let mut trade = story.trade();
    let mut left = Vec::new();
    while left.len() < LONGEST {
        let Some(input) = story.next(&trade) else { break };
        let at = story.at();
        let mut after = taken(&trade, &input, at);
        trade = after.trade;
        after.effects.extend(settled(&mut trade, at));
        story.ordered(&after.effects);
        left.push((trade.clone(), Journaled { at, input, notes: after.notes }, after.effects));
    }
    left
}

fn taken(trade: &Trade, input: &Input, at: At) -> Step {
    let after = step(trade.clone(), input, at);
    if let Err(broken) = invariants::check(trade, at, &after) {
        panic!("at '{}', {at:?}, {input:?}: {}", stage(trade), broken.0);
    }
    after
}

/// A look at the same moment may send letters again that are due; after that a further look changes nothing.
fn settled(trade: &mut Trade, at: At) -> Vec<Effect> {
    let first = taken(trade, &Input::Tick, at);
    let second = taken(&first.trade, &Input::Tick, at);
    assert_eq!(
        (&second.trade, &second.effects[..]),
        (&first.trade, &[][..]),
        "a second look changes something"
    );
    *trade = first.trade;
    first.effects
}

/// The last moment before the one it asked for: nothing to do yet.
fn quiet_until_woken(trade: &Trade, at: At) {
    if !at.fresh {
        return;
    }
    let next = wake(trade);
    let height = next.height.map_or(at.height.plus(Blocks(5_000)), |height| height.minus(Blocks(1)));
    let unix = next.unix.map_or(at.unix.plus(10_000_000), |unix| Unix(unix.0.saturating_sub(1)));
    if stage(trade).is_ended() || height < at.height || unix < at.unix {
        return;
    }
    let before = taken(trade, &Input::Tick, At { unix, height, fresh: true });
    assert_eq!(before.effects, [], "at {height} and {unix:?}, before {next:?}, '{}'", stage(trade));
}
