//! Sentences that carry what their evidence says, and sentences that only seem to.

use super::*;

const VOCABULARY: &str = "
language: vi
limits: {cover: 1.0, likeness: 0.9}
nothing: [là, việc]
terms: [bên nhận, bên chuyển, ngày làm việc]
same: [[làm, thực hiện]]
turns:
  negation: [[không]]
  duty: [[cần, phải]]
  option: [[có thể]]
  time: [[trong, trong vòng], [kể từ]]
behind: [[này]]
links: [[của]]
frames:
  - ['{reader} cần', 'việc {reader} cần làm là']
writes: [thực hiện, phải]
leads: [kể từ]
asides: [trong]
";

fn vocabulary() -> Vocabulary {
    Vocabulary::parse("vi.yaml", VOCABULARY).unwrap()
}

fn manners() -> Manners {
    crate::manners::tests::of(&format!("{{letters: {}}}", crate::model::LETTERS))
}

fn by(sentence: &str, grounds: &[Ground]) -> Result<Carried, String> {
    let (vocabulary, manners) = (vocabulary(), manners());
    let support = Support { vocabulary: &vocabulary, manners: &manners, model: None };
    support.carried(sentence, grounds).map_err(|error| error.to_string())
}

fn approved(sentence: &str) -> Vec<Ground> {
    vec![Ground::approved("point", sentence)]
}

const DUTY: &str = "{address} cần thực hiện việc này trong {deadline}.";

#[test]
fn evidence_carries_itself_and_what_says_the_same() {
    let itself = by(DUTY, &approved(DUTY)).unwrap();
    assert!((itself.measures.cover - 1.0).abs() < f64::EPSILON && !itself.measures.moved);
    let other = by("Trong vòng {deadline}, {pronoun} phải làm việc này.", &approved(DUTY)).unwrap();
    assert!(other.measures.moved);
    assert_eq!(other.by, Carrier::Point { id: "point".to_owned(), quote: DUTY.to_owned() });
    assert_eq!(other.vocabulary, vocabulary().hash());
}

#[test]
fn what_turns_a_sentence_is_seen() {
    for (sentence, why) in [
        ("{address} có thể thực hiện việc này trong {deadline}.", "`có thể` does not stand"),
        ("{address} không cần thực hiện việc này trong {deadline}.", "`không cần` does not stand"),
        ("{address} cần thực hiện việc này.", "its slots are not"),
        ("{address} cần thực hiện việc này trong {born_on}.", "its slots are not"),
        ("{address} cần thực hiện việc này trong {deadline} {deadline}.", "its slots are not"),
        ("{address} cần thực hiện việc này kể từ {deadline}.", "`kể từ` does not stand"),
        ("{address} cần nộp việc này trong {deadline}.", "does not say `nộp`"),
        ("{address} cần thực hiện việc này trong 5 {deadline}.", "the digit `5`"),
    ] {
        let error = by(sentence, &approved(DUTY)).unwrap_err();
        assert!(error.contains(why), "{sentence}: {error}");
    }
    assert!(by(DUTY, &[]).unwrap_err().contains("there is no evidence"));
}

#[test]
fn a_frame_is_the_same_however_it_is_worded() {
    let told = |sentence| by(sentence, &approved("{address} cần nộp hồ sơ."));
    told("Việc {pronoun} cần làm là nộp hồ sơ.").unwrap();
    told("Việc {pronoun} phải thực hiện là nộp hồ sơ.").unwrap();
    for (sentence, why) in [
        ("{reader} cần nộp hồ sơ.", "its slots are not"),
        ("Việc {pronoun} có thể làm là nộp hồ sơ.", "does not say `làm`"),
        ("Việc {pronoun} không cần làm là nộp hồ sơ.", "does not say `làm`"),
        ("Việc {pronoun} cần làm là nộp hồ sơ này.", "`này` does not stand"),
        ("Việc {pronoun} cần làm là không nộp hồ sơ.", "`cần không` does not stand"),
    ] {
        let error = told(sentence).unwrap_err();
        assert!(error.contains(why), "{sentence}: {error}");
    }
}

#[test]
fn places_hold_what_may_be_written_there_and_no_more() {
    let places = vocabulary().places("{address} cần làm việc này, trong {deadline} kể từ nay.");
    let told: Vec<String> = places
        .iter()
        .map(|it| {
            let ways: Vec<&str> = it.ways.iter().map(String::as_str).collect();
            format!("{}{}{}", it.between, ways.join("|"), if it.may_lead { "*" } else { "" })
        })
        .collect();
    let expected = [
        "việc {reader} cần làm là|việc {reader} cần thực hiện là|việc {reader} phải làm là|\
         việc {reader} phải thực hiện là|{reader} cần|{reader} phải",
        " làm|thực hiện",
        " việc",
        " này",
        ", trong*",
        " {deadline}",
        " kể từ*",
        " nay",
    ];
    assert_eq!(told, expected);
    // An aside in the middle stays behind what it belongs to.
    let places = vocabulary().places("Bên nhận, trong {deadline}, nộp hồ sơ.");
    assert!(places.iter().all(|place| !place.may_lead), "{places:?}");
    // Title and name stay together, and a frame with the reader stands where a clause begins.
    let places = vocabulary().places("Kính gửi {address} {recipient} hồ sơ {pronoun} cần.");
    let ways = |place: usize| places[place].ways.iter().cloned().collect::<Vec<_>>();
    assert_eq!(ways(2), ["{address} {recipient}"]);
    assert_eq!(
        (ways(5), ways(6)),
        (vec!["{reader}".to_owned()], vec!["cần".to_owned(), "phải".to_owned()])
    );
}

