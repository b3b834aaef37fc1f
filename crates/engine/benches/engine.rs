//! Whole trades through two engines on the simulated network, with durable commits, and a block over a million open trades:
//! measured by criterion with its statistics.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr)] // a program that measures, run by hand

mod market;

use criterion::{Criterion, Throughput};
use domp_engine::clockwork::Clockwork;
use domp_escrow::wake::Wake;
use domp_protocol::{
    ids::EventId,
    units::{Height, Unix},
};
use market::Market;
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// Trades run together, so that their commits are grouped as they are in use.
const TOGETHER: u64 = 200;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    whole_trades(&mut criterion);
    blocks(&mut criterion);
    criterion.final_summary();
}

fn whole_trades(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let market = runtime.block_on(Market::open(folder.path()));
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(10).measurement_time(Duration::from_secs(20)).throughput(Throughput::Elements(1));
    group.bench_function("whole-trade", |bencher| {
        bencher.iter_custom(|wanted| {
            let count = wanted.max(TOGETHER);
            let (before, began) = (market.seller_has(), Instant::now());
            runtime.block_on(market.trade(usize::try_from(count).expect("small")));
            let elapsed = began.elapsed();
            assert_eq!(market.seller_has() - before, market::PRICE * count, "everybody was paid");
            Duration::from_secs_f64(elapsed.as_secs_f64() * wanted as f64 / count as f64)
        });
    });
    group.finish();
    runtime.block_on(async {
        market.seller.stop().await;
        market.buyer.stop().await;
    });
}

fn blocks(criterion: &mut Criterion) {
    let mut clockwork = Clockwork::default();
    for n in 0..1_000_000_u64 {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        let height = Height(900_000 + u32::try_from(n % 2_000).expect("small"));
        clockwork.set(EventId::from_bytes(bytes), Wake { height: Some(height), unix: Some(Unix(u64::MAX)) });
    }
    criterion.bench_function("engine/block-over-a-million-open-trades", |bencher| {
        bencher.iter(|| black_box(clockwork.due(black_box(Height(800_000)), Unix(1), true, 4_096)));
    });
}
