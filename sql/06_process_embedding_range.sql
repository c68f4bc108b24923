set verify off
-- the owner of the pictures
define owner = adgvec
/*
Embeds the pending pictures of one range of ids inside the standby, and writes the vectors by DML redirection.
Run it on a standby; any other database is refused. Running a range twice has the effect of once: only pending ids are
selected, and the primary key refuses a second row.

p_insert_mode  BULK: one FORALL for each batch (UNVERIFIED through redirection on a real standby)
               ROW:  one INSERT for each picture, the form of the seed, proven on a real standby
p_embedded     stored by this call          p_already   stored by somebody else meanwhile
p_failed       put into embedding_failures  p_vanished  deleted from pictures meanwhile
p_commit_seconds  what the slowest batch took from its first redirected INSERT to the end of its COMMIT

Tables and model are named with their owner, so that a worker account can have a copy of its own (script 10).
*/
CREATE OR REPLACE PROCEDURE process_embedding_range (
  p_first_id    IN  NUMBER,
  p_last_id     IN  NUMBER,
  p_batch_size  IN  PLS_INTEGER,
  p_insert_mode IN  VARCHAR2,
  p_embedded    OUT PLS_INTEGER,
  p_already     OUT PLS_INTEGER,
  p_failed      OUT PLS_INTEGER,
  p_vanished    OUT PLS_INTEGER,
  p_commit_seconds OUT NUMBER
) AS
  TYPE t_ids      IS TABLE OF &owner..pictures.id%TYPE;
  TYPE t_vectors  IS TABLE OF &owner..picture_embeddings.embedding%TYPE;
  TYPE t_codes    IS TABLE OF PLS_INTEGER;
  TYPE t_messages IS TABLE OF VARCHAR2(4000);

  -- So many failing pictures in a row, and the canary is asked at once: a standby at fault must not burn a whole batch.
  c_most_suspects CONSTANT PLS_INTEGER := 3;

  bulk_errors  EXCEPTION;
  PRAGMA EXCEPTION_INIT(bulk_errors, -24381);

  v_role       VARCHAR2(128) := SYS_CONTEXT('USERENV', 'DATABASE_ROLE');
  v_standby    VARCHAR2(128) := SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME');
  v_pending    t_ids;                          -- the range's pending ids, in order
  v_ids        t_ids      := t_ids();          -- the batch: ids and vectors, side by side
  v_vectors    t_vectors  := t_vectors();
  v_suspect_ids t_ids     := t_ids();          -- the batch: ids that failed once
  v_bad_ids    t_ids      := t_ids();          -- the batch: ids that failed twice, and why
  v_codes      t_codes    := t_codes();
  v_messages   t_messages := t_messages();
  v_attempts   t_codes    := t_codes();        -- how often each was tried, this time included
  v_canary     &owner..pictures.id%TYPE;       -- a picture that is known to be good
  v_suspects   PLS_INTEGER := 0;               -- failed pictures since one embedded
  v_reason     VARCHAR2(1000);                 -- why the latest failed
  v_start      PLS_INTEGER;
  v_end        PLS_INTEGER;
  v_written_at NUMBER;                         -- when the batch's writing began, milliseconds of the day

  -- A session may survive a switchover and find itself on the new primary in the middle of a range. So the role is part
  -- of every statement that runs the model, and one that finds no row asks here why.
  PROCEDURE check_role IS
    v_now VARCHAR2(128) := SYS_CONTEXT('USERENV', 'DATABASE_ROLE');
  BEGIN
    IF v_now IS NULL OR v_now <> v_role THEN
      RAISE_APPLICATION_ERROR(-20901, v_standby || ' was ' || v_role || ' and is ' || v_now || '; nothing more is embedded here');
    END IF;
  END check_role;

  -- Embeds a picture that is known to be good. If that fails too, the standby is at fault: the error goes to the caller and
  -- no picture is blamed. No error code tells a bad picture, so none is looked at.
  PROCEDURE ask_canary IS
    v_vector &owner..picture_embeddings.embedding%TYPE;
  BEGIN
    IF v_canary IS NULL THEN
      RAISE_APPLICATION_ERROR(-20902, 'no picture could be embedded yet, so nobody can tell whose fault this is: '
        || v_reason);
    END IF;
    SELECT VECTOR_EMBEDDING(&owner..clipimg USING p.img AS data)
      INTO v_vector
      FROM &owner..pictures p
     WHERE p.id = v_canary AND p.img IS NOT NULL AND SYS_CONTEXT('USERENV', 'DATABASE_ROLE') = v_role;
    v_suspects := 0;
  EXCEPTION
    WHEN NO_DATA_FOUND THEN
      check_role;
      RAISE_APPLICATION_ERROR(-20905, 'picture ' || v_canary || ', known to be good, was deleted meanwhile; try again');
  END ask_canary;

  -- A cancelled call or a time-out is no picture's fault, a database that has changed its role neither.
  FUNCTION is_pictures_own(p_code IN PLS_INTEGER) RETURN BOOLEAN IS
  BEGIN
    RETURN p_code NOT IN (-1013, -20901);
  END is_pictures_own;

  -- Embeds one picture into the batch; nothing if it was deleted, or embedded by somebody else meanwhile.
  PROCEDURE embed_picture(p_id IN NUMBER) IS
    v_vector &owner..picture_embeddings.embedding%TYPE;
  BEGIN
    SELECT VECTOR_EMBEDDING(&owner..clipimg USING p.img AS data)
      INTO v_vector
      FROM &owner..pictures p
      LEFT OUTER JOIN &owner..picture_embeddings e ON e.id = p.id
     WHERE p.id = p_id AND e.id IS NULL AND SYS_CONTEXT('USERENV', 'DATABASE_ROLE') = v_role;
    v_ids.EXTEND;
    v_ids(v_ids.COUNT) := p_id;
    v_vectors.EXTEND;
    v_vectors(v_vectors.COUNT) := v_vector;
    v_canary := p_id;
    v_suspects := 0;
  EXCEPTION
    WHEN NO_DATA_FOUND THEN
      check_role;
  END embed_picture;

  -- A suspect is tried once more now that a good picture has embedded after it: a standby that failed for a moment must
  -- not condemn a good one.
  PROCEDURE try_suspects IS
  BEGIN
    FOR i IN 1 .. v_suspect_ids.COUNT LOOP
      BEGIN
        embed_picture(v_suspect_ids(i));
      EXCEPTION
        WHEN OTHERS THEN
          IF NOT is_pictures_own(SQLCODE) THEN
            RAISE;
          END IF;
          v_bad_ids.EXTEND;
          v_bad_ids(v_bad_ids.COUNT) := v_suspect_ids(i);
          v_codes.EXTEND;
          v_codes(v_codes.COUNT) := SQLCODE;
          v_messages.EXTEND;
          v_messages(v_messages.COUNT) := SUBSTR(SQLERRM, 1, 1000);
      END;
    END LOOP;
  END try_suspects;

  -- Embeds ids v_start .. v_end one by one: a model takes one picture a call, so a statement for several gains nothing,
  -- and loses all when one fails.
  PROCEDURE embed_batch IS
  BEGIN
    FOR i IN v_start .. v_end LOOP
      BEGIN
        embed_picture(v_pending(i));
      EXCEPTION
        WHEN OTHERS THEN
          IF NOT is_pictures_own(SQLCODE) THEN
            RAISE;
          END IF;
          v_suspect_ids.EXTEND;
          v_suspect_ids(v_suspect_ids.COUNT) := v_pending(i);
          v_suspects := v_suspects + 1;
          v_reason := SUBSTR(SQLERRM, 1, 1000);
      END;
      IF v_suspects >= c_most_suspects AND v_canary IS NOT NULL THEN
        ask_canary;
      END IF;
    END LOOP;
    IF v_suspects > 0 THEN
      ask_canary;
    END IF;
    try_suspects;
  END embed_batch;

  PROCEDURE count_attempts IS
    v_number PLS_INTEGER;
  BEGIN
    FOR i IN 1 .. v_bad_ids.COUNT LOOP
      SELECT NVL(MAX(f.attempts), 0) + 1 INTO v_number FROM &owner..embedding_failures f WHERE f.id = v_bad_ids(i);
      v_attempts.EXTEND;
      v_attempts(v_attempts.COUNT) := v_number;
    END LOOP;
  END count_attempts;

  -- Counts an insert that did not store its row: somebody else has stored it meanwhile (a vector, or the same attempt's
  -- failure), or the picture is gone. Anything else is raised.
  PROCEDURE count_refused(p_code IN PLS_INTEGER, p_message IN VARCHAR2) IS
  BEGIN
    -- Redirection may wrap the code, so the message counts too (UNVERIFIED on a real standby).
    IF p_code = 1 OR INSTR(p_message, 'ORA-00001') > 0 THEN
      p_already := p_already + 1;
    ELSIF p_code = 2291 OR INSTR(p_message, 'ORA-02291') > 0 THEN
      p_vanished := p_vanished + 1;
    ELSE
      ROLLBACK;
      RAISE_APPLICATION_ERROR(-20903, 'storing failed with code ' || p_code || ': ' || p_message);
    END IF;
  END count_refused;

  PROCEDURE store_vectors IS
  BEGIN
    IF p_insert_mode = 'BULK' THEN
      BEGIN
        FORALL i IN 1 .. v_ids.COUNT SAVE EXCEPTIONS
          INSERT INTO &owner..picture_embeddings (id, embedding) VALUES (v_ids(i), v_vectors(i));
        p_embedded := p_embedded + v_ids.COUNT;
      EXCEPTION
        WHEN bulk_errors THEN
          p_embedded := p_embedded + v_ids.COUNT - SQL%BULK_EXCEPTIONS.COUNT;
          FOR i IN 1 .. SQL%BULK_EXCEPTIONS.COUNT LOOP
            count_refused(SQL%BULK_EXCEPTIONS(i).ERROR_CODE, SQLERRM(-SQL%BULK_EXCEPTIONS(i).ERROR_CODE));
          END LOOP;
      END;
    ELSE
      FOR i IN 1 .. v_ids.COUNT LOOP
        BEGIN
          INSERT INTO &owner..picture_embeddings (id, embedding) VALUES (v_ids(i), v_vectors(i));
          p_embedded := p_embedded + 1;
        EXCEPTION
          WHEN OTHERS THEN
            count_refused(-SQLCODE, SQLERRM);
        END;
      END LOOP;
    END IF;
  END store_vectors;

  PROCEDURE store_failures IS
  BEGIN
    FOR i IN 1 .. v_bad_ids.COUNT LOOP
      BEGIN
        INSERT INTO &owner..embedding_failures (id, attempts, error_code, error_message, standby, failed_at)
        VALUES (v_bad_ids(i), v_attempts(i), -v_codes(i), v_messages(i), v_standby, SYSTIMESTAMP);
        p_failed := p_failed + 1;
      EXCEPTION
        WHEN OTHERS THEN
          count_refused(-SQLCODE, SQLERRM);
      END;
    END LOOP;
  END store_failures;

  -- Milliseconds of the day; no read of a table, so it does not wait for redo.
  FUNCTION clock_ms RETURN NUMBER IS
  BEGIN
    RETURN TO_NUMBER(TO_CHAR(SYSTIMESTAMP, 'SSSSSFF3'));
  END clock_ms;

  PROCEDURE note_commit IS
    v_ms NUMBER := clock_ms - v_written_at;
  BEGIN
    IF v_ms < 0 THEN
      v_ms := v_ms + 86400000;  -- midnight has passed
    END IF;
    p_commit_seconds := GREATEST(p_commit_seconds, v_ms / 1000);
  END note_commit;

