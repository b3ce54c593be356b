//! Reading what is known of very many subjects, in order of their ids, page by page, so that
//! memory stays flat however many there are.
//!
//! A row for each fact costs the driver more than the database: thousands of rows, ten columns
//! each. So the database puts a page together into one text, which is taken apart here. Both
//! databases know the functions that this needs.
//!
//! A sweep is no snapshot and needs none: facts are only ever added, or their belief ended, each
//! with its moment. Who asks about a moment before the sweep began gets one consistent answer.

use domain::{Interval, SubjectId, SubjectKind, Told, Value};

use crate::facts::value_place;
use crate::vault::{self, Key, MARK, Opened};
use crate::{Conn, Result, StorageError, sql};

/// Between two subjects. No text that we store holds such a letter, nor one of the next two: JSON
/// writes them as escapes.
const SUBJECTS: char = '\u{1d}';
/// Between two facts of one subject, the first of which are the subject's own id and kind.
const FACTS: char = '\u{1e}';
/// Between the parts of one fact.
const PARTS: char = '\u{1f}';
/// How many there are.
const FACT_PARTS: usize = 9;
/// How many subjects one statement asks for by name.
const SUBJECTS_AT_ONCE: usize = 100;
/// All digits of ids, in order.
const DIGITS: &str = "0123456789abcdefghjkmnpqrstvwxyz";
/// The first digit of an id holds three bits of its 128.
const FIRST_DIGITS: usize = 8;

/// Some of all subjects: those whose ids lie in one part of all ids. Ids are hashes, so equal
/// parts hold about equally many subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    from: String,
    until: Option<String>,
}

impl Part {
    /// All subjects, in `count` parts; at most 256.
    #[must_use]
    pub fn all(count: usize) -> Vec<Self> {
        let count = count.clamp(1, FIRST_DIGITS * DIGITS.len());
        let edges: Vec<String> = (0..count).map(|part| edge(part, count)).collect();
        let until = edges.iter().skip(1).cloned().map(Some).chain([None]);
        edges.iter().cloned().zip(until).map(|(from, until)| Self { from, until }).collect()
    }
}

/// Where part `part` of `count` begins.
fn edge(part: usize, count: usize) -> String {
    let place = FIRST_DIGITS * DIGITS.len() * part / count;
    let digit = |place: usize| DIGITS.chars().nth(place).unwrap_or('0');
    let (first, second) = (digit(place / DIGITS.len()), digit(place % DIGITS.len()));
    format!("{}_{first}{second}", SubjectId::PREFIX)
}

/// The attributes that a sweep reads. What nobody asks about is not read.
#[derive(Debug, Clone)]
pub struct Wanted(String);

impl Wanted {
    /// These attributes.
    #[must_use]
    pub fn new<'a>(attributes: impl IntoIterator<Item = &'a str>) -> Self {
        // Names of the pack, and not values of a caller: they may stand in the statement. A
        // hundred of them as values would cost the driver more than the rows.
        let quoted = |name: &str| format!("'{}'", name.replace('\'', "''"));
        let names: Vec<String> = attributes.into_iter().map(quoted).collect();
        let names = if names.is_empty() { "null".to_owned() } else { names.join(", ") };
        let parts = ["%s"; FACT_PARTS].join(&PARTS.to_string());
        // `|| ''` keeps SQLite from looking each attribute up by itself: it reads all that are
        // there anyway, side by side.
        Self(format!(
            "select string_agg(format('{parts}', f.id, f.attribute, f.value, f.valid_from,
                 f.valid_until, f.known_from, f.known_until, f.register, f.event_kind), '{FACTS}')
             from facts f where f.subject_id = s.id and f.attribute || '' in ({names})"
        ))
    }

    async fn fetch(&self, conn: &mut Conn, rest: &str, values: &[String]) -> Result<Vec<Known>> {
        let told = &self.0;
        let statement = format!(
            "select string_agg(one, '{SUBJECTS}') as page from (
                 select concat_ws('{FACTS}', s.id, s.kind, ({told})) as one from subjects s {rest}
             ) as subjects"
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
        for value in values {
            query = query.bind(value);
        }
        let row = query.fetch_one(&mut *conn).await?;
        let page = sql::maybe_text(&row, "page")?.unwrap_or_default();
        let known = page.split(SUBJECTS).filter(|one| !one.is_empty()).map(read);
        let mut known = known.collect::<Result<Vec<_>>>()?;
        known.sort_unstable_by_key(|one| one.subject);
        open(conn, &mut known).await?;
        Ok(known)
    }
}

/// What is known of one subject.
#[derive(Clone, PartialEq, Eq)]
pub struct Known {
    /// Whom it is about.
    pub subject: SubjectId,
    /// What the subject is.
    pub kind: SubjectKind,
    told: String,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl Known {
    /// Each fact, whatever its dates, in no order.
    pub fn told(&self) -> impl Iterator<Item = Result<Told<'_>>> {
        let facts = self.told.split(FACTS).filter(|fact| !fact.is_empty());
        facts.map(|fact| told(fact).map_err(unreadable))
    }
}

