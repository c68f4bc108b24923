-- How far a vector is from the pictures in general: from some that were embedded first.
SELECT VECTOR_DISTANCE(embedding, :query_vector, COSINE)
FROM (SELECT embedding FROM picture_embeddings ORDER BY id FETCH FIRST :pictures ROWS ONLY)
