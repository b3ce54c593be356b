//! Templates: the best candidate that was proved, or else the approved wording.

use domain::{Evidence, Language, MessageSource, Template, TemplateId};
use knowledge::Passage;

use crate::candidates::candidates;
use crate::citation::citable;
use crate::fingerprint::Fingerprint;
use crate::lint::{LintError, lint_template};
use crate::model::Wording;
use crate::plan::Plan;
use crate::prompt::Prompts;
use crate::proof::{Unproved, expected, lay_out, prove};
use crate::words::Words;

/// Why there is no template at all: the pack's own wording does not stand.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The approved wording was not proved.
    #[error("the approved wording is not proved: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Unproved(Vec<Unproved>),
    /// The approved wording breaks a rule of messages.
    #[error("the approved wording breaks a rule of messages")]
    Lint(#[from] LintError),
}

/// Makes templates: the pack's words, the prompts and, where there is one, a model.
#[derive(Clone, Copy)]
pub struct Writer<'w> {
    /// The pack's words.
    pub words: &'w Words,
    /// The prompts.
    pub prompts: &'w Prompts,
    /// What words the messages; without it the approved wording is taken.
    pub wording: Option<&'w dyn Wording>,
    /// How many candidates are drawn beside the likeliest.
    pub samples: u64,
    /// Hash of the pack.
    pub pack: &'w str,
    /// Hash of the index that passages come from.
    pub index: &'w str,
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let model = self.wording.map(Wording::hash);
        f.debug_struct("Writer").field("model", &model).finish_non_exhaustive()
    }
}

impl Writer<'_> {
    /// The key of the cache: the plan's shape, the pack, the prompt, the model, the index and
    /// the passages. Where one of them changes, the text is made and proved anew.
    #[must_use]
    pub fn key(&self, plan: &Plan, passages: &[Passage]) -> String {
        let prompt = self.prompt_name(plan.language);
        let mut hash = Fingerprint::default();
        let mut put = |part: &str| hash.put(part);
        let model = self.wording.map(Wording::hash).unwrap_or_default();
        let shape = plan.shape();
        for part in ["template/1", &shape, self.words.hash(), self.pack, &prompt, model, self.index]
        {
            put(part);
        }
        put(&self.samples.to_string());
        for passage in citable(plan, passages) {
            put(&passage.id);
            put(&passage.hash);
        }
        hash.hex()
    }

    /// Words the message of `plan`: by the model if what it says is proved, else as approved.
    pub fn make_template(
        &self,
        plan: &Plan,
        passages: &[Passage],
    ) -> Result<Template, TemplateError> {
        let shape = self.key(plan, passages);
        let (evidence, source, refused_because) = match self.by_model(plan, passages) {
            Ok(evidence) => (evidence, MessageSource::Model, None),
            Err(reason) => (approved_evidence(plan, passages)?, MessageSource::Template, reason),
        };
        let text = lay_out(plan, &evidence);
        let (tag, model) = match source {
            MessageSource::Model => ("model", self.wording.map(Wording::hash).unwrap_or_default()),
            MessageSource::Template => ("template", ""),
        };
        Ok(Template {
            id: TemplateId::of(&[&shape, plan.language.tag(), &text, tag, model]),
            shape,
            language: plan.language,
            text,
            source,
            refused_because,
            model: model.to_owned(),
            prompt: self.prompt_name(plan.language),
            index: self.index.to_owned(),
            evidence: evidence.into(),
        })
    }

    /// The evidence of the first candidate that stands; or why none does, where one was asked.
    fn by_model(&self, plan: &Plan, passages: &[Passage]) -> Result<Vec<Evidence>, Option<String>> {
        let wording = self.wording.ok_or(None)?;
        let prompt = self.prompts.get(plan.language);
        let prompt = prompt.ok_or_else(|| Some("no prompt for this language".to_owned()))?;
        let example = self.words.example(plan);
        let found = candidates(plan, passages, prompt, &example, wording, self.samples);
        let found = found.map_err(|error| Some(chain(&error)))?;
        let mut refused = None;
        for candidate in found {
            let stands = prove(plan, passages, &candidate.text)
                .map_err(|unproved| unproved.first().map(ToString::to_string).unwrap_or_default())
                .and_then(|evidence| {
                    let rules = lint_template(plan, &evidence);
                    rules.map(|()| evidence).map_err(|error| error.to_string())
                });
            match stands {
                Ok(evidence) => return Ok(evidence),
                Err(reason) => refused = refused.or(Some(reason)),
            }
        }
        Err(refused.or_else(|| Some("the model finished no text".to_owned())))
    }

    fn prompt_name(&self, language: Language) -> String {
        self.prompts.get(language).map(crate::prompt::Prompt::name).unwrap_or_default()
    }
}

fn approved_evidence(plan: &Plan, passages: &[Passage]) -> Result<Vec<Evidence>, TemplateError> {
    let text = approved(plan, passages);
    let evidence = prove(plan, passages, &text).map_err(TemplateError::Unproved)?;
    lint_template(plan, &evidence)?;
    Ok(evidence)
}

/// The approved wording of `plan`: the first alternative of every point, citing the first
/// passage that may be cited.
#[must_use]
pub fn approved(plan: &Plan, passages: &[Passage]) -> String {
    let cited = citable(plan, passages);
    let points = expected(plan, !cited.is_empty());
    let texts: Vec<String> = points
        .iter()
        .filter_map(|point| point.alternatives.first())
        .map(|phrase| match cited.first() {
            Some(passage) => {
                phrase.approved().replace("{cite}", &format!("{{cite:{}}}", passage.id))
            }
            None => phrase.approved(),
        })
        .collect();
    texts.join("\n")
}

impl Words {
    /// Approved wording of another life event, to show a model the tone and not the answer.
    fn example(&self, plan: &Plan) -> String {
        let others = self.events.iter().filter(|(id, _)| **id != plan.life_event);
        let mut other = others.filter(|(id, _)| self.speaks(plan.language, id));
        let words = other.next().map(|(_, words)| words.points.as_slice()).unwrap_or_default();
        let mut points: Vec<_> = words.iter().chain(&self.common).collect();
        points.sort_by_key(|point| point.place);
        let first = |point: &&crate::words::PointWords| {
            let variant = point.variants.first()?;
            let phrase = variant.phrases(plan.language).first()?;
            let phrase = phrase.approved();
            (!phrase.contains("{cite}")).then_some(phrase)
        };
        let mut said = std::collections::BTreeSet::new();
        // One point of each place is enough to show how such a letter reads.
        points.retain(|point| said.insert(point.place));
        points.iter().filter_map(first).collect::<Vec<_>>().join("\n\n")
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        out = format!("{out}: {source}");
        next = source.source();
    }
    out
}
