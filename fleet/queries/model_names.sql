-- The models that the session may use by their plain name.
SELECT model_name FROM user_mining_models
