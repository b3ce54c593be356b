//! Every word of the interface, in both languages. Vietnamese is the original.

use domain::Language;
use jiff::civil::Date;

mod en;
mod vi;

/// The words of one language.
pub(crate) struct Words {
    /// A day with its weekday, as in `thứ Hai, 04/01/2027`.
    pub(crate) day: fn(Date) -> String,
    /// A day, as in `04/01/2027`.
    pub(crate) short_day: fn(Date) -> String,
    pub(crate) common: Common,
    pub(crate) home: Home,
    pub(crate) inbox: Inbox,
    pub(crate) service: Service,
    pub(crate) message: Message,
    pub(crate) why: Why,
    pub(crate) draft: Draft,
    pub(crate) settings: Settings,
    pub(crate) privacy: Privacy,
    pub(crate) officers: Officers,
    pub(crate) phrases: Phrases,
    pub(crate) error: ErrorWords,
}

pub(crate) struct Common {
    pub(crate) skip: &'static str,
    pub(crate) tagline: &'static str,
    pub(crate) main_menu: &'static str,
    pub(crate) inbox: &'static str,
    pub(crate) settings: &'static str,
    pub(crate) sign_out: &'static str,
    pub(crate) privacy: &'static str,
    /// The other language, in that language.
    pub(crate) other_language: &'static str,
    pub(crate) other_tag: &'static str,
    pub(crate) demo: &'static str,
    pub(crate) ordinary_way: &'static str,
    pub(crate) saved: &'static str,
}

pub(crate) struct Home {
    pub(crate) picker_title: &'static str,
    pub(crate) picker_lead: &'static str,
    pub(crate) open_inbox: &'static str,
    pub(crate) messages: fn(usize) -> String,
    pub(crate) nobody: &'static str,
    pub(crate) sign_in_title: &'static str,
    pub(crate) sign_in_lead: &'static str,
    pub(crate) not_ready: &'static str,
    pub(crate) issuer: &'static str,
    pub(crate) client_id: &'static str,
    pub(crate) no_issuer: &'static str,
}

pub(crate) struct Inbox {
    pub(crate) title: &'static str,
    pub(crate) of: &'static str,
    pub(crate) empty_title: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) to_do: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) settled: &'static str,
    pub(crate) new: &'static str,
    pub(crate) arrived: &'static str,
}

