-- Pictures that are known to be good, because they have been embedded: the first, the last, and the one before :near.
SELECT MIN(id) FROM picture_embeddings WHERE embedding IS NOT NULL
UNION SELECT MAX(id) FROM picture_embeddings WHERE embedding IS NOT NULL
UNION SELECT MAX(id) FROM picture_embeddings WHERE embedding IS NOT NULL AND id < :near
