//! Attention over pages of keys and values, for many tokens of many sequences at once.
//!
//! A page holds sixteen tokens. Its keys stand transposed, so that sixteen scores are computed
//! side by side; its values stand in runs of thirty-two numbers. A page that many sequences
//! share is read once for all of them. Whatever is computed together, each token's scores,
//! their sum and the mix of values are computed in the order of its pages.

use super::simd::Simd;
use super::{Kernel, LANES, Lanes, Tier};

/// Tokens in a page.
pub(crate) const PAGE: usize = LANES;
/// Numbers of a value that stand together.
pub(crate) const RUN: usize = 2 * LANES;
/// The most queries that may look at the same keys with the same sight.
pub(crate) const MOST_SHARED: usize = 8;

/// Keys, `dim` lanes of sixteen tokens each, and values, `dim / 32` runs of sixteen tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    pub(crate) keys: &'a [Lanes],
    pub(crate) values: &'a [Lanes],
}

impl<'a> Page<'a> {
    /// A page whose values stand behind its keys.
    pub(crate) fn of(lanes: &'a [Lanes]) -> Self {
        let (keys, values) = lanes.split_at(lanes.len() / 2);
        Self { keys, values }
    }
}

/// Writes a token's key and value into its slot of a page, which has `key.len()` lanes of keys
/// and as many of values. Zero stands for what is not a finite number: pages are used again
/// without being cleared.
pub(crate) fn write(page: &mut [Lanes], slot: usize, key: &[f32], value: &[f32]) {
    let (keys, values) = page.split_at_mut(key.len().min(page.len()));
    for (lanes, x) in keys.iter_mut().zip(key) {
        if let Some(to) = lanes.0.get_mut(slot) {
            *to = finite(*x);
        }
    }
    for (run, value) in values.chunks_exact_mut(RUN).zip(value.chunks_exact(RUN)) {
        let lanes = run.get_mut(2 * slot..2 * slot + 2).unwrap_or_default();
        for (lanes, sixteen) in lanes.iter_mut().zip(value.as_chunks::<LANES>().0) {
            lanes.0 = sixteen.map(finite);
        }
    }
}

fn finite(x: f32) -> f32 {
    if x.is_finite() { x } else { 0.0 }
}

/// What a token of a batch may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sight {
    /// The first token it sees, and the one after the last, which is itself.
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// One page and the tokens of the batch that see something of it.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// Which page of its sequence it is.
    pub(crate) at: usize,
    /// Where the caller finds it.
    pub(crate) page: usize,
    /// Tokens, counted from the first of the call.
    pub(crate) tokens: Vec<usize>,
}

/// Room for one call, kept for the next.
#[derive(Debug, Default)]
pub(crate) struct Room {
    queries: Vec<f32>,
    scores: Vec<Lanes>,
    mixes: Vec<Lanes>,
    shares: Vec<f32>,
}

/// The attention of one key head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    /// How many queries a row has: the query heads that share this key head, or neighbouring
    /// tokens where all see the same.
    pub(crate) shared: usize,
    pub(crate) dim: usize,
    pub(crate) scale: f32,
    pub(crate) sights: &'a [Sight],
    /// In the order of their places.
    pub(crate) visits: &'a [Visit],
    /// The pages that `visits` name.
    pub(crate) pages: &'a [Page<'a>],
}

/// Where the head's queries stand in each row, and where its results go.
#[derive(Debug)]
pub(crate) struct Ends<'a> {
    /// A row for each of the head's sights.
    pub(crate) queries: &'a [f32],
    pub(crate) out: &'a mut [f32],
    /// How long a row is, the same for both.
    pub(crate) stride: usize,
    /// Where in the row the first of its queries begins.
    pub(crate) start: usize,
    /// How far the next one is from there.
    pub(crate) step: usize,
}

/// Writes what each query head reads from the values. `shared` is at most [`MOST_SHARED`].
pub(crate) fn attend(tier: Tier, head: &Head<'_>, ends: Ends<'_>, room: &mut Room) {
    match head.shared {
        1 => tier.run(Attend::<1> { head, ends, room }),
        2 => tier.run(Attend::<2> { head, ends, room }),
        3 => tier.run(Attend::<3> { head, ends, room }),
        4 => tier.run(Attend::<4> { head, ends, room }),
        5 => tier.run(Attend::<5> { head, ends, room }),
        6 => tier.run(Attend::<6> { head, ends, room }),
        7 => tier.run(Attend::<7> { head, ends, room }),
        8 => tier.run(Attend::<8> { head, ends, room }),
        more => debug_assert!(false, "{more} heads share a key"),
    }
}

