-- Before it is built anew.
DROP INDEX picture_embeddings_iv
