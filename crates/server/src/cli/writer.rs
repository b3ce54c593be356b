//! `cotmoc eval writer`: letters in bulk, what the proof of free sentences lets through and refuses, and
//! what hostile texts bring about.

use std::sync::Arc;

use anyhow::ensure;
use engine::{App, AskedAbout, Shape};
use eval::writer::letters::{all_shapes, free};
use eval::writer::{
    AcceptedShare, Composed, Free, LettersReport, ProofReport, Rate, RedteamReport, WriterReport,
    Written, WrittenLetters, pairs, proof, redteam, written, written_letters,
};
use knowledge::{Corpus, Embed, Passage};
use rules::PackFiles;
use server::config::Config;
use server::questions::Questions;
use server::secrets::master;
use server::{models, pack, prompts, wiring};
use storage::Store;
use writer::Wording;

use self::letters::Letters;
use super::measure::{self, EvalArgs};
use super::output::Output;
use super::paper::{Paper, good, odd, plain};

mod letters;

/// At most so many of the wrong sentences may be accepted.
const MOST_FALSE_ACCEPTS: f64 = 0.005;
/// The service that hostile questions are about, and the file that tells of it.
const ASKED: &str = "3.000722";
const ASKED_IN: &str = "corpus/birth-interlinked.md";

/// Looks at letters, decides every labelled pair, plays every hostile text, and tells the figures.
pub(super) async fn run(args: &EvalArgs, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = Store::open("sqlite::memory:", &master::throwaway()?).await?;
    let (app, _) = measure::app(config, output, store, false).await?;
    let app = Arc::new(app);
    let files = Arc::new(pack::files(config.pack.path.as_deref())?);
    let shapes = all_shapes(&app, app.today())?;
    let written = have_written(&files, args, config, output).await?;
    let written_letters = written.as_ref().map(|it| written_letters(&app, &shapes, &it.bank));
    let free = have_written_freely(&app, &shapes, args, config, output).await?;
    let bank = written.as_ref().map(|it| it.bank.clone()).unwrap_or_default();
    let letters = letters::look(&app, &files, args, config, output, (shapes, bank)).await?;
    let models = (!args.no_model).then(|| config.models.dir.clone());
    let guard = move || -> anyhow::Result<_> {
        let passages = Corpus::parse(&pack::corpus(&files))?.passages();
        let model = models.map(|dir| models::embedder(&dir)).transpose()?;
        let proof = prove(&app, &files, &passages, model.as_deref(), output)?;
        Ok((proof, play(&app, &files, &passages)?))
    };
    let (proof, redteam) = tokio::task::spawn_blocking(guard).await??;
    let paper = Paper::of_stdout(output.is_json());
    letters::tell(&paper, &letters);
    if let Some(written) = &written {
        tell_written(&paper, written);
    }
    if let Some(WrittenLetters { shapes, proved, phrases_written }) = &written_letters {
        let share = phrases_written * 100.0;
        let text = format!("{proved} of {shapes} proved, {share:.0} % of the phrases asked for");
        paper.write("  letters with them            ", &text, &plain());
    }
    if let Some(free) = &free {
        tell_free(&paper, free);
    }
    tell_proof(&paper, &proof);
    tell_redteam(&paper, &redteam);
    let Letters { report, composed, render, notices } = letters;
    let report = WriterReport {
        letters: report,
        accepted_share: AcceptedShare {
            compose: composed.as_ref().map(Composed::accepted),
            write: written.as_ref().map(|it| it.tally.accepted_share()),
        },
        composed,
        written,
        written_letters,
        free,
        render_per_s: render.last().map_or(0.0, |it| it.filled_per_second),
        render,
        notices,
        proof,
        redteam,
    };
    output.value(&report)?;
    judge(&report)
}

fn judge(report: &WriterReport) -> anyhow::Result<()> {
    let LettersReport { shapes, shapes_proved, wrong_values, missing_values, .. } = report.letters;
    ensure!(wrong_values + missing_values == 0, "letters came out wrong");
    ensure!(shapes == shapes_proved, "{} shapes have no words that stand", shapes - shapes_proved);
    let accepted = report.proof.false_accept_rate.value;
    let percent = accepted * 100.0;
    ensure!(accepted <= MOST_FALSE_ACCEPTS, "{percent:.2} % of the wrong sentences were accepted");
    let effects = report.redteam.effects;
    ensure!(effects == 0, "{effects} hostile texts had an effect");
    Ok(())
}

/// Has the model write phrases, where that was asked for.
async fn have_written(
    files: &Arc<PackFiles>,
    args: &EvalArgs,
    config: &Config,
    output: Output,
) -> anyhow::Result<Option<Written>> {
    let files = Arc::clone(files);
    let (dir, most) = (config.models.dir.clone(), args.written);
    with_model((most, "writing phrases"), args, config, output, move |wording, on| {
        let (words, vocabularies) = (pack::words(&files)?, wiring::vocabularies(&files)?);
        let embedder = models::embedder(&dir)?;
        let report = written(
            (&words, &vocabularies),
            &prompts::rephrasings()?,
            (wording, Some(&*embedder)),
            most,
            on,
        );
        Ok(report?)
    })
    .await
}

