-- The models that the session may use.
SELECT owner, model_name FROM all_mining_models
