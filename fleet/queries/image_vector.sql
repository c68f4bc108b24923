-- The vector of a picture that is searched by, computed once, on the standby.
SELECT VECTOR_EMBEDDING({image_model} USING :picture AS data) FROM dual
