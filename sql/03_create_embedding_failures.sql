-- run this script as the user (ADGVEC) on the primary PDB
-- pictures that could not be embedded although a known-good picture could, at the same time on the same standby.
-- One row for each attempt, so that whoever embeds needs INSERT and nothing more; attempts is the number of the attempt.
-- A row with failed_at is open: its picture is not pending. A retry clears failed_at and keeps the row.
create table if not exists embedding_failures (
  id            number,
  attempts      number,
  error_code    number,
  error_message varchar2(4000),
  standby       varchar2(128),
  failed_at     timestamp,
  constraint embedding_failures_pk primary key ( id, attempts ),
  constraint embedding_failures_fk foreign key ( id ) references pictures ( id ) on delete cascade
);