pub(crate) struct Officers {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) question: &'static str,
    pub(crate) place: &'static str,
    pub(crate) on: &'static str,
    pub(crate) level: &'static str,
    pub(crate) any_level: &'static str,
    /// In the order of `Level::ALL`.
    pub(crate) levels: [&'static str; 5],
    pub(crate) left: &'static str,
    pub(crate) right: &'static str,
    /// The name of each way, and what it does.
    pub(crate) ways: [(&'static str, &'static str); 5],
    pub(crate) compare: &'static str,
    pub(crate) found: &'static str,
    pub(crate) read_as: &'static str,
    pub(crate) left_out: &'static str,
    pub(crate) nothing: &'static str,
    pub(crate) score: &'static str,
    /// Words, title, meaning, ahead, alike, named.
    pub(crate) parts: [&'static str; 6],
    pub(crate) other: &'static str,
    pub(crate) not_in_other: &'static str,
    pub(crate) no_word: &'static str,
    pub(crate) too_long: &'static str,
    pub(crate) wrong_bound: &'static str,
    pub(crate) no_index: &'static str,
}

pub(crate) struct Service {
    pub(crate) turn_you: &'static str,
    pub(crate) turn_agency: &'static str,
    pub(crate) turn_nobody: &'static str,
    pub(crate) open: &'static str,
    pub(crate) filed: &'static str,
    pub(crate) done: &'static str,
    pub(crate) refused: &'static str,
    pub(crate) withdrawn: &'static str,
    pub(crate) deadline: &'static str,
    pub(crate) days_left: fn(i32) -> String,
    pub(crate) no_deadline: &'static str,
    pub(crate) safe_day: &'static str,
    /// Not all days off up to the deadline are known.
    pub(crate) may_move: &'static str,
    pub(crate) law: &'static str,
    pub(crate) authority: &'static str,
    pub(crate) result: &'static str,
    pub(crate) code: &'static str,
    pub(crate) no_code: &'static str,
    pub(crate) levels: [&'static str; 4],
    pub(crate) needs_info: &'static str,
    pub(crate) coverage: fn(usize, usize) -> String,
    pub(crate) see_draft: &'static str,
}

pub(crate) struct Message {
    pub(crate) back: &'static str,
    pub(crate) withdrawn_title: &'static str,
    pub(crate) withdrawn: &'static str,
    pub(crate) letter: &'static str,
    pub(crate) by_model: &'static str,
    pub(crate) by_template: &'static str,
    pub(crate) path: &'static str,
    pub(crate) today: &'static str,
    pub(crate) what_to_do: &'static str,
    pub(crate) also: &'static str,
    pub(crate) answer: &'static str,
    pub(crate) answer_lead: &'static str,
    pub(crate) filed: &'static str,
    pub(crate) done: &'static str,
    pub(crate) not_for_me: &'static str,
    pub(crate) wrong: &'static str,
    pub(crate) rate: &'static str,
    pub(crate) stars: [&'static str; 5],
    pub(crate) said: fn(&str) -> Option<&'static str>,
    pub(crate) stop: &'static str,
    pub(crate) stop_lead: &'static str,
    pub(crate) refuse_this: &'static str,
}

pub(crate) struct Why {
    pub(crate) title: &'static str,
    pub(crate) event: &'static str,
    pub(crate) data: &'static str,
    pub(crate) from: &'static str,
    pub(crate) as_of: &'static str,
    pub(crate) basis: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) rule_version: &'static str,
    pub(crate) responsible: &'static str,
    pub(crate) proof: &'static str,
    pub(crate) proof_lead: &'static str,
}

pub(crate) struct Draft {
    pub(crate) kicker: &'static str,
    pub(crate) coverage: fn(usize, usize, usize) -> String,
    pub(crate) ready: &'static str,
    pub(crate) have: &'static str,
    pub(crate) add: &'static str,
    pub(crate) add_lead: &'static str,
    pub(crate) check: &'static str,
    pub(crate) check_lead: &'static str,
    pub(crate) by: &'static str,
    pub(crate) on: &'static str,
    pub(crate) required: &'static str,
    pub(crate) optional: &'static str,
    pub(crate) only_you: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) report: &'static str,
    pub(crate) basis: &'static str,
    pub(crate) filed: &'static str,
    pub(crate) not_sent: &'static str,
}

pub(crate) struct Settings {
    pub(crate) title: &'static str,
    pub(crate) proactive: &'static str,
    pub(crate) assurance: &'static str,
    pub(crate) all: &'static str,
    pub(crate) all_off: &'static str,
    pub(crate) groups: &'static str,
    /// A group by the names of what is in it.
    pub(crate) group: fn(&str) -> String,
    pub(crate) events: &'static str,
    pub(crate) receiving: &'static str,
    pub(crate) refused_since: &'static str,
    pub(crate) covered: &'static str,
    pub(crate) refuse: &'static str,
    pub(crate) allow: &'static str,
    pub(crate) reach: &'static str,
    pub(crate) reach_lead: &'static str,
    pub(crate) email: &'static str,
    pub(crate) sms: &'static str,
    pub(crate) push: &'static str,
    pub(crate) reached_at: &'static str,
    pub(crate) reach_here: &'static str,
    pub(crate) reach_no_more: &'static str,
    /// How much a notice says: the question, that something waits, and what it is about.
    pub(crate) detail: &'static str,
    pub(crate) detail_waits: &'static str,
    pub(crate) detail_about: &'static str,
    pub(crate) detail_plain: &'static str,
    pub(crate) detail_save: &'static str,
    /// The language of letters: the heading, what holds of it, and the choice.
    pub(crate) language: &'static str,
    pub(crate) language_lead: &'static str,
    pub(crate) language_label: &'static str,
    pub(crate) accesses: &'static str,
    pub(crate) accesses_lead: &'static str,
    pub(crate) no_access: &'static str,
    pub(crate) who: &'static str,
    pub(crate) purpose: &'static str,
    pub(crate) basis: &'static str,
    /// A reader or purpose that our own programs write, in words.
    pub(crate) known: fn(&str) -> Option<&'static str>,
}

pub(crate) struct Privacy {
    pub(crate) title: &'static str,
    pub(crate) sections: &'static [(&'static str, &'static [&'static str])],
}

