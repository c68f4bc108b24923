-- run this on a standby: the pictures nearest to a text
SELECT c.id, c.img,
VECTOR_DISTANCE(
v.embedding,
VECTOR_EMBEDDING(cliptxt USING 'a blue bird' AS data),
COSINE
) AS distance
FROM pictures c
JOIN picture_embeddings v ON c.id = v.id
ORDER BY distance
FETCH FIRST 10 ROWS ONLY;
