//! What a person can refuse: each life event of the pack, and each group that one belongs to.

use std::collections::BTreeMap;

use domain::{RefusalScope, Text};
use rules::Pack;

/// Groups first, in the order of their codes; then the life events.
pub(super) fn refusable(pack: &Pack) -> Vec<(RefusalScope, Text)> {
    let mut groups: BTreeMap<&str, Text> = BTreeMap::new();
    let mut events = Vec::new();
    for event in pack.life_events() {
        let id = (*event.id).clone();
        events.push((RefusalScope::LifeEvent(id), event.name.clone()));
        for group in &event.groups {
            // A group is told by what is in it: that is what refusing it stops.
            let label = groups.entry(group).or_default();
            append(&mut label.vi, &event.name.vi);
            append(&mut label.en, &event.name.en);
        }
    }
    let groups =
        groups.into_iter().map(|(code, name)| (RefusalScope::Group(code.to_owned()), name));
    groups.chain(events).collect()
}

fn append(list: &mut String, name: &str) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.push_str(name);
}
