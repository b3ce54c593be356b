//! The comparison of engines on tiny models made from a seed, with our own engine on both sides:
//! what is real in it is every job, both ends of the pipes, and what is made of the answers.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread::Scope;

use eval::bench::inference::{
    Asked, Choices, Engine, EngineError, InferenceBench, Job, Memory, Messages, ModelBench, Scores,
    Setting, Side, TextBench, Tokens, inference, work,
};

use crate::tiny::{self, GEMMA, LLAMA, Shape};
use crate::tiny_e5;

/// An engine in a thread of its own.
fn engine<'scope>(scope: &'scope Scope<'scope, '_>) -> Engine {
    let (jobs, input) = std::io::pipe().unwrap();
    let (output, answers) = std::io::pipe().unwrap();
    scope.spawn(move || work(BufReader::new(jobs), answers).unwrap());
    Engine::over(output, input)
}

fn job(model: &Path, threads: usize, work: Asked) -> Job {
    Job { model: model.to_owned(), threads, shortlist: false, work }
}

fn roomy(shape: &Shape) -> (tempfile::TempDir, PathBuf) {
    tiny::file(&Shape { context: 4096, ..shape.clone() })
}

fn compared(has_peer: bool) -> (InferenceBench, Vec<String>) {
    let (_dir, path) = roomy(&GEMMA);
    measured(has_peer, vec![("tiny".to_owned(), path)], Vec::new())
}

fn measured(
    has_peer: bool,
    texts: Vec<(String, PathBuf)>,
    embedders: Vec<(String, PathBuf)>,
) -> (InferenceBench, Vec<String>) {
    let heard = Mutex::new(Vec::new());
    let bench = std::thread::scope(|scope| {
        let start = |side| match side {
            Side::Peer if !has_peer => Err(EngineError::Ended),
            Side::Ours | Side::Peer => Ok(engine(scope)),
        };
        let setting = Setting {
            texts,
            embedders,
            threads: vec![1, 2],
            rounds: 2,
            batches: vec![1, 3],
            prompts: [32, 80],
            read_gib_per_s: [(1, 1000.0), (2, 1000.0)].into(),
            start: &start,
            progress: &|line| heard.lock().unwrap().push(line.to_owned()),
        };
        inference(&setting).unwrap()
    });
    (bench, heard.into_inner().unwrap())
}

fn text_bench(bench: &InferenceBench) -> &TextBench {
    match &bench.models["tiny"] {
        ModelBench::Text(found) => found,
        other @ ModelBench::Embedding(_) => panic!("{other:?}"),
    }
}

#[test]
fn an_engine_beside_itself_is_as_good_and_has_a_ratio_of_everything() {
    let (bench, heard) = compared(true);
    let model = text_bench(&bench);
    for (threads, speed) in &model.threads {
        let peer = speed.peer.as_ref().unwrap();
        let ratios = [
            speed.ratios.messages_ratio,
            speed.ratios.messages_grammar_ratio,
            speed.ratios.prefill_ratio,
            speed.ratios.decode_ratio,
            speed.ratios.memory_ratio,
        ];
        // The processor's seconds come in ticks, for which a tiny model is too fast.
        for ratio in ratios.into_iter().filter(|_| *threads > 1) {
            let ratio = ratio.unwrap();
            assert!(ratio > 0.0 && ratio.is_finite(), "{threads} threads: {speed:?}");
        }
        assert!((speed.ratios.memory_ratio.unwrap() - 1.0).abs() < 0.5, "one process: {speed:?}");
        for figures in [&speed.ours, peer] {
            let batches: Vec<usize> = figures.growth.messages.iter().map(|it| it.batch).collect();
            assert_eq!(batches, [1, 3]);
            assert!([1, 3].contains(&figures.messages.batch));
        }
        assert!(speed.ours.messages_shortlist_per_s.unwrap() > 0.0);
        if *threads > 1 {
            assert!((0.0..1.0).contains(&speed.ours.decode_share_of_bandwidth.unwrap()));
            let growth = &speed.ours.growth.messages;
            assert!(growth.iter().all(|it| it.share_of_prefill.unwrap() > 0.0), "{growth:?}");
        }
        assert!(peer.messages.memory.is_some() && speed.ours.messages.memory.is_none());
    }
    let quality = model.quality.as_ref().unwrap();
    for text in [&quality.vietnamese, &quality.english] {
        assert!(text.same_tokens && text.difference.abs() < 1e-12, "{text:?}");
        assert!(text.tokens > 100 && text.perplexity > 1.0);
        assert!((0.0..=1.0).contains(&text.shortlist.share_of_peer_choices));
        assert!(text.shortlist.perplexity_of_listed <= text.shortlist.perplexity_of_all);
    }
    let greedy = &quality.greedy;
    assert_eq!((greedy.prompts, greedy.tokens, greedy.whole_texts), (50, 32, 50));
    assert!((greedy.same_choice - 1.0).abs() < 1e-12);
    assert!(heard.iter().any(|line| line.contains("peer, messages, batch 3")), "{heard:?}");
}

