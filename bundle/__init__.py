"""What a trained model is, on disk and in memory: the ground floor that the three upper rooms share."""
