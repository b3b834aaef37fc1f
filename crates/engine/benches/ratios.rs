//! What the engine costs: one line a measure, `NAME ours=… base=… ratio=…`.
//!
//! * `engine-trades`: whole trades a second through two engines, against what the same number of durable commits takes
//!   in the bare journal.
//! * `engine-held`: milliseconds from the order to pay to the seller's durable record that the price is held (99 of 100), with
//!   one trade under way and with 16, against one commit in the bare journal.
//! * `engine-start`: seconds to start with 100,000 open trades, against bare reading of their rows.
//! * `engine-tick`: microseconds to find that none of a million open trades is due, against one millisecond.
//!
//! Names given as arguments choose.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::panic, clippy::print_stderr)] // a program that measures, run by hand

mod market;
mod shelf;

use domp_engine::{clockwork::Clockwork, faults::Faults};
use domp_escrow::wake::Wake;
use domp_protocol::{
    ids::EventId,
    units::{Height, Unix},
};
use market::{Market, stopwatch::Stopwatch};
use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

fn main() {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|part| name.contains(part.as_str()));
    if wanted("engine-trades") {
        trades(2_000);
    }
    if wanted("engine-held") {
        held(400, 1);
        held(1_600, 16);
    }
    if wanted("engine-start") {
        start(100_000);
    }
    if wanted("engine-tick") {
        tick(1_000_000);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

fn trades(count: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let (ours, commits, spent) = runtime.block_on(async {
        let market = Market::open(folder.path()).await;
        market.trade(100).await;
        let (before, spent, began) = (market.seller_has(), market.spent(), Instant::now());
        market.trade(count).await;
        let seconds = began.elapsed().as_secs_f64();
        let spent = market.spent() - spent;
        assert_eq!(market.seller_has() - before, market::PRICE * count as u64, "everybody was paid");
        let mut commits = 0;
        for engine in [&market.seller, &market.buyer] {
            let last = engine.trades(false).await.expect("trades");
            commits += last.first().map_or(0, |trade| trade.version);
            engine.stop().await;
        }
        (count as f64 / seconds, commits, spent)
    });
    let rate = runtime.block_on(shelf::commits_a_second(folder.path(), 40_000));
    let base = rate / commits as f64;
    let each = |number: u64| number as f64 / count as f64;
    println!(
        "engine-trades ours={ours:.0}/s base={base:.0}/s ratio={:.2} commits={commits} writes={:.1} syncs={:.2} events={:.1}",
        ours / base,
        each(spent.writes),
        each(spent.groups),
        each(spent.events),
    );
}

fn held(count: usize, at_once: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let stopwatch = Arc::new(Stopwatch::default());
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let [half, ours] = runtime.block_on(async {
        let market = Market::watched(folder.path(), Arc::clone(&stopwatch) as Arc<dyn Faults>).await;
        market.trade_at_once(50, at_once).await;
        stopwatch.percentiles([0]);
        market.trade_at_once(count, at_once).await;
        stopwatch.percentiles([50, 99]).map(ms)
    });
    let base = ms(runtime.block_on(shelf::slowest_commit_of_a_hundred(folder.path(), 1_000)));
    println!(
        "engine-held-{at_once} ours={ours:.2}ms base={base:.2}ms ratio={:.2} half={half:.2}ms",
        base / ours
    );
}

fn start(count: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, base) = runtime().block_on(shelf::start(folder.path(), count));
    println!("engine-start-{count} ours={ours:.2}s base={base:.2}s ratio={:.2}", base / ours);
}

fn tick(count: u64) {
    let mut clockwork = Clockwork::default();
    for n in 0..count {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        let height = Height(900_000 + u32::try_from(n % 2_000).expect("small"));
        clockwork.set(EventId::from_bytes(bytes), Wake { height: Some(height), unix: Some(Unix(u64::MAX)) });
    }
    let rounds = 10_000;
    let began = Instant::now();
    for round in 0..rounds {
        assert!(black_box(clockwork.due(Height(800_000 + round), Unix(1), true, 4_096)).is_empty());
    }
    let ours = began.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    println!("engine-tick-{count} ours={ours:.3}us base=1000us ratio={:.0}", 1_000.0 / ours);
}