#[test]
fn without_a_peer_our_figures_stand_alone_and_it_is_said_why() {
    let (bench, _) = compared(false);
    assert!(bench.engines.peer.is_none());
    let missing = bench.engines.missing.as_ref().unwrap();
    assert!(missing.contains("ended without an answer"), "{missing}");
    let model = text_bench(&bench);
    assert!(model.quality.is_none());
    for speed in model.threads.values() {
        assert!(speed.ratios.messages_ratio.is_none() && speed.peer.is_none());
        assert!(speed.ours.messages.per_s > 0.0 && speed.ours.prefill_per_s[1] > 0.0);
    }
}

#[test]
fn vectors_are_compared_with_another_engines() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("e5-small-q4.bin"), tiny_e5::model().0).unwrap();
    let embedders = vec![("tiny-e5".to_owned(), dir.path().to_owned())];
    let (bench, heard) = measured(true, Vec::new(), embedders.clone());
    let ModelBench::Embedding(found) = &bench.models["tiny-e5"] else { panic!("{bench:?}") };
    let quality = found.quality.unwrap();
    assert!(quality.same_tokens && quality.worst_cosine > 0.999_999, "{quality:?}");
    assert_eq!(found.threads.keys().copied().collect::<Vec<_>>(), [1, 2]);
    let speed = &found.threads[&2];
    let ratio = speed.ratios.embeddings_ratio.unwrap();
    assert!(ratio > 0.0 && ratio.is_finite() && speed.ratios.messages_ratio.is_none());
    assert!(speed.ours.passages_per_s > 0.0 && speed.ours.peak_mib > 0.0);
    assert!(heard.iter().any(|line| line.contains("peer, passages, batch 32")), "{heard:?}");

    let (bench, _) = measured(false, Vec::new(), embedders);
    let ModelBench::Embedding(found) = &bench.models["tiny-e5"] else { panic!("{bench:?}") };
    assert!(found.quality.is_none() && found.missing.is_some());
    assert!(found.threads[&1].ratios.embeddings_ratio.is_none());
}

#[test]
fn jobs_give_what_the_model_gives() {
    let (_dir, path) = roomy(&LLAMA);
    let model = inference::text::TextModel::load(&path).unwrap();
    std::thread::scope(|scope| {
        let mut engine = engine(scope);
        let text = "khai sinh".to_owned();
        let found: Tokens = engine.ask(&job(&path, 1, Asked::Tokens { text })).unwrap();
        assert_eq!(found.ids, model.tokenizer().encode_start("khai sinh").unwrap());

        let ids: Vec<u32> = (10..60).collect();
        let scores: Scores = engine.ask(&job(&path, 1, Asked::Score { ids: ids.clone() })).unwrap();
        let mut session = model.session();
        session.extend(&ids[..1]).unwrap();
        let own = session.append_scored(&ids[1..]).unwrap();
        assert_eq!(scores.log_probabilities.len(), own.len());
        for (a, b) in scores.log_probabilities.iter().zip(&own) {
            assert!((a - b).abs() < 1e-4, "{a} and {b}");
        }

        // What is chosen after a text is what is likeliest there, free or led.
        let prompts = vec![ids[..5].to_vec(), ids[..20].to_vec()];
        let follow = vec![ids[5..9].to_vec(), ids[20..24].to_vec()];
        let led = Asked::Choices { prompts: prompts.clone(), follow, count: 4 };
        let led: Choices = engine.ask(&job(&path, 1, led)).unwrap();
        assert_eq!(led.choices[0], scores.likeliest[4..8]);
        assert_eq!(led.choices[1], scores.likeliest[19..23]);
        let free = Asked::Choices { prompts, follow: Vec::new(), count: 4 };
        let free: Choices = engine.ask(&job(&path, 1, free)).unwrap();
        assert_eq!(free.choices[0][0], led.choices[0][0]);

        let listed = Asked::Listed { ids: vec![0, 1, 2, 30, 30] };
        let listed: Tokens = engine.ask(&job(&path, 1, listed)).unwrap();
        assert!(listed.ids.len() >= 2 && listed.ids.ends_with(&[30, 30]), "{listed:?}");
    });
}

#[test]
fn what_cannot_be_done_is_told_and_the_engine_stays() {
    let (_dir, path) = roomy(&LLAMA);
    std::thread::scope(|scope| {
        let mut engine = engine(scope);
        let messages = |prefix: Vec<u32>, owns| Asked::Messages {
            prefix,
            owns,
            out: 7,
            run: 3,
            batch: 2,
            memory: Memory::default(),
        };
        for threads in [1, 3] {
            let good = messages(vec![9, 10, 11], vec![vec![12], vec![13, 14], vec![15]]);
            let done: Messages = engine.ask(&job(&path, threads, good)).unwrap();
            assert!(done.messages.1 > 0.0);
        }
        let mut said = |path: &Path, work| match engine.ask::<Messages>(&job(path, 2, work)) {
            Err(EngineError::Refused(said)) => said,
            other => panic!("{other:?}"),
        };
        assert!(said(&path, messages(vec![9_999_999], vec![vec![1]])).contains("9999999"));
        assert!(said(&path, messages(vec![9], vec![Vec::new()])).contains("no tokens"));
        let other = Path::new("other.gguf");
        assert_eq!(said(other, messages(vec![9], vec![vec![1]])), "another model is loaded");
        let good = messages(vec![9], vec![vec![12]]);
        assert!(engine.ask::<Messages>(&job(&path, 1, good)).is_ok());
    });
}