struct Attend<'a, const G: usize> {
    head: &'a Head<'a>,
    ends: Ends<'a>,
    room: &'a mut Room,
}

impl<const G: usize> Kernel for Attend<'_, G> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { head, mut ends, room } = self;
        let Some(first) = head.visits.iter().map(|visit| visit.at).min() else { return };
        let pages = head.visits.iter().map(|visit| visit.at + 1 - first).max().unwrap_or(0);
        let (tokens, dim) = (head.sights.len(), head.dim);
        room.fit(tokens, G, dim, pages);
        gather::<G>(&ends, dim, &mut room.queries);
        let queries = room.queries.as_chunks::<G>().0;
        let mut look = Look { simd, head, queries, scores: &mut room.scores, first, pages };
        let mut rest = head.visits;
        while let [visit, after @ ..] = rest {
            rest = after;
            if 2 * G <= S::HELD
                && let [next, after @ ..] = after
                && next.tokens == visit.tokens
            {
                rest = after;
                look.at([visit, next]);
            } else {
                look.at([visit]);
            }
        }
        let rows = room.scores.chunks_exact_mut(pages * G).zip(room.shares.as_chunks_mut::<G>().0);
        for ((rows, shares), sight) in rows.zip(head.sights) {
            for (row, share) in rows.chunks_exact_mut(pages).zip(shares) {
                *share = soften(simd, row, first * PAGE, *sight);
            }
        }
        room.mixes.fill(Lanes::default());
        for visit in head.visits {
            let Some(page) = head.pages.get(visit.page) else { continue };
            let at = visit.at - first;
            let size = dim * G / LANES;
            let part = |token: usize| token * size..(token + 1) * size;
            for pair in visit.tokens.chunks(if 4 * G <= S::HELD { 2 } else { 1 }) {
                if let &[a, b] = pair
                    && let Ok(mixes) = room.mixes.get_disjoint_mut([part(a), part(b)])
                {
                    let chances = [a, b].map(|token| chances::<G>(&room.scores, token, pages, at));
                    mix(simd, chances, page.values, mixes);
                } else if let &[a] = pair
                    && let Some(mixes) = room.mixes.get_mut(part(a))
                {
                    let chances = [chances::<G>(&room.scores, a, pages, at)];
                    mix(simd, chances, page.values, [mixes]);
                }
            }
        }
        scatter::<S, G>(simd, room, dim, &mut ends);
    }
}

impl Room {
    fn fit(&mut self, tokens: usize, shared: usize, dim: usize, pages: usize) {
        self.queries.resize(tokens * shared * dim, 0.0);
        self.scores.resize(tokens * shared * pages, Lanes::default());
        self.mixes.resize(tokens * shared * dim / LANES, Lanes::default());
        self.shares.resize(tokens * shared, 0.0);
    }
}

/// Puts the numbers of a row's queries side by side: the first of each, then the second.
#[inline(always)]
fn gather<const G: usize>(ends: &Ends<'_>, dim: usize, to: &mut [f32]) {
    let rows = ends.queries.chunks_exact(ends.stride);
    for (row, to) in rows.zip(to.chunks_exact_mut(dim * G)) {
        let queries = row.get(ends.start..).unwrap_or(&[]).chunks(ends.step);
        for (lane, query) in queries.take(G).enumerate() {
            for (x, slots) in query.iter().zip(to.as_chunks_mut::<G>().0) {
                if let Some(slot) = slots.get_mut(lane) {
                    *slot = *x;
                }
            }
        }
    }
}

/// What scores are made of, and where they go.
struct Look<'a, S, const G: usize> {
    simd: S,
    head: &'a Head<'a>,
    queries: &'a [[f32; G]],
    scores: &'a mut [Lanes],
    /// The first page that is looked at, and how many there are.
    first: usize,
    pages: usize,
}

