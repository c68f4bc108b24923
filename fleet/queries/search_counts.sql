-- How many pictures there are, and how many can be found; an account that only reads may ask.
SELECT (SELECT COUNT(*) FROM pictures), (SELECT COUNT(*) FROM picture_embeddings) FROM dual
