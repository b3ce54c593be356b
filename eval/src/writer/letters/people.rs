//! People who do not exist, with values that are hard to bear, and what a reader should see.

use std::collections::BTreeMap;

use domain::{Deadline, Language, LegalBasis, Sex, Text, Value};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use writer::{By, DraftState, LetterKind, PlanInput};

use crate::chance::Chance;

/// The day on which letters are dated that name none.
pub(super) const WRITTEN_ON: Date = date(2026, 11, 23);

/// What a register holds, and how a reader should see it: written by hand, not by the cleaner.
const SAID: &[(&str, &str)] = &[
    ("Nguyễn Thị Mẫu", "Nguyễn Thị Mẫu"),
    ("H'Hen Niê Mẫu", "H'Hen Niê Mẫu"),
    ("Lò Thị {deadline}", "Lò Thị (deadline)"),
    ("{recipient} {{slot}}", "(recipient) ((slot))"),
    ("<b>Trần</b> & <script>x</script>", "<b>Trần</b> & <script>x</script>"),
    ("Mẫu 👨\u{200d}👩\u{200d}👧 🎉", "Mẫu 👨👩👧 🎉"),
    ("An\u{202e}nA\u{202c} \u{200f}Mẫu\u{feff}", "AnnA Mẫu"),
    ("Dòng một\nDòng hai\r\n\tba", "Dòng một Dòng hai ba"),
    ("  khoảng   trắng\u{a0}thừa  ", "khoảng trắng thừa"),
    ("Nguye\u{302}\u{303}n Mẫu", "Nguyễn Mẫu"),
    ("Kính gửi, đây là thư của. Căn cứ là", "Kính gửi, đây là thư của. Căn cứ là"),
    ("Ông Bà You \"trích\" 50% [a|b]", "Ông Bà You \"trích\" 50% [a|b]"),
];
/// No letter may hold one.
const LINK: &str = "Mẫu http://mau.example";

fn said(chance: &mut Chance) -> (String, String) {
    // Now and then a name of three hundred characters.
    if chance.below(20) == 0 {
        let long = "Mẫu Dài ".repeat(38);
        return (long.clone(), long.trim_end().to_owned());
    }
    let (raw, seen) = SAID.get(chance.below(SAID.len())).copied().unwrap_or_default();
    (raw.to_owned(), seen.to_owned())
}

fn raw(chance: &mut Chance) -> String {
    said(chance).0
}

/// Somebody of the shape of `input`; and whether a value holds a link, so that no letter may be
/// made.
pub(super) fn somebody(input: &PlanInput, chance: &mut Chance) -> (PlanInput, bool) {
    let hostile = chance.below(200) == 0;
    let sexes = [Some(Sex::Male), Some(Sex::Female), None];
    let authority = raw(chance);
    let draft = input.draft.as_ref().map(|draft| {
        let missing = if draft.missing.is_empty() { 0 } else { 1 + chance.below(4) };
        let labels = (0..missing).map(|_| {
            let label = raw(chance);
            Text { vi: label.clone(), en: label }
        });
        let missing: Vec<Text> = labels.collect();
        let filled = chance.below(40);
        DraftState { filled, total: filled + missing.len() + chance.below(9), missing }
    });
    let day = i64::try_from(chance.below(20_000)).unwrap_or_default();
    let fact = |value: &Value, chance: &mut Chance| match value {
        Value::Date(_) => Value::Date(date(1960, 1, 1).saturating_add(day.days())),
        Value::Int(_) => Value::Int(i64::try_from(chance.below(1_000_000)).unwrap_or_default()),
        _ => Value::Text(raw(chance)),
    };
    let facts = input.facts.iter().map(|(path, value)| (path.clone(), fact(value, chance)));
    let facts: BTreeMap<String, Value> = facts.collect();
    let lived = i64::try_from(chance.below(80 * 365)).unwrap_or_default();
    let born = input.written_on.saturating_sub((lived + 1).days());
    let name = if hostile { LINK.to_owned() } else { raw(chance) };
    let changed = PlanInput {
        recipient_name: name,
        recipient_sex: sexes.get(chance.below(sexes.len())).copied().flatten(),
        recipient_born_on: (chance.below(3) > 0).then_some(born),
        authority: input.authority.is_some().then(|| Text { vi: authority.clone(), en: authority }),
        deadline: moved(&input.deadline, input.written_on, chance),
        draft,
        facts,
        ..input.clone()
    };
    // A letter that takes another back names its reader too, so a link there stops it as well.
    (changed, hostile)
}

/// Another deadline of the same kind.
fn moved(by: &By, today: Date, chance: &mut Chance) -> By {
    let By::Known(deadline) = by else { return by.clone() };
    let far = i64::try_from(3 + chance.below(400)).unwrap_or_default();
    let on = if deadline.on < today { today - far.days() } else { today + far.days() };
    let safe = if deadline.safe == deadline.on { on } else { on - 2.days() };
    By::Known(Deadline { on, safe, ..deadline.clone() })
}

