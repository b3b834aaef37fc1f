//! Puts one vector to the crate.

use domp_protocol::{
    anti_spam::{Proof, RelayPolicy, Verdict},
    deadlines::{Agreed, Deadlines},
    event::EventDraft,
    htlc::{Htlc, HtlcTimeout},
    ids::{EventId, PaymentHash},
    invoice::{CheckedInvoice, Expected, LateExpected, LateInvoice, check_pair},
    node_proof::ProvenNode,
    pow::{Difficulty, Miner},
    units::{Blocks, Height, Sat, Unix},
};
use serde_json::{Value, json};
use std::str::FromStr;

type Outcome = Result<Value, String>;

/// Runs the input of the vector `name`: what it gives, or the error in words.
pub fn run(name: &str, input: &Value, now: Option<u64>) -> Outcome {
    match name.split('-').next().unwrap() {
        "invoice" => invoice(input, Unix(now.expect("an invoice vector has its now"))),
        "node" => node(input),
        "htlc" => htlc(input),
        "pow" => pow(input),
        "anti" => anti_spam(input),
        "heights" => heights(input),
        family => panic!("no vectors of family {family}"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} should be a string"))
}
fn uint(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} should be a number"))
}
fn parse<T: FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    text(value).parse().unwrap()
}
fn blocks(value: &Value) -> Blocks {
    Blocks(u32::try_from(uint(value)).unwrap())
}
fn words(error: impl ToString) -> String {
    error.to_string()
}

fn expected(value: &Value) -> Expected {
    Expected {
        network: parse(&value["network"]),
        amount: Sat::new(uint(&value["amount_sat"])).unwrap(),
        hash: parse(&value["hash"]),
        payee: parse(&value["payee"]),
        own_node: Some(parse(&value["own_node"])),
        purpose: parse(&value["purpose"]),
        trade: parse(&value["trade"]),
        min_cltv: blocks(&value["min_cltv"]),
        max_cltv: blocks(&value["max_cltv"]),
        min_left_seconds: uint(&value["min_left_seconds"]),
        may_split: value["may_split"].as_bool().unwrap(),
    }
}

fn invoice(input: &Value, now: Unix) -> Outcome {
    let bolt11 = text(&input["bolt11"]);
    if let Some(late) = input.get("late") {
        let our_hashes: Vec<PaymentHash> = late["our_hashes"].as_array().unwrap().iter().map(parse).collect();
        let expected = LateExpected {
            network: parse(&late["network"]),
            amount: Sat::new(uint(&late["amount_sat"])).unwrap(),
            payee: parse(&late["payee"]),
            own_node: Some(parse(&late["own_node"])),
            trade: parse(&late["trade"]),
            our_hashes: &our_hashes,
            min_left_seconds: uint(&late["min_left_seconds"]),
        };
        let checked = LateInvoice::check(bolt11, &expected, now).map_err(words)?;
        return Ok(json!({ "amount_msat": checked.amount().get(), "cltv": checked.cltv().0 }));
    }
    let checked = CheckedInvoice::check(bolt11, &expected(&input["expected"]), now).map_err(words)?;
    if let Some(second) = input.get("second") {
        let second = CheckedInvoice::check(text(&second["bolt11"]), &expected(&second["expected"]), now)
            .map_err(words)?;
        check_pair(&checked, &second).map_err(words)?;
    }
    Ok(json!({
        "amount_msat": checked.amount().get(),
        "cltv": checked.cltv().0,
        "expires_at": checked.expires_at().0,
        "splits": checked.splits(),
        "fallbacks": checked.fallbacks(),
        "route_hints": checked.route_hints(),
    }))
}

fn node(input: &Value) -> Outcome {
    let (node, owner) = (parse(&input["node"]), parse(&input["nostr_key"]));
    ProvenNode::verify(&node, &owner, text(&input["signature"])).map_err(words)?;
    Ok(Value::Null)
}

fn htlc(input: &Value) -> Outcome {
    if let Some(state) = input.get("state") {
        let state = HtlcTimeout::parse(text(state)).map_err(words)?;
        return Ok(json!({ "blocks_remaining": state.remaining().0, "ended": state.has_ended() }));
    }
    let json = text(&input["htlc"]);
    let read = Htlc::parse(json).map_err(words)?;
    let written = serde_json::to_value(&read).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(json).unwrap(), "written as it was read");
    Ok(Value::Null)
}

fn pow(input: &Value) -> Outcome {
    let difficulty = |value: &Value| Difficulty::new(u16::try_from(uint(value)).unwrap()).map_err(words);
    if let Some(event) = input.get("mine") {
        let draft = EventDraft {
            kind: u16::try_from(uint(&event["kind"])).unwrap(),
            tags: tags(&event["tags"]),
            content: text(&event["content"]).to_owned(),
            created_at: Unix(uint(&event["created_at"])),
        };
        let author = parse(&event["pubkey"]);
        let miner = Miner::new(&draft, &author, difficulty(&input["difficulty"])?).map_err(words)?;
        let nonce = miner.mine(0..1 << 24).ok_or("no nonce found")?;
        return Ok(json!({ "tags": miner.proof(nonce).tags(), "id": miner.id(nonce) }));
    }
    let id: EventId = parse(&input["id"]);
    match Proof::check_work(&id, difficulty(&input["claimed"])?, difficulty(&input["required"])?) {
        Verdict::Holds => Ok(Value::Null),
        refused => Err(refused.to_string()),
    }
}

fn tags(value: &Value) -> Vec<Vec<String>> {
    serde_json::from_value(value.clone()).unwrap()
}

fn anti_spam(input: &Value) -> Outcome {
    if let Some(document) = input.get("nip11") {
        let policy = RelayPolicy::from_document(text(document)).map_err(words)?;
        return Ok(serde_json::to_value(policy).unwrap());
    }
    let kind = u16::try_from(uint(&input["kind"])).unwrap();
    let proof = Proof::read(kind, &tags(&input["tags"])).map_err(words)?;
    Ok(serde_json::to_value(proof).unwrap())
}

fn heights(input: &Value) -> Outcome {
    let agreed = Agreed {
        handling: blocks(&input["handling"]),
        transit: blocks(&input["transit"]),
        inspection: blocks(&input["inspection"]),
        seller_auto_cancel: blocks(&input["seller_auto_cancel"]),
        buyer_auto_cancel: input.get("buyer_auto_cancel").map(blocks),
    };
    agreed.check().map_err(words)?;
    let deadlines = Deadlines::at(Height(u32::try_from(uint(&input["lock"])).unwrap()), &agreed);
    Ok(json!({
        "stretched": agreed.stretched().0,
        "hold": agreed.hold().0,
        "cltv": agreed.purchase_cltv().0,
        "ship_by": deadlines.ship_by.0,
        "held_until": deadlines.held_until.0,
        "reveal_by": deadlines.reveal_by.0,
        "settle_by": deadlines.settle_by.0,
    }))
}
