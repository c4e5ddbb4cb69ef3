"""What an operator has laid down for a model: a file beside its versions, watched as they are."""
