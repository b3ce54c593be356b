-- How much a notice may say, where the person chose it (`L0` or `L1`); empty leaves it to the operator.
alter table contacts add column detail text;
