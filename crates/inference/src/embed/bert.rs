//! BERT as multilingual-e5-small has it: post-norm layers and the mean over all tokens.
//!
//! The windows of a batch stand below each other in one matrix: no padding, hence no mask.
//! Products take all rows together, attention looks at each window alone.

use super::EmbedError;
use super::attend::{Asked, Attention, Span};
use crate::kernels::attention::RUN;
use crate::kernels::{Activations, Packed, Tier, product, rows};

/// The sizes of a model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pub(super) width: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) feed_forward: usize,
    pub(super) words: usize,
    pub(super) positions: usize,
    pub(super) norm_eps: f32,
}

impl Shape {
    /// What is wrong with the sizes, if anything.
    pub(super) fn fault(&self) -> Option<String> {
        let sizes =
            [self.width, self.layers, self.heads, self.feed_forward, self.words, self.positions];
        let absurd = sizes.iter().any(|n| *n == 0 || *n > 1 << 24)
            || !self.width.is_multiple_of(self.heads)
            // A window needs room for its two marks and something between.
            || self.positions < 3;
        if absurd {
            return Some(format!("a size is absurd in {self:?}"));
        }
        let uneven = [self.width / self.heads, self.feed_forward]
            .into_iter()
            .find(|size| !size.is_multiple_of(RUN));
        uneven.map(|size| format!("a width of {size} is no multiple of {RUN}"))
    }
}

/// Where a loader finds the weights, under the names of the 4-bit file.
pub(super) trait Weights {
    /// A matrix, packed for products.
    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Packed, EmbedError>;
    /// So many finite numbers.
    fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, EmbedError>;
}

#[derive(Debug)]
pub(super) struct Bert {
    tier: Tier,
    shape: Shape,
    words: Packed,
    /// Rows of the position table, the one row of the type table added in.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    /// The marks around each window.
    marks: (u32, u32),
}

#[derive(Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

#[derive(Debug)]
struct Linear {
    weight: Packed,
    bias: Vec<f32>,
}

#[derive(Debug)]
struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// A run of tokens that is computed together, without the marks around it.
#[derive(Debug)]
pub(super) struct Window {
    /// Which of the caller's texts it belongs to.
    pub(super) text: usize,
    tokens: Vec<u32>,
}

/// What a batch is computed in; kept from batch to batch, one for each thread.
#[derive(Debug, Default)]
pub(super) struct Work {
    hidden: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    mixed: Vec<f32>,
    inner: Vec<f32>,
    /// What a part gives, before it is added to the hidden rows.
    given: Vec<f32>,
    acts: Activations,
    attention: Attention,
}

impl Window {
    pub(super) fn new(text: usize, tokens: &[u32]) -> Self {
        Self { text, tokens: tokens.to_vec() }
    }

    /// With its two marks.
    pub(super) fn len(&self) -> usize {
        self.tokens.len() + 2
    }

    #[expect(clippy::cast_precision_loss, reason = "a window has 510 tokens at most")]
    pub(super) fn weight(&self) -> f32 {
        self.tokens.len() as f32
    }
}

impl Bert {
    pub(super) fn load(
        shape: Shape,
        marks: (u32, u32),
        weights: &mut impl Weights,
    ) -> Result<Self, EmbedError> {
        let width = shape.width;
        let words = weights.matrix("emb.word", shape.words, width)?;
        let types = weights.vector("emb.type", 2 * width)?;
        let mut positions = weights.vector("emb.pos", shape.positions * width)?;
        // Texts are of the first type, all of them.
        rows::add_each(types.get(..width).unwrap_or_default(), &mut positions);
        let norm = Norm::load(weights, "emb.ln", width)?;
        let layers = (0..shape.layers)
            .map(|layer| Layer::load(weights, &format!("l{layer}"), &shape))
            .collect::<Result<_, _>>()?;
        Ok(Self { tier: Tier::best(), shape, words, positions, norm, layers, marks })
    }

    pub(super) fn dims(&self) -> usize {
        self.shape.width
    }

    pub(super) fn window(&self) -> usize {
        self.shape.positions - 2
    }

