"""What is known of a bundle before it is trusted, found out in processes that may die of it."""
