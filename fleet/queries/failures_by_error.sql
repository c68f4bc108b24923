-- How many pictures are put aside as failed, by error code, with one of its messages.
SELECT error_code, MIN(error_message), COUNT(*)
FROM embedding_failures
WHERE failed_at IS NOT NULL
GROUP BY error_code
