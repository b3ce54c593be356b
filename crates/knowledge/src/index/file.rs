//! The bytes of an index: magic, format, length of the head, head (JSON), vectors, SHA-256.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Index, IndexError};
use crate::chunk::Passage;
use crate::corpus::hex;

const MAGIC: &[u8; 8] = b"COTMOCIX";
const FORMAT: u32 = 1;
/// Magic, format and length of the head.
const PREFIX: usize = 8 + 4 + 8;
const DIGEST: usize = 32;

#[derive(Deserialize)]
struct Head {
    model: String,
    dimensions: usize,
    passages: Vec<Passage>,
}

#[derive(Serialize)]
struct HeadRef<'a> {
    model: &'a str,
    dimensions: usize,
    passages: &'a [Passage],
}

/// Writes the file beside its place and then moves it there, so that a reader and a crash
/// both see the old file or the new one. Returns the hash.
pub(super) fn write(index: &Index, path: &Path) -> Result<String, IndexError> {
    let failed = |source| IndexError::Write { path: path.to_owned(), source };
    let bytes = encode(index).map_err(|error| failed(io::Error::other(error)))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let aside = path.with_extension("new");
    let mut file = fs::File::create(&aside).map_err(failed)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&aside, path).map_err(failed)?;
    Ok(hex(bytes.split_at(bytes.len() - DIGEST).1))
}

fn encode(index: &Index) -> Result<Vec<u8>, serde_json::Error> {
    let head = serde_json::to_vec(&HeadRef {
        model: &index.model,
        dimensions: index.dimensions,
        passages: &index.passages,
    })?;
    let mut out = Vec::with_capacity(PREFIX + head.len() + index.vectors.len() * 4 + DIGEST);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.extend_from_slice(&(head.len() as u64).to_le_bytes());
    out.extend_from_slice(&head);
    for x in &index.vectors {
        out.extend_from_slice(&x.to_le_bytes());
    }
    let digest = Sha256::digest(&out);
    out.extend_from_slice(&digest);
    Ok(out)
}

pub(super) fn read(path: &Path) -> Result<Index, IndexError> {
    let bytes = fs::read(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => IndexError::Missing { path: path.to_owned() },
        _ => IndexError::Read { path: path.to_owned(), source },
    })?;
    decode(&bytes).map_err(|fault| match fault {
        Bad::Bytes(what) => IndexError::Damaged { path: path.to_owned(), what },
        Bad::Format(found) => IndexError::Version { path: path.to_owned(), found, wanted: FORMAT },
    })
}

enum Bad {
    Bytes(&'static str),
    Format(u32),
}

fn decode(bytes: &[u8]) -> Result<Index, Bad> {
    let short = Bad::Bytes("it is too short");
    let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(short)?;
    if magic != MAGIC {
        return Err(Bad::Bytes("it is no index at all"));
    }
    let short = || Bad::Bytes("it is too short");
    let (format, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let format = u32::from_le_bytes(*format);
    if format != FORMAT {
        return Err(Bad::Format(format));
    }
    // Before anything is believed of what follows.
    let (body, digest) = bytes.split_last_chunk::<DIGEST>().ok_or_else(short)?;
    if Sha256::digest(body).as_slice() != digest {
        return Err(Bad::Bytes("its checksum is wrong"));
    }
    let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| short())?;
    let head = rest.get(..length).ok_or_else(short)?;
    let vectors = body.get(PREFIX + length..).ok_or_else(short)?;
    let head: Head =
        serde_json::from_slice(head).map_err(|_| Bad::Bytes("its head cannot be read"))?;
    let vectors: Vec<f32> =
        vectors.chunks_exact(4).filter_map(|c| c.try_into().ok()).map(f32::from_le_bytes).collect();
    let fits = head.dimensions > 0 && vectors.len() == head.dimensions * head.passages.len();
    if !fits || !head.passages.is_sorted_by(|a, b| a.id < b.id) {
        return Err(Bad::Bytes("its parts do not fit"));
    }
    Ok(Index {
        model: head.model,
        passages: head.passages,
        vectors,
        dimensions: head.dimensions,
        hash: hex(digest),
    })
}
