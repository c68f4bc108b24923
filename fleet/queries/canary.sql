-- Embeds a picture that is known to be good; no row: none is known.
SELECT VECTOR_EMBEDDING({image_model} USING p.img AS data)
FROM pictures p
WHERE p.id = (SELECT MIN(id) FROM picture_embeddings)