BEGIN
  p_commit_seconds := 0;
  p_embedded := 0;
  p_already := 0;
  p_failed := 0;
  p_vanished := 0;
  -- TRUE CACHE is a read-only replica that redirects DML too; models on it are UNVERIFIED.
  IF v_role IS NULL OR v_role NOT IN ('PHYSICAL STANDBY', 'TRUE CACHE') THEN
    RAISE_APPLICATION_ERROR(-20901, 'process_embedding_range runs on a physical standby only; ' || v_standby || ' is ' || v_role);
  END IF;
  IF NVL(p_insert_mode, '-') NOT IN ('BULK', 'ROW') OR NVL(p_batch_size, 0) < 1 THEN
    RAISE_APPLICATION_ERROR(-20904, 'p_insert_mode must be BULK or ROW, p_batch_size at least 1');
  END IF;
  -- Whole blocks must not go to the primary: inference would run there.
  EXECUTE IMMEDIATE 'ALTER SESSION DISABLE ADG_REDIRECT_PLSQL';
  EXECUTE IMMEDIATE 'ALTER SESSION ENABLE ADG_REDIRECT_DML';

  SELECT p.id
    BULK COLLECT INTO v_pending
    FROM &owner..pictures p
    LEFT OUTER JOIN &owner..picture_embeddings e ON e.id = p.id
    LEFT OUTER JOIN &owner..embedding_failures f ON f.id = p.id AND f.failed_at IS NOT NULL
   WHERE p.id BETWEEN p_first_id AND p_last_id
     AND e.id IS NULL AND f.id IS NULL AND p.img IS NOT NULL
   ORDER BY p.id;
  SELECT MIN(id)
    INTO v_canary
    FROM (SELECT e.id
            FROM &owner..picture_embeddings e
            JOIN &owner..pictures p ON p.id = e.id
           WHERE e.embedding IS NOT NULL AND p.img IS NOT NULL
           FETCH FIRST 1 ROWS ONLY);

  v_start := 1;
  WHILE v_start <= v_pending.COUNT LOOP
    v_end := LEAST(v_start + p_batch_size - 1, v_pending.COUNT);
    v_ids := t_ids();
    v_vectors := t_vectors();
    v_suspect_ids := t_ids();
    v_bad_ids := t_ids();
    v_codes := t_codes();
    v_messages := t_messages();
    v_attempts := t_codes();
    -- First everything that reads …
    embed_batch;
    count_attempts;
    -- … then only writes, then one COMMIT: a read in between would wait for redo.
    v_written_at := clock_ms;
    store_vectors;
    store_failures;
    COMMIT;
    note_commit;
    v_start := v_end + 1;
  END LOOP;
END process_embedding_range;
/
