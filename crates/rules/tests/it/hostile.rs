//! Packs that somebody wrote to hurt: each is refused with the limit, the file and the line, at
//! once and on a small stack. The table is the list of what is held off.

mod pack;

use std::time::{Duration, Instant};

use rules::PackFiles;

use crate::load;
use pack::{
    Hostile, LAW, days_off, deadline, doubling, entry, fact, fields, form, lines, list, nested,
    repeated, schema,
};

const LIFE_EVENT: &str = "move/life-event.yaml";
const EXAMPLES: &str = "move/examples.yaml";
const SCHEMA: &str = "events/birth.schema.json";

/// What a hostile pack may cost, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is sent, what must be said, and where.
type Case = (Hostile, &'static str, &'static str);

fn files_at_all() -> Vec<Case> {
    let new = Hostile::new;
    vec![
        (new().forms(5_001, |_| vec![]), "more than 5,000 files in one pack", ""),
        (
            new().put("words/a.md", "x".repeat(3 << 20)),
            "more than 2,097,152 bytes in one file",
            "words/a.md",
        ),
        (
            (0..9).fold(new(), |pack, n| pack.put(&format!("words/{n}.md"), "x".repeat(2_000_000))),
            "more than 16,777,216 bytes in all files of the pack",
            "words/8.md",
        ),
    ]
}

fn texts_and_lists() -> Vec<Case> {
    let new = Hostile::new;
    vec![
        (
            new().edit("pack.yaml", "1.2.3", &"x".repeat(30_000)),
            "more than 20,000 bytes in one text",
            "pack.yaml:3:10",
        ),
        (
            new().edit("pack.yaml", "1.2.3", &format!("|\n{}", "  line\n".repeat(5_000))),
            "more than 20,000 bytes in one text",
            "pack.yaml:4:3",
        ),
        (
            new().edit("pack.yaml", "[vi, en]", &list(10_001, "vi")),
            "more than 10,000 entries in one list",
            "pack.yaml:6:",
        ),
        (
            new().edit(
                "pack.yaml",
                "sources: {",
                &format!("sources: {{{}", lines(10_001, "a{}: x, ")),
            ),
            "more than 10,000 entries in one list",
            "pack.yaml:14:",
        ),
    ]
}

fn depth() -> Vec<Case> {
    let new = Hostile::new;
    vec![
        (
            new().put("forms/A.yaml", "[".repeat(1_000_000)),
            "more than 32 lists and entries in one another",
            "forms/A.yaml:1:",
        ),
        (
            fact(&format!("{}{}", "[".repeat(40), "]".repeat(40))),
            "more than 32 lists and entries in one another",
            "move/examples.yaml:",
        ),
        (
            new().put(EXAMPLES, nested(40)),
            "more than 32 lists and entries in one another",
            "move/examples.yaml:",
        ),
        (
            new().put(SCHEMA, "[".repeat(1_000_000)),
            "this is not JSON",
            "events/birth.schema.json:1:",
        ),
    ]
}

