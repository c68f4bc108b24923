-- The vector index, if there is one.
SELECT index_name, status FROM user_indexes WHERE index_name = 'PICTURE_EMBEDDINGS_IV'
