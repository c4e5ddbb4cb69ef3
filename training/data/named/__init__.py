"""Data sets that have a name: how MNIST is stored, and how MNIST-1D is drawn."""