/// Has the model write whole letters, where that was asked for.
async fn have_written_freely(
    app: &Arc<App>,
    shapes: &[Shape],
    args: &EvalArgs,
    config: &Config,
    output: Output,
) -> anyhow::Result<Option<Free>> {
    let (app, shapes, most) = (Arc::clone(app), shapes.to_vec(), args.free);
    with_model((most, "writing whole letters"), args, config, output, move |wording, on| {
        Ok(free(&app, &shapes, wording, most, on)?)
    })
    .await
}

/// Does `work` with the model that writes and a bar of `most` steps, where any was asked for.
async fn with_model<T: Send + 'static>(
    (most, what): (usize, &'static str),
    args: &EvalArgs,
    config: &Config,
    output: Output,
    work: impl FnOnce(&dyn Wording, &mut dyn FnMut(usize)) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<Option<T>> {
    if args.no_model || most == 0 {
        return Ok(None);
    }
    let (dir, name) = (config.models.dir.clone(), args.model.clone());
    let work = move || {
        let wording = models::wording_by(&dir, name.as_deref())?;
        let bar = output.bar(most as u64, false, what);
        let done = work(&*wording, &mut |done| bar.set_position(done as u64));
        bar.finish_and_clear();
        done
    };
    Ok(Some(tokio::task::spawn_blocking(work).await??))
}

fn tell_free(paper: &Paper, it: &Free) {
    paper.rule(&format!("whole letters by the model, to compare with · {} cases", it.cases));
    let line = |of: &str, count: usize| {
        paper.write(&format!("  {of:<28} "), &count.to_string(), &plain());
    };
    line("came to an end", it.ended);
    line("with all values", it.with_all_values);
    line("without other numbers", it.without_other_numbers);
    line("right as far as can be seen", it.right);
    line("filled by code, right", it.filled_right);
    paper.write(
        "  seconds a case               ",
        &format!("{:.1}", it.seconds_per_case),
        &plain(),
    );
}

fn tell_written(paper: &Paper, it: &Written) {
    let tally = &it.tally;
    paper.rule(&format!("phrases · {} asked for", tally.phrases));
    let share = tally.accepted_share() * 100.0;
    let per = it.candidates_per_accepted.map(|per| format!(", {per:.1} texts for one"));
    let text =
        format!("{share:.0} %, {} phrases gained{}", tally.accepted, per.unwrap_or_default());
    paper.write("  something was proved for     ", &text, &plain());
    let text = format!("{:.2}", it.seconds_per_phrase);
    paper.write("  seconds a phrase             ", &text, &plain());
    for (reason, count) in &tally.refused {
        paper.write(&format!("  {count:>6} × "), reason, &plain());
    }
}

fn prove(
    app: &App,
    files: &PackFiles,
    passages: &[Passage],
    model: Option<&dyn Embed>,
    output: Output,
) -> anyhow::Result<ProofReport> {
    let words = &app.writing.words;
    let vocabularies = wiring::vocabularies(files)?;
    let labelled = pairs(words, passages)?;
    let bar = output.bar(labelled.len() as u64, false, "deciding");
    let report = proof(&labelled, words, &vocabularies, model, &mut |done, _| {
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    Ok(report?)
}

fn play(app: &App, files: &PackFiles, passages: &[Passage]) -> anyhow::Result<RedteamReport> {
    let about = app.of_service(ASKED)?;
    let asks = |beside: Option<&str>, question: &str| said(files, &about, beside, question);
    Ok(redteam(app, passages, &asks)?)
}

/// What a question is answered with, where the text `beside` stands first in a section about fees.
fn said(
    files: &PackFiles,
    about: &AskedAbout,
    beside: Option<&str>,
    question: &str,
) -> Vec<String> {
    let changed = |(path, text): (&str, &str)| {
        let text = match beside {
            Some(beside) if path == ASKED_IN => {
                text.replace("{#fee}\n", &format!("{{#fee}}\n{beside} "))
            }
            _ => text.to_owned(),
        };
        (path.to_owned(), text)
    };
    let files: PackFiles = files.iter().map(changed).collect();
    // A corpus that is refused answers nothing.
    let Ok(questions) = Questions::of(&files) else {
        return Vec::new();
    };
    let answer = questions.answer(about, question);
    answer.sentences.into_iter().map(|it| it.text).collect()
}

fn tell_proof(paper: &Paper, proof: &ProofReport) {
    paper.rule(&format!("writer · {} pairs, {} of them by hand", proof.pairs, proof.by_hand));
    line(paper, "accepted though wrong", proof.false_accept_rate);
    line(paper, "  of those by hand", proof.false_accept_rate_by_hand);
    line(paper, "rejected though right", proof.false_reject_rate);
    for (part, rate) in &proof.false_reject_by_part {
        line(paper, &format!("  {part}"), *rate);
    }
    for told in &proof.accepted_though_wrong {
        paper.write("  ✗ ", told, &odd());
    }
}

fn tell_redteam(paper: &Paper, played: &RedteamReport) {
    paper.rule(&format!("hostile texts · {} cases, {} effects", played.cases, played.effects));
    for told in &played.told {
        paper.write("  ✗ ", told, &odd());
    }
}

fn line(paper: &Paper, name: &str, rate: Rate) {
    let style = if rate.count == 0 { good() } else { plain() };
    let percent = [rate.value, rate.low, rate.high].map(|share| share * 100.0);
    let [value, low, high] = percent;
    let text = format!("{} of {}: {value:.2} % ({low:.2} to {high:.2})", rate.count, rate.of);
    paper.write(&format!("  {name:<28}"), &text, &style);
}