/// The next `limit` subjects of `part`, in order of their ids.
pub async fn page(
    conn: &mut Conn,
    wanted: &Wanted,
    part: &Part,
    after: Option<SubjectId>,
    limit: u32,
) -> Result<Vec<Known>> {
    let mut values = vec![after.map_or_else(|| part.from.clone(), |id| id.to_string())];
    values.extend(part.until.clone());
    let after = if after.is_some() { ">" } else { ">=" };
    let until = if part.until.is_some() { "and s.id < $2" } else { "" };
    let rest = format!("where s.id {after} $1 {until} order by s.id limit {limit}");
    wanted.fetch(conn, &rest, &values).await
}

/// What is known of `subjects`, in no order; those that are not here are left out.
pub async fn of(conn: &mut Conn, wanted: &Wanted, subjects: &[SubjectId]) -> Result<Vec<Known>> {
    let mut known = Vec::with_capacity(subjects.len());
    for some in subjects.chunks(SUBJECTS_AT_ONCE) {
        let ids: Vec<String> = some.iter().map(ToString::to_string).collect();
        let rest = format!("where s.id in ({})", sql::places(1, ids.len()));
        known.extend(wanted.fetch(&mut *conn, &rest, &ids).await?);
    }
    Ok(known)
}

/// How many subjects there are.
pub async fn count(conn: &mut Conn) -> Result<u64> {
    let row = sqlx::query("select count(*) as subjects from subjects").fetch_one(conn).await?;
    sql::count(&row, "subjects")
}

/// Opens what is sealed. Rules read little that is, so most subjects need no key.
async fn open(conn: &mut Conn, known: &mut [Known]) -> Result<()> {
    let sealed = [PARTS, MARK].iter().collect::<String>();
    let whose: Vec<SubjectId> =
        known.iter().filter(|it| it.told.contains(&sealed)).map(|it| it.subject).collect();
    if whose.is_empty() {
        return Ok(());
    }
    vault::learn(conn, &whose).await?;
    for one in known.iter_mut().filter(|it| it.told.contains(&sealed)) {
        let Some(key) = conn.held.key(&[one.subject])? else {
            one.told.clear();
            continue;
        };
        let subject = one.subject.to_string();
        let mut facts = Vec::new();
        for fact in one.told.split(FACTS) {
            facts.extend(opened(&key, &subject, fact)?);
        }
        one.told = facts.join(&FACTS.to_string());
    }
    Ok(())
}

/// One fact with its value opened; `None` where its key is gone.
fn opened(key: &Key, subject: &str, fact: &str) -> Result<Option<String>> {
    let mut parts: Vec<&str> = fact.split(PARTS).collect();
    let [id, attribute, value, ..] = parts.as_slice() else { return Ok(Some(fact.to_owned())) };
    if !value.starts_with(MARK) {
        return Ok(Some(fact.to_owned()));
    }
    let Opened::Text(value) = key.open(&value_place(subject, attribute, id), value)? else {
        return Ok(None);
    };
    if let Some(place) = parts.get_mut(2) {
        *place = &value;
    }
    Ok(Some(parts.join(&PARTS.to_string())))
}

fn read(one: &str) -> Result<Known> {
    let mut parts = one.splitn(3, FACTS);
    let mut next = || parts.next().unwrap_or_default();
    let (subject, kind) = (next(), next());
    Ok(Known {
        subject: subject.parse().map_err(|error| unreadable(Box::new(error)))?,
        kind: sql::of_word(kind.to_owned(), "kind")?,
        told: next().to_owned(),
    })
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

fn unreadable(source: Fault) -> StorageError {
    StorageError::Unreadable { what: "fact", source }
}

/// One fact, as [`Wanted::new`] puts its parts together.
fn told(text: &str) -> std::result::Result<Told<'_>, Fault> {
    let mut parts = text.split(PARTS);
    let mut next = || parts.next().ok_or("it lacks a part");
    Ok(Told {
        id: next()?.parse()?,
        attribute: next()?,
        value: value(next()?)?,
        valid: Interval { from: next()?.parse()?, until: maybe(next()?)? },
        known_from: next()?.parse()?,
        known_until: maybe(next()?)?,
        register: next()?,
        by: next()?,
    })
}

fn maybe<T>(text: &str) -> std::result::Result<Option<T>, Fault>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    if text.is_empty() { Ok(None) } else { Ok(Some(text.parse()?)) }
}

fn value(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_all_ids_and_none_twice() {
        for count in [1, 2, 3, 7, 256, 1000] {
            let parts = Part::all(count);
            assert_eq!(parts.len(), count.min(256));
            assert_eq!(parts[0].from, "sbj_00");
            assert_eq!(parts.last().unwrap().until, None);
            let joined = parts.windows(2).all(|two| two[0].until.as_ref() == Some(&two[1].from));
            assert!(joined && parts.is_sorted_by(|a, b| a.from < b.from), "{parts:?}");
        }
    }

    #[test]
    fn digits_are_those_of_ids() {
        let id = SubjectId::of(&["somebody"]).to_string();
        assert!(id.trim_start_matches("sbj_").chars().all(|digit| DIGITS.contains(digit)));
    }
}
