-- Number of the next attempt at a picture that has failed before, or not.
SELECT NVL(MAX(attempts), 0) + 1 FROM embedding_failures WHERE id = :id