fn repetition() -> Vec<Case> {
    let new = Hostile::new;
    vec![
        (
            fact(&format!(
                "[&a [x,x,x,x,x,x,x,x,x,x], {}]",
                (b'b'..=b'j')
                    .map(|name| format!(
                        "&{} {}",
                        char::from(name),
                        list(10, &format!("*{}", char::from(name - 1)))
                    ))
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
            "more than 300,000 values in all files of the pack",
            "move/examples.yaml:",
        ),
        (
            repeated(&format!("sources: &s {}", list(1_000, "T1")), 900),
            "more than 300,000 values in all files of the pack",
            "forms/A.yaml:5:",
        ),
        (
            (0..600).fold(new(), |pack, n| {
                let text = form(&format!("F{n}"), "", "").replace("[T1]", &list(1_000, "T1"));
                pack.put(&format!("forms/F{n}.yaml"), text)
            }),
            "more than 300,000 values in all files of the pack",
            "forms/F",
        ),
        (doubling(), "more than 10,000 parts in one schema", "events/birth.schema.json"),
        (
            schema("\"a0\": {\"items\": {\"$ref\": \"#/$defs/a0\"}}"),
            "more than 10,000 parts in one schema",
            "events/birth.schema.json",
        ),
        (
            schema("\"a0\": {\"$ref\": \"https://example.org/schema\"}"),
            "`https://example.org/schema` is no part of this schema",
            "events/birth.schema.json",
        ),
        (
            new().put(SCHEMA, r#"{"pattern": "((((((a{100}){100}){100}){100}){100}){100}){100}"}"#),
            "this is not a JSON Schema",
            "events/birth.schema.json",
        ),
    ]
}

fn forms() -> Vec<Case> {
    let new = Hostile::new;
    vec![
        (
            new().forms(41, |n| if n < 40 { vec![n + 1, n + 1] } else { vec![] }),
            "more than 8 forms that include one another in a row",
            "forms/F0.yaml:1:5",
        ),
        (
            new().forms(4_000, |n| if n < 3_999 { vec![n + 1] } else { vec![] }),
            "more than 8 forms that include one another in a row",
            "forms/F0.yaml:1:5",
        ),
        (new().forms(3, |n| vec![(n + 1) % 3]), "form `F0` includes itself", "forms/F0.yaml:1:5"),
        (
            new().forms(102, |n| if n == 0 { (1..102).collect() } else { vec![] }),
            "more than 100 forms in one form",
            "forms/F0.yaml:1:5",
        ),
        (
            new().put("forms/A.yaml", form("A", "", &fields(1_001))),
            "more than 1,000 fields in one form",
            "forms/A.yaml:1:5",
        ),
        (
            new()
                .put("forms/BIG.yaml", form("BIG", "", &fields(990)))
                .forms(110, |_| vec![])
                .all_include("BIG"),
            "more than 100,000 fields in all forms",
            "forms/F",
        ),
    ]
}

fn life_events() -> Vec<Case> {
    let new = Hostile::new;
    let services = |entries: &str| new().edit(LIFE_EVENT, "gaps:", &format!("{entries}gaps:"));
    let roles = |roles: &str| new().edit(LIFE_EVENT, "roles:\n", &format!("roles:\n{roles}"));
    let old_version = format!(
        "  - in_force: {{from: 2000-01-01, until: 2000-01-02}}\n    {}\n    services: []\n",
        LAW.replace("legal_basis: {", "legal_basis: [{") + "]"
    );
    vec![
        (
            roles(&lines(51, "  r{}: {kind: person}\n")),
            "more than 50 roles in one life event",
            "move/life-event.yaml:",
        ),
        (
            roles(
                "  aunt: {kind: person, from: uncle.spouse}\n  uncle: {kind: person, from: aunt.spouse}\n",
            ),
            "nobody is found to be `aunt`: its `from` leads in a circle",
            "move/life-event.yaml:9:3",
        ),
        (
            new().edit(
                LIFE_EVENT,
                "versions:\n",
                &format!("versions:\n{}", lines(51, &old_version)),
            ),
            "more than 50 versions of one life event",
            "move/life-event.yaml:",
        ),
        (
            services(&lines(101, &entry(""))),
            "more than 100 services in one version",
            "move/life-event.yaml:",
        ),
    ]
}

fn what_begins_and_follows() -> Vec<Case> {
    let new = Hostile::new;
    let services = |entries: &str| new().edit(LIFE_EVENT, "gaps:", &format!("{entries}gaps:"));
    let begins =
        |begins: &str| new().edit(LIFE_EVENT, "begins: {", &format!("begins: {{{begins}, "));
    let overlays = format!("- {{place: \"79\", in_force: {{from: 2026-01-01}}, {LAW}}}\n");
    let transition = |day: &str| {
        format!(
            "    transition: [{{when: child.registered, law_of: {day}, because: {{vi: a, en: b}}, {LAW}}}]\n    services:"
        )
    };
    vec![
        (
            new().edit(
                LIFE_EVENT,
                "xx.health.birth.v1",
                &list(101, "xx.health.birth.v1")[1..][..101 * 19 - 1],
            ),
            "more than 100 kinds of events that begin one life event",
            "move/life-event.yaml:",
        ),
        (
            begins(&format!("clock: {{after: child.born_on, days: {}}}", list(201, "1"))),
            "more than 200 days that one clock counts to",
            "move/life-event.yaml:",
        ),
        (
            services(&entry(&deadline(&list(51, "1")))),
            "more than 50 reminders of one deadline",
            "move/life-event.yaml:",
        ),
        (
            new().put("move/places/79.yaml", lines(1_001, &overlays)),
            "more than 1,000 changes by provinces to one life event",
            "move/places/79.yaml:1001:",
        ),
        (
            new().edit(LIFE_EVENT, "    services:", &transition("2026-10-01")).edit(
                LIFE_EVENT,
                "    when: >-",
                &format!("{}    when: >-", transition("2026-02-01").replace("    services:", "")),
            ),
            "no version without a transition of its own is in force",
            "move/life-event.yaml:",
        ),
        (
            new().put(
                EXAMPLES,
                lines(1_001, "- {situation: a, today: 2026-10-01, expect: {verdict: met}}\n"),
            ),
            "more than 1,000 examples of one life event",
            "move/examples.yaml:1001:",
        ),
    ]
}

fn country() -> Vec<Case> {
    let new = Hostile::new;
    vec![
        (
            new().edit("events/birth.yaml", "facts:\n", &format!("facts:\n{}", lines(501, "  - {of: child, attribute: a{}, at: /a}\n"))),
            "more than 500 facts that one kind of event tells",
            "events/birth.yaml:",
        ),
        (
            new().put("facts/more.yaml", format!("person:\n{}", lines(2_001, "  a{}: {type: text, label: {vi: a, en: b}, owner: [POP]}\n"))),
            "more than 2,000 facts about one kind of subject",
            "facts/more.yaml:",
        ),
        (new().put("calendar/2026.yaml", days_off()), "more than 150 days off in one year", "calendar/2026.yaml:154:"),
        (
            new().edit("units/provinces.yaml", "- code: \"79\"", "- code: \"79\"\n  old_codes: [\"80\"]").edit(
                "units/provinces.yaml",
                "- code: \"79\"",
                "- code: \"80\"\n  old_codes: [\"79\"]\n  names: []\n  confidence: M\n  sources: [T1]\n- code: \"79\"",
            ),
            "`79` is the code of another province today",
            "units/provinces.yaml:2:",
        ),
        (
            new().edit("services/help.yaml", "code: null", "code: \"1\"\naliases: [\"2\"]").edit(
                "services/register-new.yaml",
                "code: null",
                "code: \"2\"\naliases: [\"1\"]",
            ),
            "`2` is the code of `services/register-new.yaml`",
            "services/help.yaml:2:",
        ),
    ]
}

fn mistakes() -> Vec<Case> {
    let new = Hostile::new;
    let services = |entries: &str| new().edit(LIFE_EVENT, "gaps:", &format!("{entries}gaps:"));
    vec![
        (
            new().edit("pack.yaml", "name: name", &format!("name: {}", "x".repeat(15_000))),
            "there is no fact of a person `xxxxx",
            "pack.yaml:",
        ),
        (
            services(&lines(
                90,
                &entry("when: 'mother.a==1||mother.b==2||mother.c==3||mother.d==3||mother.e==3', "),
            )),
            "no more than 200 mistakes are told at once",
            "move/life-event.yaml",
        ),
        (
            new().edit(
                "parameters/plan.yaml",
                "sources: [T1]",
                &format!("sources: {}", list(9_999, "T9")),
            ),
            "no more than 200 mistakes are told at once",
            "parameters/plan.yaml",
        ),
    ]
}

#[test]
fn a_hostile_pack_is_refused_at_once_with_the_limit_and_the_place() {
    let table = [
        files_at_all(),
        texts_and_lists(),
        depth(),
        repetition(),
        forms(),
        life_events(),
        what_begins_and_follows(),
        country(),
        mistakes(),
    ];
    let wrong: Vec<String> = table
        .into_iter()
        .flatten()
        .filter_map(|(pack, limit, place)| {
            let files = pack.files();
            refused(&files, limit, place).err().map(|wrong| format!("`{limit}`: {wrong}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a pack is refused as it should be, or what is wrong with how it is.
fn refused(files: &PackFiles, limit: &str, place: &str) -> Result<(), String> {
    let start = Instant::now();
    let errors = load(files).err().ok_or("it loads")?.0;
    let spent = start.elapsed();
    let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let first = said.first().cloned().unwrap_or_default();
    let found = errors.iter().zip(&said).find(|(error, _)| error.message.contains(limit));
    let (_, found) = found.ok_or_else(|| format!("not said, but {first:.300}"))?;
    if std::env::var_os("COTMOC_SHOW_TIMES").is_some() {
        let line = found.lines().next().unwrap_or_default();
        eprintln!("{:8.1} ms, {} errors: {line:.110}", spent.as_secs_f64() * 1e3, errors.len());
    }
    if !found.starts_with(place) {
        return Err(format!("said of another place than {place}: {found:.300}"));
    }
    if spent > PATIENCE {
        return Err(format!("it took {spent:?}"));
    }
    match said.iter().map(String::len).max() {
        Some(bytes @ 10_000..) => Err(format!("a message has {bytes} bytes")),
        _ => Ok(()),
    }
}

#[test]
fn what_a_large_country_needs_is_not_refused() {
    // Ten times the communes of Viet Nam would be too many for one list; three times are not.
    let communes = "- {code: \"{}\", type: xã, name: Tân Phú Trung Đông, province: \"79\"}\n";
    let pack = Hostile::new()
        .put("units/communes.yaml", lines(9_999, communes))
        .put("forms/A.yaml", form("A", "", &fields(1_000)));
    load(&pack.files()).unwrap();
}
