//! Attention within windows, where every token sees all of its own window.
//!
//! Neighbouring tokens see the same, so some of them ask together, as the query heads that
//! share a key head do in text models: each key and value is loaded once for all of them.

use std::ops::Range;

use crate::kernels::attention::{self, Ends, Head, PAGE, Page, Room, Sight, Visit};
use crate::kernels::{Lanes, Tier};

/// Neighbouring tokens that ask together.
const TOGETHER: usize = 4;
/// Tokens whose scores are computed together, so that they stay in the nearest cache.
const BLOCK: usize = 32;

/// Neighbouring rows that see each other and nothing else.
#[derive(Debug)]
pub(super) struct Span {
    rows: Range<usize>,
    blocks: Vec<Block>,
}

/// Some tokens of a span: in groups, each of `shared` tokens.
#[derive(Debug)]
struct Block {
    first: usize,
    shared: usize,
    sights: Vec<Sight>,
    visits: Vec<Visit>,
}

/// What is asked: rows of heads side by side, each of `dim` numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) dim: usize,
    /// Numbers of a row.
    pub(super) width: usize,
    pub(super) queries: &'a [f32],
    pub(super) keys: &'a [f32],
    pub(super) values: &'a [f32],
}

/// What attention is computed in; kept for the next call.
#[derive(Debug, Default)]
pub(super) struct Attention {
    /// Keys and values of one head of one span.
    pages: Vec<Lanes>,
    room: Room,
}

impl Span {
    pub(super) fn new(rows: Range<usize>) -> Self {
        let tokens = rows.len();
        let rest = tokens % TOGETHER;
        let whole = tokens - rest;
        let starts = (0..whole).step_by(BLOCK);
        let mut blocks: Vec<Block> = starts
            .map(|at| Block::new(at, TOGETHER, (whole - at).min(BLOCK) / TOGETHER, tokens))
            .collect();
        if rest > 0 {
            blocks.push(Block::new(whole, rest, 1, tokens));
        }
        Self { rows, blocks }
    }
}

impl Block {
    fn new(first: usize, shared: usize, groups: usize, tokens: usize) -> Self {
        let visit = |at| Visit { at, page: at, tokens: (0..groups).collect() };
        Self {
            first,
            shared,
            sights: vec![Sight { from: 0, to: tokens }; groups],
            visits: (0..tokens.div_ceil(PAGE)).map(visit).collect(),
        }
    }
}

impl Attention {
    /// Writes to `out` what each head of each row reads from the values of its span.
    pub(super) fn forward(
        &mut self,
        tier: Tier,
        spans: &[Span],
        asked: Asked<'_>,
        out: &mut [f32],
    ) {
        let Asked { dim, width, queries, keys, values } = asked;
        for span in spans {
            let rows = span.rows.start * width..span.rows.end * width;
            let own = Asked {
                queries: queries.get(rows.clone()).unwrap_or_default(),
                keys: keys.get(rows.clone()).unwrap_or_default(),
                values: values.get(rows.clone()).unwrap_or_default(),
                ..asked
            };
            let out = out.get_mut(rows).unwrap_or_default();
            for start in (0..width).step_by(dim) {
                self.fill(own, start);
                self.head(tier, span, own, start, out);
            }
        }
    }

    /// Keeps the keys and values of the head that begins at `start`.
    fn fill(&mut self, Asked { dim, width, keys, values, .. }: Asked<'_>, start: usize) {
        let pages = (keys.len() / width).div_ceil(PAGE);
        self.pages.clear();
        self.pages.resize(pages * 2 * dim, Lanes::default());
        let tokens = keys.chunks(PAGE * width).zip(values.chunks(PAGE * width));
        for (page, (keys, values)) in self.pages.chunks_exact_mut(2 * dim).zip(tokens) {
            let both = keys.chunks_exact(width).zip(values.chunks_exact(width));
            for (slot, (key, value)) in both.enumerate() {
                let head = start..start + dim;
                let (Some(key), Some(value)) = (key.get(head.clone()), value.get(head)) else {
                    continue;
                };
                attention::write(page, slot, key, value);
            }
        }
    }

    fn head(&mut self, tier: Tier, span: &Span, asked: Asked<'_>, start: usize, out: &mut [f32]) {
        let Asked { dim, width, queries, .. } = asked;
        let pages: Vec<Page<'_>> = self.pages.chunks_exact(2 * dim).map(Page::of).collect();
        for block in &span.blocks {
            let Block { first, shared, sights, visits } = block;
            #[expect(clippy::cast_precision_loss, reason = "a head has few dimensions")]
            let scale = 1.0 / (dim as f32).sqrt();
            let head = Head { shared: *shared, dim, scale, sights, visits, pages: &pages };
            let rows = first * width..(first + shared * sights.len()) * width;
            let ends = Ends {
                queries: queries.get(rows.clone()).unwrap_or_default(),
                out: out.get_mut(rows).unwrap_or_default(),
                stride: shared * width,
                start,
                step: width,
            };
            attention::attend(tier, &head, ends, &mut self.room);
        }
    }
}
