-- One range by the stored procedure, in one round trip; on another database than the one that was asked for nothing is
-- embedded. The role is the procedure's own matter, before every picture.
BEGIN
  IF SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME') = :db_unique_name THEN
    process_embedding_range(:first_id, :last_id, :batch_size, :insert_mode, :embedded, :already, :failed, :vanished, :commit_seconds);
  ELSE
    RAISE_APPLICATION_ERROR(-20901, 'the worker is pinned to ' || :db_unique_name || ', but the session is on ' || SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME'));
  END IF;
END;
