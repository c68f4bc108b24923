-- The truth in three figures.
SELECT (SELECT COUNT(*) FROM pictures), (SELECT COUNT(*) FROM picture_embeddings),
  (SELECT COUNT(*) FROM embedding_failures WHERE failed_at IS NOT NULL)
FROM dual
