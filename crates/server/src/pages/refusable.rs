//! What a person can refuse: each group of life events, and each life event by itself.

use std::collections::BTreeSet;

use domain::{RefusalScope, Text};
use rules::Pack;

/// Groups first, in the order of their codes; then the life events.
pub(super) fn refusable(pack: &Pack) -> Vec<(RefusalScope, Text)> {
    let used: BTreeSet<&String> = pack.life_events().flat_map(|event| &event.groups).collect();
    let named = |code: &String| pack.head().groups.get(code).cloned();
    let groups =
        used.into_iter().filter_map(|code| Some((RefusalScope::Group(code.clone()), named(code)?)));
    let events = pack.life_events().map(|event| {
        let scope = RefusalScope::LifeEvent(event.id.value.clone());
        (scope, event.name.clone())
    });
    groups.chain(events).collect()
}
