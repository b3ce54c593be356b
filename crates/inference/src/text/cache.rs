//! The keys and values of the tokens so far, in pages out of one budget.
//!
//! Sequences that begin alike share the pages of their beginning. A page that is shared is
//! never written: whoever goes on gets a copy of the last, half-full one. Pages come from a
//! [`Pool`] and return to it, so that the memory a model takes while it works has a limit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::config::Config;
use crate::kernels::Lanes;
use crate::kernels::attention::{self, PAGE};

/// The budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// Where pages come from.
#[derive(Debug)]
pub(crate) struct Pool {
    layers: usize,
    kv_heads: usize,
    dim: usize,
    pages: usize,
    left: AtomicUsize,
    /// Pages that were used and are free again: asking the system for them costs more.
    free: Mutex<Vec<Box<[Lanes]>>>,
}

impl Pool {
    /// A pool of `bytes`, at least one page.
    pub(super) fn new(config: &Config, bytes: usize) -> Arc<Self> {
        let page = config.layers * config.kv_heads * 2 * config.head_dim;
        let pages = (bytes / (page * size_of::<Lanes>())).max(1);
        Arc::new(Self {
            layers: config.layers,
            kv_heads: config.kv_heads,
            dim: config.head_dim,
            pages,
            left: AtomicUsize::new(pages),
            free: Mutex::default(),
        })
    }

    /// How many tokens all sequences may have together.
    pub(crate) fn tokens(&self) -> usize {
        self.pages * PAGE
    }

    /// What a token takes.
    pub(crate) fn token_bytes(&self) -> usize {
        self.layers * self.kv_heads * 2 * self.dim * size_of::<f32>()
    }

    /// Room for how many tokens nobody holds.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed) * PAGE
    }

    fn take(self: &Arc<Self>) -> Result<Page, Full> {
        let one_less = |left: usize| left.checked_sub(1);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).map_err(|_| Full)?;
        let used = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let size = self.layers * self.kv_heads * 2 * self.dim;
        let lanes = match used {
            // What is not seen counts nothing, so it may be another's numbers: a chance of zero
            // times any of them is zero, since [`attention::write`] keeps finite ones alone.
            Some(lanes) => lanes,
            None => vec![Lanes::default(); size].into_boxed_slice(),
        };
        Ok(Page { lanes, pool: Arc::clone(self) })
    }
}

#[derive(Debug)]
struct Page {
    lanes: Box<[Lanes]>,
    pool: Arc<Pool>,
}

impl Drop for Page {
    fn drop(&mut self) {
        let lanes = std::mem::take(&mut self.lanes);
        self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(lanes);
        self.pool.left.fetch_add(1, Ordering::Relaxed);
    }
}

impl Page {
    /// Where the part of one head in one layer begins: keys, then values.
    fn start(&self, layer: usize, head: usize) -> usize {
        (layer * self.pool.kv_heads + head) * 2 * self.pool.dim
    }

    fn view(&self, layer: usize, head: usize) -> attention::Page<'_> {
        let (start, dim) = (self.start(layer, head), self.pool.dim);
        attention::Page::of(self.lanes.get(start..start + 2 * dim).unwrap_or_default())
    }

    fn write(&mut self, layer: usize, head: usize, slot: usize, key: &[f32], value: &[f32]) {
        let (start, dim) = (self.start(layer, head), self.pool.dim);
        let page = self.lanes.get_mut(start..start + 2 * dim).unwrap_or_default();
        attention::write(page, slot, key, value);
    }
}

/// One sequence's keys and values.
#[derive(Debug)]
pub(crate) struct Cache {
    pool: Arc<Pool>,
    pages: Vec<Arc<Page>>,
    len: usize,
}

impl Cache {
    pub(crate) fn new(pool: &Arc<Pool>) -> Self {
        Self { pool: Arc::clone(pool), pages: Vec::new(), len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_of(&self, pool: &Arc<Pool>) -> bool {
        Arc::ptr_eq(&self.pool, pool)
    }

    /// The same tokens, to be gone on from; no number is copied.
    pub(crate) fn fork(&self) -> Self {
        Self { pool: Arc::clone(&self.pool), pages: self.pages.clone(), len: self.len }
    }

    /// A cache of the same model without any tokens.
    pub(crate) fn emptied(&self) -> Self {
        Self::new(&self.pool)
    }

    /// Whether it keeps pages from others.
    pub(crate) fn holds(&mut self) -> bool {
        self.pages.iter_mut().any(|page| Arc::get_mut(page).is_some())
    }

    /// Makes room for `count` more tokens, or changes nothing that is seen.
    pub(crate) fn reserve(&mut self, count: usize) -> Result<(), Full> {
        let first = self.len / PAGE;
        if let Some(last) = self.pages.get_mut(first)
            && count > 0
            && Arc::get_mut(last).is_none()
        {
            let mut copy = self.pool.take()?;
            copy.lanes.copy_from_slice(&last.lanes);
            *last = Arc::new(copy);
        }
        while self.pages.len() < (self.len + count).div_ceil(PAGE) {
            self.pages.push(Arc::new(self.pool.take()?));
        }
        Ok(())
    }

    /// Writes the keys and values of all heads for the `at`th token after those that count.
    pub(super) fn write(&mut self, layer: usize, at: usize, keys: &[f32], values: &[f32]) {
        let place = self.len + at;
        let dim = self.pool.dim;
        let page = self.pages.get_mut(place / PAGE).and_then(Arc::get_mut);
        debug_assert!(page.is_some(), "room was not reserved");
        let Some(page) = page else { return };
        let heads = keys.chunks_exact(dim).zip(values.chunks_exact(dim));
        for (head, (key, value)) in heads.enumerate() {
            page.write(layer, head, place % PAGE, key, value);
        }
    }

    /// Counts in the tokens that were written in every layer.
    pub(super) fn advance(&mut self, count: usize) {
        self.len += count;
    }

    /// Something that is the same for caches that share their `at`th page.
    pub(super) fn identity(&self, at: usize) -> Option<usize> {
        self.pages.get(at).map(|page| Arc::as_ptr(page).addr())
    }

    pub(super) fn view(&self, at: usize, layer: usize, head: usize) -> attention::Page<'_> {
        match self.pages.get(at) {
            Some(page) => page.view(layer, head),
            None => attention::Page { keys: &[], values: &[] },
        }
    }
}
