//! Letters in bulk, without a model.

use eval::writer::letters::{Free, all_shapes, free};
use writer::{Ask, Candidate, Wording, WordingError};

use crate::{files, office};

/// Answers with what `says` makes of the question.
struct Clerk(fn(&Ask<'_>) -> String);

impl Wording for Clerk {
    fn hash(&self) -> &'static str {
        "clerk"
    }

    fn word(&self, ask: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        Ok(vec![Candidate { text: (self.0)(ask), likelihood: 0.0 }])
    }
}

async fn freely(says: fn(&Ask<'_>) -> String) -> Free {
    let (app, _) = office(None, None, "2026-11-23T02:00:00Z").await;
    let shapes = all_shapes(&app, app.today()).unwrap();
    free(&app, &shapes, &Clerk(says), 60, &mut |_| {}).unwrap()
}

/// Whole letters are judged by what can be seen; those that code filled from approved words pass.
#[tokio::test]
async fn a_whole_letter_is_right_only_with_the_values_of_its_case() {
    let copied = freely(|ask| ask.shared.rsplit_once("Thư:\n").unwrap().1.to_owned()).await;
    assert!(copied.cases > 50, "{}", copied.cases);
    assert_eq!((copied.ended, copied.filled_right), (copied.cases, copied.cases), "{copied:#?}");
    assert!(copied.right < copied.cases / 4, "{copied:#?}");
    let told = freely(|ask| ask.own.replace("Dữ kiện", "Thư")).await;
    assert_eq!((told.with_all_values, told.without_other_numbers), (told.cases, told.cases));
    let silent = freely(|_| String::new()).await;
    assert_eq!((silent.ended, silent.right), (0, 0));
}

#[tokio::test]
async fn ten_thousand_letters_over_all_shapes_are_read_back_without_a_wrong_value() {
    let (app, _) = office(None, None, "2026-11-23T02:00:00Z").await;
    let shapes = eval::writer::letters::all_shapes(&app, app.today()).unwrap();
    let report = eval::writer::letters::messages(&app, &files(), &shapes, 10_000).unwrap();
    assert_eq!(report.shapes_proved, report.shapes, "every shape has words that stand");
    assert_eq!((report.wrong_values, report.missing_values), (0, 0), "{:#?}", report.told);
    assert_eq!(report.messages, 10_000);
    // A link in a name is met now and then, and stops the letter.
    assert!(report.refused > 10 && report.refused < 200, "{}", report.refused);
    println!("{} shapes", report.shapes);
}

/// The reader of letters does find what is wrong: else nothing would follow from its silence.
#[tokio::test]
async fn a_letter_with_a_wrong_value_is_not_read() {
    let (app, _) = office(None, None, "2026-11-23T02:00:00Z").await;
    let shapes = eval::writer::letters::all_shapes(&app, app.today()).unwrap();
    let words = files();
    // The same letters, read by words in which two slots changed places.
    let turned = words.iter().map(|(path, text)| {
        let text = text.replace("{filled} trong {total}", "{total} trong {filled}");
        (
            path.to_owned(),
            text.replace(
                "có {total} mục, đã điền sẵn {filled}",
                "có {filled} mục, đã điền sẵn {total}",
            ),
        )
    });
    let report = eval::writer::letters::messages(&app, &turned.collect(), &shapes, 5_000).unwrap();
    assert!(report.wrong_values > 100, "{}", report.wrong_values);
}
