//! The pack's questions with the real embedding model.

use std::sync::Arc;
use std::time::Instant;

use inference::embed::Embedder;
use knowledge::{Embed, LoadedModel};

use crate::support::{documents, find, root, search_with};

/// The model under `var/models`, where it is.
pub(crate) fn e5() -> Option<Arc<dyn Embed>> {
    let folder = root().join("var/models/multilingual-e5-small");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no embedding model at {}: `cotmoc models pull`", folder.display());
        return None;
    }
    let embedder = Embedder::load(&folder).unwrap();
    Some(Arc::new(LoadedModel::new("multilingual-e5-small", "as in var/models", embedder)))
}

#[test]
fn the_real_model_answers_as_people_ask() {
    let Some(model) = e5() else { return };
    let started = Instant::now();
    let search = search_with(model);
    let passages = search.index().passages().len();
    println!("{passages} passages indexed in {:.1} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    // Each question, and the document that must come first, or, where several are right, one
    // that must be among the first three.
    let first = [
        ("làm giấy khai sinh cho con", "birth-interlinked"),
        ("lam giay khai sinh cho con", "birth-interlinked"),
        ("sang tên sổ đỏ", "land-transfer"),
        ("sang ten so do", "land-transfer"),
        ("cho con vào lớp 1", "grade-1-enrolment"),
        ("3.000722", "birth-interlinked"),
        ("mua nhà xong phải làm gì", "land-transfer"),
        ("bán đất đóng thuế bao nhiêu", "land-income-tax"),
        ("không muốn nhận tin nhắn này nữa", "guide-refusing-proactive-service"),
        ("hạn cuối rơi vào chủ nhật", "guide-counting-deadlines"),
        ("thẻ căn cước cho bé", "identity-card-under-6"),
        ("nhà có chủ mới đổi tên tiền điện", "electricity-contract"),
    ];
    let among_three = [
        ("lm giấy khia sinh cho con", "birth-interlinked"),
        ("con sinh ở bệnh viện lấy giấy gì", "birth-interlinked"),
        ("quá hạn 60 ngày có bị phạt không", "birth-registration"),
        ("register birth of my child", "birth-registration"),
    ];
    for (typed, wanted) in first {
        let hits = find(&search, typed);
        assert_eq!(hits[0].passage.document, wanted, "{typed}: {:?}", documents(&hits));
    }
    for (typed, wanted) in among_three {
        let hits = find(&search, typed);
        assert!(documents(&hits)[..3].contains(&wanted), "{typed}: {:?}", documents(&hits));
    }
    println!("{:.1} ms a question", started.elapsed().as_secs_f64() * 1_000.0 / 16.0);
}
