-- Pictures that are put aside as failed, the latest first; one error code or all.
SELECT id, error_code, error_message, attempts, standby, failed_at
FROM embedding_failures
WHERE failed_at IS NOT NULL AND (:error_code IS NULL OR error_code = :error_code)
ORDER BY failed_at DESC, id
FETCH FIRST :most ROWS ONLY
