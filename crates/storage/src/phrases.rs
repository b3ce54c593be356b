//! Phrases that a model wrote and the proof accepted, what people decided about them, and what a
//! model was asked already.

use domain::Language;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Conn, Result, Stored, sql};

/// Where a phrase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhraseState {
    /// The proof accepted it. No letter holds it.
    Proved,
    /// As many people as are needed approved it: it joins the bank.
    Approved,
    /// Somebody refused it, for good.
    Refused,
    /// It was approved and is taken out, for good.
    Retired,
}

impl PhraseState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Proved, Self::Approved, Self::Refused, Self::Retired];

    /// The word in storage and for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Retired => "retired",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What somebody decides about a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhraseAction {
    /// It may be said.
    Approve,
    /// It may not, and is not proposed again.
    Refuse,
    /// It may not be said any more, and is not proposed again.
    Retire,
}

impl PhraseAction {
    /// The word in storage and for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
            Self::Retire => "retire",
        }
    }
}

/// A phrase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phrase {
    /// Made from where it stands and what it says.
    pub id: String,
    /// The life event, or `common`.
    pub life_event: String,
    /// The point.
    pub point: String,
    /// The variant of the point, from 0.
    pub variant: u64,
    /// The language.
    pub language: Language,
    /// What it says, slots and all.
    pub text: String,
    /// The hash of the approved wording that it was proved against.
    pub approved: String,
    /// Where it stands.
    pub state: PhraseState,
    /// What carries each of its sentences.
    pub evidence: serde_json::Value,
    /// What was measured.
    pub measures: serde_json::Value,
    /// SHA-256 of the model.
    pub model: String,
    /// SHA-256 of the prompt.
    pub prompt: String,
    /// The first seed of the ask that it came from.
    pub seed: u64,
    /// When it was proved.
    pub created_at: Timestamp,
}

/// What one person decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by_whom: String,
    /// What.
    pub action: PhraseAction,
    /// Why.
    pub because: String,
}

const COLUMNS: &str = "id, life_event, point, variant, language, text, approved, state, evidence,
    measures, model, prompt, seed, created_at";

/// Stores a phrase that was just proved, as [`PhraseState::Proved`] whatever it says of itself.
/// One that is there stays as it is, in whatever state it is.
pub async fn put(conn: &mut Conn, phrase: &Phrase) -> Result<Stored> {
    let inserted = sqlx::query(
        "insert into phrases (id, life_event, point, variant, language, text, approved, state,
             evidence, measures, model, prompt, seed, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'proved', $8, $9, $10, $11, $12, $13)
         on conflict (id) do nothing",
    )
    .bind(&phrase.id)
    .bind(&phrase.life_event)
    .bind(&phrase.point)
    .bind(whole(phrase.variant))
    .bind(phrase.language.tag())
    .bind(&phrase.text)
    .bind(&phrase.approved)
    .bind(sql::json(&phrase.evidence)?)
    .bind(sql::json(&phrase.measures)?)
    .bind(&phrase.model)
    .bind(&phrase.prompt)
    .bind(whole(phrase.seed))
    .bind(sql::time(phrase.created_at))
    .execute(conn)
    .await?;
    Ok(if inserted.rows_affected() == 1 { Stored::New } else { Stored::Same })
}

/// One phrase.
pub async fn get(conn: &mut Conn, id: &str) -> Result<Option<Phrase>> {
    let statement = format!("select {COLUMNS} from phrases where id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// All phrases, or those in one state, by where they stand.
pub async fn list(conn: &mut Conn, state: Option<PhraseState>) -> Result<Vec<Phrase>> {
    let statement = format!(
        "select {COLUMNS} from phrases where $1 = '' or state = $1
         order by life_event, point, variant, language, id"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(state.map_or("", PhraseState::name))
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn read(row: &sqlx::any::AnyRow) -> Result<Phrase> {
    Ok(Phrase {
        id: sql::text(row, "id")?,
        life_event: sql::text(row, "life_event")?,
        point: sql::text(row, "point")?,
        variant: sql::count(row, "variant")?,
        language: sql::from_word(row, "language")?,
        text: sql::text(row, "text")?,
        approved: sql::text(row, "approved")?,
        state: sql::from_word(row, "state")?,
        evidence: sql::from_json(row, "evidence")?,
        measures: sql::from_json(row, "measures")?,
        model: sql::text(row, "model")?,
        prompt: sql::text(row, "prompt")?,
        seed: sql::count(row, "seed")?,
        created_at: sql::parsed(row, "created_at")?,
    })
}

/// Holds a phrase until the transaction ends, so that two who decide at once see each other.
/// Answers whether it is there.
pub async fn hold(conn: &mut Conn, id: &str) -> Result<bool> {
    let held = sqlx::query("update phrases set state = state where id = $1")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(held.rows_affected() == 1)
}

/// Moves a phrase from the state that it is expected to be in.
pub async fn move_on(conn: &mut Conn, id: &str, from: PhraseState, to: PhraseState) -> Result<()> {
    let moved = sqlx::query("update phrases set state = $2 where id = $1 and state = $3")
        .bind(id)
        .bind(to.name())
        .bind(from.name())
        .execute(conn)
        .await?;
    sql::exactly_one(&moved, "phrase", &id, "the state that was read")
}

/// Keeps what somebody decided.
pub async fn decided(conn: &mut Conn, id: &str, decision: &Decision) -> Result<()> {
    sqlx::query(
        "insert into phrase_decisions (phrase_id, at, by_whom, action, because)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(sql::time(decision.at))
    .bind(&decision.by_whom)
    .bind(decision.action.name())
    .bind(&decision.because)
    .execute(conn)
    .await?;
    Ok(())
}

/// What was decided about a phrase, in the order of time.
pub async fn decisions(conn: &mut Conn, id: &str) -> Result<Vec<Decision>> {
    let rows = sqlx::query(
        "select at, by_whom, action, because from phrase_decisions where phrase_id = $1
         order by at, by_whom, action",
    )
    .bind(id)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Decision {
                at: sql::parsed(row, "at")?,
                by_whom: sql::text(row, "by_whom")?,
                action: sql::from_word(row, "action")?,
                because: sql::text(row, "because")?,
            })
        })
        .collect()
}

/// Notes that a model was asked; `body` says what came of it.
pub async fn asked(
    conn: &mut Conn,
    id: &str,
    body: &serde_json::Value,
    at: Timestamp,
) -> Result<()> {
    sqlx::query(
        "insert into phrase_asks (id, asked_at, body) values ($1, $2, $3)
         on conflict (id) do nothing",
    )
    .bind(id)
    .bind(sql::time(at))
    .bind(sql::json(body)?)
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a model was asked this already.
pub async fn was_asked(conn: &mut Conn, id: &str) -> Result<bool> {
    let row = sqlx::query("select 1 as one from phrase_asks where id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}
