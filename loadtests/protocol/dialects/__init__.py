"""How servers of each kind are asked, and how their answers are read: one file a protocol."""
