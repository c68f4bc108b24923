-- The models that are loaded; both names must be here before pictures can be embedded.
select model_name, mining_function, algorithm, model_size from user_mining_models;