/// The page on which people decide about phrases.
pub(crate) struct Phrases {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    /// States, in the order of `PhraseState::ALL`.
    pub(crate) states: [&'static str; 4],
    pub(crate) nothing: &'static str,
    pub(crate) more: fn(usize) -> String,
    pub(crate) open: &'static str,
    pub(crate) all: &'static str,
    pub(crate) point: &'static str,
    pub(crate) state: &'static str,
    pub(crate) says: &'static str,
    pub(crate) approved: &'static str,
    pub(crate) approved_no_more: &'static str,
    pub(crate) differs: &'static str,
    pub(crate) added: &'static str,
    pub(crate) removed: &'static str,
    pub(crate) proved: &'static str,
    pub(crate) by: &'static str,
    pub(crate) moved: &'static str,
    pub(crate) likeness: &'static str,
    pub(crate) left_out: &'static str,
    pub(crate) stale: &'static str,
    pub(crate) decisions: &'static str,
    /// What was done, in the order of `PhraseAction`: approved, refused, retired.
    pub(crate) did: [&'static str; 3],
    pub(crate) needed: fn(usize) -> String,
    pub(crate) decide: &'static str,
    pub(crate) name: &'static str,
    pub(crate) because: &'static str,
    pub(crate) approve: &'static str,
    pub(crate) refuse: &'static str,
    pub(crate) retire: &'static str,
    pub(crate) noted: &'static str,
    pub(crate) nobody: &'static str,
    pub(crate) again: &'static str,
    pub(crate) moved_on: &'static str,
}

pub(crate) struct ErrorWords {
    pub(crate) request: &'static str,
    pub(crate) back: &'static str,
    pub(crate) problems: &'static str,
}

impl Words {
    /// The words of `language`.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::VI => &vi::WORDS,
            _ => &en::WORDS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_written_as_people_write_them() {
        let monday = date(2027, 1, 4);
        assert_eq!((vi::WORDS.day)(monday), "thứ Hai, 04/01/2027");
        assert_eq!((en::WORDS.day)(monday), "Monday 4 January 2027");
        assert_eq!((vi::WORDS.short_day)(monday), "04/01/2027");
        assert_eq!((vi::WORDS.day)(date(2027, 1, 10)), "Chủ nhật, 10/01/2027");
    }

    #[test]
    fn days_left_count_in_both_directions() {
        for (days, vi, en) in [
            (42, "còn 42 ngày", "42 days left"),
            (1, "còn 1 ngày", "1 day left"),
            (0, "hết hạn hôm nay", "ends today"),
            (-1, "đã quá hạn 1 ngày", "1 day overdue"),
            (-3, "đã quá hạn 3 ngày", "3 days overdue"),
        ] {
            assert_eq!((vi::WORDS.service.days_left)(days), vi);
            assert_eq!((en::WORDS.service.days_left)(days), en);
        }
    }

    #[test]
    fn the_top_line_of_a_draft_counts() {
        assert_eq!((vi::WORDS.draft.coverage)(14, 17, 3), "14/17 mục đã điền, còn 3");
        assert_eq!((en::WORDS.draft.coverage)(14, 17, 3), "14 of 17 fields filled, 3 to go");
        // What is optional is not asked for in the same voice.
        assert_eq!((vi::WORDS.draft.coverage)(14, 17, 2), "14/17 mục đã điền, còn 3 (2 bắt buộc)");
    }
}
