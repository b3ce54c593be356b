//! Vietnamese.

use jiff::civil::{Date, Weekday};

use super::{
    Common, Draft, ErrorWords, Home, Inbox, Message, Privacy, Service, Settings, Why, Words,
};

pub(super) static WORDS: Words = Words {
    day: |day| format!("{}, {}", weekday(day), short_day(day)),
    short_day,
    common: Common {
        skip: "Tới nội dung chính",
        tagline: "Dịch vụ công chủ động",
        main_menu: "Mục chính",
        inbox: "Hộp thư",
        settings: "Cài đặt",
        sign_out: "Đăng xuất",
        privacy: "Quyền riêng tư",
        other_language: "English",
        other_tag: "en",
        demo: "Bản dùng thử. Mọi người và mọi dữ liệu ở đây đều là giả định.",
        ordinary_way: "Ông/bà vẫn làm thủ tục theo cách thông thường được: tại Cổng Dịch vụ công hoặc Trung tâm Phục vụ hành chính công. Không dùng trang này không làm mất quyền lợi nào.",
        saved: "Đã ghi nhận.",
    },
    home: Home {
        picker_title: "Ông/bà muốn xem hộp thư của ai?",
        picker_lead: "Đây là bản dùng thử với những người không có thật. Chọn một người để xem họ nhận được tin gì, vì sao, và hồ sơ nào đã được soạn sẵn.",
        open_inbox: "Mở hộp thư",
        messages: |n| format!("{n} tin nhắn"),
        nobody: "Chưa có người mẫu nào. Hãy chạy `cotmoc demo` để nạp các gia đình mẫu.",
        sign_in_title: "Đăng nhập",
        sign_in_lead: "Sau khi đăng nhập, ông/bà xem được tin nhắn, hạn phải làm và hồ sơ đã soạn sẵn cho mình.",
        not_ready: "Máy chủ này chưa bật đăng nhập. Phiên bản hiện tại đã đọc cấu hình OpenID Connect nhưng chưa đăng nhập qua đó.",
        issuer: "Nơi xác thực đã khai báo",
        client_id: "Mã ứng dụng đã khai báo",
        no_issuer: "Đơn vị vận hành chưa khai báo nơi xác thực.",
    },
    inbox: Inbox {
        title: "Hộp thư",
        of: "Hộp thư của",
        empty_title: "Chưa có tin nào",
        empty: "Khi có việc liên quan đến ông/bà hoặc gia đình, tin sẽ hiện ở đây. Ông/bà không cần làm gì lúc này.",
        to_do: "Việc cần làm",
        waiting: "Đang chờ cơ quan",
        settled: "Đã xong hoặc không còn áp dụng",
        new: "Mới",
        arrived: "Nhận ngày",
    },
    service: Service {
        turn_you: "Đến lượt ông/bà",
        turn_agency: "Đến lượt cơ quan",
        turn_nobody: "Không ai phải làm gì",
        open: "Chưa làm",
        filed: "Đã nộp hồ sơ",
        done: "Đã xong",
        refused: "Ông/bà đã từ chối",
        withdrawn: "Đã rút lại",
        deadline: "Hạn",
        days_left: |days| match days {
            0 => "hết hạn hôm nay".to_owned(),
            1.. => format!("còn {days} ngày"),
            _ => format!("đã quá hạn {} ngày", days.unsigned_abs()),
        },
        no_deadline: "Chưa rõ hạn",
        safe_day: "Nên làm chậm nhất",
        may_move: "Ngày này còn có thể thay đổi vì lịch nghỉ chưa công bố đủ.",
        law: "Căn cứ",
        authority: "Nơi giải quyết",
        result: "Nếu nộp bây giờ, có kết quả chậm nhất",
        code: "Mã thủ tục",
        no_code: "Không có mã thủ tục quốc gia",
        levels: [
            "Nhắc việc: ông/bà tự nộp",
            "Đã soạn sẵn hồ sơ: ông/bà kiểm tra và quyết định",
            "So sánh các lựa chọn: ông/bà chọn",
            "Cơ quan tự thực hiện: ông/bà xác nhận hoặc từ chối",
        ],
        needs_info: "Cần biết thêm mới chắc ông/bà thuộc diện này:",
        coverage: |filled, total| format!("{filled}/{total} mục đã điền sẵn"),
        see_draft: "Xem hồ sơ đã soạn",
    },
    message: Message {
        back: "Về hộp thư",
        withdrawn_title: "Tin này đã được rút lại",
        withdrawn: "Dữ liệu làm căn cứ cho tin này đã được sửa hoặc thu hồi. Ông/bà không cần làm gì theo tin này.",
        letter: "Nội dung tin",
        by_model: "Soạn tự động, từng câu đã được kiểm tra theo hồ sơ và văn bản.",
        by_template: "Soạn theo mẫu đã được duyệt.",
        path: "Các mốc",
        today: "Hôm nay",
        what_to_do: "Việc cần làm",
        also: "Các việc khác ông/bà có thể làm",
        answer: "Trả lời",
        answer_lead: "Một lần bấm là đủ. Ông/bà không phải giải thích.",
        filed: "Tôi đã nộp hồ sơ",
        done: "Tôi đã làm rồi",
        not_for_me: "Không phù hợp với tôi",
        wrong: "Có thông tin sai",
        rate: "Tin này có ích cho ông/bà không?",
        stars: ["Không có ích", "Ít có ích", "Tạm được", "Có ích", "Rất có ích"],
        said: |kind| match kind {
            "filed" => Some("Đã ghi nhận: ông/bà đã nộp hồ sơ."),
            "already_done" => Some("Đã ghi nhận: việc này đã xong. Ông/bà sẽ không bị nhắc lại."),
            "not_for_me" => Some("Đã ghi nhận: việc này không phù hợp với ông/bà."),
            "wrong" => Some("Đã ghi nhận: có thông tin sai. Cán bộ sẽ xem lại."),
            "rated" => Some("Cảm ơn ông/bà đã đánh giá."),
            _ => None,
        },
        stop: "Không muốn nhận những tin như thế này?",
        stop_lead: "Từ chối không ảnh hưởng đến thủ tục nào của ông/bà (Điều 17, Nghị định 224/2026/NĐ-CP).",
        refuse_this: "Không nhận tin về:",
    },
    why: Why {
        title: "Vì sao tôi nhận tin này?",
        event: "Sự việc",
        data: "Dữ liệu đã dùng",
        from: "Theo",
        as_of: "ngày",
        basis: "Căn cứ được đọc",
        rule: "Quy định áp dụng",
        rule_version: "Phiên bản quy tắc",
        responsible: "Cơ quan chịu trách nhiệm",
        proof: "Căn cứ của từng câu",
        proof_lead: "Chỗ có dấu … do phần mềm điền từ dữ liệu nêu trên, không do máy soạn viết ra.",
    },
    draft: Draft {
        kicker: "Hồ sơ đã soạn sẵn",
        coverage: |filled, total, to_do| {
            let left = total.saturating_sub(filled);
            let line = format!("{filled}/{total} mục đã điền, còn {left}");
            if to_do == left { line } else { format!("{line} ({to_do} bắt buộc)") }
        },
        ready: "Hồ sơ đã đủ mục bắt buộc.",
        have: "Đã có",
        add: "Cần bổ sung",
        add_lead: "Chưa cơ quan nào cho biết, hoặc chỉ ông/bà mới quyết định được.",
        check: "Cần kiểm tra",
        check_lead: "Các cơ quan ghi khác nhau. Khi nộp, ông/bà chọn bản đúng; hệ thống không tự chọn.",
        by: "Theo",
        on: "ngày",
        required: "bắt buộc",
        optional: "không bắt buộc",
        only_you: "chỉ ông/bà quyết định",
        empty: "chưa có",
        report: "Báo sai",
        basis: "Mẫu đơn",
        filed: "Tôi đã nộp hồ sơ này",
        not_sent: "Hồ sơ này chưa được gửi đi đâu. Ông/bà là người quyết định có nộp hay không.",
    },
    settings: Settings {
        title: "Cài đặt",
        proactive: "Dịch vụ chủ động",
        assurance: "Ông/bà có thể từ chối một việc, một nhóm việc hoặc tất cả, và bật lại bất cứ lúc nào. Từ chối không làm mất quyền dùng dịch vụ thông thường (Điều 17, Nghị định 224/2026/NĐ-CP).",
        all: "Tất cả",
        all_off: "Ông/bà đang từ chối tất cả. Không tin nào được gửi.",
        groups: "Theo nhóm",
        group: |names| format!("Nhóm gồm: {names}"),
        events: "Theo từng việc",
        receiving: "Đang nhận",
        refused_since: "Đã từ chối từ ngày",
        covered: "Đã từ chối cùng lựa chọn rộng hơn",
        refuse: "Từ chối",
        allow: "Nhận lại",
        accesses: "Ai đã xem dữ liệu của tôi?",
        accesses_lead: "Mỗi lần dữ liệu của ông/bà được đọc đều có một dòng ở đây.",
        no_access: "Chưa có ai đọc dữ liệu của ông/bà.",
        who: "Ai đọc",
        purpose: "Để làm gì",
        basis: "Căn cứ",
        known: |word| match word {
            "citizen" => Some("Chính ông/bà"),
            "engine" => Some("Hệ thống Cột Mốc"),
            "operator" => Some("Người vận hành hệ thống"),
            "accountability" => Some("Giải trình một quyết định"),
            "own_data" => Some("Xem dữ liệu của mình"),
            "proactive_service" | "proactive_services" => Some("Dịch vụ công chủ động"),
            _ => None,
        },
    },
    privacy: Privacy { title: "Quyền riêng tư", sections: PRIVACY },
    error: ErrorWords {
        request: "Mã yêu cầu", back: "Về trang đầu", problems: "Các lỗi của API"
    },
};

