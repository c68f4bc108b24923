-- Puts a picture aside: a row for each attempt.
INSERT INTO embedding_failures (id, attempts, error_code, error_message, standby, failed_at)
VALUES (:id, :attempts, :error_code, :error_message, :standby, SYSTIMESTAMP)
