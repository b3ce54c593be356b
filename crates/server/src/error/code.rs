//! The closed list of what can be wrong, with what to tell people about each.

use axum::http::StatusCode;
use domain::Text;

/// What can be wrong. Never renamed, only added to: programs compare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The body is not JSON.
    MalformedJson,
    /// The body is JSON and not what the endpoint reads.
    InvalidBody,
    /// An id in the path is none.
    InvalidPath,
    /// A parameter is missing or not one of those allowed.
    InvalidQuery,
    /// Event headers are missing or not readable.
    InvalidEventHeaders,
    /// No valid key.
    KeyNeeded,
    /// The key may not do this.
    ScopeMissing,
    /// Nobody is signed in.
    SignInNeeded,
    /// The form was not sent from our own page.
    FormNotOurs,
    /// Not there, or not for whom it was asked.
    NotFound,
    /// The path knows other methods only.
    MethodNotAllowed,
    /// The suggestion does not stand where this outcome is possible.
    OutcomeNotPossible,
    /// Too long.
    BodyTooLarge,
    /// Did not come in time.
    BodyTooSlow,
    /// The body has a type that the endpoint does not read.
    MediaTypeUnsupported,
    /// More work waits than may.
    Overloaded,
    /// The database cannot be used right now.
    Unavailable,
    /// Anything that only the operator can act on.
    Internal,
}

impl ErrorCode {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::MalformedJson,
        Self::InvalidBody,
        Self::InvalidPath,
        Self::InvalidQuery,
        Self::InvalidEventHeaders,
        Self::KeyNeeded,
        Self::ScopeMissing,
        Self::SignInNeeded,
        Self::FormNotOurs,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::OutcomeNotPossible,
        Self::BodyTooLarge,
        Self::BodyTooSlow,
        Self::MediaTypeUnsupported,
        Self::Overloaded,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The code that `/problems/{name}` names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// The last part of its address.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The status it is answered with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.entry().status
    }

    /// What is wrong, in one line.
    #[must_use]
    pub fn title(self) -> Text {
        both(self.entry().title)
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(self) -> Text {
        both(self.entry().fix)
    }

    fn entry(self) -> &'static Entry {
        match self {
            Self::MalformedJson => &MALFORMED_JSON,
            Self::InvalidBody => &INVALID_BODY,
            Self::InvalidPath => &INVALID_PATH,
            Self::InvalidQuery => &INVALID_QUERY,
            Self::InvalidEventHeaders => &INVALID_EVENT_HEADERS,
            Self::KeyNeeded => &KEY_NEEDED,
            Self::ScopeMissing => &SCOPE_MISSING,
            Self::SignInNeeded => &SIGN_IN_NEEDED,
            Self::FormNotOurs => &FORM_NOT_OURS,
            Self::NotFound => &NOT_FOUND,
            Self::MethodNotAllowed => &METHOD_NOT_ALLOWED,
            Self::OutcomeNotPossible => &OUTCOME_NOT_POSSIBLE,
            Self::BodyTooLarge => &BODY_TOO_LARGE,
            Self::BodyTooSlow => &BODY_TOO_SLOW,
            Self::MediaTypeUnsupported => &MEDIA_TYPE_UNSUPPORTED,
            Self::Overloaded => &OVERLOADED,
            Self::Unavailable => &UNAVAILABLE,
            Self::Internal => &INTERNAL,
        }
    }
}

