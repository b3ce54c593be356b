//! A model writes phrases: what it may write, what is taken of it, what joins the bank.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod support;

use domain::Language;
use support::{birth, plan, prompts, root, words};
use writer::{
    Ask, Candidate, Home, Joining, NotJoined, NotTaken, Range, Rephrasings, Support, Vocabulary,
    Wording, WordingError, Words, Writer, propose, rephrase_grammar, take,
};

fn vocabularies() -> Vec<Vocabulary> {
    let read = |language: &str| {
        let path = root().join(format!("life-events/vn/support/{language}.yaml"));
        Vocabulary::parse(language, &std::fs::read_to_string(path).unwrap()).unwrap()
    };
    vec![read("vi"), read("en")]
}

fn rephrasings() -> Rephrasings {
    let read = |name: &str| {
        (name.to_owned(), std::fs::read_to_string(root().join("prompts").join(name)).unwrap())
    };
    Rephrasings::read(&[read("rephrase-vi.md"), read("rephrase-en.md")]).unwrap()
}

fn home(of: &str, point: &str) -> Home {
    Home { of: of.to_owned(), point: point.to_owned(), variant: 0, language: Language::VI }
}

/// "{address} cần đăng ký khai sinh cho con, theo thủ tục: {service}." and two more.
fn offer() -> Home {
    home("LE-BIRTH", "birth.offer")
}

const NEW: &str = "Theo thủ tục: {service}, {pronoun} phải đăng ký khai sinh cho con.";

fn taken(home: &Home, text: &str) -> Result<(), NotTaken> {
    let (words, vocabularies) = (words(), vocabularies());
    let support =
        Support { vocabulary: &vocabularies[0], manners: words.manners(Language::VI), model: None };
    take(&words, &words.saying(home).unwrap(), text, &support).map(|_| ())
}

#[test]
fn what_says_the_same_is_taken() {
    taken(&offer(), NEW).unwrap();
    let framed =
        "Việc {pronoun} cần thực hiện là đăng ký khai sinh cho con, qua thủ tục: {service}.";
    taken(&offer(), framed).unwrap();
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let (words, vocabularies) = (words(), vocabularies());
    let saying = words.saying(&offer()).unwrap();
    let near = rephrase_grammar(&words, &saying, Range::Near, &vocabularies[0]).unwrap();
    let (all, there) = near.split_once(" & ~/").unwrap();
    let approved = r"\{address\} cần đăng ký khai sinh cho con, theo thủ tục: \{service\}\.";
    assert!(there.contains(approved) && all.contains("qua thủ tục"), "{near}");
    // Where the vocabulary knows no other word, there is nothing to ask for.
    let bare = "language: vi\nlimits: {cover: 1.0, likeness: 0.9}\nnothing: []\nterms: []\nsame: []\nturns: {}\nlinks: []\n";
    let bare = Vocabulary::parse("vi", bare).unwrap();
    assert_eq!(rephrase_grammar(&words, &saying, Range::Near, &bare), None);
    assert!(rephrase_grammar(&words, &saying, Range::Any, &bare).is_some());
}

/// "You may" is a right, "maybe you" a guess: the same words, the reader behind what turns them.
#[test]
fn a_right_does_not_become_a_guess() {
    let offer = Home { variant: 1, ..offer() };
    taken(&offer, "{address} có thể tiến hành thủ tục: {service}.").unwrap();
    let guess = "Có thể {pronoun} thực hiện thủ tục: {service}.";
    assert_eq!(taken(&offer, guess), Err(NotTaken::Address));
}

