-- Pictures that have no embedding and are not put aside as failed; no more than :most are counted.
SELECT COUNT(*)
FROM (
  SELECT p.id
  FROM pictures p
  LEFT OUTER JOIN picture_embeddings e ON e.id = p.id
  LEFT OUTER JOIN embedding_failures f ON f.id = p.id AND f.failed_at IS NOT NULL
  WHERE e.id IS NULL AND f.id IS NULL AND p.img IS NOT NULL
  FETCH FIRST :most ROWS ONLY
)
