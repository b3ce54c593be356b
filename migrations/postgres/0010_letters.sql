-- Whether a notice is written without the marks of Vietnamese letters, where the person chose it (`plain`).
alter table contacts add column letters text;