#[test]
fn roles_do_not_change_sides() {
    let pays = "Bên nhận nộp tiền cho bên chuyển.";
    let error = by("Bên chuyển nộp tiền cho bên nhận.", &approved(pays)).unwrap_err();
    assert!(error.contains("another order"), "{error}");
    let mother = "{pronoun} là mẹ của trẻ.";
    let error = by("Trẻ là mẹ của {pronoun}.", &approved(mother)).unwrap_err();
    assert!(error.contains("`của` does not stand"), "{error}");
}

fn passage(text: &str) -> knowledge::Passage {
    let file = format!(
        "---\nid: a\nkind: guide\ntitle: A\nplace: vn\nin_force: {{ from: null, until: null }}\n\
         source: [S1]\nconfidence: H\nretrieved_on: 2026-11-22\n---\n\n## B {{#b}}\n{text}\n"
    );
    let files = [("corpus/a.md".to_owned(), file)].into();
    knowledge::Corpus::parse(&files).unwrap().passages().remove(0)
}

#[test]
fn a_passage_carries_with_its_own_values_until_it_changes() {
    let before = passage("Nộp hồ sơ. Đăng ký trong 60 ngày kể từ ngày sinh.");
    let grounds = Ground::of_passage(&before);
    let carried = by("Trong {60} ngày kể từ ngày sinh, đăng ký.", &grounds).unwrap();
    let Carrier::Passage { start, end, quote, .. } = &carried.by else { panic!("{carried:?}") };
    assert_eq!(before.text.get(*start..*end), Some(quote.as_str()));
    assert!(carried.by.still_stands(&before));
    assert!(
        !carried.by.still_stands(&passage("Nộp hồ sơ. Đăng ký trong 90 ngày kể từ ngày sinh."))
    );
    for (sentence, why) in [
        ("Trong {90} ngày kể từ ngày sinh, đăng ký.", "no value of the passage"),
        ("Trong {6} ngày kể từ ngày sinh, đăng ký.", "no value of the passage"),
        ("Trong 60 ngày kể từ ngày sinh, đăng ký.", "the digit"),
        ("{đăng ký} trong {60} ngày kể từ ngày sinh.", "no value of the passage"),
    ] {
        let error = by(sentence, &grounds).unwrap_err();
        assert!(error.contains(why), "{sentence}: {error}");
    }
}

/// A model that finds everything alike, or nothing.
struct Same(f32);

impl Embed for Same {
    fn model(&self) -> String {
        "same".to_owned()
    }

    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embed_queries(texts)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok((0_u8..).zip(texts).map(|(nth, _)| vec![1.0, f32::from(nth) * self.0]).collect())
    }
}

#[test]
fn a_model_may_refuse_and_never_accept() {
    let (vocabulary, manners) = (vocabulary(), manners());
    let told = |model: &Same, sentence: &str| {
        let model: Option<&dyn Embed> = Some(model);
        Support { vocabulary: &vocabulary, manners: &manners, model }
            .carried(sentence, &approved(DUTY))
            .map_err(|error| error.to_string())
    };
    assert_eq!(told(&Same(0.0), DUTY).unwrap().measures.likeness, Some(1.0));
    assert!(told(&Same(9.0), DUTY).unwrap_err().contains("too far"));
    let wrong = "{address} không cần thực hiện việc này trong {deadline}.";
    assert!(told(&Same(0.0), wrong).is_err());
}

#[test]
fn a_wrong_vocabulary_says_what_is_wrong() {
    let twice = VOCABULARY.replace("[là, việc]", "[là, cần]");
    let error = Vocabulary::parse("vi.yaml", &twice).unwrap_err().to_string();
    assert!(error.contains("`cần` stands there twice"), "{error}");
    let unknown = VOCABULARY.replace("leads: [kể từ]", "leads: [kể tử]");
    let error = Vocabulary::parse("vi.yaml", &unknown).unwrap_err().to_string();
    assert!(error.contains("`kể tử` is in none of the lists"), "{error}");
    let frame = "  - ['{reader} cần'";
    let twice = VOCABULARY.replace(frame, &format!("  - ['{{reader}} phải']\n{frame}"));
    let error = Vocabulary::parse("vi.yaml", &twice).unwrap_err().to_string();
    assert!(error.contains("`{reader} cần` stands there twice"), "{error}");
    let open = VOCABULARY.replace("cover: 1.0", "cover: 0.0");
    assert!(matches!(Vocabulary::parse("vi.yaml", &open), Err(VocabularyError::Limit { .. })));
}
