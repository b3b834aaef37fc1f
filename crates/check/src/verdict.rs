//! Verdicts: what a check came to.

use crate::{scene::Scene, scope::Scope};
use domp_model::{action::Action, story::tell_steps};
use stateright::{Checker as _, Expectation, HasDiscoveries, Model as _, Path};
use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

/// How a scope is searched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search {
    /// Breadth first finds the shortest story but keeps every state of the frontier; depth first is lean.
    pub depth_first: bool,
    /// Threads.
    pub threads: usize,
    /// Stop after so many states, if not before.
    pub most: Option<NonZeroUsize>,
}

/// What a check came to.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The scope.
    pub scope: Scope,
    /// Different states reached.
    pub states: usize,
    /// The longest path followed.
    pub depth: usize,
    /// Whether all of it was searched.
    pub complete: bool,
    /// Violated properties, each with a story.
    pub violations: Vec<(&'static str, String)>,
    /// How long it took.
    pub took: Duration,
}

/// Searches a scope.
pub fn search(scope: Scope, how: Search) -> Verdict {
    let start = Instant::now();
    let mut builder = scope.checker().threads(how.threads.max(1)).finish_when(HasDiscoveries::AnyFailures);
    if let Some(most) = how.most {
        builder = builder.target_state_count(most.get());
    }
    if how.depth_first {
        verdict(scope, &builder.spawn_dfs().join(), how, start)
    } else {
        verdict(scope, &builder.spawn_bfs().join(), how, start)
    }
}

fn verdict(scope: Scope, checker: &impl stateright::Checker<Scope>, how: Search, start: Instant) -> Verdict {
    let (always, sometimes): (Vec<_>, Vec<_>) =
        scope.properties().into_iter().partition(|property| property.expectation == Expectation::Always);
    let mut violations: Vec<(&'static str, String)> = always
        .iter()
        .filter_map(|property| Some((property.name, story(checker.discovery(property.name)?))))
        .collect();
    let complete = how.most.is_none_or(|most| checker.state_count() < most.get());
    // A search that never sees a good end has checked nothing.
    if violations.is_empty() && complete {
        let missed = sometimes.iter().filter(|property| checker.discovery(property.name).is_none());
        violations.extend(missed.map(|property| (property.name, "it never happens".to_owned())));
    }
    Verdict {
        scope,
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        complete,
        violations,
        took: start.elapsed(),
    }
}

fn story(path: Path<Scene, Action>) -> String {
    tell_steps(path.into_vec().into_iter().map(|(scene, action)| (scene.world, action)))
}
