"""Plans and runs what is measured: services side by side, turns in rounds, rates searched for."""