const PRIVACY: &[(&str, &[&str])] = &[
    (
        "Hệ thống đọc gì",
        &[
            "Khi một cơ quan báo một sự việc, như một em bé được sinh ra, hệ thống đọc đúng những mục mà quy định của việc đó cần.",
            "Mỗi lần đọc đều ghi lại ai đọc, để làm gì, theo căn cứ nào. Ông/bà xem được trong phần Cài đặt.",
            "Trong kho lưu trữ và nhật ký, mỗi người được gọi bằng một bí danh, không bằng họ tên hay số định danh.",
        ],
    ),
    (
        "Máy làm gì, người làm gì",
        &[
            "Quy tắc viết theo luật quyết định ai thuộc diện nào. Không mô hình ngôn ngữ nào quyết định điều đó.",
            "Mô hình chỉ giúp viết câu chữ, chạy trên máy của đơn vị vận hành và không nhận tên, số hay địa chỉ của ai. Câu nào không chứng minh được thì không được gửi.",
            "Không quyết định bất lợi nào được gửi hoặc thực hiện tự động.",
        ],
    ),
    (
        "Quyền của ông/bà",
        &[
            "Từ chối dịch vụ chủ động từng việc, từng nhóm hoặc tất cả, rồi bật lại khi muốn (Điều 17, Nghị định 224/2026/NĐ-CP).",
            "Biết, xem, nhận bản sao, yêu cầu sửa hoặc xóa dữ liệu của mình (Điều 4, Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15).",
            "Báo thông tin sai ngay tại tin nhắn hoặc tại từng mục của hồ sơ.",
        ],
    ),
    (
        "Trang này trên máy của ông/bà",
        &[
            "Trang không chạy mã lệnh trên máy, không có quảng cáo và không theo dõi.",
            "Chỉ có cookie cần để đăng nhập, để gửi biểu mẫu an toàn và để nhớ ngôn ngữ.",
        ],
    ),
];

fn short_day(day: Date) -> String {
    format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year())
}

fn weekday(day: Date) -> &'static str {
    match day.weekday() {
        Weekday::Monday => "thứ Hai",
        Weekday::Tuesday => "thứ Ba",
        Weekday::Wednesday => "thứ Tư",
        Weekday::Thursday => "thứ Năm",
        Weekday::Friday => "thứ Sáu",
        Weekday::Saturday => "thứ Bảy",
        Weekday::Sunday => "Chủ nhật",
    }
}
