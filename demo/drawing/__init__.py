"""Pictures for the demo: stickers of twenty-one subjects in ten colours and seven scenes, drawn by code."""