impl<S: Simd, const G: usize> Look<'_, S, G> {
    /// Scores of `P` pages for the tokens that see all of them, two where their sums stay in
    /// registers.
    #[inline(always)]
    fn at<const P: usize>(&mut self, visits: [&Visit; P]) {
        let mut keys: [&[Lanes]; P] = [&[]; P];
        for (keys, visit) in keys.iter_mut().zip(visits) {
            let Some(page) = self.head.pages.get(visit.page) else { return };
            *keys = page.keys;
        }
        let [visit, ..] = visits.as_slice() else { return };
        for some in visit.tokens.chunks(if 2 * P * G <= S::HELD { 2 } else { 1 }) {
            match *some {
                [a, b] => self.tokens(keys, visits, [a, b]),
                [a] => self.tokens(keys, visits, [a]),
                _ => {}
            }
        }
    }

    #[inline(always)]
    fn tokens<const P: usize, const T: usize>(
        &mut self,
        keys: [&[Lanes]; P],
        visits: [&Visit; P],
        tokens: [usize; T],
    ) {
        let dim = self.head.dim;
        let mut queries: [&[[f32; G]]; T] = [&[]; T];
        for (query, token) in queries.iter_mut().zip(tokens) {
            let Some(found) = self.queries.get(token * dim..(token + 1) * dim) else { return };
            *query = found;
        }
        let found = scores(self.simd, queries, keys, self.head.scale);
        for (found, visit) in found.iter().zip(visits) {
            for (heads, token) in found.iter().zip(tokens) {
                let rows = self.scores.chunks_exact_mut(self.pages).skip(token * G);
                for (row, lanes) in rows.zip(heads) {
                    if let Some(slot) = row.get_mut(visit.at - self.first) {
                        *slot = *lanes;
                    }
                }
            }
        }
    }
}

/// Scores of the sixteen keys of each of `P` pages for each query head of `T` tokens: a load
/// that fills every lane with a number of a query serves all pages.
#[inline(always)]
fn scores<S: Simd, const P: usize, const T: usize, const G: usize>(
    simd: S,
    queries: [&[[f32; G]]; T],
    pages: [&[Lanes]; P],
    scale: f32,
) -> [[[Lanes; G]; T]; P] {
    let mut sums = [[[simd.splat(0.0); G]; T]; P];
    let length = pages.first().map_or(0, |page| page.len());
    for at in 0..length {
        let mut keys = [simd.splat(0.0); P];
        for (key, page) in keys.iter_mut().zip(pages) {
            let Some(lanes) = page.get(at) else { break };
            *key = simd.load(&lanes.0);
        }
        for (token, query) in queries.iter().enumerate() {
            let Some(query) = query.get(at) else { break };
            for (sums, key) in sums.iter_mut().zip(keys) {
                let Some(sums) = sums.get_mut(token) else { break };
                for (x, sum) in query.iter().zip(sums) {
                    *sum = simd.fma(key, simd.splat(*x), *sum);
                }
            }
        }
    }
    let mut out = [[[Lanes::default(); G]; T]; P];
    let sums = sums.as_flattened().as_flattened();
    for (out, sum) in out.as_flattened_mut().as_flattened_mut().iter_mut().zip(sums) {
        simd.store(simd.mul(*sum, simd.splat(scale)), &mut out.0);
    }
    out
}

/// Turns the scores of what is seen into chances, all but for their sum, whose inverse it
/// returns; what is not seen has none. `start` is the place of the first score.
#[inline(always)]
fn soften<S: Simd>(simd: S, row: &mut [Lanes], start: usize, sight: Sight) -> f32 {
    let (from, to) = (sight.from.saturating_sub(start), sight.to.saturating_sub(start));
    let row = row.get_mut(from / PAGE..to.div_ceil(PAGE)).unwrap_or_default();
    let hide = |lanes: &mut [f32]| lanes.iter_mut().for_each(|x| *x = f32::NEG_INFINITY);
    if let Some(first) = row.first_mut() {
        hide(first.0.get_mut(..from % PAGE).unwrap_or_default());
    }
    if let (Some(last), true) = (row.last_mut(), !to.is_multiple_of(PAGE)) {
        hide(last.0.get_mut(to % PAGE..).unwrap_or_default());
    }
    let mut top = simd.splat(f32::NEG_INFINITY);
    for lanes in &*row {
        top = simd.max(top, simd.load(&lanes.0));
    }
    let top = simd.splat(simd.largest(top));
    let mut sum = simd.splat(0.0);
    for lanes in row {
        let chance = simd.exp(simd.sub(simd.load(&lanes.0), top));
        sum = simd.add(sum, chance);
        simd.store(chance, &mut lanes.0);
    }
    1.0 / simd.total(sum)
}

