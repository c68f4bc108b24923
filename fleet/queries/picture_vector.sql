-- The stored vector of a picture.
SELECT embedding FROM picture_embeddings WHERE id = :id
