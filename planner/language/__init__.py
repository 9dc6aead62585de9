"""The language model: understands tasks, proposes subgoals, chooses tools and options."""
