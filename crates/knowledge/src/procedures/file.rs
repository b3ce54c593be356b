//! The bytes of an index of procedures: magic, format, head, a record of each procedure, an entry
//! for each (what is known of it without its text), what abbreviations and everyday phrases stand
//! for, the counts of words that are searched and that marks are given back by, the number of dimensions, the vectors
//! of all titles and cards, and the SHA-256 of all that. What is JSON stands behind its length, and
//! a length of zero ends records and entries; columns of numbers stand behind how many there are.
//!
//! Written one record at a time, so that the texts of a country's procedures are never in memory
//! together. Opening reads past them and makes nothing anew; what an answer shows of them is read
//! again from where it stands.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Entry;
use super::abbreviations::Abbreviations;
use super::bm25::Bm25;
use super::columns::Cell;
use super::everyday::Everyday;
use crate::corpus::hex;
use crate::index::IndexError;
use crate::near::Matrix;
use crate::restore::Counts;
use crate::source::Procedure;

const MAGIC: &[u8; 8] = b"COTMOCPR";
const FORMAT: u32 = 3;
const DIGEST: usize = 32;
/// A longer record is none of ours: lengths are not believed before the checksum is.
const LONGEST: u32 = 32 * 1024 * 1024;
/// The same of the number of dimensions.
const MOST_DIMENSIONS: u32 = 65_536;
/// Columns are written and read so many bytes at a time.
const ROOM: usize = 1 << 16;

/// What an index was made with and of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) model: String,
    pub(super) made_of: String,
}

/// A file that is being written, beside its place until it is whole.
pub(super) struct Writer {
    out: BufWriter<File>,
    digest: Sha256,
    aside: PathBuf,
    path: PathBuf,
    whole: bool,
}

