//! BERT as multilingual-e5-small has it: post-norm layers and the mean over all tokens.

use candle_core::quantized::QTensor;
use candle_core::{Device, IndexOp, Result, Tensor};

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
        absurd.then(|| format!("a size is absurd in {self:?}"))
    }
}

/// The table of words: quantised rows are expanded as they are looked up, since all of them
/// together would take 384 MB.
#[derive(Debug)]
pub(super) enum Table {
    Quantised(QTensor),
    Plain(Tensor),
}

/// Where a loader finds the weights, under the names of the 4-bit file.
pub(super) trait Weights {
    type Error: From<candle_core::Error>;
    fn words(&mut self, rows: usize, width: usize) -> std::result::Result<Table, Self::Error>;
    fn tensor(&mut self, name: &str, dims: &[usize]) -> std::result::Result<Tensor, Self::Error>;
}

#[derive(Debug)]
pub(super) struct Bert {
    shape: Shape,
    words: Table,
    /// Rows of the position table, the one row of the type table added in.
    positions: Tensor,
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
    /// Transposed, as the product wants it.
    weight: Tensor,
    bias: Tensor,
}

#[derive(Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
}

/// A run of tokens that is computed together, without the marks around it.
#[derive(Debug)]
pub(super) struct Window {
    /// Which of the caller's texts it belongs to.
    pub(super) text: usize,
    tokens: Vec<u32>,
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
    pub(super) fn load<W: Weights>(
        shape: Shape,
        marks: (u32, u32),
        weights: &mut W,
    ) -> std::result::Result<Self, W::Error> {
        let width = shape.width;
        let words = weights.words(shape.words, width)?;
        let types = weights.tensor("emb.type", &[2, width])?;
        let positions =
            weights.tensor("emb.pos", &[shape.positions, width])?.broadcast_add(&types.i(0)?)?;
        let norm = Norm::load(weights, "emb.ln", &shape)?;
        let layers = (0..shape.layers)
            .map(|layer| Layer::load(weights, &format!("l{layer}"), &shape))
            .collect::<std::result::Result<_, _>>()?;
        Ok(Self { shape, words, positions, norm, layers, marks })
    }

    pub(super) fn dims(&self) -> usize {
        self.shape.width
    }

    pub(super) fn window(&self) -> usize {
        self.shape.positions - 2
    }

    /// The mean of the last layer over each window, marks included.
    ///
    /// The windows stand below each other in one matrix: no padding, hence no mask. Only
    /// attention looks at each alone.
    pub(super) fn means(&self, windows: &[Window]) -> Result<Vec<Vec<f32>>> {
        let mut hidden = self.norm.forward(&self.embed(windows)?)?;
        let lengths: Vec<usize> = windows.iter().map(Window::len).collect();
        for layer in &self.layers {
            hidden = layer.forward(&hidden, &lengths, self.shape.heads)?;
        }
        let mut start = 0;
        lengths
            .iter()
            .map(|length| {
                let mean = hidden.narrow(0, start, *length)?.mean(0)?;
                start += length;
                mean.to_vec1()
            })
            .collect()
    }

    fn embed(&self, windows: &[Window]) -> Result<Tensor> {
        let (first, last) = self.marks;
        let mut ids = Vec::new();
        let mut places = Vec::new();
        for window in windows {
            ids.push(first);
            ids.extend(&window.tokens);
            ids.push(last);
            places.extend((0u32..).take(window.len()));
        }
        let ids = Tensor::new(ids, &Device::Cpu)?;
        let words = match &self.words {
            Table::Quantised(table) => table.embedding(&ids)?,
            Table::Plain(table) => table.index_select(&ids, 0)?,
        };
        let places = Tensor::new(places, &Device::Cpu)?;
        words + self.positions.index_select(&places, 0)?
    }
}

impl Layer {
    fn load<W: Weights>(
        weights: &mut W,
        name: &str,
        shape: &Shape,
    ) -> std::result::Result<Self, W::Error> {
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
            attention_norm: Norm::load(weights, &format!("{name}.aln"), shape)?,
            up,
            down,
            norm: Norm::load(weights, &format!("{name}.oln"), shape)?,
        })
    }

    fn forward(&self, hidden: &Tensor, lengths: &[usize], heads: usize) -> Result<Tensor> {
        let queries = self.query.forward(hidden)?;
        let keys = self.key.forward(hidden)?;
        let values = self.value.forward(hidden)?;
        let mut mixed = Vec::with_capacity(lengths.len());
        let mut start = 0;
        for length in lengths {
            let part = |all: &Tensor| split(&all.narrow(0, start, *length)?, heads);
            mixed.push(attend(&part(&queries)?, &part(&keys)?, &part(&values)?)?);
            start += length;
        }
        let attended = self.out.forward(&Tensor::cat(&mixed, 0)?)?;
        let hidden = self.attention_norm.forward(&(hidden + attended)?)?;
        let inner = self.up.forward(&hidden)?.gelu_erf()?;
        self.norm.forward(&(&hidden + self.down.forward(&inner)?)?)
    }
}

/// `[tokens, width]` to `[heads, tokens, dims]`.
fn split(rows: &Tensor, heads: usize) -> Result<Tensor> {
    let (tokens, width) = rows.dims2()?;
    rows.reshape((tokens, heads, width / heads))?.transpose(0, 1)?.contiguous()
}

#[expect(clippy::cast_precision_loss, reason = "a head has few dimensions")]
fn attend(queries: &Tensor, keys: &Tensor, values: &Tensor) -> Result<Tensor> {
    let (heads, tokens, dims) = queries.dims3()?;
    let scores = (queries.matmul(&keys.t()?)? / (dims as f64).sqrt())?;
    candle_nn::ops::softmax_last_dim(&scores)?
        .matmul(values)?
        .transpose(0, 1)?
        .reshape((tokens, heads * dims))
}

impl Linear {
    fn load<W: Weights>(
        weights: &mut W,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> std::result::Result<Self, W::Error> {
        let weight = weights.tensor(&format!("{name}.w"), &[outputs, inputs])?;
        Ok(Self { weight: weight.t()?, bias: weights.tensor(&format!("{name}.b"), &[outputs])? })
    }

    fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        rows.matmul(&self.weight)?.broadcast_add(&self.bias)
    }
}

impl Norm {
    fn load<W: Weights>(
        weights: &mut W,
        name: &str,
        shape: &Shape,
    ) -> std::result::Result<Self, W::Error> {
        Ok(Self {
            weight: weights.tensor(&format!("{name}.w"), &[shape.width])?,
            bias: weights.tensor(&format!("{name}.b"), &[shape.width])?,
            eps: shape.norm_eps,
        })
    }

    fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        candle_nn::ops::layer_norm(rows, &self.weight, &self.bias, self.eps)
    }
}
