//! The tokenizers, on vocabularies of a few hundred tokens.

use inference::gguf::Gguf;
use inference::tokenizer::Tokenizer;

use crate::tiny::{self, GEMMA, LLAMA, QWEN, Shape};

const TEXTS: [&str; 9] = [
    "khai sinh",
    " khai  sinh ",
    "Tiếng Việt có dấu: ờ, á, ẽ",
    "Tie\u{302}\u{301}ng Vie\u{323}\u{302}t",
    "dòng một\r\ndòng hai\n\n\n\tthụt",
    "👨‍👩‍👧 chúc mừng 🎉",
    "<start_of_turn><bos> <|im_start|>system<|im_end|>",
    "ngày 12/12/2026 \u{0} \u{7f}",
    "",
];

fn tokenizer(shape: &Shape) -> Tokenizer {
    let (_dir, path) = tiny::file(shape);
    Tokenizer::from_gguf(&Gguf::open(&path).unwrap()).unwrap()
}

#[test]
fn every_text_comes_back_as_it_was() {
    for shape in [GEMMA, LLAMA, QWEN] {
        let tokenizer = tokenizer(&shape);
        for text in TEXTS {
            let tokens = tokenizer.encode(text).unwrap();
            assert_eq!(tokenizer.decode(&tokens), text, "{}", shape.architecture);
        }
    }
}

#[test]
fn no_text_becomes_a_control_token() {
    for shape in [GEMMA, LLAMA, QWEN] {
        let tokenizer = tokenizer(&shape);
        for text in TEXTS {
            for token in tokenizer.encode(text).unwrap() {
                assert_eq!(tokenizer.control_name(token), None, "{text:?}");
            }
        }
    }
}

#[test]
fn control_tokens_come_by_name_and_are_no_text() {
    let gemma = tokenizer(&GEMMA);
    let turn = gemma.control("<start_of_turn>").unwrap();
    assert_eq!(gemma.control_name(turn), Some("<start_of_turn>"));
    assert_eq!(gemma.decode(&[turn]), "");
    assert_eq!(gemma.control("▁khai"), None);
    assert_eq!(tokenizer(&LLAMA).control("<|im_end|>"), Some(2));
}

#[test]
fn sentence_pieces_are_joined_by_score_and_newlines_first() {
    let gemma = tokenizer(&GEMMA);
    let id = |name: &str| gemma.encode(name).unwrap();
    // By score: `ai` (-11) before `kh` (-12) before `▁kh` (-13) before `▁khai` (-14).
    assert_eq!(id(" khai").len(), 1);
    assert_eq!(id("khai").len(), 2);
    assert_eq!(id("\n\n\n"), [6, 5]);
    // `é` is in no piece: its two bytes are.
    assert_eq!(id("é"), [7 + 0xc3, 7 + 0xa9]);
    assert_eq!(gemma.encode_start("k").unwrap()[0], 2);
    assert_eq!(gemma.start(), Some(2));
}

#[test]
fn digits_stand_alone_where_the_model_was_trained_so() {
    for shape in [LLAMA, QWEN] {
        // There is a merge `1 2`, which the pre-tokenisation must keep from happening.
        let tokens = tokenizer(&shape).encode("12").unwrap();
        assert_eq!(tokens.len(), 2, "{}", shape.architecture);
    }
    assert_eq!(tokenizer(&LLAMA).start(), None);
}

#[test]
fn ids_out_of_range_stand_for_nothing() {
    let gemma = tokenizer(&GEMMA);
    assert_eq!(gemma.decode(&[u32::MAX]), "");
    assert_eq!(gemma.control_name(u32::MAX), None);
}
