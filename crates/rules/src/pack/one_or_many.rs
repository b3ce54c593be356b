//! `for: mother` and `for: [mother, father]`: one thing, or a list where order counts.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{IntoDeserializer as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::at::At;

/// A list that an author may write without brackets when it holds one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// Read by hand and not as an untagged enum, because serde buffers those and the places of
/// the names inside would be lost.
struct Items<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("one entry or a list of them")
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
        T::deserialize(number.into_deserializer()).map(|one| OneOrMany(vec![one]))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        T::deserialize(number.into_deserializer()).map(|one| OneOrMany(vec![one]))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(|one| OneOrMany(vec![one]))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| OneOrMany(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        all(seq).map(OneOrMany)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Items(PhantomData))
    }
}

pub(crate) fn all<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    mut seq: A,
) -> Result<Vec<T>, A::Error> {
    let mut items = Vec::new();
    while let Some(item) = seq.next_element()? {
        items.push(item);
    }
    Ok(items)
}

/// Names in order, each with its place: a single name takes the place of the whole value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(pub Vec<At<String>>);

impl Deref for Names {
    type Target = [At<String>];

    fn deref(&self) -> &[At<String>] {
        &self.0
    }
}

struct NameList;

impl<'de> Visitor<'de> for NameList {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a name or a list of names")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Names, E> {
        Ok(Names(vec![At::nowhere(name.to_owned())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Names, A::Error> {
        all(seq).map(Names)
    }
}

/// The names as written, before a single one is given the place of the whole value.
struct Unplaced(Names);

impl<'de> Deserialize<'de> for Unplaced {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NameList).map(Self)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = At::<Unplaced>::deserialize(from)?;
        let mut names = read.value.0;
        for name in names.0.iter_mut().filter(|name| name.span.line == 0) {
            name.span = read.span;
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sheet {
        one: Names,
        many: Names,
        map: OneOrMany<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        a: At<String>,
    }

    #[test]
    fn one_reads_like_a_list_of_one_and_keeps_its_place() {
        let text = "one: mother\nmany: [mother, father]\nmap: {a: x}\n";
        let sheet: Sheet = serde_saphyr::from_str(text).unwrap();
        assert_eq!((sheet.one[0].as_str(), sheet.one[0].span.column), ("mother", 6));
        assert_eq!((sheet.many[1].as_str(), sheet.many[1].span.column), ("father", 16));
        assert_eq!((sheet.map[0].a.as_str(), sheet.map[0].a.span.column), ("x", 10));
    }
}