#[test]
fn what_says_something_else_is_not_taken_and_told_why() {
    for (text, why) in [
        (
            "{address} không cần đăng ký khai sinh cho con, theo thủ tục: {service}.",
            "turned meaning",
        ),
        ("{address} có thể đăng ký khai sinh cho con, theo thủ tục: {service}.", "turned meaning"),
        ("{address} sẽ cần đăng ký khai sinh cho con, theo thủ tục: {service}.", "turned meaning"),
        ("{address} phải đăng ký khai sinh cho con, theo thủ tục.", "slots"),
        (
            "{address} phải đăng ký khai sinh cho con, theo thủ tục: {service}, {authority}.",
            "slots",
        ),
        ("{address} phải đăng ký khai sinh cho con, theo thủ tục: {service} {service}.", "slots"),
        (
            "{address} phải đăng ký kết hôn cho con, theo thủ tục: {service}.",
            "word without evidence",
        ),
        ("{address} phải đăng ký khai sinh, theo thủ tục: {service}.", "turned meaning"),
        (
            "{address} phải đăng ký khai sinh cho con trong 5 ngày, theo thủ tục: {service}.",
            "character or word that no letter holds",
        ),
        (
            "{address} phải đăng ký khai sinh cho con ngay lập tức, theo thủ tục: {service}.",
            "character or word that no letter holds",
        ),
        (
            "{address} [phải|cần] đăng ký khai sinh cho con: {service}.",
            "character or word that no letter holds",
        ),
        ("{address} cần đăng ký khai sinh cho con, theo thủ tục: {service}.", "there already"),
        ("{pronoun} phải đăng ký khai sinh cho con, theo thủ tục: {service}.", "form of address"),
        ("Theo thủ tục: {service}, {address} phải đăng ký khai sinh cho con.", "form of address"),
        // The meaning is the same, and it is no sentence.
        ("Việc {pronoun} phải đăng ký khai sinh cho con, theo thủ tục: {service}.", "filler"),
        ("{address} phải đăng ký khai sinh cho con vào, theo thủ tục: {service}.", "filler"),
        ("{service} là thủ tục {pronoun} phải theo.", "form of a sentence"),
        ("{address} phải đăng ký khai sinh cho con, theo thủ tục: {service}", "form of a sentence"),
        ("phải đăng ký khai sinh cho con, theo thủ tục: {service}.", "form of a sentence"),
        (
            "{address} phải đăng ký khai sinh cho con, theo thủ tục: {service}. {address} cần làm.",
            "number of sentences",
        ),
    ] {
        let reason = taken(&offer(), text).unwrap_err();
        assert_eq!(reason.name(), why, "{text}: {reason}");
    }
}

/// Both sentences of a phrase are carried, each in its place: one said twice hides the other.
#[test]
fn a_sentence_said_twice_does_not_stand_for_two() {
    let nothing = home("common", "nothing-to-do");
    let once = "Thư đó không còn giá trị.";
    let twice = taken(&nothing, &format!("{once} {once}")).unwrap_err();
    assert!(matches!(twice, NotTaken::Meaning(_)), "{twice}");
    taken(&nothing, &format!("{once} {{address}} không phải làm theo thư đó.")).unwrap();
}

/// Says what it was told to say.
struct Scripted(Vec<&'static str>);

impl Wording for Scripted {
    fn hash(&self) -> &'static str {
        "scripted"
    }

    fn word(&self, ask: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        assert!(ask.own.trim_end().ends_with(':'), "{}", ask.own);
        let texts = self.0.iter().zip([-3.0, -2.0, -1.0, -0.5]);
        Ok(texts
            .map(|(text, likelihood)| Candidate { text: (*text).to_owned(), likelihood })
            .collect())
    }
}

#[test]
fn what_stands_is_proposed_likeliest_first_and_the_rest_is_counted() {
    let (words, vocabularies, prompts) = (words(), vocabularies(), rephrasings());
    let saying = words.saying(&offer()).unwrap();
    let support =
        Support { vocabulary: &vocabularies[0], manners: words.manners(Language::VI), model: None };
    let wording = Scripted(vec![
        NEW,
        " {address} phải đăng ký khai sinh cho con, theo thủ tục: {service}.",
        "{address} không cần đăng ký khai sinh cho con, theo thủ tục: {service}.",
        NEW,
    ]);
    let prompt = prompts.get(Language::VI).unwrap();
    let found =
        propose((&words, &saying), (prompt, Range::Any), (&wording, 4, 0), &support).unwrap();
    let texts: Vec<&str> = found.taken.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(texts, ["{address} phải đăng ký khai sinh cho con, theo thủ tục: {service}.", NEW]);
    assert_eq!(found.reasons(), [("turned meaning".to_owned(), 1)].into());
    assert_eq!(found.given(), 3);
    assert_eq!(found.taken[0].proved.len(), 1);
}

