-- The pictures nearest to a vector; equal distances by id, so that a search is repeatable.
SELECT id, VECTOR_DISTANCE(embedding, :query_vector, COSINE) AS distance
FROM picture_embeddings
ORDER BY distance, id
FETCH FIRST :hits ROWS ONLY
