//! A stored record: a snapshot, an input or an effect; the first byte chooses. Whatever is read is written and read again,
//! and the machine takes any snapshot that is read: `step` is total.

use crate::signing::NOW;
use domp_engine::record;
use domp_escrow::{
    input::{Agreement, Command, Condition, Input, Verdict},
    moment::At,
    situation::situation,
    stage::stage,
    step::step,
    trade::Trade,
    wake::wake,
};
use domp_ports::journal::{EffectKey, OutboxRow, TradeRow};
use domp_protocol::units::Height;

/// Checks one input.
pub fn check(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind % 3 {
        0 => snapshot(bytes),
        1 => input(bytes),
        _ => effect(bytes),
    }
}

fn row(trade: &Trade, snapshot: Vec<u8>) -> TradeRow {
    TradeRow { id: trade.terms.trade, version: 1, snapshot, wake_at: None, open: true }
}

fn snapshot(bytes: &[u8]) {
    // The row's id is another column, which the fuzzer does not see.
    let Ok(trade) = serde_json::from_slice::<Trade>(bytes) else { return };
    let Ok(read) = record::read_trade(&row(&trade, bytes.to_vec())) else { return };
    assert_eq!(read, trade);
    let written = record::write_trade(&trade).expect("a snapshot is written");
    assert_eq!(record::read_trade(&row(&trade, written.clone())).as_ref(), Ok(&trade));
    assert_eq!(record::write_trade(&trade).as_ref(), Ok(&written));
    run(trade);
}

/// Gives it orders and lets time pass.
fn run(mut trade: Trade) {
    let orders = [
        Command::Accept,
        Command::Pay,
        Command::Confirm(Verdict {
            condition: Condition::Received,
            rating: None,
            feedback: None,
            reason: None,
        }),
        Command::Release,
        Command::Agree(Agreement::Release),
        Command::PayLate,
        Command::Withdraw,
    ];
    for height in [0, 900_000, u32::MAX] {
        let at = At { unix: NOW, height: Height(height), fresh: true };
        for input in orders.iter().cloned().map(Input::Command).chain([Input::Tick]) {
            let after = step(trade, &input, at);
            for effect in &after.effects {
                let bytes = record::write_effect(effect).expect("an effect is written");
                assert_eq!(record::read_effect(&outbox(bytes)).as_ref(), Ok(effect));
            }
            trade = after.trade;
            let _ = (stage(&trade).to_string(), wake(&trade), situation(&trade, at).lines());
        }
    }
}

fn input(bytes: &[u8]) {
    let Ok(journaled) = record::read_input(bytes) else { return };
    let written = record::write_input(&journaled).expect("an input is written");
    assert_eq!(record::read_input(&written).as_ref(), Ok(&journaled));
    assert_eq!(record::write_input(&journaled).as_ref(), Ok(&written));
}

fn effect(bytes: &[u8]) {
    let Ok(effect) = record::read_effect(&outbox(bytes.to_vec())) else { return };
    let written = record::write_effect(&effect).expect("an effect is written");
    assert_eq!(record::read_effect(&outbox(written.clone())).as_ref(), Ok(&effect));
    assert_eq!(record::write_effect(&effect).as_ref(), Ok(&written));
}

fn outbox(effect: Vec<u8>) -> OutboxRow {
    let key = EffectKey { trade: domp_protocol::ids::TradeId::from_bytes([0; 32]), seq: 1, n: 0 };
    OutboxRow { key, effect }
}
