"""Training: one loop, a task for every network, the recipe of the bundled model."""
