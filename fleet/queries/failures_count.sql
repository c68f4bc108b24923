-- How many pictures are put aside as failed; one error code or all.
SELECT COUNT(*) FROM embedding_failures
WHERE failed_at IS NOT NULL AND (:error_code IS NULL OR error_code = :error_code)