impl Writer {
    pub(super) fn begin(path: &Path, head: &Head) -> Result<Self, IndexError> {
        let failed = |source| IndexError::Write { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let aside = path.with_extension("new");
        let out = BufWriter::new(File::create(&aside).map_err(failed)?);
        let digest = Sha256::new();
        let mut writer = Self { out, digest, aside, path: path.to_owned(), whole: false };
        writer.put(MAGIC)?;
        writer.put(&FORMAT.to_le_bytes())?;
        writer.put_json(head)?;
        Ok(writer)
    }

    pub(super) fn record(&mut self, procedure: &Procedure) -> Result<(), IndexError> {
        self.put_json(procedure)
    }

    /// Writes what is searched and puts the file in its place. Answers its hash.
    pub(super) fn finish(mut self, searched: &Searched) -> Result<String, IndexError> {
        self.put(&0_u32.to_le_bytes())?;
        for entry in &searched.entries {
            self.put_json(entry)?;
        }
        self.put(&0_u32.to_le_bytes())?;
        self.put_json(&searched.abbreviations.0)?;
        self.put_json(&searched.everyday)?;
        searched.bm25.write(&mut self)?;
        self.counts(&searched.counts)?;
        let vectors = [&searched.titles, &searched.cards];
        let dimensions = vectors.map(Matrix::dimensions).into_iter().max().unwrap_or_default();
        self.put(&u32::try_from(dimensions).unwrap_or_default().to_le_bytes())?;
        for row in vectors.into_iter().flat_map(Matrix::rows) {
            let bytes: Vec<u8> = row.iter().flat_map(|x| x.to_le_bytes()).collect();
            self.put(&bytes)?;
        }
        let digest = std::mem::take(&mut self.digest).finalize();
        let failed = |source| IndexError::Write { path: self.path.clone(), source };
        self.out.write_all(&digest).and_then(|()| self.out.flush()).map_err(failed)?;
        self.out.get_ref().sync_all().map_err(failed)?;
        fs::rename(&self.aside, &self.path).map_err(failed)?;
        self.whole = true;
        Ok(hex(&digest))
    }

    pub(super) fn column<T: Cell>(&mut self, cells: &[T]) -> Result<(), IndexError> {
        self.put(&(cells.len() as u64).to_le_bytes())?;
        let mut bytes = Vec::with_capacity(ROOM);
        for some in cells.chunks(ROOM / T::BYTES) {
            bytes.clear();
            for cell in some {
                cell.put(&mut bytes);
            }
            self.put(&bytes)?;
        }
        Ok(())
    }

    /// Forms are words: none holds the end of a line.
    fn counts(&mut self, counts: &Counts) -> Result<(), IndexError> {
        let (forms, often): (Vec<&str>, Vec<u32>) =
            counts.forms.iter().map(|(form, often)| (form.as_str(), *often)).unzip();
        self.put_json(&forms.join("\n"))?;
        self.column(&often)?;
        self.column(&counts.pairs)
    }

    fn put_json(&mut self, value: &impl Serialize) -> Result<(), IndexError> {
        let failed = |error| IndexError::Write { path: self.path.clone(), source: error };
        let bytes = serde_json::to_vec(value).map_err(|error| failed(io::Error::other(error)))?;
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LONGEST);
        let length = length.ok_or_else(|| failed(io::Error::other("a record is too long")))?;
        self.put(&length.to_le_bytes())?;
        self.put(&bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), IndexError> {
        self.digest.update(bytes);
        let failed = |source| IndexError::Write { path: self.path.clone(), source };
        self.out.write_all(bytes).map_err(failed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.whole {
            // Where the disk is full, the half file must not keep it so.
            let _ = fs::remove_file(&self.aside);
        }
    }
}

/// The records of an open file, by their place.
pub(super) struct Records {
    file: Mutex<File>,
    path: PathBuf,
    places: Vec<(u64, u32)>,
}

impl Records {
    /// The record at `place`, read again.
    pub(super) fn get(&self, place: usize) -> Result<Procedure, IndexError> {
        let failed = |source| IndexError::Read { path: self.path.clone(), source };
        let missing = || failed(io::Error::from(io::ErrorKind::NotFound));
        let &(start, length) = self.places.get(place).ok_or_else(missing)?;
        let mut bytes = vec![0; length as usize];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        file.read_exact(&mut bytes).map_err(failed)?;
        drop(file);
        serde_json::from_slice(&bytes).map_err(|_| damaged(&self.path, "a record changed"))
    }
}

/// What a search reads, of all documents in their order.
pub(super) struct Searched {
    pub(super) entries: Vec<Entry>,
    pub(super) abbreviations: Abbreviations,
    pub(super) everyday: Everyday,
    pub(super) bm25: Bm25,
    pub(super) counts: Counts,
    pub(super) titles: Matrix,
    pub(super) cards: Matrix,
}

/// A file that was read to its end and is sound.
pub(super) struct Sound {
    pub(super) records: Records,
    pub(super) searched: Searched,
    pub(super) hash: String,
}

fn damaged(path: &Path, what: &'static str) -> IndexError {
    IndexError::Damaged { path: path.to_owned(), what }
}

fn open(path: &Path) -> Result<Input, IndexError> {
    let file = File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => IndexError::Missing { path: path.to_owned() },
        _ => IndexError::Read { path: path.to_owned(), source },
    })?;
    let input = BufReader::with_capacity(ROOM, file);
    Ok(Input { file: input, digest: Sha256::new(), at: 0, path: path.to_owned() })
}

/// What the index at `path` was made with and of; nothing else of it is looked at.
pub(super) fn head(path: &Path) -> Result<Head, IndexError> {
    open(path)?.head()
}

