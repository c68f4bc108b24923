-- Makes failed pictures pending again; the rows stay, so that their attempts are counted on. One error code or all.
UPDATE embedding_failures SET failed_at = NULL
WHERE failed_at IS NOT NULL AND (:error_code IS NULL OR error_code = :error_code)
