//! How well the search finds, measured on questions with known answers.
//!
//! `cargo test --release -p cotmoc-knowledge --test it -- --ignored --nocapture quality`
//!
//! The questions stand in `../shared/data/retrieval/queries.jsonl`; each procedure of
//! `../shared/data/procedures/procedures.jsonl.gz` becomes a document of title and sector.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use knowledge::{Corpus, Index, Query, Search};
use serde_json::Value;

use crate::model::e5;
use crate::support::{DAY, root};

/// What is counted over a set of questions.
#[derive(Default)]
struct Figures {
    questions: f64,
    first: f64,
    in_five: f64,
    in_ten: f64,
    ndcg: f64,
}

impl Figures {
    fn add(&mut self, ranks: &[usize], relevant: usize) {
        let gain = |rank: usize| 1.0 / f64::from(u32::try_from(rank + 1).unwrap()).log2();
        let best: f64 = (1..=relevant.min(10)).map(gain).sum();
        let has = |most: usize| f64::from(u8::from(ranks.iter().any(|&rank| rank <= most)));
        self.questions += 1.0;
        self.first += has(1);
        self.in_five += has(5);
        self.in_ten += has(10);
        self.ndcg += ranks.iter().map(|&rank| gain(rank)).sum::<f64>() / best;
    }

    fn line(&self) -> String {
        let share = |sum: f64| sum / self.questions;
        format!(
            "n={} @1={:.3} @5={:.3} @10={:.3} nDCG@10={:.3}",
            self.questions,
            share(self.first),
            share(self.in_five),
            share(self.in_ten),
            share(self.ndcg)
        )
    }
}

fn procedures() -> Corpus {
    let file = root().join("../shared/data/procedures/procedures.jsonl.gz");
    let unpacked = Command::new("gzip").arg("-dc").arg(file).output().unwrap();
    let mut files = BTreeMap::new();
    for line in String::from_utf8(unpacked.stdout).unwrap().lines() {
        let procedure: Value = serde_json::from_str(line).unwrap();
        let code = procedure["code"].as_str().unwrap();
        let title: String = procedure["title"].as_str().unwrap().chars().take(1_200).collect();
        let title = knowledge::nfc(title.split_whitespace().collect::<Vec<_>>().join(" ").trim());
        let sector = knowledge::nfc(procedure["sector"].as_str().unwrap_or("-").trim());
        let mut text = String::new();
        write!(
            text,
            "---\nid: p{code}\nkind: procedure\ncode: '{code}'\ntitle: {}\nplace: vn\nin_force: {{}}\n\
             source: [S1]\nconfidence: H\nretrieved_on: 2026-07-18\n---\n## Lĩnh vực {{#what}}\n{sector}\n",
            serde_json::to_string(&title).unwrap()
        )
        .unwrap();
        files.insert(format!("p{code}.md"), text);
    }
    Corpus::parse(&files).unwrap_or_else(|error| panic!("{error}"))
}

fn measure(search: &Search, questions: &[Value], field: &str) -> Figures {
    let mut figures = Figures::default();
    for question in questions {
        let relevant: Vec<&str> =
            question["relevant"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let hits = search.find(&Query::new(question[field].as_str().unwrap(), DAY)).unwrap();
        let found = hits.iter().enumerate();
        let found =
            found.filter(|(_, hit)| relevant.contains(&hit.passage.code.as_deref().unwrap()));
        let ranks: Vec<usize> = found.map(|(rank, _)| rank + 1).collect();
        figures.add(&ranks, relevant.len());
    }
    figures
}

#[test]
#[ignore = "takes minutes and needs the evaluation data and the real model"]
fn quality() {
    let Some(model) = e5() else { panic!("the model is absent: `cotmoc models pull`") };
    let folder = root().join("target/quality");
    let corpus = procedures();
    let path = folder.join("procedures.index");
    let (index, built) = Index::build(&corpus, model.as_ref(), &path, &mut |p| {
        if p.done % 500 == 0 {
            println!("{} of {}", p.done, p.total);
        }
    })
    .unwrap();
    println!("{} passages, {} embedded now", index.passages().len(), built.embedded);
    let search = Search::open(index, model).unwrap();
    let queries = root().join("../shared/data/retrieval/queries.jsonl");
    let queries = std::fs::read_to_string(queries).unwrap();
    let all: Vec<Value> = queries.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for source in ["router-examples", "intake"] {
        let is_ours = |q: &&Value| q["source"] == source && q["templated"] != true;
        let questions: Vec<Value> = all.iter().filter(is_ours).cloned().collect();
        let marked = measure(&search, &questions, "query");
        println!("{source:16} as written    {}", marked.line());
        println!(
            "{source:16} without marks {}",
            measure(&search, &questions, "no_diacritics").line()
        );
        assert!(marked.ndcg / marked.questions > 0.45, "{source}: {}", marked.line());
    }
}
