"""The ladders of harder data, side by side: each made as a user makes it, and all of them in one table."""
