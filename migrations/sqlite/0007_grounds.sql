-- A passage that a proved text rests on, in the state in which it was cited. `gone_at` is when the
-- corpus was first seen without it: from then on the text is not used again.
-- purpose: knowing at once what a changed source takes the ground from · retention: as the template
create table grounds (
    template_id text not null,
    passage     text not null,
    hash        text not null,
    gone_at     text,
    constraint grounds_key primary key (template_id, passage),
    constraint grounds_template foreign key (template_id) references templates (id)
) strict;
create index grounds_of_passage on grounds (passage, hash);