fn both([vi, en]: [&str; 2]) -> Text {
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

/// How one code is told: Vietnamese, then English.
struct Entry {
    name: &'static str,
    status: StatusCode,
    title: [&'static str; 2],
    fix: [&'static str; 2],
}

static MALFORMED_JSON: Entry = Entry {
    name: "malformed-json",
    status: StatusCode::BAD_REQUEST,
    title: ["Nội dung gửi lên không phải JSON đúng", "The body is not valid JSON"],
    fix: [
        "Sửa tại dòng và cột nêu trong `detail` rồi gửi lại.",
        "Correct the place that `detail` names by line and column, and send again.",
    ],
};

static INVALID_BODY: Entry = Entry {
    name: "invalid-body",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    title: ["Nội dung gửi lên thiếu hoặc sai", "The body lacks something or has it wrong"],
    fix: [
        "So với mô tả của địa chỉ này trong /docs.",
        "Compare with the endpoint's description in /docs.",
    ],
};

static INVALID_PATH: Entry = Entry {
    name: "invalid-path",
    status: StatusCode::BAD_REQUEST,
    title: ["Mã trong địa chỉ không đúng", "An id in the path is not one"],
    fix: [
        "Dùng nguyên mã đã nhận được, ví dụ sug_…, drf_….",
        "Use the id as it was given, such as sug_… or drf_….",
    ],
};

static INVALID_QUERY: Entry = Entry {
    name: "invalid-query",
    status: StatusCode::BAD_REQUEST,
    title: ["Tham số thiếu hoặc không đúng", "A parameter is missing or wrong"],
    fix: [
        "Xem các tham số của địa chỉ này trong /docs.",
        "See the endpoint's parameters in /docs.",
    ],
};

static INVALID_EVENT_HEADERS: Entry = Entry {
    name: "invalid-event-headers",
    status: StatusCode::BAD_REQUEST,
    title: ["Thiếu hoặc sai tiêu đề của sự kiện", "Event headers are missing or wrong"],
    fix: [
        "Gửi ce-specversion, ce-id, ce-source, ce-type theo CloudEvents 1.0.",
        "Send ce-specversion, ce-id, ce-source and ce-type as CloudEvents 1.0 says.",
    ],
};

static KEY_NEEDED: Entry = Entry {
    name: "key-needed",
    status: StatusCode::UNAUTHORIZED,
    title: ["Cần khóa truy cập hợp lệ", "A valid key is needed"],
    fix: [
        "Gửi tiêu đề `Authorization: Bearer cmk_…`. Khóa do đơn vị vận hành cấp và có thể đã bị thu hồi.",
        "Send `Authorization: Bearer cmk_…`. The operator issues keys, and may have revoked this one.",
    ],
};

static SCOPE_MISSING: Entry = Entry {
    name: "scope-missing",
    status: StatusCode::FORBIDDEN,
    title: ["Khóa không có quyền này", "The key may not do this"],
    fix: [
        "Đề nghị đơn vị vận hành cấp khóa có quyền nêu trong `detail`.",
        "Ask the operator for a key with the scope that `detail` names.",
    ],
};

static SIGN_IN_NEEDED: Entry = Entry {
    name: "sign-in-needed",
    status: StatusCode::UNAUTHORIZED,
    title: ["Ông/bà chưa đăng nhập", "You are not signed in"],
    fix: ["Đăng nhập từ trang đầu.", "Sign in from the first page."],
};

static FORM_NOT_OURS: Entry = Entry {
    name: "form-not-ours",
    status: StatusCode::FORBIDDEN,
    title: ["Chưa ghi nhận được thao tác", "This could not be recorded"],
    fix: [
        "Trang đã mở quá lâu hoặc biểu mẫu không gửi từ trang này. Ông/bà mở lại trang và bấm lại.",
        "The page was open for too long, or the form was not sent from here. Open the page again and repeat.",
    ],
};

static NOT_FOUND: Entry = Entry {
    name: "not-found",
    status: StatusCode::NOT_FOUND,
    title: ["Không tìm thấy", "Not found"],
    fix: [
        "Địa chỉ sai, nội dung đã được rút lại, hoặc không dành cho người đang hỏi.",
        "The address is wrong, the thing was withdrawn, or it is not for whom it was asked.",
    ],
};

static METHOD_NOT_ALLOWED: Entry = Entry {
    name: "method-not-allowed",
    status: StatusCode::METHOD_NOT_ALLOWED,
    title: ["Địa chỉ này không nhận phương thức đó", "This path does not know that method"],
    fix: ["Xem /docs.", "See /docs."],
};

static OUTCOME_NOT_POSSIBLE: Entry = Entry {
    name: "outcome-not-possible",
    status: StatusCode::CONFLICT,
    title: ["Việc này đã được ghi nhận khác", "Something else was recorded already"],
    fix: [
        "Tải lại để xem trạng thái hiện tại.",
        "Read the suggestion again to see where it stands.",
    ],
};

static BODY_TOO_LARGE: Entry = Entry {
    name: "body-too-large",
    status: StatusCode::PAYLOAD_TOO_LARGE,
    title: ["Nội dung gửi lên quá lớn", "The body is too large"],
    fix: ["Chia thành nhiều lần gửi nhỏ hơn.", "Send it in smaller parts."],
};

static BODY_TOO_SLOW: Entry = Entry {
    name: "body-too-slow",
    status: StatusCode::REQUEST_TIMEOUT,
    title: ["Nội dung gửi lên quá chậm", "The body came too slowly"],
    fix: [
        "Chia thành nhiều lần gửi nhỏ hơn. Gửi lại không tạo bản ghi trùng.",
        "Send it in smaller parts. Sending again makes nothing twice.",
    ],
};

static MEDIA_TYPE_UNSUPPORTED: Entry = Entry {
    name: "media-type-unsupported",
    status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
    title: ["Không đọc được kiểu nội dung này", "This content type is not read here"],
    fix: ["Đặt Content-Type theo mô tả trong /docs.", "Set Content-Type to one that /docs names."],
};

static OVERLOADED: Entry = Entry {
    name: "overloaded",
    status: StatusCode::SERVICE_UNAVAILABLE,
    title: ["Đang có quá nhiều việc chờ xử lý", "Too much work is waiting"],
    fix: [
        "Gửi lại sau số giây nêu trong Retry-After. Gửi lại không tạo bản ghi trùng.",
        "Send again after the seconds that Retry-After names. Sending twice makes nothing twice.",
    ],
};

static UNAVAILABLE: Entry = Entry {
    name: "unavailable",
    status: StatusCode::SERVICE_UNAVAILABLE,
    title: ["Hệ thống tạm thời chưa trả lời được", "The service cannot answer right now"],
    fix: [
        "Thử lại sau ít phút. Dữ liệu đã ghi nhận vẫn còn nguyên.",
        "Try again in a few minutes. Nothing that was recorded is lost.",
    ],
};

static INTERNAL: Entry = Entry {
    name: "internal",
    status: StatusCode::INTERNAL_SERVER_ERROR,
    title: ["Hệ thống gặp lỗi", "Something went wrong on our side"],
    fix: [
        "Lỗi đã được ghi lại. Khi cần hỏi, ông/bà cho biết mã yêu cầu.",
        "It was recorded. When you ask about it, name the request's id.",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_code_has_its_own_name_and_words_in_both_languages() {
        let names: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::named(code.name()), Some(code));
            assert!(code.status().is_client_error() || code.status().is_server_error());
            for text in [code.title(), code.fix()] {
                assert!(!text.vi.is_empty() && !text.en.is_empty() && text.vi != text.en);
            }
        }
        assert_eq!(ErrorCode::named("teapot"), None);
    }
}