/// What a reader should see at each slot, by rules of this file alone.
pub(super) fn expected(input: &PlanInput, sender: &str) -> BTreeMap<&'static str, String> {
    let language = input.language;
    let mut seen = BTreeMap::from([
        ("sender", sender.to_owned()),
        ("recipient", shown(&input.recipient_name)),
        ("service", input.service_name.get(language).to_owned()),
        ("life_event", input.life_event_name.get(language).to_owned()),
    ]);
    let [title, pronoun] = address(input);
    seen.extend([("address", title.to_owned()), ("pronoun", pronoun.to_owned())]);
    if let Some(authority) = &input.authority {
        seen.insert("authority", shown(authority.get(language)));
    }
    match &input.deadline {
        By::Known(deadline) => {
            seen.insert("deadline", day(deadline.on, language));
            seen.insert("deadline_safe", day(deadline.safe, language));
            seen.insert("law", law(&deadline.legal_basis, language));
        }
        By::Unknown(because) => {
            let because = because.get(language).trim_end_matches(['.', ';']);
            seen.insert("deadline_reason", because.to_owned());
            seen.extend(input.legal_basis.iter().map(|basis| ("law", law(basis, language))));
        }
    }
    if let Some(draft) = &input.draft {
        seen.insert("filled", draft.filled.to_string());
        seen.insert("total", draft.total.to_string());
        seen.insert("missing_count", draft.missing.len().to_string());
        let labels = draft.missing.iter().map(|label| shown(label.get(language)));
        seen.insert("missing", labels.collect::<Vec<_>>().join("; "));
    }
    seen
}

/// What the letter owes its reader, by the names of slots.
pub(super) fn owed(input: &PlanInput) -> Vec<&'static str> {
    let mut owed = vec!["recipient", "sender", "service"];
    if input.letter == LetterKind::Correction {
        return owed;
    }
    owed.push("authority");
    match &input.deadline {
        By::Unknown(_) => owed.push("deadline_reason"),
        By::Known(deadline) if deadline.safe < deadline.on && deadline.safe >= input.written_on => {
            owed.extend(["deadline", "deadline_safe", "law"]);
        }
        By::Known(_) => owed.extend(["deadline", "law"]),
    }
    if let Some(draft) = &input.draft {
        owed.extend(["filled", "total"]);
        if !draft.missing.is_empty() {
            owed.extend(["missing_count", "missing"]);
        }
    }
    owed
}

/// A value of a fact as a reader should see it.
pub(super) fn fact(value: &Value, language: Language) -> String {
    match value {
        Value::Date(on) => day(*on, language),
        Value::Text(text) => shown(text),
        other => other.to_string(),
    }
}

/// What stands beside `raw` in the table; what is not in it is shown as it is.
fn shown(raw: &str) -> String {
    let known = SAID.iter().find(|(from, _)| *from == raw);
    known.map_or_else(|| raw.trim_end().to_owned(), |(_, seen)| (*seen).to_owned())
}

fn address(input: &PlanInput) -> [&'static str; 2] {
    let of_age = |born: Date| born.saturating_add(18.years()) <= input.written_on;
    match (input.language, input.recipient_sex) {
        (Language::VI, _) if !input.recipient_born_on.is_none_or(of_age) => ["Bạn", "bạn"],
        (Language::EN, _) => ["You", "you"],
        (Language::VI, Some(Sex::Male)) => ["Ông", "ông"],
        (Language::VI, Some(Sex::Female)) => ["Bà", "bà"],
        (Language::VI, None) => ["Ông/Bà", "ông/bà"],
        // French.
        _ => ["Vous", "vous"],
    }
}
fn day(on: Date, language: Language) -> String {
    let (year, number) = (on.year(), on.day());
    let month = usize::try_from(on.month()).unwrap_or(1);
    let at = match on.weekday() {
        Weekday::Monday => 0,
        Weekday::Tuesday => 1,
        Weekday::Wednesday => 2,
        Weekday::Thursday => 3,
        Weekday::Friday => 4,
        Weekday::Saturday => 5,
        Weekday::Sunday => 6,
    };
    let vi = ["thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"];
    let en = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let fr = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
    let mois = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    let of = |names: &[&'static str], at: usize| names.get(at).copied().unwrap_or_default();
    match language {
        Language::VI => format!("{}, ngày {number:02}/{month:02}/{year}", of(&vi, at)),
        Language::EN => format!("{}, {number} {} {year}", of(&en, at), of(&months, month - 1)),
        _ => {
            let number = if number == 1 { "1er".to_owned() } else { number.to_string() };
            format!("{} {number} {} {year}", of(&fr, at), of(&mois, month - 1))
        }
    }
}

fn law(basis: &LegalBasis, language: Language) -> String {
    let act = basis.act.get(language);
    if basis.article.is_empty() {
        return act.to_owned();
    }
    let [article, clause, point, to, and] = match language {
        Language::VI => ["Điều", "khoản", "điểm", "đến", "và"],
        Language::EN => ["Article", "clause", "point", "to", "and"],
        _ => ["article", "alinéa", "point", "à", "et"],
    };
    let words = basis.article.split(' ').map(|word| match word {
        "Điều" => article,
        "khoản" => clause,
        "điểm" => point,
        "đến" => to,
        "và" => and,
        word => word,
    });
    format!("{}, {act}", words.collect::<Vec<_>>().join(" "))
}
