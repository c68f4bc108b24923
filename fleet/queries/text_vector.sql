-- The vector of a search text, computed once.
SELECT VECTOR_EMBEDDING({text_model} USING :search_text AS data) FROM dual
