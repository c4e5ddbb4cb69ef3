"""From a fitted model to a bundle: graphs converted in a process of their own, tried, and written."""
