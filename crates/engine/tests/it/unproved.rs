//! Nothing unproved leaves: whatever a model says, and whatever somebody wrote into the kept texts.

use std::collections::BTreeSet;

use domain::{Clock as _, Template, TemplateId};
use storage::templates;
use writer::{Ask, Candidate, Wording, WordingError};

use crate::support::{Office, timeline};

const NOON: &str = "2026-11-02T06:00:00Z";

/// What a text is made a lie by: something that stands in it, and what shall stand there.
const LIES: [(&str, &str); 12] = [
    ("{deadline}", "31/12/2027"),
    ("{deadline}", "{deadline_safe}"),
    ("{recipient}", "Nguyễn Văn Khác"),
    ("{service}", "{authority}"),
    (" cần ", " không cần "),
    (" có thể ", " phải "),
    (".", ". Ông bà sẽ được thưởng."),
    (".", ". Xem tại https://example.com."),
    (".", ". Soạn tin gửi số 999."),
    ("Kính gửi", "\u{202e}Kính gửi"),
    ("Kính gửi", "🎉 Kính gửi"),
    (".\n\n", "."),
];

/// The lies that can be made of `text`: those above, half of it, the whole twice, no slot, nothing.
fn lies(text: &str) -> Vec<String> {
    let told = LIES.iter().filter(|(from, _)| text.contains(from));
    let mut all: Vec<String> = told.map(|(from, to)| text.replacen(from, to, 1)).collect();
    let half = text.char_indices().map(|(at, _)| at).nth(text.chars().count() / 2).unwrap_or(0);
    all.push(text[..half].to_owned());
    all.push(format!("{text}\n\n{text}"));
    all.push("{{slot}}".to_owned());
    all.push(String::new());
    all
}

/// A model that answers whatever it is asked with all the lies that it was given.
struct Liar(Vec<String>);

impl Wording for Liar {
    fn hash(&self) -> &'static str {
        "liar"
    }

    fn word(&self, _: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        let told = self.0.iter().zip(1_u16..);
        Ok(told
            .map(|(text, nth)| Candidate { text: text.clone(), likelihood: -f64::from(nth) })
            .collect())
    }
}

/// The sample families, and a day on which some are reminded.
async fn plays(office: &Office) {
    office.told(&timeline()).await;
    office.moves_to("2026-12-02T01:00:00Z");
    office.new_day().await;
}

/// Everything that was worded, to whom and what.
async fn letters(office: &Office) -> BTreeSet<(String, String, String)> {
    let letters = office.letters().await.into_iter();
    letters
        .map(|(it, _)| (it.recipient.to_string(), it.letter.to_string(), it.text.clone()))
        .collect()
}

fn same(
    found: &BTreeSet<(String, String, String)>,
    told: &BTreeSet<(String, String, String)>,
    after: &str,
) {
    let lie = found.difference(told).next();
    assert!(lie.is_none(), "{after}: {lie:?}");
    assert_eq!(found.len(), told.len(), "{after}");
}

async fn texts(office: &Office) -> Vec<Template> {
    let letters = office.letters().await;
    let mut conn = office.app.store.read().await.unwrap();
    let mut all = Vec::new();
    for (message, _) in letters {
        all.push(templates::get(&mut conn, message.template).await.unwrap().unwrap());
    }
    all
}

#[tokio::test]
async fn whatever_a_model_says_only_what_is_proved_leaves() {
    let honest = Office::at(NOON).await;
    plays(&honest).await;
    let told = letters(&honest).await;
    assert!(told.len() > 5, "{} letters", told.len());
    let lies: BTreeSet<String> =
        texts(&honest).await.iter().flat_map(|it| lies(&it.text)).collect();
    let office = Office::worded_by(NOON, Box::new(Liar(lies.into_iter().collect()))).await;
    plays(&office).await;
    same(&letters(&office).await, &told, "a model that lies");
    assert!(texts(&office).await.iter().all(|it| it.refused_because.is_some()));
}

#[tokio::test]
async fn what_was_written_into_the_kept_texts_does_not_leave() {
    let honest = Office::at(NOON).await;
    plays(&honest).await;
    let told = letters(&honest).await;
    let known = texts(&honest).await;
    let most = known.iter().map(|it| lies(&it.text).len()).max().unwrap();
    for nth in 0..most {
        let office = Office::at(NOON).await;
        let mut tx = office.app.store.begin().await.unwrap();
        for template in &known {
            let Some(text) = lies(&template.text).into_iter().nth(nth) else { continue };
            let id = TemplateId::of(&[&template.shape, &text]);
            let lie = Template { id, text, ..template.clone() };
            templates::put(&mut tx, &lie, office.clock.now()).await.unwrap();
            let found = templates::of_shape(&mut tx, &lie.shape, lie.language).await.unwrap();
            assert_eq!(found.unwrap().text, lie.text, "it would be taken if it were not proved");
        }
        tx.commit().await.unwrap();
        plays(&office).await;
        same(&letters(&office).await, &told, &format!("lie {nth}"));
    }
}
