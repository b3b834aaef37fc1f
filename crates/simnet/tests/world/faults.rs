//! Calls that go wrong, and what the caller may conclude from them: nothing.

use crate::scene::{Deal, sat};
use domp_ports::lightning::{InvoiceState, Lightning as _, LnError, PaymentState};
use domp_simnet::{Call, CallFault, Noise, Profile, Settings, SimNetwork, SimNode};
use futures::FutureExt as _;

fn pair() -> (SimNetwork, SimNode, SimNode) {
    let network = SimNetwork::new(Settings::default());
    let payer = network.add_node("payer", Profile::lnd());
    let payee = network.add_node("payee", Profile::lnd());
    network.channel(&payer, &payee, sat(1_000_000), sat(1_000_000));
    (network, payer, payee)
}

fn issued(network: &SimNetwork, payer: &SimNode, payee: &SimNode, number: u8) -> Deal {
    network.with(|world| Deal::issued(world, payer.index(), payee.index(), number))
}

#[tokio::test]
async fn pay__answer_lost__unknown_but_paid_and_safe_to_repeat() {
    let (network, payer, payee) = pair();
    let deal = issued(&network, &payer, &payee, 1);
    payer.script_fault(Some(Call::Pay), CallFault::AnswerLost);
    let answer = payer.pay(&deal.order()).await;
    assert!(matches!(answer, Err(LnError::Unknown(_))), "{answer:?}");
    assert!(matches!(payee.invoice(&deal.hash()).await, Ok(InvoiceState::Held(_))));
    assert_eq!(payer.pay(&deal.order()).await, Ok(()));
    assert_eq!(payer.calls(Call::Pay), 2);
    assert_eq!(network.with(|world| world.parts_under_way()), 1);
}

#[tokio::test]
async fn pay__not_performed__unknown_and_not_paid() {
    let (network, payer, payee) = pair();
    let deal = issued(&network, &payer, &payee, 1);
    payer.script_fault(None, CallFault::NotPerformed);
    let answer = payer.pay(&deal.order()).await;
    assert!(matches!(answer, Err(LnError::Unknown(_))), "{answer:?}");
    assert_eq!(payer.payment(&deal.hash()).await, Ok(PaymentState::NotFound));
}

#[tokio::test]
async fn call__unreachable_or_down__unavailable_and_nothing_done() {
    let (network, payer, payee) = pair();
    let deal = issued(&network, &payer, &payee, 1);
    payer.script_fault(Some(Call::Pay), CallFault::Unavailable);
    assert!(matches!(payer.pay(&deal.order()).await, Err(LnError::Unavailable(_))));
    payer.stop();
    assert!(matches!(payer.pay(&deal.order()).await, Err(LnError::Unavailable(_))));
    assert!(matches!(payer.info().await, Err(LnError::Unavailable(_))));
    assert!(matches!(payer.watch_payment(&deal.hash()).await.err(), Some(LnError::Unavailable(_))));
    payer.start();
    assert_eq!(payer.payment(&deal.hash()).await, Ok(PaymentState::NotFound));
}

#[tokio::test]
async fn script__for_one_call__leaves_the_others_alone() {
    let (_, payer, _) = pair();
    payer.script_fault(Some(Call::Pay), CallFault::NotPerformed);
    assert!(payer.info().await.is_ok());
    assert!(payer.liquidity().await.is_ok());
}

#[tokio::test]
async fn settle__stalled__comes_back_unknown_when_released() {
    let (network, payer, payee) = pair();
    let before = issued(&network, &payer, &payee, 1);
    let after = issued(&network, &payer, &payee, 2);
    for deal in [&before, &after] {
        payer.pay(&deal.order()).await.unwrap();
    }
    payee.script_fault(Some(Call::Settle), CallFault::StalledBefore);
    payee.script_fault(Some(Call::Settle), CallFault::StalledAfter);
    let mut first = payee.settle(&before.preimage);
    let mut second = payee.settle(&after.preimage);
    assert!((&mut first).now_or_never().is_none(), "a stalled call does not come back");
    assert!((&mut second).now_or_never().is_none(), "nor does this one");
    assert!(matches!(payee.invoice(&before.hash()).await, Ok(InvoiceState::Held(_))), "not performed");
    assert_eq!(payee.invoice(&after.hash()).await, Ok(InvoiceState::Settled), "performed");
    network.release_stalled_calls();
    assert!(matches!(first.await, Err(LnError::Unknown(_))));
    assert!(matches!(second.await, Err(LnError::Unknown(_))));
}

#[test]
fn noise__same_seed__same_faults_at_about_the_rate_asked_for() {
    let draws = |seed| {
        let network = SimNetwork::new(Settings { seed, ..Settings::default() });
        let node = network.add_node("a", Profile::lnd());
        let noise = Noise { unavailable: 50, not_performed: 50, answer_lost: 100 };
        network.with(|world| {
            world.set_noise(node.index(), noise);
            (0..2_000).map(|_| world.draw_fault(node.index(), Call::Info)).collect::<Vec<_>>()
        })
    };
    let first = draws(1);
    assert_eq!(first, draws(1));
    assert_ne!(first, draws(2));
    let count = |fault| first.iter().filter(|drawn| **drawn == Some(fault)).count();
    assert!((60..140).contains(&count(CallFault::Unavailable)), "{}", count(CallFault::Unavailable));
    assert!((60..140).contains(&count(CallFault::NotPerformed)), "{}", count(CallFault::NotPerformed));
    assert!((140..260).contains(&count(CallFault::AnswerLost)), "{}", count(CallFault::AnswerLost));
}
