-- The first :most pending pictures of a stretch of ids cut into ranges of at most :range_size, one row each: first id, last id, pictures.
SELECT MIN(id), MAX(id), COUNT(*)
FROM (
  SELECT id, CEIL(ROW_NUMBER() OVER (ORDER BY id) / :range_size) AS range_number
  FROM (
    SELECT p.id
    FROM pictures p
    LEFT OUTER JOIN picture_embeddings e ON e.id = p.id
    LEFT OUTER JOIN embedding_failures f ON f.id = p.id AND f.failed_at IS NOT NULL
    WHERE p.id BETWEEN :lowest AND :highest AND e.id IS NULL AND f.id IS NULL AND p.img IS NOT NULL
    ORDER BY p.id
    FETCH FIRST :most ROWS ONLY
  )
)
GROUP BY range_number
ORDER BY 1