    /// Which instructions it computes with.
    pub(super) fn instructions(&self) -> &'static str {
        self.tier.name()
    }

    /// The mean of the last layer over each window, marks included.
    ///
    /// Each is the same whatever windows are beside it.
    pub(super) fn means(&self, windows: &[Window], work: &mut Work) -> Vec<Vec<f32>> {
        let width = self.shape.width;
        self.embed(windows, &mut work.hidden);
        self.norm.forward(self, &mut work.hidden);
        let mut end = 0;
        let spans = windows.iter().map(|window| {
            end += window.len();
            Span::new(end - window.len()..end)
        });
        let spans: Vec<Span> = spans.collect();
        for layer in &self.layers {
            layer.forward(self, &spans, work);
        }
        let mut rest = work.hidden.as_slice();
        let means = windows.iter().map(|window| {
            let (own, later) = rest.split_at((window.len() * width).min(rest.len()));
            rest = later;
            mean(own, width)
        });
        means.collect()
    }

    /// The sum of each token's word and place.
    fn embed(&self, windows: &[Window], hidden: &mut Vec<f32>) {
        let width = self.shape.width;
        let (first, last) = self.marks;
        hidden.resize(windows.iter().map(Window::len).sum::<usize>() * width, 0.0);
        let mut rows = hidden.chunks_exact_mut(width);
        for window in windows {
            let tokens = [&[first], window.tokens.as_slice(), &[last]];
            let tokens = tokens.into_iter().flatten();
            let places = self.positions.chunks_exact(width);
            for ((token, place), row) in tokens.zip(places).zip(&mut rows) {
                self.words.row(*token as usize, row);
                rows::add(place, row);
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a window has 512 tokens at most")]
fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        rows::add(row, &mut sum);
    }
    let count = (rows.len() / width) as f32;
    sum.into_iter().map(|x| x / count).collect()
}

impl Layer {
    fn load(weights: &mut impl Weights, name: &str, shape: &Shape) -> Result<Self, EmbedError> {
        let (width, inner) = (shape.width, shape.feed_forward);
        let mut linear = |part: &str, outputs, inputs| {
            Linear::load(weights, &format!("{name}.{part}"), outputs, inputs)
        };
        let query = linear("q", width, width)?;
        let key = linear("k", width, width)?;
        let value = linear("v", width, width)?;
        let out = linear("ao", width, width)?;
        let up = linear("fi", inner, width)?;
        let down = linear("fo", width, inner)?;
        Ok(Self {
            query,
            key,
            value,
            out,
            attention_norm: Norm::load(weights, &format!("{name}.aln"), width)?,
            up,
            down,
            norm: Norm::load(weights, &format!("{name}.oln"), width)?,
        })
    }

    /// Takes `work.hidden` through the layer.
    fn forward(&self, bert: &Bert, spans: &[Span], work: &mut Work) {
        let Shape { width, heads, feed_forward, .. } = bert.shape;
        work.acts.set(bert.tier, &work.hidden, width);
        self.query.forward(bert, &work.acts, &mut work.queries);
        self.key.forward(bert, &work.acts, &mut work.keys);
        self.value.forward(bert, &work.acts, &mut work.values);
        work.mixed.resize(work.hidden.len(), 0.0);
        let asked = Asked {
            dim: width / heads,
            width,
            queries: &work.queries,
            keys: &work.keys,
            values: &work.values,
        };
        work.attention.forward(bert.tier, spans, asked, &mut work.mixed);
        work.acts.set(bert.tier, &work.mixed, width);
        self.out.forward(bert, &work.acts, &mut work.given);
        rows::add(&work.given, &mut work.hidden);
        self.attention_norm.forward(bert, &mut work.hidden);

        work.acts.set(bert.tier, &work.hidden, width);
        self.up.product(bert, &work.acts, &mut work.inner);
        rows::gelu(bert.tier, &mut work.inner, &self.up.bias);
        work.acts.set(bert.tier, &work.inner, feed_forward);
        self.down.forward(bert, &work.acts, &mut work.given);
        rows::add(&work.given, &mut work.hidden);
        self.norm.forward(bert, &mut work.hidden);
    }
}

impl Linear {
    fn load(
        weights: &mut impl Weights,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Self, EmbedError> {
        Ok(Self {
            weight: weights.matrix(&format!("{name}.w"), outputs, inputs)?,
            bias: weights.vector(&format!("{name}.b"), outputs)?,
        })
    }

    fn forward(&self, bert: &Bert, acts: &Activations, out: &mut Vec<f32>) {
        self.product(bert, acts, out);
        rows::add_each(&self.bias, out);
    }

    /// Without the bias.
    fn product(&self, bert: &Bert, acts: &Activations, out: &mut Vec<f32>) {
        out.resize(acts.rows() * self.weight.outputs(), 0.0);
        // Threads share out batches, not the products of one.
        product((bert.tier, 1), acts, &self.weight, 0..self.weight.tiles(), out);
    }
}

impl Norm {
    fn load(weights: &mut impl Weights, name: &str, width: usize) -> Result<Self, EmbedError> {
        Ok(Self {
            weight: weights.vector(&format!("{name}.w"), width)?,
            bias: weights.vector(&format!("{name}.b"), width)?,
        })
    }

    fn forward(&self, bert: &Bert, rows: &mut [f32]) {
        rows::layer_norm(bert.tier, rows, &self.weight, &self.bias, bert.shape.norm_eps);
    }
}
