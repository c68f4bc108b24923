-- The pictures nearest to a vector, by the vector index; ordered by the distance alone, or the index does not serve.
SELECT id, VECTOR_DISTANCE(embedding, :query_vector, COSINE) AS distance
FROM picture_embeddings
ORDER BY distance
FETCH APPROX FIRST :hits ROWS ONLY WITH TARGET ACCURACY {accuracy}