fn joining(home: Home, text: &str) -> Joining {
    let approved = words().saying(&home).unwrap().hash();
    Joining { id: writer::phrase_id(&home, text), home, text: text.to_owned(), approved }
}

#[test]
fn what_people_approved_joins_behind_the_packs_own_and_letters_are_worded_anew() {
    let before = words();
    let other = "{address} phải đăng ký khai sinh cho con, theo thủ tục: {service}.";
    let two = [joining(offer(), NEW), joining(offer(), other)];
    let turned = [two[1].clone(), two[0].clone()];
    let (after, left) = before.clone().joined(&two, &vocabularies());
    assert_eq!(left, []);
    assert_eq!(after, before.clone().joined(&turned, &vocabularies()).0, "order of giving");
    let bank = |words: &Words| -> Vec<String> {
        let saying = words.saying(&offer()).unwrap();
        saying.alternatives.iter().map(|phrase| phrase.source().to_owned()).collect()
    };
    assert_eq!(bank(&after)[..3], bank(&before)[..]);
    assert_eq!(bank(&after).len(), 5);
    assert_eq!(before.clone().joined(&[], &vocabularies()).0.hash(), before.hash());

    let prompts = prompts();
    let key = |words: &Words| {
        let writer =
            Writer { words, prompts: &prompts, wording: None, samples: 0, pack: "p", index: "i" };
        let plan = plan(words, &birth());
        (writer.key(&plan, &[]), writer.make_template(&plan, &[]).unwrap().text)
    };
    let (old, new) = (key(&before), key(&after));
    assert_ne!(old.0, new.0, "a letter of the smaller bank would be used on");
    assert_eq!(old.1, new.1, "the approved wording stays what it was");
}

#[test]
fn what_is_false_or_stale_or_gone_does_not_join_whatever_is_stored() {
    let before = words();
    let check = |joining: Joining, expect: &dyn Fn(&NotJoined) -> bool| {
        let (after, left) = before.clone().joined(std::slice::from_ref(&joining), &vocabularies());
        assert_eq!(after, before, "{joining:?}");
        assert_eq!(left.len(), 1);
        assert!(expect(&left[0].1), "{left:?}");
    };
    let lie = "{address} không cần đăng ký khai sinh cho con, theo thủ tục: {service}.";
    check(joining(offer(), lie), &|why| matches!(why, NotJoined::Unproved(_)));
    check(joining(offer(), "{address} cần {"), &|why| matches!(why, NotJoined::Unproved(_)));
    let stale = Joining { approved: "other".to_owned(), ..joining(offer(), NEW) };
    check(stale, &|why| *why == NotJoined::Stale);
    let gone = Joining { home: home("LE-BIRTH", "no-such-point"), ..joining(offer(), NEW) };
    check(gone, &|why| *why == NotJoined::Gone);
    let (after, left) = before.clone().joined(&[joining(offer(), NEW)], &[]);
    assert!(after == before && left.len() == 1, "no vocabulary, no proof");
}

#[test]
fn a_fixed_wording_is_not_asked_for() {
    let words = words();
    let mut count = 0;
    for language in [Language::VI, Language::EN] {
        for saying in words.sayings(language) {
            count += 1;
            let least = if language == Language::VI { 2 } else { 1 };
            assert!(saying.alternatives.len() >= least, "{}", saying.home);
        }
    }
    assert!(count > 100, "{count}");
}
