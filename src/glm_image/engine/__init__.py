"""Many requests at once on one system."""