/// Reads the file at `path` and checks every byte. Records are passed over.
pub(super) fn read(path: &Path) -> Result<Sound, IndexError> {
    let mut input = open(path)?;
    input.head()?;
    let mut places = Vec::new();
    let mut room = Vec::new();
    loop {
        let length = input.length()?;
        if length == 0 {
            break;
        }
        places.push((input.at, length));
        input.bytes(length, &mut room)?;
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(places.len());
    for _ in &places {
        entries.push(input.json("an entry is broken")?);
    }
    if input.length()? != 0 {
        return Err(input.damaged("its entries do not end"));
    }
    let abbreviations = Abbreviations(input.json("its abbreviations are broken")?);
    let everyday = input.json("its everyday phrases are broken")?;
    let bm25 = Bm25::read(&mut input)?;
    let counts = input.counts()?;
    let dimensions = input.number()?;
    if dimensions == 0 || dimensions > MOST_DIMENSIONS {
        return Err(input.damaged("its vectors have no size"));
    }
    let mut vectors = || input.vectors(places.len(), dimensions as usize);
    let (titles, cards) = (vectors()?, vectors()?);
    let digest = std::mem::take(&mut input.digest).finalize();
    let told = input.take::<DIGEST>()?;
    if digest.as_slice() != told {
        return Err(input.damaged("its checksum is wrong"));
    }
    let file = Mutex::new(input.file.into_inner());
    let records = Records { file, path: path.to_owned(), places };
    let searched = Searched { entries, abbreviations, everyday, bm25, counts, titles, cards };
    Ok(Sound { records, searched, hash: hex(&told) })
}

pub(super) struct Input {
    file: BufReader<File>,
    digest: Sha256,
    at: u64,
    path: PathBuf,
}

impl Input {
    fn head(&mut self) -> Result<Head, IndexError> {
        if self.take::<8>()? != *MAGIC {
            return Err(self.damaged("it is no index of procedures"));
        }
        let format = self.number()?;
        if format != FORMAT {
            let path = self.path.clone();
            return Err(IndexError::Version { path, found: format, wanted: FORMAT });
        }
        self.json("its head cannot be read")
    }

    fn json<T: DeserializeOwned>(&mut self, fault: &'static str) -> Result<T, IndexError> {
        let length = self.length()?;
        let mut bytes = Vec::new();
        self.bytes(length, &mut bytes)?;
        serde_json::from_slice(&bytes).map_err(|_| self.damaged(fault))
    }

    fn length(&mut self) -> Result<u32, IndexError> {
        let length = self.number()?;
        if length > LONGEST { Err(self.damaged("a length is impossible")) } else { Ok(length) }
    }

    fn number(&mut self) -> Result<u32, IndexError> {
        Ok(u32::from_le_bytes(self.take::<4>()?))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], IndexError> {
        let mut out = [0; N];
        self.fill(&mut out)?;
        Ok(out)
    }

    /// So many bytes. Room is made as they come: a wrong length must not take all memory.
    fn bytes(&mut self, length: u32, out: &mut Vec<u8>) -> Result<(), IndexError> {
        out.clear();
        let read = self.file.by_ref().take(u64::from(length)).read_to_end(out);
        let failed = |source| IndexError::Read { path: self.path.clone(), source };
        read.map_err(failed)?;
        if out.len() as u64 != u64::from(length) {
            return Err(self.damaged("it is too short"));
        }
        self.digest.update(&out);
        self.at += u64::from(length);
        Ok(())
    }

    /// What [`Writer::column`] wrote; room is made as it comes, too.
    pub(super) fn column<T: Cell>(&mut self) -> Result<Vec<T>, IndexError> {
        let mut left = u64::from_le_bytes(self.take()?);
        let (mut out, mut room) = (Vec::new(), vec![0; ROOM]);
        let most = ROOM / T::BYTES;
        while left > 0 {
            let some = usize::try_from(left).map_or(most, |left| left.min(most));
            let bytes = room.get_mut(..some * T::BYTES).unwrap_or_default();
            self.fill(bytes)?;
            out.extend(bytes.chunks_exact(T::BYTES).filter_map(T::take));
            left -= some as u64;
        }
        Ok(out)
    }

    fn counts(&mut self) -> Result<Counts, IndexError> {
        let forms: String = self.json("its words are broken")?;
        let often: Vec<u32> = self.column()?;
        let forms = forms.lines().map(str::to_owned).zip(often).collect();
        Ok(Counts { forms, pairs: self.column()? })
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), IndexError> {
        self.file.read_exact(out).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it is too short"),
            _ => IndexError::Read { path: self.path.clone(), source },
        })?;
        self.digest.update(&out);
        self.at += out.len() as u64;
        Ok(())
    }

    fn vectors(&mut self, rows: usize, dimensions: usize) -> Result<Matrix, IndexError> {
        let mut out = Matrix::of(dimensions);
        let mut bytes = vec![0; dimensions * 4];
        for _ in 0..rows {
            self.fill(&mut bytes)?;
            let numbers = bytes.chunks_exact(4).filter_map(|it| it.try_into().ok());
            let numbers: Vec<f32> = numbers.map(f32::from_le_bytes).collect();
            out.push(&numbers);
        }
        Ok(out)
    }

    fn damaged(&self, what: &'static str) -> IndexError {
        damaged(&self.path, what)
    }
}
