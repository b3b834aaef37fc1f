//! Scenes: the states of the check, and what can come of each.

use crate::{rank::rank, scope::Scope};
use domp_model::{
    action::Action,
    explore::Faults,
    world::{LEGS, SIDES, World},
};
use stateright::{Model, Property};

/// A world, and what may still go wrong in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scene {
    /// The world.
    pub world: World,
    /// What may still go wrong.
    pub faults: Faults,
    /// The last transition did not move forward: paths need not end.
    pub turned_back: bool,
}

impl Scene {
    /// Whether anything can happen by itself or be done by somebody who follows the protocol.
    fn is_at_rest(&self) -> bool {
        let world = &self.world;
        let quiet = |side| {
            world.outbox(side).is_empty() && !LEGS.into_iter().any(|purpose| world.has_news(side, purpose))
        };
        let moving = |purpose| world.htlc(purpose).is_resolving() || world.may_arrive_at_payee(purpose);
        world.mail.is_empty()
            && SIDES.into_iter().all(quiet)
            && !LEGS.into_iter().any(moving)
            && world.next_height().is_none()
    }
}

impl Model for Scope {
    type State = Scene;
    type Action = Action;

    fn init_states(&self) -> Vec<Scene> {
        let world = World::new(&self.setting, self.cheater);
        vec![Scene { world, faults: self.faults, turned_back: false }]
    }

    fn actions(&self, scene: &Scene, actions: &mut Vec<Action>) {
        // A violation is reported once; what follows from it is of no interest.
        if scene.world.broken.is_none() && !scene.turned_back {
            scene.world.actions(&scene.faults, actions);
        }
    }

    fn next_state(&self, scene: &Scene, action: Action) -> Option<Scene> {
        let faults = scene.faults.spent(&action, &scene.world)?;
        let mut world = scene.world.clone();
        world.apply(&action);
        world.mail.sort_by_key(|mail| (mail.to, mail.event, mail.sent_at));
        if world == scene.world {
            return None;
        }
        let turned_back = rank(&world, &faults) <= rank(&scene.world, &scene.faults);
        Some(Scene { world, faults, turned_back })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nobody who follows the protocol loses anything", |_, scene: &Scene| {
                scene.world.loss().is_none()
            }),
            Property::always("nobody believes what its node denies", |_, scene: &Scene| {
                scene.world.disbelief().is_none()
            }),
            Property::always("every path ends", |_, scene: &Scene| !scene.turned_back),
            Property::always("every path ends well", |_, scene: &Scene| {
                !scene.is_at_rest() || scene.world.unrest().is_none()
            }),
            Property::sometimes("the seller is paid", |_, scene: &Scene| {
                scene.world.price.payee == domp_model::node::PayeeEnd::Settled
            }),
        ]
    }
}
