//! What fills a field of an application: facts, or words of the life event itself.

use std::fmt;

use domain::Text;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::at::At;
use super::one_or_many::all;

/// What fills a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fill {
    /// Facts, joined by commas where there are several.
    Facts(Vec<At<String>>),
    /// A value that the life event itself gives.
    Text(Text),
}

/// Read by hand and not as an untagged enum, to keep the places of the paths.
struct FillVisitor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedText {
    text: Text,
}

impl<'de> Visitor<'de> for FillVisitor {
    type Value = Fill;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(
            "the path of a fact as in `mother.name`, a list of paths, or `{text: {vi, en}}`",
        )
    }

    fn visit_str<E: serde::de::Error>(self, path: &str) -> Result<Fill, E> {
        Ok(Fill::Facts(vec![At::nowhere(path.to_owned())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Fill, A::Error> {
        all(seq).map(Fill::Facts)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fill, A::Error> {
        FixedText::deserialize(MapAccessDeserializer::new(map)).map(|fixed| Fill::Text(fixed.text))
    }
}

/// What fills a field, before a single path is given the place of the whole value.
struct UnplacedFill(Fill);

impl<'de> Deserialize<'de> for UnplacedFill {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FillVisitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Fill {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = At::<UnplacedFill>::deserialize(from)?;
        let mut fill = read.value.0;
        if let Fill::Facts(paths) = &mut fill {
            for path in paths.iter_mut().filter(|path| path.span.line == 0) {
                path.span = read.span;
            }
        }
        Ok(fill)
    }
}
