-- The truth in three figures.
SELECT (SELECT COUNT(*) FROM pictures), (SELECT COUNT(*) FROM picture_embeddings), (SELECT COUNT(*) FROM embedding_failures)
FROM dual