#[inline(always)]
fn chances<const G: usize>(
    scores: &[Lanes],
    token: usize,
    pages: usize,
    at: usize,
) -> [[f32; LANES]; G] {
    let mut out = [[0.0; LANES]; G];
    for (out, row) in out.iter_mut().zip(scores.chunks_exact(pages).skip(token * G)) {
        if let Some(lanes) = row.get(at) {
            *out = lanes.0;
        }
    }
    out
}

/// Adds to each token's mix the page's values, each times its chance.
#[inline(always)]
fn mix<S: Simd, const T: usize, const G: usize>(
    simd: S,
    chances: [[[f32; LANES]; G]; T],
    values: &[Lanes],
    mut mixes: [&mut [Lanes]; T],
) {
    let runs = values.as_chunks::<2>().0.as_chunks::<PAGE>().0;
    for (at, run) in runs.iter().enumerate() {
        if 2 * T * G <= S::HELD {
            mix_run::<S, T, G, 2>(simd, &chances, run, &mut mixes, at, 0);
        } else {
            mix_run::<S, T, G, 1>(simd, &chances, run, &mut mixes, at, 0);
            mix_run::<S, T, G, 1>(simd, &chances, run, &mut mixes, at, 1);
        }
    }
}

/// The same for `W` lanes of the `at`th run of values, from lane `first` on.
#[inline(always)]
fn mix_run<S: Simd, const T: usize, const G: usize, const W: usize>(
    simd: S,
    chances: &[[[f32; LANES]; G]; T],
    run: &[[Lanes; 2]; PAGE],
    mixes: &mut [&mut [Lanes]; T],
    at: usize,
    first: usize,
) {
    let mut sums = [[[simd.splat(0.0); W]; G]; T];
    for (sums, mix) in sums.iter_mut().zip(&*mixes) {
        let Some(mix) = mix.as_chunks::<2>().0.as_chunks::<G>().0.get(at) else { return };
        for (sums, lanes) in sums.iter_mut().zip(mix) {
            for (sum, lanes) in sums.iter_mut().zip(lanes.iter().skip(first)) {
                *sum = simd.load(&lanes.0);
            }
        }
    }
    for (slot, lanes) in run.iter().enumerate() {
        let mut value = [simd.splat(0.0); W];
        for (value, lanes) in value.iter_mut().zip(lanes.iter().skip(first)) {
            *value = simd.load(&lanes.0);
        }
        for (sums, chances) in sums.iter_mut().zip(chances) {
            for (sums, chances) in sums.iter_mut().zip(chances) {
                let chance = simd.splat(chances.get(slot).copied().unwrap_or_default());
                for (sum, value) in sums.iter_mut().zip(value) {
                    *sum = simd.fma(chance, value, *sum);
                }
            }
        }
    }
    for (sums, mix) in sums.iter().zip(mixes) {
        let Some(mix) = mix.as_chunks_mut::<2>().0.as_chunks_mut::<G>().0.get_mut(at) else {
            return;
        };
        for (sums, lanes) in sums.iter().zip(mix) {
            for (sum, lanes) in sums.iter().zip(lanes.iter_mut().skip(first)) {
                simd.store(*sum, &mut lanes.0);
            }
        }
    }
}

/// Writes the mixes, each over the sum of its chances, as heads of rows.
#[inline(always)]
fn scatter<S: Simd, const G: usize>(simd: S, room: &Room, dim: usize, ends: &mut Ends<'_>) {
    let rows = ends.out.chunks_exact_mut(ends.stride);
    let mixes = room.mixes.chunks_exact(dim * G / LANES);
    for ((row, mix), shares) in rows.zip(mixes).zip(room.shares.as_chunks::<G>().0) {
        let mixes = row.get_mut(ends.start..).unwrap_or_default().chunks_mut(ends.step);
        for ((out, share), lane) in mixes.zip(shares).zip(0..G) {
            let share = simd.splat(*share);
            let runs = mix.as_chunks::<2>().0.as_chunks::<G>().0;
            for (run, out) in runs.iter().zip(out.as_chunks_mut::<LANES>().0.as_chunks_mut::<2>().0)
            {
                let Some(lanes) = run.get(lane) else { continue };
                for (lanes, out) in lanes.iter().zip(out) {
                    simd.store(simd.mul(simd.load(&lanes.0), share), out);
                }
            }
        }
    }
}
