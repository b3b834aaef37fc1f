//! Seeds: where each target begins, made of the test vectors in `spec/vectors` and of a few cases of its own.

use crate::{backup, dictionary, invoices, machine, requests, tags, wire};
use domp_engine::record;
use domp_protocol::invoice::Draft;
use serde_json::Value;
use std::{fs, path::Path};

/// The variable that names the folder to write seeds into.
const FOLDER: &str = "DOMP_FUZZ_SEEDS";
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/vectors");

/// One input of a target.
pub type Seed = Vec<u8>;

/// Writes the seeds of a target and ends the program, if the variable says where.
///
/// # Panics
/// If they cannot be written.
pub fn write_if_asked(target: &str) {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).expect("the folder is made");
    let seeds = of(target);
    for (n, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed-{n:04}")), seed).expect("a seed is written");
    }
    let words = dictionary::of(seeds.iter().map(Vec::as_slice));
    fs::write(folder.with_extension("dict"), words).expect("the dictionary is written");
    std::process::exit(0);
}

/// The seeds of a target.
///
/// # Panics
/// If there is no such target, or the vectors cannot be read.
pub fn of(target: &str) -> Vec<Seed> {
    match target {
        "events" => vectors().iter().flat_map(events_of).map(|event| text_of(&event)).collect(),
        "tags" => of_tags(),
        "invoices" => of_invoices(),
        "wraps" => of_wraps(),
        "lnd" => wire::answers(),
        "api" => requests::requests(),
        "journal" => of_journal(),
        "backup" => backup::seeds(),
        "config" => of_config(),
        "machine" => machine::STORIES.iter().map(|story| story.to_vec()).collect(),
        other => panic!("no target {other}"),
    }
}

fn vectors() -> Vec<Value> {
    let mut paths = Vec::new();
    for folder in ["valid", "invalid"] {
        let entries = fs::read_dir(Path::new(VECTORS).join(folder)).expect("spec/vectors is there");
        paths.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    paths.sort();
    let read = |path| serde_json::from_slice(&fs::read(path).expect("a vector")).expect("a vector is JSON");
    paths.iter().map(read).collect()
}

/// The events of a vector, each as an object or as the text that it is given in.
fn events_of(vector: &Value) -> Vec<Value> {
    let input = &vector["input"];
    let many = input["events"].as_array().cloned().unwrap_or_default();
    let one = [&input["event"], &input["json"]].into_iter().filter(|it| !it.is_null()).cloned();
    one.chain(many).collect()
}

fn text_of(event: &Value) -> Seed {
    event.as_str().map_or_else(|| event.to_string(), str::to_owned).into_bytes()
}

fn tags_of(tags: &Value) -> Vec<Vec<String>> {
    serde_json::from_value(tags.clone()).unwrap_or_default()
}

fn of_tags() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let place = |kind: &Value| {
        let place = tags::carriers().iter().position(|it| Some(u64::from(it.kind)) == kind.as_u64());
        place.unwrap_or_default() as u8
    };
    for vector in vectors() {
        let carriers = events_of(&vector).into_iter().chain([vector["input"].clone()]);
        for carrier in carriers.filter(|it| it["tags"].is_array()) {
            seeds.push(tags::written(place(&carrier["kind"]), &tags_of(&carrier["tags"])));
        }
        if let Some(document) = vector["input"]["nip11"].as_str() {
            seeds.push([&[0], document.as_bytes()].concat());
        }
        if let Some(signature) = vector["input"]["signature"].as_str() {
            seeds.push([&[0], signature.as_bytes()].concat());
        }
    }
    for address in
        ["wss://[::ffff:127.0.0.1]:7000/x?y=z", "ws://0x7f.1", "ws://abc.onion", "wss://A.example:443/"]
    {
        seeds.push([b"\x01relays\t", address.as_bytes()].concat());
    }
    seeds
}

fn of_invoices() -> Vec<Seed> {
    let mut seeds: Vec<Seed> =
        [0u8, 8, 37, 64, 101, 128, 200, 255].into_iter().map(|n| [&[2], &[n; 80][..]].concat()).collect();
    let drafts = [
        invoices::draft(),
        Draft { hashed_description: true, ..invoices::draft() },
        Draft { cltv: 1_000, expiry_seconds: 3_600, ..invoices::draft() },
        Draft { cltv: 40, hash: domp_protocol::ids::PaymentHash::from_bytes([9; 32]), ..invoices::draft() },
    ];
    let mut texts: Vec<String> =
        drafts.iter().map(|draft| draft.sign(&invoices::key()).expect("an invoice")).collect();
    for vector in vectors() {
        let found = ["bolt11", "second"].into_iter().filter_map(|field| vector["input"][field].as_str());
        texts.extend(found.map(str::to_owned));
    }
    for text in texts {
        seeds.push([&[0], text.as_bytes()].concat());
        let unsigned = invoices::unsigned(&text).map(|unsigned| [&[1], unsigned.as_bytes()].concat());
        seeds.extend(unsigned);
    }
    seeds
}

fn of_wraps() -> Vec<Seed> {
    let layer = |layer: u8, text: &str| [&[layer], text.as_bytes()].concat();
    let mut seeds = Vec::new();
    let author = crate::signing::public_key(&crate::signing::AUTHOR).to_string();
    for vector in
        vectors().iter().filter(|vector| vector["name"].as_str().is_some_and(|it| it.starts_with("private-")))
    {
        for event in events_of(vector) {
            let text = String::from_utf8(text_of(&event)).expect("text");
            let message = serde_json::json!({
                "pubkey": author, "created_at": 1_760_000_000, "kind": 320, "tags": [], "content": text,
            });
            let seal = serde_json::json!({
                "id": "", "pubkey": author, "created_at": 1_760_000_000, "kind": 13, "tags": [], "content": "", "sig": "",
            });
            seeds.push(layer(4, event["content"].as_str().unwrap_or_default()));
            seeds.push(layer(3, &text));
            seeds.push(layer(2, &message.to_string()));
            seeds.push(layer(1, &seal.to_string()));
            seeds.push(layer(0, &text.replace("\"kind\":320", "\"kind\":1059")));
        }
    }
    seeds
}

/// What the stories leave in a journal.
fn of_journal() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for story in machine::STORIES {
        for (n, (trade, journaled, effects)) in machine::played(story).into_iter().enumerate() {
            if n % 4 == 0 {
                seeds.push([&[0][..], &record::write_trade(&trade).expect("a snapshot")].concat());
            }
            seeds.push([&[1][..], &record::write_input(&journaled).expect("an input")].concat());
            for effect in effects {
                seeds.push([&[2][..], &record::write_effect(&effect).expect("an effect")].concat());
            }
        }
    }
    seeds.sort();
    seeds.dedup();
    seeds
}

fn of_config() -> Vec<Seed> {
    let files = [
        "network = \"regtest\"\n",
        "network = \"mainnet\"\ni_know_this_is_real_money = true\n",
        "network = \"signet\"\nrelays = [\"wss://relay.example.com\"]\n[lnd]\nlnddir = \"~/.lnd\"\n[limits]\nmax_fee_percent = 1.0\n\
         [policy]\nmin_collateral_percent = 100\n[api]\nlisten = \"127.0.0.1:4123\"\n",
    ];
    let answers = ["~/.lnd", "/srv/lnd\nwss://relay.example.com\nws://127.0.0.1:7000", "a\"b\\c\n\""];
    let files = files.map(|text| [&[0], text.as_bytes()].concat());
    let answers = answers.map(|text| [&[1], text.as_bytes()].concat());
    files.into_iter().chain(answers).collect()
}
